"""Follows a film or an animation frame by frame: where its shots begin, and the flow between neighbouring frames."""

import dataclasses

import numpy as np

from colorgan_tf.inference.flow import FlowEstimator, Motion
from pipelines.motion import shots
from pipelines.motion.shots import Boundary, ShotDetector

State = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class FrameMotion:
    """What is known of a frame by its neighbour.

    Attributes:
        luma: `[height, width]` float32, the frame as it was looked at.
        boundary: set on the first frame of a shot.
        backward: motion that brings the frame before onto this one; None at the start of a shot or where not wanted.
        forward: motion that brings this frame onto the frame *before*; None likewise.
    """

    luma: np.ndarray
    boundary: Boundary | None = None
    backward: Motion | None = None
    forward: Motion | None = None


class MotionTracker:
    """Takes frame after frame, and gives shot boundaries and the flow inside shots.

    Args:
        backward: whether the flow is wanted at all; shots are found without it.
        forward: how many frames of each shot, from its first on, want the forward flow as well; `math.inf` for all.
        fine: a finer search at full size, for measuring. Else the luma is looked at at half its size.
    """

    def __init__(self, backward: bool = True, forward: float = 0, fine: bool = False):
        self._detector = ShotDetector()
        self._estimator = FlowEstimator(fine) if backward else None
        self._forward, self._age = forward, 0
        self._halve = not fine
        self._previous: np.ndarray | None = None

    def push(self, luma: np.ndarray) -> FrameMotion:
        """Takes the next frame's luma `[height, width]` float32 in [0, 1]."""
        import cv2

        if self._halve:
            height, width = luma.shape
            luma = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        boundary = self._detector.push(luma)
        previous, self._previous = self._previous, luma
        self._age = 0 if boundary is not None else self._age + 1
        if boundary is not None or previous is None or self._estimator is None:
            return FrameMotion(luma, boundary)
        return FrameMotion(luma, None, *self._estimator.estimate(previous, luma, self._age < self._forward))

    def state(self) -> State:
        """Returns what `restore` needs, as arrays."""
        state = {f"shots/{name}": value for name, value in self._detector.state().items()}
        state["age"] = np.array(self._age)
        return state if self._previous is None else state | {"before": self._previous}

    def restore(self, state: State) -> None:
        """Goes on from a saved state."""
        self._detector.restore(part(state, "shots"))
        self._previous = state.get("before")
        self._age = int(state.get("age", 0))


def state_at(boundary: Boundary) -> State:
    """Returns the state of a tracker whose next frame is that boundary: nothing before it matters."""
    return {f"shots/{name}": value for name, value in shots.state_at(boundary).items()}


def part(state: State, prefix: str) -> State:
    """Returns the part of a saved state whose names begin with a prefix, without it."""
    return {name.removeprefix(f"{prefix}/"): v for name, v in state.items() if name.startswith(f"{prefix}/")}
