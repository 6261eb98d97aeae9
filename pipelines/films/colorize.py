"""Colours a film: luma to the network and, untouched, to the encoder; everything else in the file is copied."""

import contextlib
import dataclasses
import errno
import itertools
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.quality import Quality
from colorgan_tf.inference.told import Moment
from pipelines.films import decoding, encoding, muxing, resuming, shot_memory, stages, survey, told_shots, trial_join
from pipelines.films.decoding import DecodeLog, FilmSource
from pipelines.films.encoding import EncoderPlan
from pipelines.films.merging import MergeStage
from pipelines.films.other_streams import Kept
from pipelines.films.report import FilmReport, ShotTally
from pipelines.films.resuming import ChunkStore, ResumePoint
from pipelines.films.stages import ChunkEnd, ChunkLength, FilmFrame
from pipelines.films.threads import Pipeline
from pipelines.media import formats, names, storage, tone, writing
from pipelines.media.tone import Tone
from pipelines.motion.steady import DEFAULT_STEADY, check_steady
from pipelines.motion.tracking import part

_FAST_KEY_DISTANCE = 6


@dataclasses.dataclass(frozen=True)
class FilmOptions:
    """How to colour a film.

    Attributes:
        codec: one of `encoding.CODECS`; "auto" takes the best that the container holds.
        quality: the encoder's effort (the colorizer has a quality of its own).
        steady: "off", "low" (average of the past, up to the next frame that the network colours) or "high" (past and
            future, and a frame of each shot as a reference for the others).
        batch: frames that the network gets at once.
        every: the network colours at least every n-th frame, and whenever much of the picture is new; in between,
            colours are carried along the flow. None for 6 with the encoder's quality "fast", and else for 1.
        window: frames that `steady="high"` looks ahead.
        chunk_seconds: seconds between points from which a stopped run goes on, at most; see `stages.ChunkLength`.
        force: whether shots that have colours are coloured anew. Else, where the whole film is in colour and neither
            another container nor a codec is asked for, the output is a copy.
        keep_colors: whether toned shots are left as well; they are neutralised and coloured otherwise.
        deinterlace: whether an interlaced film becomes a progressive one; it stays interlaced otherwise.
        resume: whether to go on where an earlier run stopped.
        moments: frames that a person coloured or gave hints on; each holds for its shot. They need a model that takes
            references; such a film is looked through twice.
    """

    codec: str = "auto"
    quality: Quality | str = Quality.GOOD
    steady: str = DEFAULT_STEADY
    batch: int = 4
    every: int | None = None
    window: int = 12
    chunk_seconds: float = 5.0
    force: bool = False
    keep_colors: bool = False
    deinterlace: bool = False
    resume: bool = True
    moments: tuple[Moment, ...] = ()

    def __post_init__(self) -> None:
        check_steady(self.steady)
        for name in ("batch", "every", "window"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"`{name}` must be at least 1. Received: {name}={value}.")
        if not self.chunk_seconds > 0:
            raise InputError(f"`chunk_seconds` must be positive. Received: chunk_seconds={self.chunk_seconds}.")

    @property
    def chunk(self) -> ChunkLength:
        """How long a chunk is."""
        return ChunkLength(self.chunk_seconds)

    @property
    def key_distance(self) -> int:
        """Most frames from one that the network colours to the next."""
        if self.every is not None:
            return self.every
        return _FAST_KEY_DISTANCE if self.quality == Quality.FAST else 1


def colorize_film(path: str, output: str, colorizer: Colorizer, options: FilmOptions | None = None) -> FilmReport:
    """Colours a film.

    What is done is kept in a folder beside the output until the film is whole; a run that was killed goes on from
    there, with the same result. A run that is stopped (Ctrl-C) also leaves `NAME.partial.EXT`, a playable film of what
    was done. Nothing half-written stays under `output`.

    Args:
        path: film to read.
        output: film to write; its ending chooses the container.
        colorizer: what colours; a resume with one of another identity starts over.
        options: how; the defaults where None.

    Raises:
        InputError: the film cannot be read, the output cannot be written, or the options do not fit together.
    """
    options = options or FilmOptions()
    if os.path.abspath(path) == os.path.abspath(output):
        raise InputError(f"The output must be another file than the film. Received: {output}.")
    began = time.perf_counter()
    source, plan = open_film(path, output, options)
    report = FilmReport(path, output)
    report.notes += encoding.losses(source, plan)
    with naming_faults(plan, output), resuming.alone(output):
        _colorize(source, plan, colorizer, options, report)
    report.bytes_written = os.path.getsize(output)
    report.seconds = time.perf_counter() - began
    return report


