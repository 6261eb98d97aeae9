"""The stages after decoding a film: motion and network; `merging` has the last one."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Told
from pipelines.films import pixel_formats
from pipelines.films.decoding import FilmSource
from pipelines.films.report import ShotReport
from pipelines.films.shot_memory import ShotMemory
from pipelines.films.shot_tone import ShotTone
from pipelines.media import tone
from pipelines.media.tone import Tone
from pipelines.motion import stabilization, tracking
from pipelines.motion.shots import Boundary
from pipelines.motion.stabilization import FlowAverage
from pipelines.motion.steady import Steady
from pipelines.motion.tracking import FrameMotion, MotionTracker, State, part

# Frames at a shot's start that are stabilized together, so that its colours are settled from the first one on.
SETTLING = 8
# Share of the picture that may come into view, or change, before the network is asked again.
_MOST_LOST = 0.2
_MOST_NOISE = 0.015  # of luma, at half the input resolution


@dataclasses.dataclass
class FilmFrame:
    """One frame on its way through the stages.

    Attributes:
        frame: the decoded frame; the merge stage puts the coloured one in its place.
        number: frames before it in the film.
        field: which field of an interlaced frame it is (0 is the upper one); None for a whole frame.
        luma: `[height, width]` float32 in [0, 1] at the network's input resolution, upright.
        shot: set on the first frame of a shot.
        tone: what its shot is, see `ShotTone`.
        keep: whether the frame keeps its own colours.
        marks: whether small parts of it that have colours keep theirs.
        needs_network: whether the network colours this frame.
        motion: flow to and from the frame before, and the luma at which it was estimated.
        chroma: U and V at input resolution, upright, from the network.
    """

    frame: Any
    number: int
    luma: np.ndarray
    field: int | None = None
    shot: ShotReport | None = None
    tone: str = "dark"
    keep: bool = False
    marks: bool = False
    needs_network: bool = True
    motion: FrameMotion | None = None
    chroma: np.ndarray | None = None


@dataclasses.dataclass
class ChunkEnd:
    """Passes through the stages after a chunk's last frame, and takes along the state of each.

    Attributes:
        frames: frames of the film up to here.
        last_pts: of the last of them.
        state: that of the stages, by names that begin with the stage's.
        boundary: set where the next chunk begins with a shot: what comes then depends on nothing before it.
    """

    frames: int
    last_pts: int
    state: State
    boundary: Boundary | None = None

    def take(self, prefix: str, state: State) -> None:
        """Adds a stage's state."""
        self.state |= {f"{prefix}/{name}": value for name, value in state.items()}


Item = FilmFrame | ChunkEnd


@dataclasses.dataclass(frozen=True)
class ChunkLength:
    """How long a chunk is: it ends at the first shot that begins in its second half, else when it is full.

    Attributes:
        seconds: of a full chunk.
        frames: that a full chunk has at most; keeps what a kill can lose small for fast films and slow machines.
    """

    seconds: float = 5.0
    frames: int = 150


def prepare(frames: Iterable[Any], source: FilmSource, size: tuple[int, int], done: int) -> Iterator[FilmFrame]:
    """First stage: reduces the luma of decoded frames.

    Of an interlaced film, each field is an item of its own, since the two of a frame differ in time.

    Args:
        frames: decoded frames.
        source: the film.
        size: input resolution, of the upright picture.
        done: frames done before the first of `frames`.
    """
    turns = source.rotation // 90
    stored_size = size[::-1] if turns % 2 else size
    for number, frame in enumerate(frames, done):
        for field in source.fields or (None,):
            part = frame if field is None else pixel_formats.field(frame, field, source.pixel_format)
            codes = pixel_formats.plane(part, 0, source.pixel_format.dtype)
            luma = pixel_formats.to_luma(codes, source.pixel_format, stored_size)
            yield FilmFrame(part, number, np.ascontiguousarray(np.rot90(luma, turns)), field)


