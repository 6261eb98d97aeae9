"""Is a picture grey, toned (sepia, cyanotype, tinted) or in colour? Told from its pixels alone.

Toned means that chroma is a function of luma: a tone gives each shade of grey one colour, weak or strong, perhaps
others in shadows than in lights. A faded colour print has a cast too, but things of one luma still differ.
"""

import dataclasses
import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorgan_tf import color

Floats = NDArray[np.floating[Any]]
_SIDE = 64  # short side at which pictures are judged: compression noise has averaged out
_MIDDLE_SIDE = 640
_SAMPLES = 400  # pixels a side that are looked at as they are
_EDGE = 0.1  # share of each side that is left out: frames, borders, colour targets
_WINDOW = 9  # pixels over which the mean is taken
_NOISE = 0.3  # what such a mean leaves of noise
_GROUPS = 48  # pieces of the curve of chroma over luma
# What small coloured things (a signature, a logo) may cover does not count.
_QUANTILE = 0.85
_STRONG, _STRONG_SHARE = 0.06, 0.06
# Median strength of chroma, in U and V, below which a picture has no strong tone, or next to no colour.
_FAINT, _ALMOST_GREY = 0.06, 0.015
# Of such pictures the 99 % quantile: how far from the curve of chroma over luma; how far from one line of hue, and how
# far on the complementary side of grey.
_NEAR_CURVE = 0.035
_NEAR_LINE, _OTHER_SIDE = 0.012, 0.004
_DARK, _LIGHT = 0.04, 0.97  # shades that cannot hold colour, such as black bars


NEUTRALISED = "looks toned: neutralised; --keep_colors leaves it"
SMALL_PARTS = "small parts are in colour and coloured anew; --keep_colors leaves them"
FAINT = ", faintly; --force colours it anew"


class Tone(enum.StrEnum):
    """What a picture's chroma says of it."""

    GREY = "grey"
    TONED = "toned"
    COLOUR = "colour"


@dataclasses.dataclass(frozen=True)
class Limits:
    """Where grey and toned end, in units of U and V; of the pixels' distances the 85 % quantile is compared.

    Attributes:
        grey: strength of the chroma below which a picture is grey.
        curve: what may be left of a toned picture's chroma when its curve over luma and noise are taken away.
        uneven: the same when a change over the picture, as in unevenly faded paper, is taken away too.
    """

    grey: float
    curve: float
    uneven: float


