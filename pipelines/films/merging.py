"""The last stage before a film is encoded: chroma is stabilized, fitted to the film's luma and merged with it."""

from collections.abc import Iterator

import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.flow import resize_motion, warp
from colorgan_tf.metrics.films import chroma_colourfulness, warp_error
from pipelines.films import marks, pixel_formats
from pipelines.films.decoding import FilmSource
from pipelines.films.pixel_formats import PixelFormat
from pipelines.films.report import ShotTally
from pipelines.films.stages import SETTLING, ChunkEnd, FilmFrame, Item
from pipelines.motion.carrying import CarriedDetail
from pipelines.motion.stabilization import StabilizerInput, TwoSidedStabilizer
from pipelines.motion.steady import Steady
from pipelines.motion.tracking import State, part
from pipelines.motion.vividness import Vividness


class MergeStage:
    """Stabilizes the chroma, fits it to the frame's luma and writes it into a frame for the encoder."""

    def __init__(
        self,
        source: FilmSource,
        target: PixelFormat,
        steady: str,
        window: int,
        colorizer: Colorizer,
        saved: State | None,
    ):
        self._source = source
        self._colorizer = colorizer
        self._target = target
        self._steady = steady
        self._window = window
        self._height = source.height // 2 if source.fields else source.height
        self._size = size = colorizer.input_resolution(*source.display_size)
        self._half = (size[0] // 2, size[1] // 2)
        self._stabilizer = TwoSidedStabilizer(self._half)
        saved = saved or {}
        self._stabilizer.restore(part(saved, "steady"))
        self.tally = ShotTally()
        if state := part(saved, "tally"):
            self.tally.restore(state)
        self._before = saved.get("chroma/before"), saved.get("chroma/after")
        self._detail = CarriedDetail()  # a chunk begins with a key frame: not part of the state
        self._vividness = Vividness()
        self._vividness.restore(part(saved, "vividness"))

    def __call__(self, items: Iterator[Item]) -> Iterator[Item]:
        """Runs the stage."""
        first: FilmFrame | None = None
        ways = {Steady.OFF: self._one_by_one, Steady.LOW: self._causal, Steady.HIGH: self._windows}
        for item in ways[Steady(self._steady)](items):
            if isinstance(item, ChunkEnd) or item.field is None:
                yield item
            elif first is None:
                first = item
            else:
                top, bottom = (first, item) if item.field else (item, first)
                item.frame = pixel_formats.weave(top.frame, bottom.frame, self._target)
                yield item
                first = None

    def _one_by_one(self, items: Iterator[Item]) -> Iterator[Item]:
        for item in items:
            yield self._finish(item, None) if isinstance(item, FilmFrame) else self._end(item)

    def _causal(self, items: Iterator[Item]) -> Iterator[Item]:
        """Up to each key frame together, as it tells what comes into view before it; so are a shot's first frames.

        A chunk's end also ends these blocks.
        """
        held: list[FilmFrame] = []
        settling = 0  # frames of the shot's start that are still to come
        for item in items:
            if isinstance(item, ChunkEnd) or item.shot is not None:
                yield from self._together(held, [])
                held = []
            if isinstance(item, ChunkEnd):
                settling = 0
                yield self._end(item)
                continue
            settling = SETTLING - 1 if item.shot is not None else max(0, settling - 1)
            held.append(item)
            if (item.needs_network and not settling) or len(held) == 2 * SETTLING:
                yield from self._together(held, [])
                held = []
        yield from self._together(held, [])

    def _together(self, frames: list[FilmFrame], following: list[FilmFrame]) -> Iterator[FilmFrame]:
        inputs = [[self._input(frame) for frame in each] for each in (frames, following)]
        for frame, stable in zip(frames, self._stabilizer.block(*inputs), strict=True):
            yield self._finish(frame, stable)

    def _windows(self, items: Iterator[Item]) -> Iterator[Item]:
        """Blocks of `window` frames with as many frames after them; a chunk's end also ends a block."""
        held: list[Item] = []
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
            yield from self._together(frames, rest)
            if block and isinstance(block[-1], ChunkEnd):
                yield self._end(block[-1])
            held = held[len(block) :]

    def _block(self, held: list[Item]) -> list[Item]:
        for index, item in enumerate(held):
            if isinstance(item, ChunkEnd):
                return held[: index + 1]
            if index == self._window:
                return held[:index]
        return held

    def _enough(self, held: list[Item]) -> bool:
        after = held[len(self._block(held)) :]
        return sum(isinstance(item, FilmFrame) for item in after) >= self._window

    def _input(self, item: FilmFrame) -> StabilizerInput:
        import cv2

        chroma = item.chroma
        if chroma is not None:
            chroma = cv2.resize(chroma, self._half[::-1], interpolation=cv2.INTER_AREA)
        assert item.motion is not None
        return StabilizerInput(chroma, item.motion.backward, item.motion.forward)

    def _end(self, end: ChunkEnd) -> ChunkEnd:
        end.take("steady", self._stabilizer.state())
        end.take("tally", self.tally.state())
        end.take("vividness", self._vividness.state())
        figures = zip(("before", "after"), self._before, strict=True)
        end.take("chroma", {name: each for name, each in figures if each is not None})
        return end

    def _finish(self, item: FilmFrame, stable: np.ndarray | None) -> FilmFrame:
        import av

        if item.shot is not None:
            self.tally.begin(item.shot)
        source, old = self._source, item.frame
        luma = pixel_formats.plane(old, 0, source.pixel_format.dtype)
        new = av.VideoFrame(source.width, self._height, self._target.name)
        if item.keep:
            self._measure(item, None, None)
            if (old.format.name, source.pixel_format.full_range) == (self._target.name, self._target.full_range):
                return item
            chroma_size = self._target.chroma_size(self._height, source.width)
            chroma = pixel_formats.to_chroma(old, source.pixel_format, chroma_size)
            parts = pixel_formats.chroma_planes(chroma, self._target, self._height, source.width)
        else:
            chroma = self._stabilized(item, stable)
            chroma = pixel_formats.fit_to_luma(chroma, item.luma)
            chroma = self._as_stored(chroma)
            if self._colorizer.finish.guided:  # else the chroma goes bilinearly to the size of its planes, below
                size = self._target.chroma_size(self._height, source.width)
                plane_luma = pixel_formats.to_luma(luma, source.pixel_format, size)[..., None]
                chroma = self._colorizer.enlarge(chroma, self._as_stored(item.luma)[..., None], plane_luma)
            parts = pixel_formats.chroma_planes(chroma, self._target, self._height, source.width)
            pixel_formats.blank_border(parts, pixel_formats.black_border(luma, source.pixel_format), self._target)
            if item.marks:
                marks.keep(parts, old, source.pixel_format, self._target)
        pixel_formats.fill_frame(
            new, (pixel_formats.convert_luma(luma, source.pixel_format, self._target), *parts), self._target
        )
        new.pts, new.duration, new.time_base = old.pts, old.duration, source.time_base
        # Encoders write the frame's own tags into the stream.
        new.color_range = pixel_formats.FULL if self._target.full_range else pixel_formats.LIMITED
        new.colorspace = self._target.matrix
        item.frame = new
        return item

    def _as_stored(self, upright: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(upright, -(self._source.rotation // 90)))

    def _stabilized(self, item: FilmFrame, stable: np.ndarray | None) -> np.ndarray:
        import cv2

        given = self._input(item)
        if self._steady == Steady.OFF:
            assert item.chroma is not None
            self._measure(item, given.chroma, None)
            return item.chroma
        assert stable is not None
        self._measure(item, given.chroma, stable)
        if item.shot is not None:
            self._vividness.restore({})
        if given.chroma is not None:
            self._vividness.compare(given.chroma, stable)
        stable = stable * self._vividness.gain
        # Detail that the network drew at its input resolution stays, and is carried to the frames after it.
        enlarged = cv2.resize(stable, self._size[::-1], interpolation=cv2.INTER_LINEAR)
        if given.backward is not None:
            self._detail.follow(given.backward)
        if item.chroma is not None:
            assert given.chroma is not None
            smooth = cv2.resize(given.chroma, self._size[::-1], interpolation=cv2.INTER_LINEAR)
            self._detail.put(item.chroma - smooth)
        return enlarged + self._detail.here()

    def _measure(self, item: FilmFrame, before: np.ndarray | None, after: np.ndarray | None) -> None:
        """Takes the report's figures, at a quarter of the input resolution so that they cost next to nothing."""
        raw = None if before is None else np.ascontiguousarray(before[::2, ::2])
        stable = raw if after is None else np.ascontiguousarray(after[::2, ::2])
        counted = item.field is None or item.field == self._source.fields[-1]  # an interlaced frame counts once
        if not counted:
            pass
        elif stable is None:
            self.tally.add(None, None)
        else:
            luma = item.luma[::4, ::4][: stable.shape[0], : stable.shape[1], None]
            colour = chroma_colourfulness(luma, stable)
            raw_colour = colour if raw is None or raw is stable else chroma_colourfulness(luma, raw)
            error = None
            motion = item.motion.backward if item.motion is not None else None
            if motion is not None and self._before[1] is not None:
                motion = resize_motion(motion, stable.shape[:2])
                after_error, covered = warp_error(warp(self._before[1], motion.flow), stable, motion.confidence)
                raw_error = after_error
                if raw is not None and raw is not stable and self._before[0] is not None:
                    raw_error, _ = warp_error(warp(self._before[0], motion.flow), raw, motion.confidence)
                error = (raw_error, after_error, covered)
            self.tally.add((raw_colour, colour), error)
        self._before = raw, stable
