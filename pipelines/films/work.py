"""The stages between decoding and encoding a film: motion, network, steadying and merging."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from colorgan_tf.metrics import films as film_metrics
from pipelines.films import planes as film_planes
from pipelines.films import report as film_report
from pipelines.films import verdict as film_verdict
from pipelines.films.planes import PlaneFormat
from pipelines.films.source import FilmSource
from pipelines.motion import shots, stabilize
from pipelines.motion.stabilize import Motion, SteadyInput

State = dict[str, np.ndarray]


class FilmColorizer(Protocol):
    """What the film code asks of a colorizer."""

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the (height, width) at which a picture of this size is coloured."""

    def chroma(self, luma: np.ndarray) -> np.ndarray:
        """Turns luma `[batch, height, width, 1]` in [0, 1] into U and V `[batch, height, width, 2]`."""


@runtime_checkable
class Enlarger(Protocol):
    """A colorizer that enlarges chroma in its own way (guided by luma); others are enlarged bilinearly."""

    def enlarge(self, chroma: np.ndarray, small_luma: np.ndarray, luma: np.ndarray) -> np.ndarray:
        """Enlarges U and V `[h, w, 2]` with luma `[h, w, 1]` to the size of `luma` `[height, width, 1]`."""


@dataclasses.dataclass
class FilmFrame:
    """One frame on its way through the stages.

    Attributes:
        frame: the decoded frame; the steady stage puts the coloured one in its place.
        number: frames before it in the film.
        luma: `[*working size]` float32 in [0, 1], upright, for the network.
        shot: set on the first frame of a shot.
        keep: whether the frame keeps its own colours.
        ask: whether the network colours this frame.
        back: motion from the frame before.
        ahead: motion to the frame before.
        chroma: U and V at working size, upright, from the network.
    """

    frame: Any
    number: int
    luma: np.ndarray
    shot: film_report.ShotReport | None = None
    keep: bool = False
    ask: bool = True
    back: Motion | None = None
    ahead: Motion | None = None
    chroma: np.ndarray | None = None


@dataclasses.dataclass
class ChunkEnd:
    """Passes through the stages after a chunk's last frame and gathers the state of each."""

    frames: int
    last: int
    state: State

    def take(self, prefix: str, state: State) -> None:
        """Adds a stage's state."""
        self.state |= {f"{prefix}/{name}": value for name, value in state.items()}


def part(state: State | None, prefix: str) -> State:
    """Returns the part of a saved state that a stage put there."""
    return {name.removeprefix(f"{prefix}/"): v for name, v in (state or {}).items() if name.startswith(f"{prefix}/")}


def read(
    frames: Iterable[Any], source: FilmSource, size: tuple[int, int], done: int, seconds: float, most: int
) -> Iterator[FilmFrame | ChunkEnd]:
    """First stage: reduces the luma of decoded frames and marks the ends of chunks.

    Args:
        frames: decoded frames.
        source: the film.
        size: working size, of the upright picture.
        done: frames done before the first of `frames`.
        seconds: length of a chunk.
        most: frames that a chunk may have.
    """
    span = max(1, round(seconds / source.time_base))
    turns = source.rotation // 90
    lying = size[::-1] if turns % 2 else size
    begun, length, last, number = None, 0, 0, done
    for frame in frames:
        if begun is None or frame.pts - begun >= span or length >= most:
            if begun is not None:
                yield ChunkEnd(number, last, {})
            begun, length = frame.pts, 0
        codes = film_planes.plane(frame, 0, source.layout.dtype)
        luma = np.ascontiguousarray(np.rot90(film_planes.to_luma(codes, source.layout, lying), turns))
        yield FilmFrame(frame, number, luma)
        last, length, number = frame.pts, length + 1, number + 1
    if begun is not None:
        yield ChunkEnd(number, last, {})