class MotionStage:
    """Finds shots and motion, marks the ends of chunks, tells coloured shots from grey ones, denoises along the flow.

    The noise is that of the network's input.
    """

    def __init__(
        self,
        source: FilmSource,
        steady: str,
        every: int,
        saved: State | None,
        force: bool = False,
        keep_colors: bool = False,
        chunk: ChunkLength | None = None,
    ):
        self._source = source
        self._steady = steady
        self._every = every
        self._force, self._keep_colors = force, keep_colors
        look_ahead = math.inf if steady == Steady.HIGH or every > 1 else SETTLING
        self._tracker = MotionTracker(steady != Steady.OFF, look_ahead)
        self._clean = FlowAverage(stabilization.LUMA_MEMORY)
        self._shot_tone = ShotTone()
        self._since, self._lost = 0, 0.0
        self._chunk = chunk or ChunkLength()
        if state := part(saved or {}, "motion"):
            self._tracker.restore(state)
            self._clean.total = state.get("clean")
            if "tone" in state:
                self._shot_tone = ShotTone(str(state["tone"]))

    def __call__(self, items: Iterator[FilmFrame]) -> Iterator[Item]:
        """Runs the stage. The first visible frames of a shot are held until they have told what it is."""
        span = max(1, round(self._chunk.seconds / self._source.time_base))
        held: list[FilmFrame] = []
        begun: int | None = None  # pts of the chunk's first frame
        first = frames = last_pts = 0
        for item in items:
            pts = item.frame.pts  # read before the frame is handed on: the encoder's thread gives it other times
            lasted = 0 if begun is None else pts - begun
            may_end = lasted > 0 and item.number > first and item.field in (None, *self._source.fields[:1])
            full = may_end and (lasted >= span or item.number - first >= self._chunk.frames)
            if full:
                yield from self._release(held)
            state = self._state() if full else {}
            motion = item.motion = self._tracker.push(item.luma)
            if motion.boundary is not None:
                yield from self._release(held)
            boundary = motion.boundary if full or (may_end and 2 * lasted >= span) else None
            if full or boundary is not None:
                yield self._end(item.number, last_pts, state, boundary)
                begun = None
            if begun is None:
                first, begun = item.number, pts
            last_pts, frames = pts, item.number + 1
            self._look(item, motion)
            held.append(item)
            if not self._shot_tone.looking:
                yield from self._release(held)
        yield from self._release(held)
        if begun is not None:
            yield self._end(frames, last_pts, self._state())

    def _look(self, item: FilmFrame, motion: FrameMotion) -> None:
        if motion.boundary is not None:
            self._shot_tone = ShotTone()
            begin = float(item.frame.pts * self._source.time_base)
            item.shot = ShotReport(first=item.number, begin=begin, transition=motion.boundary.kind)
        if self._steady != Steady.OFF:
            self._denoise(item, motion)
        if not self._shot_tone.settled:
            self._shot_tone.update(item.frame, self._source.pixel_format, motion.luma)

    def _end(self, frames: int, last_pts: int, state: State, boundary: Boundary | None = None) -> ChunkEnd:
        self._since = 0
        end = ChunkEnd(frames, last_pts, {}, boundary)
        end.take("motion", state if boundary is None else tracking.state_at(boundary))
        return end

    def _state(self) -> State:
        state = self._tracker.state() | {"tone": np.array(self._shot_tone.tone)}
        return state if self._clean.total is None else state | {"clean": self._clean.total}

    def _release(self, held: list[FilmFrame]) -> Iterator[FilmFrame]:
        """Decides about the frames held, all of one shot, and empties the list."""
        self._shot_tone.settle()
        for item in held:
            item.tone = self._shot_tone.tone
            item.keep = tone.stays(item.tone, self._force, self._keep_colors)
            item.marks = item.tone == Tone.GREY and not self._force
            if item.shot is not None:
                item.shot.tone = item.tone
            item.needs_network = not item.keep and self._is_key(item)
            self._since = 1 if item.needs_network else self._since + 1
            yield item
        held.clear()

    def _is_key(self, item: FilmFrame) -> bool:
        """Tells whether colours carried along the flow since the last key frame would not do for this one."""
        assert item.motion is not None
        backward = item.motion.backward
        self._lost += 1.0 if backward is None else float(np.mean(backward.confidence < 0.5))
        key = self._lost > _MOST_LOST or self._since % self._every == 0
        self._lost = 0.0 if key else self._lost
        return key

    def _denoise(self, item: FilmFrame, motion: FrameMotion) -> None:
        """Replaces the noise of the network's input, at half size, by that of an average along the flow."""
        import cv2

        self._clean.step(motion.luma[..., None], motion.backward, motion.luma.shape, 1)
        change = stabilization.mean_of(self._clean.total)[..., 0] - motion.luma
        # More than this is not noise but detail, which does not survive warping, or a flow that does not fit.
        np.clip(change, -_MOST_NOISE, _MOST_NOISE, out=change)
        item.luma = item.luma + cv2.resize(change, item.luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
        np.clip(item.luma, 0.0, 1.0, out=item.luma)


class NetworkStage:
    """Colours frames in batches; a batch never spans two chunks, so that a resumed film gets the same batches.

    Args:
        colorizer: what colours.
        batch: frames that the network gets at once.
        told: returns what is told for a frame of a number; None for what the colorizer is told.
        memory: what frames are told of which nobody tells anything.
    """

    def __init__(
        self,
        colorizer: Colorizer,
        batch: int,
        told: Callable[[int], Told] | None = None,
        memory: ShotMemory | None = None,
    ):
        self._colorizer = colorizer
        self._memory = memory
        self._told = told or (lambda frame: colorizer.told)
        self._batch = batch
        self.colored = 0

    def __call__(self, items: Iterator[Item]) -> Iterator[Item]:
        """Runs the stage."""
        held: list[Item] = []
        asked = 0
        for item in items:
            held.append(item)
            asked += isinstance(item, FilmFrame) and item.needs_network
            if isinstance(item, ChunkEnd) or asked >= self._batch or len(held) >= 4 * self._batch:
                yield from self._color(held)
                held, asked = [], 0
        yield from self._color(held)

    def _color(self, held: list[Item]) -> list[Item]:
        asking = [item for item in held if isinstance(item, FilmFrame) and item.needs_network]
        for told, alike in itertools.groupby(asking, key=self._told_of):
            frames = list(alike)
            luma = np.stack([item.luma for item in frames])[..., None]
            colorizer = self._colorizer if told is self._colorizer.told else self._colorizer.telling(told)
            for item, chroma in zip(frames, colorizer.coarse(luma)[1], strict=True):
                item.chroma = np.ascontiguousarray(chroma, np.float32)
        self.colored += len(asking)
        if self._memory is not None and held and isinstance(held[-1], ChunkEnd):
            held[-1].take("network", self._memory.state())
        return held

    def _told_of(self, item: FilmFrame) -> Told:
        """Returns what is told for a frame; the first one of a shot may be coloured here, to tell the others."""
        if self._memory is not None and item.shot is not None:
            self._memory.begin()
        told = self._told(item.number)
        return told if told or self._memory is None else self._memory.told(item.luma)
