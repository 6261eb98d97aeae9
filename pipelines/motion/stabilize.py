"""Steady colour: chroma averaged along optical flow where the flow fits, never across a shot's edge."""

import dataclasses
from typing import Any

import numpy as np

# Weight of a frame falls by this factor with each frame of distance, where the flow fits perfectly.
MEMORY = 0.88
LUMA_MEMORY = 0.6
# Forward-backward check: N. Sundaram, T. Brox, K. Keutzer, "Dense point trajectories by GPU-accelerated large
# displacement optical flow", ECCV 2010, equation 5.
_CONSISTENCY_SLOPE, _CONSISTENCY_FLOOR = 0.01, 0.5
_LUMA_TOLERANCE = 0.07
_TRUSTED = 0.7  # weight of other frames from which an average stands for itself
# Averaging colours that differ in hue loses saturation; up to this much of it is given back.
_SATURATION_GAIN = 1.25


@dataclasses.dataclass(frozen=True)
class Motion:
    """How to bring one frame onto another.

    Attributes:
        flow: `[height, width, 2]` float32: for each pixel of the frame at hand, how far right and down (in pixels of
            this array) to look in the other frame.
        confidence: `[height, width]` float32 in [0, 1], 0 where the other frame does not show the same thing.
    """

    flow: np.ndarray
    confidence: np.ndarray


class MotionMeter:
    """Measures motion between neighbouring frames by dense inverse search (OpenCV), both ways.

    Args:
        both: whether the motion from the earlier to the later frame is wanted as well.
        fine: search longer and down to single pixels; for measuring.
    """

    def __init__(self, both: bool, fine: bool = False):
        import cv2

        self._both = both
        self._search: Any = cv2.DISOpticalFlow.create(
            cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if fine else cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST
        )
        self._search.setFinestScale(0 if fine else 1)

    def measure(self, earlier: np.ndarray, later: np.ndarray) -> tuple[Motion, Motion | None]:
        """Compares two lumas `[height, width]` float32 in [0, 1].

        Returns:
            Motion that brings the earlier frame onto the later, and (where wanted) the later onto the earlier.
        """
        # A flicker of exposure is not motion: both frames get the same mean before they are compared.
        earlier = earlier + (later.mean() - earlier.mean())
        first, second = (np.clip(frame * 255.0, 0, 255).astype(np.uint8) for frame in (earlier, later))
        back = self._search.calc(second, first, None)
        ahead = self._search.calc(first, second, None)
        on_later = Motion(back, _confidence(back, ahead, later, earlier))
        if not self._both:
            return on_later, None
        return on_later, Motion(ahead, _confidence(ahead, back, earlier, later))


