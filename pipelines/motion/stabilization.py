"""Temporal stabilization: chroma averaged along the optical flow where the flow fits, never across a shot boundary."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from colorgan_tf.inference.flow import Motion, resize_motion, warp

# Weight of a frame falls by this factor with each further frame that has values, where the flow fits perfectly: where
# things move, since warping again and again blurs, and where they are still.
MEMORY, STILL_MEMORY = 0.88, 0.97
LUMA_MEMORY = 0.6
_STILL = 0.4  # pixels a frame
_TRUSTED = 0.7  # weight of other frames from which an average stands for itself
# Averaging colours that differ in hue loses saturation; up to this much of it is given back.
_SATURATION_GAIN = 1.25


class FlowAverage:
    """A weighted average of all frames so far, each brought along the flow to the frame at hand.

    Holds the weighted sum and the weight, so that a pixel whose past does not fit starts anew by itself, and two
    averages (past and future) can be joined exactly.

    Args:
        memory: factor by which a frame's weight falls with each further frame that has values.
        still_memory: the same where nothing moves; None for `memory`.
    """

    def __init__(self, memory: float, still_memory: float | None = None):
        self._memory = memory
        self._still_gain = (still_memory or memory) - memory
        self.total: Any = None  # [height, width, channels + 1], weight last

    def step(
        self,
        values: np.ndarray | None,
        motion: Motion | None,
        size: tuple[int, ...],
        channels: int,
        fades: bool | None = None,
    ) -> None:
        """Goes on to the next frame.

        Args:
            values: `[*size, channels]` float32 of this frame, or None where it has none of its own.
            motion: brings the previous frame onto this one; None at the start of a shot.
            size: (height, width) of the values.
            channels: number of channels of the values.
            fades: whether older frames lose weight; None for where this frame has values.
        """
        if motion is None or self.total is None:
            total = np.zeros((*size, channels + 1), np.float32)
        else:
            motion = resize_motion(motion, size)
            total = warp(self.total, motion.flow)
            fades = values is not None if fades is None else fades
            total *= (motion.confidence * self._kept(motion.flow) if fades else motion.confidence)[..., None]
        if values is not None:
            total[..., :channels] += values
            total[..., channels] += 1.0
        self.total = total

    def _kept(self, flow: np.ndarray) -> Any:
        if not self._still_gain:
            return self._memory
        speed = np.einsum("ijk,ijk->ij", flow, flow)
        return self._memory + self._still_gain * np.exp(speed * (-1 / _STILL**2))


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
    in a stabilized picture. Flicker is broad, so what was corrected next to such a pixel is right for it too; its own
    detail stays.

    Args:
        mean: `[height, width, channels]`, the average.
        own: the frame's own values, same shape.
        weight: `[height, width]`, weight of the average; 1 is the frame alone.
    """
    import cv2

    trust = np.clip((weight - 1.0) / _TRUSTED, 0.0, 1.0)
    if trust.min() >= 1.0:
        return mean
    side = max(3, mean.shape[1] // 7) | 1
    trusted = cv2.blur(trust, (side, side)) + np.float32(0.02)
    spread = []
    for mean_plane, own_plane in zip(cv2.split(mean), cv2.split(own), strict=True):  # planes: NumPy's fast case
        correction = mean_plane - own_plane
        near = cv2.blur(correction * trust, (side, side)) / trusted
        spread.append(own_plane + near + trust * (correction - near))
    return cv2.merge(spread)


def with_saturation(chroma: np.ndarray) -> np.ndarray:
    """Appends the saturation `|(U, V)|` as a third channel, to be averaged beside the chroma."""
    import cv2

    saturation = cv2.magnitude(np.ascontiguousarray(chroma[..., 0]), np.ascontiguousarray(chroma[..., 1]))
    return np.dstack([chroma, saturation])


def restore_saturation(mean: np.ndarray) -> np.ndarray:
    """Scales an averaged chroma `[..., 3]` towards its averaged saturation and returns U and V."""
    import cv2

    length = cv2.magnitude(np.ascontiguousarray(mean[..., 0]), np.ascontiguousarray(mean[..., 1]))
    gain = np.clip(mean[..., 2] / np.maximum(length, 1e-4), 1.0, _SATURATION_GAIN)
    return mean[..., :2] * gain[..., None]


def _settle(total: np.ndarray, values: np.ndarray | None) -> np.ndarray:
    mean = mean_of(total)
    if values is not None:
        mean = spread_correction(mean, values, total[..., -1])
    return restore_saturation(mean)


@dataclasses.dataclass
class StabilizerInput:
    """One frame on its way through a stabilizer.

    Attributes:
        chroma: `[height, width, 2]` float32 from the network, or None where the frame was not coloured itself.
        backward: motion that brings the frame before onto this one; None at the start of a shot.
        forward: motion that brings this frame onto the frame *before*; None at the start of a shot or where not wanted.
    """

    chroma: np.ndarray | None
    backward: Motion | None
    forward: Motion | None = None


class CausalStabilizer:
    """`--steady=low`: the average of the past. Gives a frame's chroma at once."""

    def __init__(self, size: tuple[int, int]):
        self._size = size
        self._average = FlowAverage(MEMORY, STILL_MEMORY)

    def push(self, frame: StabilizerInput) -> np.ndarray:
        """Takes the next frame and returns its stabilized chroma `[height, width, 2]`."""
        values = None if frame.chroma is None else with_saturation(frame.chroma)
        self._average.step(values, frame.backward, self._size, 3)
        return _settle(self._average.total, values)

    def pass_by(self, frame: StabilizerInput) -> None:
        """Takes the next frame, of which nothing is wanted but what it lends to those after it."""
        values = None if frame.chroma is None else with_saturation(frame.chroma)
        self._average.step(values, frame.backward, self._size, 3)

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `restore` needs, as arrays."""
        total = self._average.total
        return {} if total is None else {"total": total}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a saved state."""
        self._average.total = state.get("total")


class TwoSidedStabilizer(CausalStabilizer):
    """`--steady=high`: past and future together, by a second pass, back in time, over a window of frames to come."""

    def block(self, frames: list[StabilizerInput], following: list[StabilizerInput]) -> list[np.ndarray]:
        """Takes a block of frames at once.

        Args:
            frames: the block.
            following: frames after it, which only lend their colour.

        Returns:
            Stabilized chroma of each frame of the block.
        """
        later = self._later(frames, following)
        stabilized = []
        for frame, future in zip(frames, later, strict=True):
            values = None if frame.chroma is None else with_saturation(frame.chroma)
            self._average.step(values, frame.backward, self._size, 3)
            total = self._average.total
            stabilized.append(_settle(total if future is None else total + future, values))
        return stabilized

    def _later(self, frames: list[StabilizerInput], following: list[StabilizerInput]) -> list[np.ndarray | None]:
        """Sum and weight of what comes *after* each frame of the block, brought onto it."""
        average = FlowAverage(MEMORY, STILL_MEMORY)
        every = [*frames, *following]
        carried: list[np.ndarray | None] = [None] * len(frames)
        for index in range(len(every) - 1, 0, -1):
            values = every[index].chroma
            # `average` stands at frame `index` with its own colour; then it is brought onto the frame before.
            if average.total is None:
                average.step(None if values is None else with_saturation(values), None, self._size, 3)
            elif values is not None:
                average.total[..., :3] += with_saturation(values)
                average.total[..., 3] += 1.0
            fades = every[index - 1].chroma is not None
            average.step(None, every[index].forward, self._size, 3, fades)
            if index - 1 < len(frames):
                carried[index - 1] = average.total.copy() if every[index].forward is not None else None
        return carried


def around(before: Sequence[StabilizerInput], frame: StabilizerInput, after: Sequence[StabilizerInput]) -> np.ndarray:
    """Stabilizes one frame by its neighbours alone.

    Args:
        before: frames before it, in order.
        frame: the frame; it has a chroma.
        after: frames after it, in order.

    Returns:
        Its chroma `[height, width, 2]`.
    """
    assert frame.chroma is not None
    height, width = frame.chroma.shape[:2]
    stabilizer = TwoSidedStabilizer((height, width))
    for earlier in before:
        stabilizer.pass_by(earlier)
    return stabilizer.block([frame], list(after))[0]
