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
_MIDDLE_SIDE = 640  # short side at which pictures are looked at
# Squares along the short side, over whose means pictures are judged; and of how many pixels they are at least, since
# JPEG stores chroma in blocks of 16, where there are so many of them.
_CELLS, _LEAST_SIDE, _FEWEST_CELLS = 32, 8, 12
_SAMPLES = 400  # pixels a side that are looked at as they are
_EDGE = 0.1  # share of each side that is left out: frames, borders, colour targets
_KNOTS = 31  # of the curve of chroma over luma, a chain of straight lines
_SMOOTH = 1e-3  # weight of the curve's bends, so that knots that hold next to nothing follow their neighbours
_ROUNDS = 4  # in which what is far off the curve loses its weight
_NEAR = 5  # cells over which what is off the curve is averaged, so that noise goes
# Times the noise that what is off the curve is in a toned picture, at most; of the cells, 85 % stay below.
_EXCESS, _QUANTILE = 0.355, 0.85
# A tone goes out from black and back to white, by two hues at most. What its curve is longer than twice its strongest
# chroma, in units of U and V, beyond which it is that of flat colours, one for each shade; and the share of the pixels
# below which a knot is left out.
_DETOUR, _RARE = 0.4, 0.01
_SLOPE = 0.2  # share of the curve's own steps that is noise, since files hold chroma a little beside its luma
_SURE = 1.3  # times or part of the limit beyond which the judgement is sure
# An old picture that was copied or scanned in coloured light: the strength of chroma that 95 % of it stay below; the
# cells over which such light is even; and the share that is left of what is off the curve when that is taken away.
_ALMOST_GREY, _PLACE, _EVEN = 0.035, 9, 0.37
_STRONG_SHARE = 0.06  # what small coloured things (a signature, a logo) may cover, at most
_STRONG = 0.06  # chroma off the curve that is no noise
STRONG_PAPER = 0.15  # chroma that no tinted paper has
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
    """Where grey and toned end, in units of U and V.

    Attributes:
        grey: strength of the chroma that 85 % of a grey picture stay below.
        floor: noise of chroma that there is at least.
        uneven: what may be left of a toned picture's chroma when a curve that changes evenly over the picture, as on
            unevenly faded paper, is taken away.
    """

    grey: float
    floor: float
    uneven: float


