"""Prepares a scan for colouring: turns it, straightens it, cuts it out, and stretches faded tones."""

import dataclasses
import math

import cv2
import numpy as np

from pipelines.media.orientation import upright
from pipelines.stills import metadata
from pipelines.stills.crop import WHOLE, Crop
from pipelines.stills.pixels import Channels
from pipelines.stills.still import Still

# Of the luma, what may become black or white; and how far the middle tones may be moved.
_BLACKEST, _WHITEST = 0.5, 99.5
_MIDDLE, _LEAST_GAMMA, _MOST_GAMMA = 0.42, 0.6, 1.4


def cropped(still: Still, crop: Crop) -> Still:
    """Returns what is in the frame as a picture of its own, upright as stored.

    Without an angle the pixels stay as they are; else they are interpolated (bicubic), and what lies outside of the
    picture continues its edge.
    """
    if crop == WHOLE:
        return still
    alpha = None if still.alpha is None else _cut(still.alpha, still.metadata.orientation, crop)
    values = _cut(still.values, still.metadata.orientation, crop)
    return dataclasses.replace(
        still,
        values=values,
        alpha=alpha,
        metadata=metadata.of_other_pixels(still.metadata, upright=True),
        missing_rows=0,
    )


def _cut(pixels: Channels, orientation: int, crop: Crop) -> Channels:
    turned = np.rot90(upright(pixels, orientation), -crop.turn)
    height, width = turned.shape[:2]
    size = max(1, round(crop.width * width)), max(1, round(crop.height * height))
    centre = crop.x * width, crop.y * height
    left, top = (round(middle - side / 2) for middle, side in zip(centre, size, strict=True))
    if crop.angle == 0 and left >= 0 and top >= 0 and left + size[0] <= width and top + size[1] <= height:
        return np.ascontiguousarray(turned[top : top + size[1], left : left + size[0]])
    cosine, sine = math.cos(math.radians(crop.angle)), math.sin(math.radians(crop.angle))
    # From a pixel of the result to its place in the picture; both count pixels by their centres.
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    shift = np.array(centre) - 0.5 - rotation @ ((np.array(size) - 1) / 2)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    matrix = np.column_stack([rotation, shift])
    cut = cv2.warpAffine(np.ascontiguousarray(turned), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, pixels.dtype).reshape(size[1], size[0], pixels.shape[-1])


def stretched(still: Still) -> Still:
    """Returns a faded or dark picture with its luma brought to the full range, and its middle tones to the middle.

    All channels go through the same curve: what was toned stays so. A picture of one luma stays as it is.
    """
    low, high = np.percentile(still.luma, [_BLACKEST, _WHITEST])
    if high - low < 1 / 255:
        return still
    middle = np.clip((np.median(still.luma) - low) / (high - low), 0.01, 0.99)
    gamma = np.clip(math.log(_MIDDLE) / math.log(middle), _LEAST_GAMMA, _MOST_GAMMA)
    levels = np.arange(still.levels + 1, dtype=np.float64) / still.levels
    curve = np.clip((levels - low) / (high - low), 0, 1) ** gamma
    table = np.rint(curve * still.levels).astype(still.values.dtype)
    return dataclasses.replace(still, values=table[still.values], metadata=metadata.of_other_pixels(still.metadata))