STILL = Limits(0.012, 0.001, 0.0015)
# Compression leaves more noise in a film, and video adds rainbows along fine detail.
FILM = Limits(0.02, 0.006, 0.0)


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What a picture is.

    Attributes:
        tone: grey, toned or in colour.
        borderline: it might be taken for another by a person, or small parts of it are.
    """

    tone: Tone
    borderline: bool = False


def stays(tone: str, force: bool, keep_colors: bool) -> bool:
    """Tells whether what is of this tone is left as it is; it is coloured otherwise.

    Args:
        tone: a `Tone`, or what else a shot may be.
        force: whether what is in colour is coloured anew.
        keep_colors: whether what is toned is left as well.
    """
    return not force and (tone == Tone.COLOUR or (keep_colors and tone == Tone.TONED))


def judge(luma: NDArray[Any], chroma: NDArray[Any], limits: Limits) -> Tone:
    """Tells what a reduced picture is.

    Args:
        luma: `[..., H, W]` in [0, 1]; of an animation, several frames.
        chroma: `[..., H, W, 2]`, U and V.
        limits: `STILL` or `FILM`.
    """
    return examine(luma, chroma, limits).tone


def judge_rgb(rgb: NDArray[np.unsignedinteger[Any]]) -> Tone:
    """Tells what a still picture `[H, W, 3]`, uint8 or uint16, is."""
    return examine_rgb(rgb).tone


def examine_rgb(rgb: NDArray[np.unsignedinteger[Any]]) -> Judgement:
    """Tells what a still picture `[H, W, 3]`, uint8 or uint16, is, and whether that is sure."""
    levels = np.iinfo(rgb.dtype).max
    rows, columns = (max(1, side // _SAMPLES) for side in rgb.shape[:2])
    sample = color.rgb_to_yuv(rgb[::rows, ::columns].astype(np.float32) / levels)
    if is_graphic(sample[..., 0]):
        return _examine_graphic(sample[..., 0].reshape(-1), sample[..., 1:].reshape(-1, 2))
    middle = color.rgb_to_yuv(_reduced(rgb, _MIDDLE_SIDE).astype(np.float32) / levels)
    yuv = _reduced(middle, _SIDE)
    spread = _reduced(np.square(middle[..., 0]), _SIDE) - np.square(yuv[..., 0])
    # Along edges, luma and chroma are means of different things.
    judged = examine(yuv[..., 0], yuv[..., 1:], STILL, spread <= np.median(spread))
    if judged.tone == Tone.GREY:
        return judged
    strength = float(np.median(np.linalg.norm(yuv[..., 1:], axis=-1)))
    finer = _reduced(middle, 2 * _SIDE)
    if judged.tone == Tone.COLOUR:  # an old scan may be almost grey, unevenly faded, with the noise of many copies
        return Judgement(Tone.TONED, True) if strength < _ALMOST_GREY and _is_near_curve(finer) else judged
    # A photograph of few colours: most of it follows the luma, and no strong tone is there to explain that.
    colours = strength < _FAINT and not (_is_near_curve(finer) or _is_near_line(finer[..., 1:]))
    return Judgement(Tone.COLOUR, True) if colours else judged


def examine(
    luma: NDArray[Any], chroma: NDArray[Any], limits: Limits, even: NDArray[np.bool_] | None = None
) -> Judgement:
    """Tells what a reduced picture is, and whether that is sure; see `judge`.

    Args:
        luma: as in `judge`.
        chroma: as in `judge`.
        limits: as in `judge`.
        even: `[H, W]`, the pixels that count; None for all.
    """
    import cv2

    frames, height, width = int(np.prod(chroma.shape[:-3])), *chroma.shape[-3:-1]
    luma = luma.reshape(frames * height, width).astype(np.float64)
    chroma = chroma.reshape(frames * height, width, 2).astype(np.float64)
    chosen = _chosen(luma, frames, even)
    off = np.zeros_like(chroma)
    off[chosen] = _off_groups(luma[chosen], chroma[chosen])
    strong = np.linalg.norm(off, axis=-1) > _STRONG
    if strong.sum() > _STRONG_SHARE * chosen.sum():
        return Judgement(Tone.COLOUR)
    # A small coloured thing counts neither by itself nor by what the mean spreads of it.
    chosen &= cv2.dilate(strong.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
    off[~chosen] = 0
    weights = cv2.blur(chosen.astype(np.float64), (_WINDOW, _WINDOW))[..., None]
    # Noise of compression is gone from means over a window; real colours are not.
    smooth = (cv2.blur(off, (_WINDOW, _WINDOW)) / np.maximum(weights, 1e-6))[chosen]
    distance = np.linalg.norm(off[chosen], axis=1)
    left = float(np.quantile(np.linalg.norm(smooth, axis=1), _QUANTILE))
    limit = limits.curve + _NOISE * float(np.quantile(distance, _QUANTILE))
    sure = not 0.6 * limit < left < 1.5 * limit
    if left > limit and not (limits.uneven and _is_uneven(luma, chroma, chosen, limits)):
        return Judgement(Tone.COLOUR, not sure)
    if np.quantile(np.linalg.norm(chroma[chosen], axis=1), _QUANTILE) < limits.grey:
        small_parts = (np.linalg.norm(chroma, axis=-1) > 0.08).mean() > 0.002
        return Judgement(Tone.GREY, bool(small_parts))
    return Judgement(Tone.TONED, not sure)


def _is_near_curve(yuv: Floats) -> bool:
    """Tells whether nearly all of a picture `[H, W, 3]` lies near one curve of chroma over luma."""
    luma, chroma = yuv[..., 0].reshape(-1).astype(np.float64), yuv[..., 1:].reshape(-1, 2).astype(np.float64)
    return bool(np.quantile(np.linalg.norm(off_curve(luma, chroma, 4), axis=1), 0.99) <= _NEAR_CURVE)


def _is_near_line(chroma: Floats) -> bool:
    """Tells whether nearly all of a picture's chroma `[H, W, 2]` is of one hue, weak or strong."""
    chroma = chroma.reshape(-1, 2).astype(np.float64)
    across, along = (chroma @ np.linalg.eigh(chroma.T @ chroma)[1]).T
    along = along * np.sign(along.sum())
    return bool(np.quantile(np.abs(across), 0.99) < _NEAR_LINE and np.quantile(along, 0.01) > -_OTHER_SIDE)