STILL = Limits(0.012, 0.002, 0.0015)
FILM = Limits(0.02, 0.01, 0.0)  # video adds rainbows along fine detail


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
    return _examine(luma, chroma, limits, max(1, min(luma.shape[-2:]) // _CELLS)).tone


def judge_rgb(rgb: NDArray[np.unsignedinteger[Any]]) -> Tone:
    """Tells what a still picture `[H, W, 3]`, uint8 or uint16, is."""
    return examine_rgb(rgb).tone


def examine_rgb(rgb: NDArray[np.unsignedinteger[Any]]) -> Judgement:
    """Tells what a still picture `[H, W, 3]`, uint8 or uint16, is, and whether that is sure."""
    levels = np.iinfo(rgb.dtype).max
    rows, columns = (max(1, side // _SAMPLES) for side in rgb.shape[:2])
    graphic = examine_graphic(color.rgb_to_yuv(rgb[::rows, ::columns].astype(np.float32) / levels))
    if graphic:
        return graphic
    yuv = color.rgb_to_yuv(_reduced(rgb, _MIDDLE_SIDE).astype(np.float32) / levels)
    short = min(yuv.shape[:2])
    return _examine(yuv[..., 0], yuv[..., 1:], STILL, max(1, short // _CELLS, min(_LEAST_SIDE, short // _FEWEST_CELLS)))


def _examine(luma: NDArray[Any], chroma: NDArray[Any], limits: Limits, side: int) -> Judgement:
    """Tells what a reduced picture is, and whether that is sure; see `judge`. Cells are of `side` pixels."""
    frames, height, width = int(np.prod(chroma.shape[:-3])), *chroma.shape[-3:-1]
    rows, columns = height // side, width // side

    def in_cells(values: NDArray[Any]) -> Floats:
        """Returns `[frames * rows, side, columns, side, ...]`."""
        cut = values.reshape(frames, height, width, *values.shape[luma.ndim :])[:, : rows * side, : columns * side]
        return cut.reshape(frames * rows, side, columns, side, *cut.shape[3:])

    lumas, chroma = in_cells(luma), in_cells(chroma).mean(axis=(1, 3), dtype=np.float64)
    means = lumas.mean(axis=(1, 3), dtype=np.float64)
    chosen = _chosen(means, frames)
    strength = np.linalg.norm(chroma, axis=-1)
    excess, even = _excess(_shades(lumas), chroma, chosen, limits.floor)
    if excess > _EXCESS:
        strongest = float(np.quantile(strength[chosen], 0.95))
        in_light = even < _EVEN and strongest < _ALMOST_GREY
        uneven = strongest < STRONG_PAPER and limits.uneven and _is_uneven(means, chroma, chosen, limits.uneven)
        if in_light or uneven:
            return Judgement(Tone.TONED, True)
    borderline = 1 / _SURE < excess / _EXCESS < _SURE
    if excess > _EXCESS:
        return Judgement(Tone.COLOUR, borderline)
    if np.quantile(strength[chosen], _QUANTILE) < limits.grey:
        return Judgement(Tone.GREY, bool((strength > 0.08).mean() > 0.002))  # small parts are in colour
    return Judgement(Tone.TONED, borderline)


def _shades(lumas: Floats) -> Floats:
    """Returns each cell's shares of the knots' shades, `[H, W, knots]`, of lumas `[H, side, W, side]`.

    The chroma of a cell is the mean of its pixels', so a curve of straight lines between knots holds for these shares
    just as for pixels; for the mean luma it does not, above all along edges.
    """
    rows, side, columns, _ = lumas.shape
    low, high = float(lumas.min()), float(lumas.max())
    place = (lumas - low) * ((_KNOTS - 1) / max(high - low, 1e-6))
    knot = np.minimum(place.astype(np.intp), _KNOTS - 2)
    share = place - knot
    cell = (np.arange(rows)[:, None, None, None] * columns + np.arange(columns)[:, None]) * _KNOTS + knot
    size = rows * columns * _KNOTS
    counts = np.bincount(cell.ravel(), (1 - share).ravel(), size) + np.bincount(cell.ravel() + 1, share.ravel(), size)
    return counts.reshape(rows, columns, _KNOTS) / side**2


def _excess(shades: Floats, chroma: Floats, chosen: NDArray[np.bool_], floor: float) -> tuple[float, float]:
    """Tells how far cells are off the curve of chroma over luma.

    Noise differs from cell to cell and is mostly gone from the mean of several; the colours of things are not.

    Args:
        shades: `[H, W, knots]`.
        chroma: `[H, W, 2]`.
        chosen: `[H, W]`, the cells that count.
        floor: the least noise.

    Returns:
        The mean of several, in units of the noise, infinite where the curve is no tone's; and the share of it that does
        not change slowly over the picture.
    """
    knots, off = _curve(shades[chosen], chroma[chosen]), np.zeros_like(chroma)
    if _detour(knots[shades[chosen].mean(axis=0) > _RARE]) > _DETOUR:
        return np.inf, 1.0
    off[chosen] = chroma[chosen] - shades[chosen] @ knots
    # A small coloured thing counts neither by itself nor by what a mean spreads of it.
    strong = np.linalg.norm(off, axis=-1) > _STRONG
    if strong.sum() <= _STRONG_SHARE * chosen.sum():
        chosen = chosen & ~strong
    off[~chosen] = 0
    noise = floor + _steps(off, chosen) + _SLOPE * _steps(chroma - off, chosen)
    near = _mean(off, chosen, _NEAR)
    all_off, quickly_off = (
        float(np.quantile(np.linalg.norm(each[chosen], axis=1), _QUANTILE))
        for each in (near, near - _mean(off, chosen, _PLACE))
    )
    return all_off / noise, quickly_off / max(all_off, 1e-9)


def _steps(values: Floats, chosen: NDArray[np.bool_]) -> float:
    """Returns how far neighbouring cells of `[H, W, 2]` that are chosen differ, in the mean."""
    pairs = ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:]))
    steps = [np.linalg.norm(values[one] - values[other], axis=-1)[chosen[one] & chosen[other]] for one, other in pairs]
    return float(np.concatenate([*steps, [0.0]]).mean())


def _curve(shades: Floats, chroma: Floats) -> Floats:
    """Returns the chroma `[knots, 2]` at the knots of the curve that comes closest to `[cells, 2]`.

    The closest one by least squares, in which cells that are far off count less (P. Huber, "Robust estimation of a
    location parameter", 1964) and bends of the curve count too (P. Eilers and B. Marx, "Flexible smoothing with
    B-splines and penalties", 1996).
    """
    weights = np.ones(len(shades))
    each = np.eye(shades.shape[1])
    bends = np.diff(each, 2, axis=0)
    penalty = len(shades) * (_SMOOTH * bends.T @ bends + 1e-7 * each)
    for _ in range(_ROUNDS):
        weighted = shades * weights[:, None]
        knots: Floats = np.linalg.solve(weighted.T @ shades + penalty, weighted.T @ chroma)
        distance = np.linalg.norm(chroma - shades @ knots, axis=1)
        weights = 1 / np.maximum(1, distance / (2 * np.median(distance) + 1e-4))
    return knots


def _detour(knots: Floats) -> float:
    """Returns what a curve `[knots, 2]` is longer than the way to its strongest chroma and back."""
    length = np.linalg.norm(np.diff(knots, axis=0), axis=1).sum()
    return float(length - 2 * np.linalg.norm(knots, axis=1).max(initial=0.0))


def _mean(values: Floats, chosen: NDArray[np.bool_], side: int) -> Floats:
    """Returns the mean of those values `[H, W, 2]` that are chosen over a square around each cell."""
    import cv2

    sums, counts = (cv2.blur(each, (side, side)) for each in (values, chosen.astype(np.float64)))
    return np.asarray(sums / np.maximum(counts, 1e-6)[..., None])


def _chosen(luma: Floats, frames: int) -> NDArray[np.bool_]:
    """Returns the cells that count: `[H, W]`, of frames one below the other."""
    height, width = luma.shape[0] // frames, luma.shape[1]
    inner = np.zeros((frames, height, width), bool)
    down, across = int(_EDGE * height), int(_EDGE * width)
    inner[:, down : height - down, across : width - across] = True
    chosen = inner.reshape(luma.shape)
    shaded = chosen & (luma > _DARK) & (luma < _LIGHT)
    chosen = shaded if shaded.mean() >= 0.05 else chosen
    return chosen if chosen.any() else np.ones_like(chosen)


def _is_uneven(luma: Floats, chroma: Floats, chosen: NDArray[np.bool_], limit: float) -> bool:
    """Tells whether the curve changes evenly over the picture, as on unevenly faded paper."""
    height, width = luma.shape
    down, across = (each[chosen] for each in np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j])
    place = np.stack([np.ones_like(down), down, across, down * across, down**2, across**2], axis=1)
    features = np.concatenate([place * luma[chosen][:, None] ** power for power in range(4)], axis=1)
    rest = chroma[chosen] - features @ np.linalg.lstsq(features, chroma[chosen], rcond=None)[0]
    return bool(np.quantile(np.linalg.norm(rest, axis=1), _QUANTILE) <= limit)


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


def examine_graphic(yuv: NDArray[Any]) -> Judgement | None:
    """Tells what a drawing, a document or a flat graphic is; None of all other pictures.

    Any coloured line or area counts, but not the tint of the paper.

    Args:
        yuv: `[..., 3]`, pixels as they are, no means of several.
    """
    luma, chroma = np.clip(yuv[..., 0].reshape(-1), 0, 1), yuv[..., 1:].reshape(-1, 2)
    if not is_graphic(luma):
        return None
    shade = np.histogram(luma, 64, (0, 1))[0].argmax()
    paper = np.abs(luma - (shade + 0.5) / 64) <= 1.5 / 64
    tint, level, ink = np.median(chroma[paper], axis=0), float(np.median(luma[paper])), max(1, int((~paper).sum()))
    expected = np.clip(luma / max(level, 0.04), 0, 1)[:, None] * tint
    distance = np.linalg.norm(chroma - expected, axis=1)
    coloured = distance > _STRONG
    strong_paper = np.linalg.norm(tint) > STRONG_PAPER
    if strong_paper or (coloured.mean() >= 0.0005 and coloured.sum() >= 0.02 * ink):
        return Judgement(Tone.COLOUR)
    return Judgement(Tone.GREY if np.linalg.norm(tint) < STILL.grey else Tone.TONED)
