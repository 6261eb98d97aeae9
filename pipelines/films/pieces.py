"""A film in pieces that are coloured apart, by whatever machine, and joined to the film that one machine makes."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.films import colorize, decoding, encoding, muxing, stages
from pipelines.films.colorize import FilmOptions
from pipelines.films.decoding import DecodeLog, FilmSource
from pipelines.films.encoding import EncoderPlan, StoredPacket
from pipelines.films.other_streams import Kept
from pipelines.films.report import FilmReport, ShotReport, ShotTally
from pipelines.films.resuming import ResumePoint
from pipelines.films.stages import ChunkEnd
from pipelines.motion import tracking
from pipelines.motion.shots import Boundary
from pipelines.motion.steady import Steady
from pipelines.motion.tracking import State, part

# Seconds of a piece: it ends at the first chunk that ends with a shot after the least, or else at the most.
LEAST_SECONDS = 10.0
MOST_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Place:
    """A place between two frames of a film, at which a chunk ends.

    Attributes:
        frames: frames before it.
        last_pts: of the last of them.
        boundary: the shot that begins there; None in the middle of a shot.
    """

    frames: int = 0
    last_pts: int = 0
    boundary: Boundary | None = None


START = Place(boundary=Boundary(0, "start"))


@dataclasses.dataclass(frozen=True)
class Piece:
    """A part of a film, of whole chunks.

    Attributes:
        begin: where it begins.
        end: where it ends; None for the film's end.
        frames: its frames.
        seconds: its length.
    """

    begin: Place
    end: Place | None
    frames: int
    seconds: float

    @property
    def follows(self) -> bool:
        """Whether it begins within a shot, and needs the state in which the piece before it ended."""
        return self.begin.boundary is None


@dataclasses.dataclass(frozen=True)
class ColoredPiece:
    """What became of a piece.

    Attributes:
        shots: those that begin in it; where it follows another, also those of that.
        colored: frames of it that went through the network.
        notes: what could not be read, one line each.
    """

    shots: list[ShotReport]
    colored: int
    notes: list[str]


def look(
    source: FilmSource, size: tuple[int, int], options: FilmOptions, begin: Place = START, seconds: float = float("inf")
) -> tuple[list[Piece], Place | None]:
    """Reads a film for shots, and divides it there.

    A film that can only be read from its beginning is one piece.

    Args:
        source: the film.
        size: input resolution.
        options: how it will be coloured.
        begin: where to begin; a shot must begin there.
        seconds: length after which the look ends with the next shot that ends a piece.

    Returns:
        Pieces, and the place from which to look on; None where all was seen.
    """
    if not source.seekable or source.deinterlaced:
        return [Piece(begin, None, source.frames, source.duration)], None
    frames = decoding.frames(source, DecodeLog(), begin.last_pts if begin.frames else None, begin.frames)
    motion = stages.MotionStage(source, Steady.OFF, 1, _state(begin), True, chunk=options.chunk)
    pieces: list[Piece] = []
    first = begin.last_pts if begin.frames else None
    last = first or 0
    done = begin.frames
    started = first
    for item in motion(stages.prepare(frames, source, size, begin.frames)):
        if not isinstance(item, ChunkEnd):
            if first is None:
                first = started = item.frame.pts
            continue
        last, done = item.last_pts, item.frames
        length = float((last - (first or 0)) * source.time_base)
        if length < (LEAST_SECONDS if item.boundary else MOST_SECONDS):
            continue
        end = Place(done, last, item.boundary)
        pieces.append(Piece(begin, end, done - begin.frames, length))
        begin, first = end, last
        if item.boundary and float((last - (started or 0)) * source.time_base) >= seconds:
            return pieces, end
    if done > begin.frames or not pieces:
        pieces.append(Piece(begin, None, done - begin.frames, float((last - (first or 0)) * source.time_base)))
    else:  # the film ended where a piece did
        pieces[-1] = dataclasses.replace(pieces[-1], end=None)
    return pieces, None


def color(
    source: FilmSource,
    plan: EncoderPlan,
    piece: Piece,
    colorizer: Colorizer,
    options: FilmOptions,
    path: str,
    before: str | None = None,
) -> ColoredPiece:
    """Colours a piece.

    Args:
        source: the film.
        plan: how its picture is encoded.
        piece: what to do.
        colorizer: what colours.
        options: how.
        path: file to write packets to; where a piece follows this one, `path + ".npz"` gets the state at its end.
        before: the file of such a state that the piece before left, where this one follows it.
    """
    state = _state(piece.begin)
    if before is not None:
        with np.load(before, allow_pickle=False) as file:
            state = {name: file[name] for name in file.files}
    point = ResumePoint(0, piece.begin.frames, piece.begin.last_pts, state)
    until = read = None
    if piece.end is not None:
        until = read = piece.end.frames
        if piece.end.boundary is None:  # frames that the stabilization of the last ones looks at, in whole batches
            read += options.window + 4 * options.batch
    report = FilmReport(source.path, path)
    with open(path, "wb") as opened, colorize.naming_faults(plan, path):
        writer = _OneFile(opened)
        colorize.encode(source, plan, colorizer, options, point, writer, report, until, read)
    assert writer.end is not None
    if piece.end is not None and piece.end.boundary is None:
        np.savez(path + ".npz", **writer.end.state)
    tally = ShotTally()
    tally.restore(part(writer.end.state, "tally"))
    return ColoredPiece(tally.shots, report.colored, report.notes)


def join(source: FilmSource, plan: EncoderPlan, kept: Kept, files: Sequence[str], frames: int, output: str) -> None:
    """Joins the packets of all pieces to the film.

    Args:
        source: the film.
        plan: how its picture was encoded.
        kept: its other streams.
        files: of the pieces, in order.
        frames: of the film.
        output: file to write.

    Raises:
        InputError: it cannot be written, or lacks frames.
    """

    def packets() -> Iterator[StoredPacket]:
        for file in files:
            yield from encoding.read_packets(file)

    with colorize.naming_faults(plan, output):
        muxing.mux(source, plan, packets, output, kept)
    muxing.check_whole(output, frames)


def _state(begin: Place) -> State:
    if begin.boundary is None or not begin.frames:
        return {}
    return {f"motion/{name}": value for name, value in tracking.state_at(begin.boundary).items()}


class _OneFile:
    """Takes all chunks of a piece, one after the other."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.end: ChunkEnd | None = None

    @contextlib.contextmanager
    def writing(self, number: int) -> Iterator[BinaryIO]:
        """See `colorize.ChunkWriter`."""
        yield self._file

    def finish(self, number: int, end: ChunkEnd) -> None:
        """See `colorize.ChunkWriter`."""
        self.end = end
