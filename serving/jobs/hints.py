"""Colour hints: a colour given at a spot spreads over what belongs to the spot, and stops at edges. numpy and OpenCV.

How far a pixel is from a hint is measured along the cheapest path (geodesic distance, as in Criminisi, Sharp and Blake,
"GeoS: Geodesic Image Segmentation", ECCV 2008), where crossing an edge of luma or of the model's own colours costs much
and going on within an even area costs little. It is solved at half the size
at which the network colours: its chroma is no finer.
"""

import dataclasses
from typing import Any

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
# The part of the change that hints ask for from which on the network's spread of it counts, and counts fully; where it
# hangs together with a hint's spot, less is enough.
_UNSURE, _SURE = 0.35, 0.7
_JOINED, _JOINED_SURE = 0.3, 0.6
_AGREED = 0.3  # where the network makes a smaller part of the change, it sees another thing: the hint holds less
_LEAST_CHANGE = 0.02  # chroma: what asks for less asks for nothing
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
    spreads a colour that it did not expect too far, faintly. So it counts half near the hints, and elsewhere only
    where it is sure. What it leaves as it was, a hint leaves too, however near.

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
    fields = _fields(luma, chroma, spots)
    if told is not None:
        fields = fields * _ramp(_part(chroma, told, spots, fields), 0, _AGREED)
    colours = [chroma if spot.chroma is None else np.array(spot.chroma, np.float32) for spot in spots]
    edited: Plane = chroma * (1 - fields.sum(axis=-1, keepdims=True))
    for number, colour in enumerate(colours):
        edited = edited + fields[..., number, None] * colour
    if told is None:
        return np.asarray(edited, np.float32)
    near = fields.sum(axis=-1, keepdims=True)
    return np.asarray(near * (edited + told) / 2 + (1 - near) * _where_sure(chroma, told, spots), np.float32)


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
    fields = _fields(small_luma, chroma, tuple(spot for spot in spots if spot.darken))
    field = finish.resize(fields.sum(axis=-1, keepdims=True), *luma.shape[:2])
    above = np.maximum(luma - np.float32(_LIGHT), 0)
    return np.asarray(luma - (1 - _LEFT) * np.clip(field, 0, 1).reshape(luma.shape) * above, np.float32)


def _fields(luma: Plane, chroma: Plane, spots: tuple[Spot, ...]) -> Plane:
    """Returns how far each hint holds, `[h, w, hints]` in [0, 1]; all together at most 1."""
    height, width = luma.shape[:2]
    size = (max(2, height // 2), max(2, width // 2))
    features = _features(finish.resize(luma, *size), finish.resize(chroma, *size))
    costs = _Costs(features)
    distances = np.stack([costs.distance(*_place(spot, size)) / spot.reach for spot in spots])
    weights = np.stack([spot.trust * _weight(each) for spot, each in zip(spots, distances, strict=True)])
    shares = weights / (distances + _NEAREST) ** 4 + np.float32(1e-12)
    shares /= shares.sum(axis=0)
    strength = weights.max(axis=0)
    fields = finish.resize(np.ascontiguousarray(np.moveaxis(shares * strength, 0, -1)), height, width)
    return fields.reshape(height, width, len(spots))


def _where_sure(chroma: Plane, told: Plane, spots: tuple[Spot, ...]) -> Plane:
    """Returns what the network makes of hints where it takes most of their change over, else its own chroma."""
    part = _part(chroma, told, spots)
    _, areas = cv2.connectedComponents(np.asarray(part[..., 0] > _JOINED, np.uint8), connectivity=4)
    joined = {areas[_place(spot, areas.shape)] for spot in spots} - {0}
    sure = np.where(
        np.isin(areas, list(joined))[..., None],
        _ramp(part, _JOINED, _JOINED_SURE),
        _ramp(part, _UNSURE, _SURE),
    )
    return np.asarray(chroma + sure * (told - chroma), np.float32)


def _part(chroma: Plane, told: Plane, spots: tuple[Spot, ...], fields: Plane | None = None) -> Plane:
    """Returns how much of the change that the hints ask for the network makes, `[h, w, 1]`.

    Args:
        chroma: the model's own.
        told: what the network makes of the hints.
        spots: the hints.
        fields: where each holds; None for the largest change that any of them asks for.
    """
    each = np.array([np.linalg.norm(wanted(spot, chroma) - _own(spot, chroma)) for spot in spots], np.float32)
    asked: Any = each.max()
    if fields is not None:
        asked = (fields @ each[:, None]) / np.maximum(fields.sum(axis=-1, keepdims=True), 1e-6)
    change = np.linalg.norm(told - chroma, axis=-1, keepdims=True)
    return np.asarray(change / np.maximum(asked, _LEAST_CHANGE), np.float32)


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


def _weight(distance: Plane) -> Plane:
    return 1 - _ramp(distance, _INSIDE, _OUTSIDE)


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
