"""The colour finish: everything between the network's small chroma and a picture's full size, as small pure functions.

Each step can be switched off by a field of `Finish`, so that it can be measured alone. Only numpy and OpenCV are
needed.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from colorgan_tf import color
from colorgan_tf.color import Floats, WholeNumbers
from colorgan_tf.errors import InputError
from colorgan_tf.inference.quality import Quality

Passes = Callable[[Floats], Floats]

# The long side at the input resolution is at most this many times the short one. Longer strips are squashed to it: the
# network has never seen such a scene, and memory must not depend on how odd a picture is.
LONGEST = 8


@dataclasses.dataclass(frozen=True)
class Finish:
    """Which steps run, and how strongly.

    Attributes:
        flip: colour the mirrored picture as well and take the mean.
        scales: input resolutions to colour at, as multiples of the back end's own; their chroma is averaged.
        saturation: gain of the chroma; 1 leaves it as the network gave it, 0 gives grey.
        guided: let chroma edges follow luma edges when enlarging (`guide`); False is plain bilinear.
        guide_downscale: the network's chroma is about this many times coarser than its input.
        blur: how soft the network's chroma is on that coarse grid (Gaussian sigma, in its pixels).
        radius: window of the local fit, in pixels of the coarse grid: (2 radius + 1) squared.
        epsilon: luma variance below which the fit is not trusted: flat regions get no detail from luma.
    """

    flip: bool = False
    scales: tuple[float, ...] = (1.0,)
    saturation: float = 1.0
    guided: bool = True
    guide_downscale: int = 4
    blur: float = 2.0
    radius: int = 2
    epsilon: float = 0.01


_OF_QUALITY = {
    Quality.FAST: Finish(guided=False),
    Quality.GOOD: Finish(),
    Quality.BEST: Finish(flip=True, scales=(1.0, 1.5)),
}


def of_quality(quality: Quality | str, saturation: float = 1.0) -> Finish:
    """Returns the finish that a quality level stands for.

    Raises:
        InputError: if the level is unknown or the saturation negative.
    """
    if not saturation >= 0:
        raise InputError(f"`saturation` must be 0 or more. Received: saturation={saturation}.")
    return dataclasses.replace(_OF_QUALITY[Quality(quality)], saturation=saturation)


def input_shape(height: int, width: int, resolution: int, multiple: int) -> tuple[int, int]:
    """Returns the (height, width) at which a picture goes through the network.

    The short side becomes `resolution`, the long side keeps the aspect, rounded to `multiple` so that no padding is
    needed, and is bounded by `LONGEST`. Smaller pictures are enlarged: the network knows things by the size it was
    trained at.
    """
    short, long = sorted((height, width))
    aspect = min(long / short, LONGEST)
    small = max(multiple, round(resolution / multiple) * multiple)
    large = max(small, round(small * aspect / multiple) * multiple)
    return (small, large) if height <= width else (large, small)


def resize(picture: Floats, height: int, width: int) -> Floats:
    """Resizes `[H, W, C]` float32: by area where it shrinks, which does not alias, bilinear where it grows."""
    before = picture.shape[:2]
    if before == (height, width):
        return picture
    shrunk = (min(before[0], height), min(before[1], width))
    if shrunk != before:
        picture = _keep_channels(cv2.resize(picture, shrunk[::-1], interpolation=cv2.INTER_AREA), picture)
    if shrunk != (height, width):
        picture = _keep_channels(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), picture)
    return picture


def _keep_channels(resized: npt.NDArray[Any], original: Floats) -> Floats:
    return resized[..., None] if resized.ndim < original.ndim else resized  # OpenCV drops a single channel


def predict(luma: Floats, network: Passes, flip: bool) -> Floats:
    """Runs the network over luma `[N, h, w, 1]`, if `flip` over its mirror image too; returns the mean chroma."""
    chroma = network(luma)
    if flip:
        chroma = 0.5 * (chroma + network(np.ascontiguousarray(luma[:, :, ::-1]))[:, :, ::-1])
    return chroma


def average(chromas: Sequence[Floats]) -> Floats:
    """Returns the mean of `[h, w, 2]` pictures of different sizes, at the size of the largest."""
    height, width = max(chroma.shape[:2] for chroma in chromas)
    return np.mean([resize(chroma, height, width) for chroma in chromas], axis=0, dtype=np.float32)


def saturate(chroma: Floats, luma: Floats, gain: float) -> Floats:
    """Multiplies chroma by a gain. A gain above 1 fades out towards black and white, where it would only show noise and
    casts.

    Args:
        chroma: `[..., 2]`.
        luma: `[..., 1]` in [0, 1].
        gain: 0 or more.
    """
    if gain <= 1:
        return chroma * np.float32(gain)
    return chroma * (1 + np.float32(gain - 1) * (1 - (2 * luma - 1) ** 4))


def guide(chroma: Floats, luma: Floats, downscale: int, blur: float, radius: int, epsilon: float) -> Floats:
    """Fits chroma to luma locally, so that the luma detail which a small picture lacks can steer the chroma at full
    size.

    The local linear model is that of the guided filter (He, Sun, Tang 2013, equations 5 and 6), computed at low
    resolution and applied at high resolution as in the fast guided filter (He and Sun 2015). Unlike theirs, only the
    slope is smoothed and only luma *detail* passes through it:

        chroma_full = enlarged(chroma) + enlarged(slope) * (luma_full - enlarged(blurred luma))

    so that the network's own colours stay as they are: measured against true chroma, the textbook filter loses to
    bilinear, this gains.

    Args:
        chroma: `[h, w, 2]` at the input resolution.
        luma: `[h, w, 1]` in [0, 1] at the same size.
        downscale: how many times coarser the grid is on which the model is fitted.
        blur: sigma of a Gaussian that makes luma as soft as the chroma is, on that grid.
        radius: of the window of the fit, on that grid.
        epsilon: regularization of the slope, in squared luma.

    Returns:
        `[h, w, 3]`: slope for U, slope for V, blurred luma.
    """
    height, width = chroma.shape[:2]
    coarse = (-(-height // downscale), -(-width // downscale))
    chroma, luma = resize(chroma, *coarse), resize(luma, *coarse)
    if blur > 0:
        luma = _keep_channels(cv2.GaussianBlur(luma, (0, 0), blur, borderType=cv2.BORDER_REPLICATE), luma)
    mean_luma, mean_chroma = _box(luma, radius), _box(chroma, radius)
    variance = _box(luma * luma, radius) - mean_luma * mean_luma
    covariance = _box(chroma * luma, radius) - mean_chroma * mean_luma
    slope = _box(covariance / (np.maximum(variance, 0) + np.float32(epsilon)), radius)
    return resize(np.concatenate([slope, luma], axis=-1), height, width)


def _box(picture: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    return _keep_channels(cv2.blur(picture, (side, side), borderType=cv2.BORDER_REPLICATE), picture)


def enlarge(chroma: Floats, guidance: Floats | None, luma: Floats, top: int = 0, height: int | None = None) -> Floats:
    """Enlarges a small chroma to rows of a picture: bilinear, plus the luma detail that `guidance` passes on.

    Args:
        chroma: `[h, w, 2]` at the input resolution.
        guidance: what `guide` returned, or None for plain bilinear.
        luma: `[rows, W, 1]`: the rows of the full picture that are wanted, beginning at `top`.
        top: first row wanted.
        height: of the full picture; None if `luma` is the whole of it.

    Returns:
        `[rows, W, 2]` float32.
    """
    rows, width = luma.shape[:2]
    height = height or rows
    full = _stretch(chroma, top, rows, height, width)
    if guidance is not None:
        steering = _stretch(guidance, top, rows, height, width)
        full += steering[..., :2] * (luma - steering[..., 2:])
    return full


def _stretch(picture: Floats, top: int, rows: int, height: int, width: int) -> Floats:
    """Resizes `[h, w, C]` bilinearly to `[height, width, C]`, of which it makes only `rows` rows from `top` on."""
    small = picture.shape[0]
    if rows == height:
        return _keep_channels(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), picture)
    # Pixel centres, as cv2.resize places them.
    position = np.clip((np.arange(top, top + rows) + 0.5) * small / height - 0.5, 0, small - 1)
    above = np.floor(position).astype(int)
    weight = (position - above).astype(np.float32)[:, None, None]
    lines = picture[above] * (1 - weight) + picture[np.minimum(above + 1, small - 1)] * weight
    return _keep_channels(cv2.resize(lines, (width, rows), interpolation=cv2.INTER_LINEAR), lines)


def quantize(luma: Floats, chroma: Floats, levels: int) -> WholeNumbers:
    """Joins luma and chroma to whole-numbered RGB.

    Chroma is shrunk into the RGB cube first (`color.merge`), so nothing is clipped, and each channel is rounded to the
    nearest level: the luma moves by at most 0.5 * (0.299 + 0.587 + 0.114) = half a level.

    Args:
        luma: `[..., 1]` in [0, 1].
        chroma: `[..., 2]`.
        levels: 255 or 65535.

    Returns:
        `[..., 3]` uint8 or uint16.
    """
    return np.rint(color.merge(luma, chroma) * np.float32(levels)).astype(np.uint8 if levels == 255 else np.uint16)