def open_film(path: str, output: str, options: FilmOptions) -> tuple[FilmSource, EncoderPlan]:
    """Describes a film, and how its coloured picture is encoded.

    Raises:
        InputError: the film cannot be read, or the output's name or codec does not go with it.
    """
    os.environ.setdefault("SVT_LOG", "0")  # SVT-AV1 writes to the screen past FFmpeg; its errors are raised
    source = decoding.probe(path)
    if options.deinterlace and source.top_first is not None:
        source = dataclasses.replace(source, top_first=None, deinterlaced=True)
    return source, encoding.make_plan(source, output, options.codec, options.quality)


@contextlib.contextmanager
def naming_faults(plan: EncoderPlan, output: str) -> Iterator[None]:
    """Turns what FFmpeg and the disk raise into an InputError that names the output."""
    import av

    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise InputError(f"The disk must have room for the film. Received: disk full at {output}.") from error
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, av.error.FFmpegError):
            reason = f"{reason} with {plan.encoder} in {plan.muxer}"
            raise InputError(f"The film must be writable as asked. Received: {output}: {reason}.") from error
        raise InputError(f"The output must be writable. Received: {output}: {reason}.") from error


def _colorize(
    source: FilmSource, plan: EncoderPlan, colorizer: Colorizer, options: FilmOptions, report: FilmReport
) -> None:
    """Encodes into the store of chunks, and joins these to the film."""
    output = report.output
    store = ChunkStore(output, settings(source, plan, colorizer, options), options.resume)
    joined = os.path.join(store.folder, "joined")
    try:
        if store.resume_point() is None and _copied(source, colorizer, options, report):
            store.remove()
            return
        kept = trial_join.select(source, plan, joined)
        try:
            encode(source, plan, colorizer, options, store.resume_point() or ResumePoint(0, 0, 0, {}), store, report)
        except KeyboardInterrupt:
            _leave_partial(source, plan, store, kept, output)
            raise
        muxing.mux(source, plan, store.packets, joined, kept)
        report.notes += kept.notes
        muxing.check_whole(joined, report.frames)
        os.replace(joined, output)
    except Exception:
        # Where the disk is full, room is left for the next film; what is done stays, unless nothing is.
        store.clean()
        raise
    store.remove()
    with contextlib.suppress(FileNotFoundError):
        os.remove(partial_name(output))


def in_colour(source: FilmSource, output: str, size: tuple[int, int], options: FilmOptions) -> ShotTally | None:
    """Returns the shots of a film that is to be copied: one in colour, unless another container or codec is asked for.

    Args:
        source: the film.
        output: name of the result.
        size: input resolution.
        options: how it would be coloured.
    """
    endings = (Path(source.path).suffix.lower(), formats.film_suffix(formats.head(source.path)))
    if options.force or options.codec != "auto" or Path(output).suffix.lower() not in endings:
        return None
    return survey.in_colour(source, size)


def _copied(source: FilmSource, colorizer: Colorizer, options: FilmOptions, report: FilmReport) -> bool:
    found = in_colour(source, report.output, colorizer.input_resolution(*source.display_size), options)
    if found is None:
        return False
    with writing.beside(report.output) as partial:
        shutil.copyfile(source.path, partial)
    report.copy_of(found.shots)
    return True


def partial_name(output: str) -> str:
    """Returns the name of the playable film that a stopped run leaves."""
    return str(names.extended(Path(output).with_suffix(""), f".partial{Path(output).suffix}"))