class MotionStage:
    """Finds shots and motion, tells coloured shots from grey ones, and denoises the network's input along the flow."""

    def __init__(self, source: FilmSource, steady: str, every: int, force: bool, saved: State | None):
        self._source = source
        self._steady = steady
        self._every = every
        self._force = force
        self._detector = shots.ShotDetector()
        self._meter = stabilize.MotionMeter(both=steady == "high")
        self._clean = stabilize.FlowAverage(stabilize.LUMA_MEMORY)
        self._before: np.ndarray | None = None
        self._verdict = film_verdict.Verdict()
        self._since = 0
        state = part(saved, "motion")
        if state:
            self._detector.restore(part(state, "shots"))
            self._before = state["before"]
            self._clean.total = state.get("clean")
            self._verdict = film_verdict.Verdict(str(state["verdict"]))

    def __call__(self, items: Iterator[Any]) -> Iterator[Any]:
        """Runs the stage."""
        for item in items:
            if isinstance(item, ChunkEnd):
                item.take("motion", self._state())
                self._since = 0
            else:
                self._look(item)
            yield item

    def _state(self) -> State:
        state = {f"shots/{name}": value for name, value in self._detector.state().items()}
        state["verdict"] = np.array(self._verdict.kind)
        if self._before is not None:
            state["before"] = self._before
        if self._clean.total is not None:
            state["clean"] = self._clean.total
        return state

    def _look(self, item: FilmFrame) -> None:
        import cv2

        height, width = item.luma.shape
        size = (height // 2, width // 2)
        small = cv2.resize(item.luma, size[::-1], interpolation=cv2.INTER_AREA)
        boundary = self._detector.push(small)
        if boundary is not None:
            item.shot = film_report.ShotReport(
                first=item.number, begin=float(item.frame.pts * self._source.time_base), transition=boundary.kind
            )
            self._verdict = film_verdict.Verdict()
        elif self._steady != "off" and self._before is not None:
            item.back, item.ahead = self._meter.measure(self._before, small)
        self._before = small
        if not self._verdict.settled:
            self._verdict.look(item.frame, self._source.layout, small)
        item.keep = self._verdict.kind == "coloured" and not self._force
        if item.shot is not None:
            item.shot.verdict = self._verdict.kind
        if self._steady != "off":
            self._denoise(item)
        item.ask = not item.keep and (item.back is None or self._since % self._every == 0 or _uncovered(item.back))
        self._since = 1 if item.ask else self._since + 1

    def _denoise(self, item: FilmFrame) -> None:
        """Replaces the noise of the network's input, at half size, by that of an average along the flow."""
        import cv2

        before = self._before
        assert before is not None
        self._clean.step(before[..., None], item.back, before.shape, 1)
        assert self._clean.total is not None
        change = stabilize.mean_of(self._clean.total)[..., 0] - before
        item.luma = item.luma + cv2.resize(change, item.luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
        np.clip(item.luma, 0.0, 1.0, out=item.luma)


def _uncovered(motion: Motion) -> bool:
    return float(motion.confidence.mean()) < 0.8


class NetworkStage:
    """Colours frames in batches; a batch never spans two chunks, so that a resumed film gets the same batches."""

    def __init__(self, colorizer: FilmColorizer, batch: int):
        self._colorizer = colorizer
        self._batch = batch
        self.colored = 0

    def __call__(self, items: Iterator[Any]) -> Iterator[Any]:
        """Runs the stage."""
        held: list[Any] = []
        asked = 0
        for item in items:
            held.append(item)
            asked += isinstance(item, FilmFrame) and item.ask
            if isinstance(item, ChunkEnd) or asked >= self._batch or len(held) >= 4 * self._batch:
                yield from self._color(held)
                held, asked = [], 0
        yield from self._color(held)

    def _color(self, held: list[Any]) -> list[Any]:
        asking = [item for item in held if isinstance(item, FilmFrame) and item.ask]
        if asking:
            luma = np.stack([item.luma for item in asking])[..., None]
            for item, chroma in zip(asking, self._colorizer.chroma(luma), strict=True):
                item.chroma = np.ascontiguousarray(chroma, np.float32)
            self.colored += len(asking)
        return held


class SteadyStage:
    """Steadies the chroma, fits it to the frame's luma and writes it into a frame for the encoder."""

    def __init__(
        self,
        source: FilmSource,
        target: PlaneFormat,
        steady: str,
        window: int,
        size: tuple[int, int],
        enlarger: Enlarger | None,
        saved: State | None,
    ):
        self._source = source
        self._enlarger = enlarger
        self._target = target
        self._steady = steady
        self._window = window
        self._half = (size[0] // 2, size[1] // 2)
        self._size = size
        self._steadier = (stabilize.TwoSided if steady == "high" else stabilize.Causal)(self._half)
        self._steadier.restore(part(saved, "steady"))
        self.tally = film_report.ShotTally()
        if state := part(saved, "tally"):
            self.tally.restore(state)
        self._before = part(saved, "chroma").get("before"), part(saved, "chroma").get("after")

    def __call__(self, items: Iterator[Any]) -> Iterator[Any]:
        """Runs the stage."""
        if self._steady != "high":
            for item in items:
                yield self._finish(item, None) if isinstance(item, FilmFrame) else self._end(item)
            return
        yield from self._windows(items)

    def _windows(self, items: Iterator[Any]) -> Iterator[Any]:
        """Blocks of `window` frames with as many frames after them; a chunk's end also ends a block."""
        held: list[Any] = []
        ended = False
        while held or not ended:
            while not ended and not self._enough(held):
                item = next(items, None)
                ended = item is None
                if item is not None:
                    held.append(item)
            block = self._block(held)
            frames = [item for item in block if isinstance(item, FilmFrame)]
            rest = [item for item in held[len(block) :] if isinstance(item, FilmFrame)][: self._window]
            assert isinstance(self._steadier, stabilize.TwoSided)
            steady = iter(self._steadier.block([self._input(f) for f in frames], [self._input(f) for f in rest]))
            for item in block:
                yield self._finish(item, next(steady)) if isinstance(item, FilmFrame) else self._end(item)
            held = held[len(block) :]

    def _block(self, held: list[Any]) -> list[Any]:
        for index, item in enumerate(held):
            if isinstance(item, ChunkEnd):
                return held[: index + 1]
            if index == self._window:
                return held[:index]
        return held

    def _enough(self, held: list[Any]) -> bool:
        after = held[len(self._block(held)) :]
        return sum(isinstance(item, FilmFrame) for item in after) >= self._window

    def _input(self, item: FilmFrame) -> SteadyInput:
        import cv2

        chroma = item.chroma
        if chroma is not None:
            chroma = cv2.resize(chroma, self._half[::-1], interpolation=cv2.INTER_AREA)
        return SteadyInput(chroma, item.back, item.ahead)

    def _end(self, end: ChunkEnd) -> ChunkEnd:
        end.take("steady", self._steadier.state())
        end.take("tally", self.tally.state())
        before, after = self._before
        if before is not None and after is not None:
            end.take("chroma", {"before": before, "after": after})
        return end

    def _finish(self, item: FilmFrame, steady: np.ndarray | None) -> FilmFrame:
        import av

        if item.shot is not None:
            self.tally.begin(item.shot)
        source, old = self._source, item.frame
        luma = film_planes.plane(old, 0, source.layout.dtype)
        new = av.VideoFrame(source.width, source.height, self._target.name)
        if item.keep:
            if self._steady == "low":
                self._steadier.push(self._input(item))
            self._measure(item, None, None)
            if old.format.name == self._target.name:
                return item
            chroma = film_planes.to_chroma(old, source.layout, self._target.chroma_size(source.height, source.width))
            parts = film_planes.chroma_planes(chroma, self._target, source.height, source.width)
        else:
            chroma = self._steadied(item, steady)
            chroma = film_planes.fit_to_luma(chroma, item.luma)
            lying = self._turned(chroma)
            if self._enlarger is not None:
                size = self._target.chroma_size(source.height, source.width)
                plane_luma = film_planes.to_luma(luma, source.layout, size)[..., None]
                lying = self._enlarger.enlarge(lying, self._turned(item.luma)[..., None], plane_luma)
            parts = film_planes.chroma_planes(lying, self._target, source.height, source.width)
            film_planes.blank_border(parts, film_planes.black_border(luma, source.layout), self._target)
        film_planes.fill_frame(new, (film_planes.convert_luma(luma, source.layout, self._target), *parts), self._target)
        new.pts, new.duration, new.time_base = old.pts, old.duration, source.time_base
        # Encoders write the frame's own tags into the stream.
        new.color_range = film_planes.FULL if self._target.full_range else film_planes.LIMITED
        new.colorspace = self._target.matrix
        item.frame = new
        return item

    def _turned(self, upright: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(upright, -(self._source.rotation // 90)))

    def _steadied(self, item: FilmFrame, steady: np.ndarray | None) -> np.ndarray:
        import cv2

        if self._steady == "off":
            assert item.chroma is not None
            self._measure(item, self._input(item).chroma, None)
            return item.chroma
        given = self._input(item)
        if steady is None:
            steady = self._steadier.push(given)
        self._measure(item, given.chroma, steady)
        # Only the change is enlarged: detail that the network drew at full working size stays.
        change = steady if given.chroma is None else steady - given.chroma
        change = cv2.resize(change, self._size[::-1], interpolation=cv2.INTER_LINEAR)
        return change if item.chroma is None else item.chroma + change

    def _measure(self, item: FilmFrame, before: np.ndarray | None, after: np.ndarray | None) -> None:
        """Takes the report's figures, at a quarter of the working size so that they cost next to nothing."""
        raw = None if before is None else np.ascontiguousarray(before[::2, ::2])
        steady = raw if after is None else np.ascontiguousarray(after[::2, ::2])
        if steady is None:
            self.tally.add(None, None)
        else:
            luma = item.luma[::4, ::4][: steady.shape[0], : steady.shape[1], None]
            colour = film_metrics.chroma_colourfulness(luma, steady)
            raw_colour = colour if raw is None or raw is steady else film_metrics.chroma_colourfulness(luma, raw)
            error = None
            if item.back is not None and self._before[1] is not None:
                motion = stabilize.resize_motion(item.back, steady.shape[:2])
                after_error, covered = film_metrics.warp_error(self._before[1], steady, motion)
                raw_error = after_error
                if raw is not None and raw is not steady and self._before[0] is not None:
                    raw_error, _ = film_metrics.warp_error(self._before[0], raw, motion)
                error = (raw_error, after_error, covered)
            self.tally.add((raw_colour, colour), error)
        self._before = raw, steady
