"""Is a picture grey, toned (sepia, cyanotype, tinted) or in colour? Told from its chroma alone."""

import dataclasses
import enum
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorgan_tf import color

Floats = NDArray[np.floating[Any]]
_SIDE = 128
NEUTRALISED = "looks toned: neutralised; --keep_colors leaves it"


class Tone(enum.StrEnum):
    """What a picture's chroma says of it."""

    GREY = "grey"
    TONED = "toned"
    COLOUR = "colour"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Where grey and toned end, in units of U and V. What is compared are percentiles of the pixels; the rest is noise.

    Attributes:
        percentile: of the pixels.
        grey: strength of the chroma below which a picture is grey.
        curve: what may be left of a toned picture's chroma when its curve over luma is taken away.
        curve_rms: root mean square of that below which a picture is toned whatever its percentile.
        line: how far a toned picture's chroma may leave the line of one hue. 0: one hue alone does not make it toned.
        opposite: how far it may then lie on the complementary side of grey.
        strongest: a chroma that no toning bath reaches.
    """

    percentile: float
    grey: float
    curve: float
    curve_rms: float = 0.0
    line: float = 0.0
    opposite: float = 0.0
    strongest: float = math.inf


# On a picture reduced to `_SIDE`, where compression noise has averaged out. Of 4,443 colour photographs these limits
# take 10 for toned, near-monochrome ones all of them; of JPEG-compressed sepia pictures they miss 1 in 50.
STILL = Limits(99, 0.012, 0.035, line=0.012, opposite=0.004, strongest=0.25)
# Compression leaves more noise in a film, and video adds rainbows along fine detail. A tint may be strong. One hue
# alone may be a sunset in a colour film, whose other shots are left as they are.
FILM = Limits(98, 0.024, 0.044, curve_rms=0.011)


def judge(luma: NDArray[Any], chroma: NDArray[Any], limits: Limits) -> Tone:
    """Tells what a picture is.

    A toned picture has one colour for each luma (also with different colours in shadows and lights), or all its colours
    on one line from grey (unevenly faded paper).

    Args:
        luma: `[...]` in [0, 1].
        chroma: `[..., 2]`, U and V.
        limits: `STILL` or `FILM`.
    """
    luma, chroma = luma.reshape(-1).astype(np.float64), chroma.reshape(-1, 2).astype(np.float64)
    strength = np.percentile(np.linalg.norm(chroma, axis=1), limits.percentile)
    if strength < limits.grey:
        return Tone.GREY
    if strength > limits.strongest:
        return Tone.COLOUR
    left = np.linalg.norm(off_curve(luma, chroma, 4), axis=1)
    if np.percentile(left, limits.percentile) <= limits.curve or math.sqrt(np.square(left).mean()) <= limits.curve_rms:
        return Tone.TONED
    return Tone.TONED if limits.line and _on_one_line(chroma, limits) else Tone.COLOUR


def judge_rgb(rgb: NDArray[np.unsignedinteger[Any]]) -> Tone:
    """Tells what a still picture `[H, W, 3]`, uint8 or uint16, is."""
    import cv2  # late: `pipelines.frames --help` stays fast

    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.iinfo(rgb.dtype).max
    yuv = color.rgb_to_yuv(small)
    return judge(yuv[..., 0], yuv[..., 1:], STILL)


def off_curve(luma: Floats, chroma: Floats, degree: int) -> Floats:
    """Returns what is left of a chroma `[pixels, 2]` when the polynomial of the luma that comes closest is taken away.

    In a toned picture that is next to nothing.
    """
    powers = np.stack([luma**power for power in range(degree + 1)], axis=1)
    curve: Floats = powers @ np.linalg.lstsq(powers, chroma, rcond=None)[0]
    return chroma - curve


def _on_one_line(chroma: Floats, limits: Limits) -> bool:
    across, along = (chroma @ np.linalg.eigh(chroma.T @ chroma)[1]).T
    along = along * np.sign(along.sum())
    far = np.percentile(np.abs(across), limits.percentile)
    return bool(far < limits.line and np.percentile(along, 100 - limits.percentile) > -limits.opposite)
