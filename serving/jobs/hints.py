"""Colour hints: a colour given at a spot spreads over what belongs to the spot, and stops at edges. numpy and OpenCV.

How far a pixel is from a hint is measured along the cheapest path (geodesic distance, as in Criminisi, Sharp and Blake,
"GeoS: Geodesic Image Segmentation", ECCV 2008), where crossing an edge of luma or of the model's own colours costs much
and going on within an even area costs little. It is solved at half the size
at which the network colours: its chroma is no finer.
"""

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from colorgan_tf.inference import finish

# Cost of a path as long as the picture's short side, and of crossing from black to white.
_LENGTH_COST, _EDGE_COST = 0.25, 8.0
_NOISE = 0.008  # steps of luma below this are grain
_CHROMA_SHARE = 0.6  # of the model's own colours in what counts as an edge
_UNLIKE = 1.6  # cost of a pixel that differs from the spot by full luma, however it was reached
# A hint holds fully up to the first distance and not at all from the second on.
_INSIDE, _OUTSIDE = 0.45, 1.0
_NEAREST = 0.02  # below this distance no hint is nearer than another
_SWEEPS = 2
# The part of the change that hints of usual reach ask for from which on the network's spread of it counts, and counts
# fully.
_UNSURE, _SURE = 0.35, 0.7
# Where the network makes a smaller part of the change, it sees another thing, and the hint holds less; but up to this
# distance all is one even area, whatever it sees.
_AGREED, _EVEN = 0.3, 0.2
_LEAST_CHANGE = 0.02  # chroma: what asks for less asks for nothing
# How far what is clear decides on what is not, as a part of the short side, and which step of luma stops it.
_SETTLING, _SETTLING_EDGE, _SETTLING_PASSES = 0.15, 0.08, 2
_LEAST_CONFIDENCE = 0.01
# A thing that is too light for its colour: luma above the first is brought down to this part of what it is above it.
_LIGHT, _LEFT = 0.7, 0.3
Plane = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Spot:
    """A hint on one frame.

    Attributes:
        x: from the left, in [0, 1].
        y: from the top, in [0, 1].
        chroma: (U, V), or None for the model's own colour there.
        reach: how far it spreads; 1 is usual.
        trust: how surely the spot is still on its thing, in [0, 1]; below 1 the hint is fainter.
        darken: whether its thing is darkened, see `darkened`.
    """

    x: float
    y: float
    chroma: tuple[float, float] | None
    reach: float = 1.0
    trust: float = 1.0
    darken: bool = False


def apply(luma: Plane, chroma: Plane, spots: tuple[Spot, ...], told: Plane | None = None) -> Plane:
    """Lets hints edit a chroma.

    The network that is told the same hints knows more of what belongs to a thing, and finds its like elsewhere, but
    spreads a colour that it did not expect too far, faintly, and not evenly. So both are asked how far a hint holds:
    distance near the hint, the network where it is sure. Where neither is clear, what is clear around it decides.
    There the network's change is made, and completed to the chosen colour.

    Args:
        luma: `[h, w, 1]` float32 in [0, 1], at input resolution.
        chroma: `[h, w, 2]` float32: U and V, the model's.
        spots: the hints; where two meet, the nearer one wins.
        told: `[h, w, 2]` float32: what the network makes of the same hints, where it takes any.

    Returns:
        `[h, w, 2]` float32; the given chroma itself where there is no hint.
    """
    if not spots:
        return chroma
    field = _Field.of(luma, chroma, spots)
    colours = [chroma if spot.chroma is None else np.array(spot.chroma, np.float32) for spot in spots]
    chosen = sum((field.shares[..., n, None] * colour for n, colour in enumerate(colours)), np.zeros_like(chroma))
    if told is None:
        return np.asarray(chroma + field.strength * (chosen - chroma), np.float32)
    asked = np.array([np.linalg.norm(wanted(spot, chroma) - _own(spot, chroma)) for spot in spots], np.float32)
    change, wish = told - chroma, chosen - chroma
    made = _towards(change, wish) / np.maximum(field.shares @ asked[:, None], _LEAST_CHANGE)
    likely = made * (field.shares @ np.array([[spot.reach] for spot in spots], np.float32))
    holds = field.strength * np.maximum(_ramp(likely, 0, _AGREED), field.even)
    guarded = field.strength * field.shares @ np.array([[spot.chroma is None] for spot in spots], np.float32)
    holds = np.maximum(holds, _ramp(likely, _UNSURE, _SURE)) * (1 - guarded)
    whole = change + np.clip(1 - made, 0, 1) * wish
    return np.asarray(chroma + _settled(holds, _features(luma, chroma)) * whole, np.float32)


