"""Interlaced film: which field is shown first, marking woven frames for encoders, and deinterlacing."""

import collections
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

# AVFieldOrder of woven frames; what containers are told.
TOP_FIRST, BOTTOM_FIRST = 4, 5


def top_field_first(frame: "av.VideoFrame") -> bool | None:
    """Tells which field of a frame is shown first; None for a progressive frame."""
    if not frame.interlaced_frame:
        return None
    graph = _graph(frame, "select", "eq(interlace_type,TOPFIRST)")
    graph.push(frame)
    return _pull(graph) is not None


class FieldMarker:
    """Marks woven frames as interlaced, which is what encoders go by."""

    def __init__(self, top_first: bool):
        self._mode = f"field_mode={'tff' if top_first else 'bff'}"
        self._filter: Any = None

    def mark(self, frame: "av.VideoFrame") -> "av.VideoFrame":
        """Returns the frame, marked; its samples are not copied."""
        self._filter = self._filter or _graph(frame, "setparams", self._mode)
        self._filter.push(frame)
        marked = _pull(self._filter)
        assert marked is not None
        marked.pts, marked.duration, marked.time_base = frame.pts, frame.duration, frame.time_base
        return marked


def deinterlace(frames: Iterable["av.VideoFrame"]) -> Iterator["av.VideoFrame"]:
    """Makes whole frames of interlaced ones, one of each; progressive frames stay as they are.

    Args:
        frames: frames of one size and pixel format.
    """
    graph: Any = None
    times: collections.deque[tuple[int | None, int]] = collections.deque()

    def made() -> Iterator["av.VideoFrame"]:
        while (frame := _pull(graph)) is not None:
            frame.pts, frame.duration = times.popleft()
            yield frame

    for frame in frames:
        graph = graph or _graph(frame, "bwdif", "mode=send_frame:deint=interlaced")
        times.append((frame.pts, frame.duration))
        graph.push(frame)
        yield from made()
    if graph is not None:
        graph.push(None)
        yield from made()


def _graph(frame: "av.VideoFrame", name: str, arguments: str) -> Any:
    from av.filter import Graph

    graph = Graph()
    time_base = frame.time_base or 1
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={time_base}"
        f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph


def _pull(graph: Any) -> Any:
    """Returns the next frame of a graph, None where it has none yet or none any more."""
    import av

    try:
        return graph.pull()
    except (BlockingIOError, av.error.EOFError):
        return None