def _confidence(flow: np.ndarray, reverse: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    import cv2

    grid = _grid(flow.shape[:2]) + flow
    returned = cv2.remap(reverse, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    other = cv2.remap(
        there, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(_NOWHERE,) * 4
    )
    gap = flow + returned
    error = np.einsum("ijk,ijk->ij", gap, gap)
    length = np.einsum("ijk,ijk->ij", flow, flow) + np.einsum("ijk,ijk->ij", returned, returned)
    fits = error < _CONSISTENCY_SLOPE * length + _CONSISTENCY_FLOOR
    # Single noisy pixels do not decide: the luma is compared over a small neighbourhood.
    difference = cv2.blur(np.abs(here - other), (3, 3))
    confidence = np.exp(-((difference / _LUMA_TOLERANCE) ** 2)) * fits
    return confidence.astype(np.float32)


_NO_MAP = np.empty(0, np.int16)  # OpenCV's way of saying that one map holds both coordinates
_NOWHERE = -10.0  # a luma that fits nothing
_GRIDS: dict[tuple[int, ...], np.ndarray] = {}


def _grid(size: tuple[int, ...]) -> np.ndarray:
    if size not in _GRIDS:
        _GRIDS.clear()  # one size at a time is in use; more would only hold memory
        rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
        _GRIDS[size] = np.stack([columns, rows], axis=-1)
    return _GRIDS[size]


def resize_motion(motion: Motion, size: tuple[int, ...]) -> Motion:
    """Brings a motion to another size: (height, width)."""
    import cv2

    height, width = motion.confidence.shape
    if (height, width) == size:
        return motion
    flow = cv2.resize(motion.flow, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    flow = flow * np.array([size[1] / width, size[0] / height], np.float32)
    return Motion(flow, cv2.resize(motion.confidence, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))


def warp(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Samples `[height, width, channels]` where the flow points; pixels outside repeat the edge."""
    import cv2

    grid = _grid(flow.shape[:2]) + flow
    return cv2.remap(values, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class FlowAverage:
    """A weighted average of all frames so far, each brought along the flow to the frame at hand.

    Holds the weighted sum and the weight, so that a pixel whose past does not fit starts anew by itself, and two
    averages (past and future) can be joined exactly.

    Args:
        memory: factor by which a frame's weight falls with each further frame.
    """

    def __init__(self, memory: float):
        self._memory = memory
        self.total: Any = None  # [height, width, channels + 1], weight last

    def step(self, values: np.ndarray | None, motion: Motion | None, size: tuple[int, ...], channels: int) -> None:
        """Goes on to the next frame.

        Args:
            values: `[*size, channels]` float32 of this frame, or None where it has none of its own.
            motion: brings the previous frame onto this one; None at the start of a shot.
            size: (height, width) of the values.
            channels: number of channels of the values.
        """
        if motion is None or self.total is None:
            total = np.zeros((*size, channels + 1), np.float32)
        else:
            motion = resize_motion(motion, size)
            total = warp(self.total, motion.flow)
            total *= (self._memory * motion.confidence)[..., None]
        if values is not None:
            total[..., :channels] += values
            total[..., channels] += 1.0
        self.total = total


def mean_of(total: np.ndarray) -> np.ndarray:
    """Divides sums by weights; pixels of no weight are filled from their surroundings.

    Args:
        total: `[height, width, channels + 1]`, weight last.

    Returns:
        `[height, width, channels]` float32.
    """
    import cv2

    weight = total[..., -1:]
    if weight.min() > 0.05:
        return total[..., :-1] / weight
    near = total + 1e-3 * cv2.blur(total, (9, 9)) + 1e-5 * cv2.blur(total, (63, 63))
    return near[..., :-1] / np.maximum(near[..., -1:], 1e-9)


def spread_correction(mean: np.ndarray, own: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Lends pixels without a past the correction of those around them.

    Where the flow does not fit, the average is the frame's own colour, flicker and all, and would stand out as a spot
    in a steady picture. Flicker is broad, so what was corrected next to such a pixel is right for it too; its own
    detail stays.

    Args:
        mean: `[height, width, channels]`, the average.
        own: the frame's own values, same shape.
        weight: `[height, width]`, weight of the average; 1 is the frame alone.
    """
    import cv2

    trust = np.clip((weight - 1.0) / _TRUSTED, 0.0, 1.0)[..., None]
    if trust.min() >= 1.0:
        return mean
    correction = mean - own
    side = max(3, mean.shape[1] // 7) | 1
    blurred = cv2.blur(np.concatenate([correction * trust, trust], axis=-1), (side, side))
    near = blurred[..., :-1] / (blurred[..., -1:] + 0.02)
    return own + trust * correction + (1.0 - trust) * near


def with_strength(chroma: np.ndarray) -> np.ndarray:
    """Appends the saturation `|(U, V)|` as a third channel, to be averaged beside the chroma."""
    import cv2

    strength = cv2.magnitude(np.ascontiguousarray(chroma[..., 0]), np.ascontiguousarray(chroma[..., 1]))
    return np.dstack([chroma, strength])


def restore_strength(mean: np.ndarray) -> np.ndarray:
    """Scales an averaged chroma `[..., 3]` towards its averaged saturation and returns U and V."""
    import cv2

    length = cv2.magnitude(np.ascontiguousarray(mean[..., 0]), np.ascontiguousarray(mean[..., 1]))
    gain = np.clip(mean[..., 2] / np.maximum(length, 1e-4), 1.0, _SATURATION_GAIN)
    return mean[..., :2] * gain[..., None]


def _settle(total: np.ndarray, values: np.ndarray | None) -> np.ndarray:
    mean = mean_of(total)
    if values is not None:
        mean = spread_correction(mean, values, total[..., -1])
    return restore_strength(mean)


@dataclasses.dataclass
class SteadyInput:
    """One frame on its way through a stabilizer.

    Attributes:
        chroma: `[height, width, 2]` float32 from the network, or None where the frame was not coloured itself.
        back: motion that brings the frame before onto this one; None at the start of a shot.
        ahead: motion that brings this frame onto the frame *before*; None at the start of a shot or where not wanted.
    """

    chroma: np.ndarray | None
    back: Motion | None
    ahead: Motion | None = None


class Causal:
    """`--steady=low`: the average of the past. Gives a frame's chroma at once."""

    def __init__(self, size: tuple[int, int], memory: float = MEMORY):
        self._size = size
        self._average = FlowAverage(memory)

    def push(self, frame: SteadyInput) -> np.ndarray:
        """Takes the next frame and returns its steady chroma `[height, width, 2]`."""
        values = None if frame.chroma is None else with_strength(frame.chroma)
        self._average.step(values, frame.back, self._size, 3)
        return _settle(self._average.total, values)

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `restore` needs, as arrays."""
        total = self._average.total
        return {} if total is None else {"total": total}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a saved state."""
        self._average.total = state.get("total")


class TwoSided(Causal):
    """`--steady=high`: past and future together, by a second, backward pass over a window of frames to come."""

    def block(self, frames: list[SteadyInput], following: list[SteadyInput]) -> list[np.ndarray]:
        """Takes a block of frames at once.

        Args:
            frames: the block.
            following: frames after it, which only lend their colour.

        Returns:
            Steady chroma of each frame of the block.
        """
        later = self._backward(frames, following)
        steady = []
        for frame, future in zip(frames, later, strict=True):
            values = None if frame.chroma is None else with_strength(frame.chroma)
            self._average.step(values, frame.back, self._size, 3)
            total = self._average.total
            steady.append(_settle(total if future is None else total + future, values))
        return steady

    def _backward(self, frames: list[SteadyInput], following: list[SteadyInput]) -> list[np.ndarray | None]:
        """Sum and weight of what comes *after* each frame of the block, brought onto it."""
        average = FlowAverage(self._average._memory)
        every = [*frames, *following]
        carried: list[np.ndarray | None] = [None] * len(frames)
        for index in range(len(every) - 1, 0, -1):
            values = every[index].chroma
            # `average` stands at frame `index` with its own colour; then it is brought onto the frame before.
            if average.total is None:
                average.step(None if values is None else with_strength(values), None, self._size, 3)
            elif values is not None:
                average.total[..., :3] += with_strength(values)
                average.total[..., 3] += 1.0
            average.step(None, every[index].ahead, self._size, 3)
            if index - 1 < len(frames):
                carried[index - 1] = average.total.copy() if every[index].ahead is not None else None
        return carried
