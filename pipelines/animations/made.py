"""The frames of a result: each coloured when it is asked for, a few ahead of the caller."""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from colorgan_tf import color
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.animations.decoding import Frame

R = TypeVar("R")
_THREADS = 2  # numpy and OpenCV let go of the interpreter's lock


def luma_of(frame: Frame) -> np.ndarray:
    """Returns the luma `[height, width, 1]` of a frame in [0, 1]; transparent pixels count as black."""
    shown = (frame.rgba[..., :3] * (frame.rgba[..., 3:] > 0)).astype(np.float32)
    return np.clip(color.luma(shown / np.float32(255)), 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Small:
    """A frame's luma and chroma at input resolution; half precision, since all frames are held."""

    luma: np.ndarray
    chroma: np.ndarray


@dataclasses.dataclass(frozen=True)
class Colored:
    """A coloured frame: RGB `[height, width, 3]` float32 in [0, 255], and the frame it was made from or copied from."""

    rgb: np.ndarray
    frame: Frame
    copied: bool = False


class Made:
    """The frames of the result, in turn, each coloured when it is asked for, or copied."""

    def __init__(self, frames: Iterable[Frame], small: list[Small], kept: list[bool], colorizer: Colorizer):
        self.frames, self.kept = frames, kept
        self._small, self._colorizer = small, colorizer

    def results(self, finish: Callable[[Colored], R], chosen: set[int] | None = None) -> Iterator[R]:
        """Yields what `finish` makes of each frame, or of the chosen ones, ahead of the caller in threads."""
        colours = iter(self._small)
        waiting: collections.deque[Future[R]] = collections.deque()
        with ThreadPoolExecutor(_THREADS) as pool:
            for number, (frame, keep) in enumerate(zip(self.frames, self.kept, strict=True)):
                small = None if keep else next(colours)
                if chosen is None or number in chosen:
                    waiting.append(pool.submit(lambda *given: finish(self._colored(*given)), frame, small))
                if len(waiting) > _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _colored(self, frame: Frame, small: Small | None) -> Colored:
        if small is None:
            return Colored(frame.rgba[..., :3].astype(np.float32), frame, copied=True)
        luma = luma_of(frame)
        chroma = small.chroma.astype(np.float32)
        full = self._colorizer.enlarge(chroma, small.luma.astype(np.float32)[..., None], luma)
        return Colored(color.merge(luma, full) * np.float32(255.0), frame)
