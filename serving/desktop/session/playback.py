"""Frames of films and animations at the size of a screen, with the times at which they are shown. No Qt.

PyAV and OpenCV are imported late: the window opens without them.
"""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.media.formats import Kind
from serving.jobs import preview

if TYPE_CHECKING:
    import av

    from pipelines.films.decoding import FilmSource

Rgb = NDArray[np.uint8]  # [H, W, 3]
# What browsers do with animations that give their frames no time.
_SHORTEST_MS, _INSTEAD_MS = 15.0, 100.0


@dataclasses.dataclass(frozen=True)
class MovingFrame:
    """A frame.

    Attributes:
        seconds: when it is shown, from the start.
        lasts: for how long, in seconds.
        picture: makes its pixels `[H, W, 3]` uint8, upright; costly, so a late frame can be left out.
    """

    seconds: float
    lasts: float
    picture: Callable[[], Rgb]


def length(path: Path, kind: str) -> float:
    """Returns how long a film or an animation is, in seconds; 0 where a film does not state it.

    Raises:
        InputError: it cannot be read.
    """
    if kind == Kind.FILM:
        from pipelines.films import decoding

        return decoding.probe(str(path)).duration
    return sum(frame.lasts for frame in _animation(path, 16))


def times(path: Path, kind: str) -> list[float]:
    """Returns when each frame is shown, in seconds from the start.

    Raises:
        InputError: it cannot be read.
    """
    if kind == Kind.FILM:
        from pipelines.films import decoding

        base = float(decoding.probe(str(path)).time_base)
        with decoding.open_film(str(path)) as container:
            stream = decoding.picture_stream(container, str(path))
            first = stream.start_time or 0
            stamps = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        return [(stamp - first) * base for stamp in stamps]
    return [frame.seconds for frame in _animation(path, 16)]


def frames(path: Path, kind: str, side: int, start: float = 0.0) -> Iterator[MovingFrame]:
    """Yields frames.

    Args:
        path: the file.
        kind: "animation" or "film".
        side: the most that width and height may be.
        start: seconds from the start; frames that end before are left out.

    Raises:
        InputError: it cannot be read.
    """
    every = _film(path, side, start) if kind == Kind.FILM else _animation(path, side)
    for frame in every:
        if frame.seconds + frame.lasts > start:
            yield frame


def _film(path: Path, side: int, start: float) -> Iterator[MovingFrame]:
    from pipelines.films import decoding
    from pipelines.films.decoding import DecodeLog

    source = decoding.probe(str(path))
    base = float(source.time_base)
    with decoding.open_film(str(path)) as container:
        first = decoding.picture_stream(container, str(path)).start_time or 0
    step = 1 / float(source.rate)
    after = first + round((start - step) / base) if start > step else None
    for frame in decoding.frames(source, DecodeLog(), after):
        seconds = max(0.0, ((frame.pts or 0) - first) * base)
        lasts = frame.duration * base if frame.duration else step
        yield MovingFrame(seconds, lasts, _FilmPicture(frame, source, side))


@dataclasses.dataclass(frozen=True)
class _FilmPicture:
    frame: "av.VideoFrame"
    source: "FilmSource"
    side: int

    def __call__(self) -> Rgb:
        height, width = self.source.display_size
        scale = min(1.0, self.side / max(height, width))
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        turned = self.source.rotation % 180 == 90
        small = self.frame.reformat(*((height, width) if turned else (width, height)), format="rgb24")
        return np.ascontiguousarray(np.rot90(small.to_ndarray(), self.source.rotation // 90))


def _animation(path: Path, side: int) -> Iterator[MovingFrame]:
    from pipelines.animations import decoding

    seconds = 0.0
    for frame in decoding.frames(decoding.probe(str(path)), []):
        lasts = (_INSTEAD_MS if frame.milliseconds < _SHORTEST_MS else frame.milliseconds) / 1000
        yield MovingFrame(seconds, lasts, _on_white(frame.rgba, side))
        seconds += lasts


def _on_white(rgba: NDArray[np.uint8], side: int) -> Callable[[], Rgb]:
    return lambda: preview.view(rgba[..., :3], rgba[..., 3:], 1, side)