def darkened(luma: Plane, small_luma: Plane, chroma: Plane, spots: tuple[Spot, ...]) -> Plane:
    """Darkens what is too light to take a colour, where hints ask for it; all else keeps its luma.

    Args:
        luma: `[H, W, 1]` float32 in [0, 1], at any size.
        small_luma: `[h, w, 1]`: the same at input resolution.
        chroma: `[h, w, 2]`: the model's.
        spots: the hints.

    Returns:
        `[H, W, 1]` float32.
    """
    field = _Field.of(small_luma, chroma, tuple(spot for spot in spots if spot.darken))
    strength = finish.resize(field.strength, *luma.shape[:2])
    above = np.maximum(luma - np.float32(_LIGHT), 0)
    return np.asarray(luma - (1 - _LEFT) * np.clip(strength, 0, 1).reshape(luma.shape) * above, np.float32)


@dataclasses.dataclass(frozen=True)
class _Field:
    """How far hints hold by distance alone.

    Attributes:
        shares: `[h, w, hints]`: which hint is the nearest; their sum is 1.
        strength: `[h, w, 1]` in [0, 1]: how much it holds.
        even: `[h, w, 1]` in [0, 1]: whether an even area leads to it.
    """

    shares: Plane
    strength: Plane
    even: Plane

    @staticmethod
    def of(luma: Plane, chroma: Plane, spots: tuple[Spot, ...]) -> "_Field":
        height, width = luma.shape[:2]
        size = (max(2, height // 2), max(2, width // 2))
        costs = _Costs(_features(finish.resize(luma, *size), finish.resize(chroma, *size)))
        distances = np.stack([costs.distance(*_place(spot, size)) / spot.reach for spot in spots], axis=-1)
        trust = np.array([spot.trust for spot in spots], np.float32)
        shares = trust / (distances + _NEAREST) ** 4 + np.float32(1e-12)  # of hints that nobody trusts, too
        shares /= shares.sum(axis=-1, keepdims=True)
        strength = (trust * (1 - _ramp(distances, _INSIDE, _OUTSIDE))).max(axis=-1, keepdims=True)
        even = 1 - _ramp(distances.min(axis=-1, keepdims=True), _EVEN, _INSIDE)
        found = finish.resize(np.concatenate([shares, strength, even], axis=-1), height, width)
        return _Field(found[..., :-2], found[..., -2:-1], found[..., -1:])


def _towards(change: Plane, wish: Plane) -> Plane:
    """Returns the length of a change `[h, w, 2]` times the cosine of its angle to what is wished for; at least 0.

    A network that is told the colour of one thing changes others too, away from it as well.
    """
    length = np.linalg.norm(wish, axis=-1, keepdims=True)
    along = (change * wish).sum(axis=-1, keepdims=True) / np.maximum(length, np.float32(1e-6))
    return np.asarray(np.maximum(along, 0), np.float32)


def _settled(holds: Plane, features: Plane) -> Plane:
    """Gives places where it is not clear whether a hint holds what is clear around them, up to the next edges.

    A mean by confidence (normalized convolution), whose weights fall with the distance in the domain transform of
    Gastal and Oliveira, "Domain Transform for Edge-Aware Image and Video Processing", SIGGRAPH 2011.

    Args:
        holds: `[h, w, 1]` in [0, 1].
        features: `[h, w, 3]`.
    """
    confidence = _LEAST_CONFIDENCE + np.abs(2 * holds - 1)
    sums = np.concatenate([confidence * holds, confidence], axis=-1)
    reach = _SETTLING * min(features.shape[:2])
    steps = [1 / reach + np.abs(np.diff(features, axis=axis)).sum(axis=-1) / _SETTLING_EDGE for axis in (0, 1)]
    for number in range(_SETTLING_PASSES):
        for axis, step in enumerate(steps):
            _sum_along(np.moveaxis(sums, axis, 0), np.moveaxis(np.exp(-(2**number) * step), axis, 0)[..., None])
    return np.asarray(sums[..., :1] / sums[..., 1:], np.float32)


def _sum_along(lines: Plane, kept: Plane) -> None:
    """Adds to each line what comes over from all others, of which `kept[n]` goes over between lines n and n + 1."""
    forward, backward = lines.copy(), lines.copy()
    for number, part in enumerate(kept):
        forward[number + 1] += part * forward[number]
    for number in reversed(range(len(kept))):
        backward[number] += kept[number] * backward[number + 1]
    lines[:] = forward + backward - lines


def _ramp(values: Plane, start: float, end: float) -> Plane:
    """Rises smoothly from 0 at `start` to 1 at `end`."""
    part = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def _own(spot: Spot, chroma: Plane) -> Plane:
    return np.asarray(chroma[_place(spot, chroma.shape[:2])], np.float32)


def wanted(spot: Spot, chroma: Plane) -> Plane:
    """Returns the U and V that a hint asks for at its place in the model's chroma."""
    return _own(spot, chroma) if spot.chroma is None else np.array(spot.chroma, np.float32)


def _place(spot: Spot, size: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of a spot."""
    return min(int(spot.y * size[0]), size[0] - 1), min(int(spot.x * size[1]), size[1] - 1)


def _features(luma: Plane, chroma: Plane) -> Plane:
    """Returns `[h, w, 3]` in which edges are looked for: luma without its grain, and the model's colours."""
    smooth = cv2.bilateralFilter(luma[..., 0], d=5, sigmaColor=0.06, sigmaSpace=2.0)
    return np.dstack([smooth, chroma * np.float32(_CHROMA_SHARE)])


class _Costs:
    """Geodesic distances over one picture, by sweeps of whole rows."""

    def __init__(self, features: Plane):
        self._features = features
        step = _LENGTH_COST / min(features.shape[:2])
        self._down = step + self._edges(np.diff(features, axis=0))
        # Down and to the right, down and to the left.
        self._falling = 2**0.5 * step + self._edges(features[1:, 1:] - features[:-1, :-1])
        self._rising = 2**0.5 * step + self._edges(features[1:, :-1] - features[:-1, 1:])
        across = step + self._edges(np.diff(features, axis=1))
        # Costs from the left edge on: along a row, the cheapest path is then a running minimum.
        self._across = np.pad(np.cumsum(across, axis=1), ((0, 0), (1, 0)))

    @staticmethod
    def _edges(difference: Plane) -> Plane:
        length = np.sqrt(np.square(difference).sum(axis=-1))
        return np.asarray(_EDGE_COST * np.maximum(length - _NOISE, 0))

    def distance(self, row: int, column: int) -> Plane:
        """Returns the cost `[h, w]` of going from a pixel to each other one."""
        height, width = self._features.shape[:2]
        found = np.full((height, width), np.inf, np.float64)
        found[row, column] = 0
        self._along(found, row)
        for _ in range(_SWEEPS):
            for here in range(1, height):
                above, costs = found[here - 1], here - 1
                np.minimum(found[here], above + self._down[costs], out=found[here])
                np.minimum(found[here, 1:], above[:-1] + self._falling[costs], out=found[here, 1:])
                np.minimum(found[here, :-1], above[1:] + self._rising[costs], out=found[here, :-1])
                self._along(found, here)
            for here in range(height - 2, -1, -1):
                below = found[here + 1]
                np.minimum(found[here], below + self._down[here], out=found[here])
                np.minimum(found[here, :-1], below[1:] + self._falling[here], out=found[here, :-1])
                np.minimum(found[here, 1:], below[:-1] + self._rising[here], out=found[here, 1:])
                self._along(found, here)
        top, left = max(row - 1, 0), max(column - 1, 0)
        seed = self._features[top : row + 2, left : column + 2].mean(axis=(0, 1))
        unlike = np.sqrt(np.square(self._features - seed).sum(axis=-1))
        return np.asarray(found + _UNLIKE * unlike, np.float32)

    def _along(self, found: npt.NDArray[np.float64], row: int) -> None:
        if not np.isfinite(found[row]).any():
            return
        cost = self._across[row]
        rightward = np.minimum.accumulate(found[row] - cost) + cost
        leftward = np.minimum.accumulate((found[row] + cost)[::-1])[::-1] - cost
        np.minimum(rightward, leftward, out=found[row])
