"""Carries colour hints through a shot: where a hint's spot is in each frame, followed along the optical flow.

Shots and flow are those of the film code itself (`MotionStage`), so that a hint ends where temporal stabilization ends.
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from colorgan_tf.inference.flow import Motion
from serving.jobs.hints import Spot

# Flow of the frames of a shot is kept for hints that are given later in it; at a quarter size, half precision.
_MOST_FRAMES = 3000
_LOST = 0.25  # a spot that is trusted less is given up
_UNSURE, _FADE, _REGAIN = 0.3, 0.85, 1.1


@dataclasses.dataclass(frozen=True)
class Step:
    """One frame of a film or an animation.

    Attributes:
        new_shot: whether a shot begins with it.
        needs_network: whether the network colours it; frames of shots that have colours keep theirs.
        backward: motion that brings the frame before onto this one; None at the start of a shot.
        forward: motion that brings this frame onto the one before; None at the start of a shot.
    """

    new_shot: bool
    needs_network: bool
    backward: Motion | None
    forward: Motion | None


@dataclasses.dataclass(frozen=True)
class FrameHint:
    """A spot, given at a frame."""

    frame: int
    spot: Spot


def carry(steps: Iterable[Step], hints: Iterable[FrameHint]) -> list[tuple[Spot, ...]]:
    """Follows all hints, each both ways to the ends of its shot.

    Returns:
        The spots of each frame that the network is asked to colour, in order.
    """
    given: dict[int, list[Spot]] = {}
    for hint in hints:
        given.setdefault(hint.frame, []).append(hint.spot)
    found: list[list[Spot]] = []
    needed: list[bool] = []
    active: list[Spot] = []
    behind: deque[Motion] = deque(maxlen=_MOST_FRAMES)
    for number, step in enumerate(steps):
        if step.new_shot or step.backward is None or step.forward is None:
            active, behind = [], deque(maxlen=_MOST_FRAMES)
        else:
            behind.append(_reduced(step.backward))
            active = list(_moved(active, step.forward))
        for spot in given.get(number, ()):
            _follow_backward(found, number, spot, behind)
        active += given.get(number, [])
        found.append(list(active))
        needed.append(step.needs_network)
    return [tuple(spots) for spots, need in zip(found, needed, strict=True) if need]


def _follow_backward(found: list[list[Spot]], number: int, spot: Spot, behind: "deque[Motion]") -> None:
    """Follows a spot towards the start of its shot."""
    spots = [spot]
    for earlier, motion in enumerate(reversed(behind), start=1):
        spots = list(_moved(spots, motion))
        if not spots:
            return
        found[number - earlier] += spots


def _moved(spots: list[Spot], motion: Motion) -> Iterator[Spot]:
    """Moves spots along a flow; those that leave the picture or can no longer be trusted are dropped."""
    height, width = motion.confidence.shape
    for spot in spots:
        row, column = min(int(spot.y * height), height - 1), min(int(spot.x * width), width - 1)
        # Single pixels of a flow are noisy: the neighbourhood votes.
        area = np.s_[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        right, down = np.median(motion.flow[area].reshape(-1, 2).astype(np.float32), axis=0)
        x, y = spot.x + float(right) / width, spot.y + float(down) / height
        sure = float(np.median(motion.confidence[area]))
        trust = spot.trust * _FADE if sure < _UNSURE else min(1.0, spot.trust * _REGAIN)
        if 0 <= x <= 1 and 0 <= y <= 1 and trust >= _LOST:
            yield dataclasses.replace(spot, x=x, y=y, trust=trust)


def _reduced(motion: Motion) -> Motion:
    return Motion((motion.flow[::2, ::2] / 2).astype(np.float16), motion.confidence[::2, ::2].astype(np.float16))


def film_steps(path: str, size: tuple[int, int], force: bool) -> Iterator[Step]:
    """Reads a film's shots and motion, without colouring it.

    Args:
        path: the film.
        size: (height, width) at which it is coloured.
        force: whether shots that have colours are coloured anew.
    """
    from pipelines.films import decoding, stages
    from pipelines.films.decoding import DecodeLog

    source = decoding.probe(path)
    frames = decoding.frames(source, DecodeLog(), None, 0)
    reading = stages.prepare(frames, source, size, 0)
    for item in stages.MotionStage(source, "high", 1, None, force)(reading):
        if isinstance(item, stages.FilmFrame):
            assert item.motion is not None
            yield Step(item.shot is not None, item.needs_network, item.motion.backward, item.motion.forward)


def animation_steps(path: str, size: tuple[int, int]) -> Iterator[Step]:
    """The same for an animation, all frames of which are coloured."""
    import cv2

    from colorgan_tf import color
    from pipelines.animations import decoding
    from pipelines.motion.tracking import MotionTracker

    tracker = MotionTracker(forward=math.inf)
    for frame in decoding.frames(decoding.probe(path), []):
        rgb = frame.rgba[..., :3] * (frame.rgba[..., 3:] > 0) / np.float32(255)
        motion = tracker.push(cv2.resize(color.luma(rgb)[..., 0], size[::-1], interpolation=cv2.INTER_AREA))
        yield Step(motion.boundary is not None, True, motion.backward, motion.forward)