def settings(source: FilmSource, plan: EncoderPlan, colorizer: Colorizer, options: FilmOptions) -> dict[str, Any]:
    """Returns all that the encoded picture depends on: a resume under other settings starts over."""
    import av

    names = ("steady", "batch", "key_distance", "window", "chunk_seconds", "force", "keep_colors", "deinterlace")
    return {name: getattr(options, name) for name in names} | {
        "chunks": "end at shots",
        "between": "key frames on both sides",
        "references": "dense correspondence",
        "memory": "a frame of each shot",
        "film": storage.identity(source.path),
        "plan": dataclasses.asdict(plan),
        "size": colorizer.input_resolution(*source.display_size),
        "colorizer": colorizer.identity,
        "moments": [str(moment) for moment in options.moments],
        "libraries": av.library_versions,
    }


@contextlib.contextmanager
def _one_thread_a_call() -> Iterator[None]:
    """The stages already fill the cores: OpenCV's own threads would only get in their way."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class ChunkWriter(Protocol):
    """Where chunks go."""

    def writing(self, number: int) -> contextlib.AbstractContextManager[BinaryIO]:
        """Opens a file for the packets of a chunk."""

    def finish(self, number: int, end: ChunkEnd) -> None:
        """Makes a written chunk count."""


def encode(
    source: FilmSource,
    plan: EncoderPlan,
    colorizer: Colorizer,
    options: FilmOptions,
    point: ResumePoint,
    writer: ChunkWriter,
    report: FilmReport,
    until: int | None = None,
    read: int | None = None,
) -> None:
    """Runs the stages and writes chunk after chunk.

    Args:
        source: the film.
        plan: how its picture is encoded.
        colorizer: what colours.
        options: how.
        point: where to begin.
        writer: receives the chunks.
        report: receives the figures.
        until: frames of the film after which a chunk is the last one; None for the film's end.
        read: frames of the film that are decoded: all those that the last chunk depends on; None for all.
    """
    saved = point.state or None
    log = DecodeLog()
    size = colorizer.input_resolution(*source.display_size)
    decoded = decoding.frames(source, log, point.last_pts if point.frames else None, point.frames)
    frames = itertools.islice(decoded, None if read is None else read - point.frames)
    motion = stages.MotionStage(
        source, options.steady, options.key_distance, saved, options.force, options.keep_colors, options.chunk
    )
    told = told_shots.find(source, options.moments, colorizer).told
    memory = shot_memory.of(colorizer, options.steady, part(saved or {}, "network"))
    network = stages.NetworkStage(colorizer, options.batch, told, memory)
    merge = MergeStage(source, plan.pixel_format, options.steady, options.window, colorizer, saved)
    reading = stages.prepare(frames, source, size, point.frames)
    pipeline = Pipeline(("decode", reading), [("motion", motion), ("network", network), ("merge", merge)])
    seconds = 0.0
    chunk, done = point.chunk, point.frames
    items = iter(pipeline)
    try:
        with _one_thread_a_call():
            while (until is None or done < until) and (first := next(items, None)) is not None:
                encoder = encoding.ChunkEncoder(plan, source.time_base)
                with writer.writing(chunk) as file:
                    item = first
                    while isinstance(item, FilmFrame):
                        began = time.perf_counter()
                        encoding.write_packets(file, encoder.encode(item.frame))
                        seconds += time.perf_counter() - began
                        item = next(items)
                    began = time.perf_counter()
                    encoding.write_packets(file, encoder.close())
                    seconds += time.perf_counter() - began
                writer.finish(chunk, item)
                chunk, done = chunk + 1, item.frames
    finally:
        items.close()
    report.stage_seconds = pipeline.seconds | {"encode": seconds}
    report.frames, report.resumed, report.colored = done, point.frames, network.colored
    report.shots = merge.tally.shots
    if any(shot.tone == Tone.TONED for shot in report.shots) and not (options.force or options.keep_colors):
        report.notes.append(tone.NEUTRALISED)
    report.notes += log.notes()


def _leave_partial(source: FilmSource, plan: EncoderPlan, store: ChunkStore, kept: Kept, output: str) -> None:
    point = store.resume_point()
    if point is None:
        return
    joined = os.path.join(store.folder, "joined")
    muxing.mux(source, plan, store.packets, joined, kept, until=point.last_pts)
    os.replace(joined, partial_name(output))
    logging.warning("stopped: what is done is in %s; start again to go on", partial_name(output))