def _chosen(luma: Floats, frames: int, even: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Returns the pixels that count: `[H, W]`, of frames one below the other."""
    height, width = luma.shape[0] // frames, luma.shape[1]
    inner = np.zeros((frames, height, width), bool)
    down, across = int(_EDGE * height), int(_EDGE * width)
    inner[:, down : height - down, across : width - across] = True
    chosen = inner.reshape(luma.shape)
    if even is not None:
        chosen &= even
    shaded = chosen & (luma > _DARK) & (luma < _LIGHT)
    chosen = shaded if shaded.mean() >= 0.05 else chosen
    return chosen if chosen.any() else np.ones_like(chosen)


def _is_uneven(luma: Floats, chroma: Floats, chosen: NDArray[np.bool_], limits: Limits) -> bool:
    """Tells whether the curve changes evenly over the picture, as on unevenly faded paper."""
    height, width = luma.shape
    down, across = (each[chosen] for each in np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j])
    place = np.stack([np.ones_like(down), down, across, down * across, down**2, across**2], axis=1)
    features = np.concatenate([place * luma[chosen][:, None] ** power for power in range(4)], axis=1)
    rest = chroma[chosen] - features @ np.linalg.lstsq(features, chroma[chosen], rcond=None)[0]
    return bool(np.quantile(np.linalg.norm(rest, axis=1), _QUANTILE) <= limits.uneven)


def _off_groups(luma: Floats, chroma: Floats) -> Floats:
    """Returns what is left of a chroma `[pixels, 2]` when its curve over the luma, medians of groups, is taken away."""
    order = np.argsort(luma, kind="stable")
    groups = np.array_split(order, int(np.clip(len(luma) // 16, 1, _GROUPS)))
    at = np.array([np.median(luma[group]) for group in groups])
    curve = np.array([np.median(chroma[group], axis=0) for group in groups])
    return chroma - np.stack([np.interp(luma, at, each) for each in curve.T], axis=1)


def off_curve(luma: Floats, chroma: Floats, degree: int) -> Floats:
    """Returns what is left of a chroma `[pixels, 2]` when the polynomial of the luma that comes closest is taken away.

    In a toned picture that is next to nothing.
    """
    powers = np.stack([luma**power for power in range(degree + 1)], axis=1)
    curve: Floats = powers @ np.linalg.lstsq(powers, chroma, rcond=None)[0]
    return chroma - curve


def _reduced(picture: NDArray[Any], side: int) -> NDArray[Any]:
    import cv2  # late: `pipelines.frames --help` stays fast

    height, width = picture.shape[:2]
    scale = min(1.0, side / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def is_graphic(luma: Floats) -> bool:
    """Tells drawings, documents and flat graphics: a few shades cover nearly all."""
    shades = np.sort(np.histogram(luma, 64, (0, 1))[0])[::-1]
    return bool(shades[:6].sum() >= 0.85 * shades.sum())


def _examine_graphic(luma: Floats, chroma: Floats) -> Judgement:
    """Of a graphic, any coloured line or area counts, but not the tint of the paper."""
    shade = np.histogram(luma, 64, (0, 1))[0].argmax()
    paper = np.abs(luma - (shade + 0.5) / 64) <= 1.5 / 64
    tint = np.median(chroma[paper], axis=0) if paper.any() else np.zeros(2)
    level = float(np.median(luma[paper])) if paper.any() else 1.0
    expected = np.clip(luma / max(level, 0.04), 0, 1)[:, None] * tint
    distance = np.linalg.norm(chroma - expected, axis=1)
    coloured = distance > _STRONG
    strong_paper = np.linalg.norm(tint) > 0.15
    ink = max(1, int((~paper).sum()))
    if strong_paper or (coloured.mean() >= 0.0005 and coloured.sum() >= 0.02 * ink):
        return Judgement(Tone.COLOUR)
    return Judgement(Tone.GREY if np.linalg.norm(tint) < STILL.grey else Tone.TONED)
