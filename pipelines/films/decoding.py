"""Reading a film: what its video stream is, and its decoded frames, one by one, from any time on."""

import dataclasses
import heapq
import itertools
import logging
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from colorgan_tf.errors import InputError
from pipelines.films import hdr, interlacing, pixel_formats, timeline
from pipelines.films.hdr import HdrMetadata
from pipelines.films.timeline import Straightener, Timeline
from pipelines.media import storage

if TYPE_CHECKING:
    import av

# Decoding begins this many seconds before the wanted frame. Where the frame is not reached from there, since some
# containers are sought into the middle of a long group of pictures, it begins earlier; at last, at the start.
_SEEK_MARGINS = (2.0, 15.0, 90.0)


@dataclasses.dataclass(frozen=True)
class FilmSource:
    """The picture stream of a film, read from its first decoded frame.

    Attributes:
        path: the file.
        index: number of the stream in the file.
        width: columns of a decoded frame.
        height: rows of a decoded frame.
        pixel_format: format in which the planes are read.
        time_base: seconds of one unit of pts.
        rate: frames a second, as tagged; 25 where the file does not say.
        aspect: width of a pixel over its height, None where untagged.
        rotation: degrees counter-clockwise that a player turns the picture.
        display_matrix: the player's matrix as nine integers, None where there is none.
        primaries: AVColorPrimaries number.
        transfer: AVColorTransferCharacteristic number.
        hdr: mastering display and light levels, None where untagged.
        top_first: whether the upper field of each frame is shown first; None where the picture is not interlaced.
        deinterlaced: whether `frames` makes whole frames of interlaced ones.
        lost: what belongs to the picture and cannot be kept, in words.
        frames: frames that the file says it has, 0 where it does not say.
        duration: seconds, 0 where the file does not say.
        timeline: what to add to the time stamps of a file in which they jump back.
        seekable: whether a time stamp tells one place in the file.
    """

    path: str
    index: int
    width: int
    height: int
    pixel_format: pixel_formats.PixelFormat
    time_base: Fraction
    rate: Fraction
    aspect: Fraction | None
    rotation: int
    display_matrix: tuple[int, ...] | None
    primaries: int
    transfer: int
    hdr: HdrMetadata | None
    lost: tuple[str, ...]
    top_first: bool | None
    frames: int
    duration: float
    deinterlaced: bool = False
    timeline: Timeline = Timeline()
    seekable: bool = True

    @property
    def display_size(self) -> tuple[int, int]:
        """(height, width) of the picture as a player shows it: upright, square pixels."""
        return pixel_formats.display_size(self.height, self.width, self.aspect, self.rotation)

    @property
    def fields(self) -> tuple[int, ...]:
        """The fields of a frame, in the order of time (0 is the upper one), each to be coloured by itself.

        Empty where a frame is coloured as a whole: it is not interlaced, or has chroma rows that no field owns.
        """
        _, down = self.pixel_format.log2_chroma or (1, 1)
        if self.top_first is None or self.height % (2 << max(1, down)):
            return ()
        return (0, 1) if self.top_first else (1, 0)


def open_film(path: str) -> "av.container.InputContainer":
    """Opens a film for reading.

    Args:
        path: of the film, or its URL: then it is read by ranges.

    Raises:
        InputError: no such file, empty, or nothing that libavformat can read.
    """
    import av

    try:
        remote = storage.is_url(path)
        if (remote or os.path.isfile(path)) and storage.size(path) == 0:
            raise InputError(f"The film must not be empty. Received: {path} of 0 bytes.")
        # A full path: what comes before a colon would be the name of a protocol.
        film: Any = storage.open_ranges(path) if remote else os.path.abspath(path)
        return av.open(film, "r", metadata_errors="replace")
    except FileNotFoundError as error:
        raise InputError(f"The film must exist. Received: {path}.") from error
    except InputError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(f"The film must be readable. Received: {path}: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def picture_stream(container: "av.container.InputContainer", path: str) -> "av.VideoStream":
    """Returns the stream to colour: the default video stream, else the first; cover art does not count.

    Raises:
        InputError: the file has no moving picture, or one that cannot be decoded.
    """
    import av

    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise InputError(f"The film must have a picture stream. Received: {path} with {kinds} only.")
    streams.sort(
        key=lambda stream: (stream.codec_context is None, not stream.disposition & av.stream.Disposition.default)
    )
    if streams[0].codec_context is None:
        raise InputError(f"The picture's codec must be known to this build of FFmpeg. Received: {path}.")
    return streams[0]


def probe(path: str) -> FilmSource:
    """Describes a film's picture stream, from its tags and its first frame.

    Raises:
        InputError: there is no picture stream, or not one frame of it can be decoded.
    """
    with open_film(path) as container:
        stream = picture_stream(container, path)
        decoded = _decode(container, stream, DecodeLog(), Straightener(Timeline()))
        first = next(decoded, None)
        if first is None:
            raise InputError(f"The film must have at least one readable frame. Received: {path}.")
        name = pixel_formats.readable_name(first.format.name)
        pixel_format = pixel_formats.describe(name, first.colorspace, first.color_range, first.height, first.width)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        aspect = stream.sample_aspect_ratio
        times = _timeline(path, stream.index)
        return FilmSource(
            path=path,
            index=stream.index,
            width=first.width,
            height=first.height,
            pixel_format=pixel_format,
            time_base=stream.time_base or 1 / rate,
            rate=rate,
            aspect=aspect if aspect and aspect != 1 else None,
            rotation=round(first.rotation / 90) * 90 % 360,
            display_matrix=_display_matrix(first),
            primaries=int(first.color_primaries),
            transfer=int(first.color_trc),
            hdr=hdr.read(first),
            lost=tuple(_lost(first, stream)),
            top_first=_field_order([first], decoded),
            frames=stream.frames,
            duration=float((container.duration or 0) / 1e6),
            timeline=times,
            seekable=times.straight and not (_counts_frames(container) and stream.codec_context.has_b_frames),
        )


def _field_order(first: Iterable["av.VideoFrame"], more: Iterator["av.VideoFrame"]) -> bool | None:
    """Returns the order of the first interlaced frame among the film's first ones; broadcasts mix both kinds."""
    for frame in itertools.chain(first, itertools.islice(more, 7)):
        if (top_first := interlacing.top_field_first(frame)) is not None:
            return top_first
    return None


def _lost(first: "av.VideoFrame", stream: "av.VideoStream") -> list[str]:
    alpha = any(part.is_alpha for part in first.format.components) or stream.metadata.get("alpha_mode") == "1"
    return hdr.dynamic(first) + (["alpha channel"] if alpha else [])


def _display_matrix(frame: "av.VideoFrame") -> tuple[int, ...] | None:
    try:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV reads no side data of a frame that has one kind too new for it; turns it does read
        turn = round(frame.rotation / 90) % 4
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
        return (cos << 16, -sin << 16, 0, sin << 16, cos << 16, 0, 0, 0, 1 << 30) if turn else None
    return tuple(np.frombuffer(bytes(matrix), np.int32).tolist()) if matrix else None


def _counts_frames(container: "av.container.InputContainer") -> bool:
    """Tells whether the container stores no times: what libavformat makes of B-frames there is a guess."""
    return bool(container.format.name == "avi")


def _timeline(path: str, index: int) -> Timeline:
    with open_film(path) as container:
        return timeline.read(container, index)


@dataclasses.dataclass
class DecodeLog:
    """What went wrong while decoding: packets that gave no frame, and whether the file ended early."""

    broken: int = 0
    truncated: bool = False

    def notes(self) -> list[str]:
        """Returns the same in words, one line each."""
        broken = [f"{self.broken} broken packets gave no frame"] if self.broken else []
        return broken + (["the film ends early: it is truncated or damaged"] if self.truncated else [])


def frames(source: FilmSource, log: DecodeLog, after: int | None = None, count: int = 0) -> Iterator["av.VideoFrame"]:
    """Decodes a film; every frame has a pts, each larger than the one before.

    Args:
        source: the film.
        log: receives what could not be decoded.
        after: pts of the last frame already done; decoding goes on with the frame after it.
        count: frames already done; tells the frame to go on with where no seek finds that pts.

    Yields:
        Frames in `source.pixel_format`'s format; broken packets are skipped.
    """
    # To make whole frames of half-frames takes the frames before: no seek then.
    if after is not None and source.seekable and not source.deinterlaced:
        for margin in _SEEK_MARGINS:
            tried = DecodeLog()
            rest = _after_seek(source, tried, after, margin)
            if next(rest, None) is not None:
                yield from rest
                log.broken, log.truncated = log.broken + tried.broken, log.truncated or tried.truncated
                return
    for number, frame in enumerate(_timed(source, log)):
        if number >= count:
            yield _planar(frame, source)


def _after_seek(source: FilmSource, log: DecodeLog, after: int, margin: float) -> Iterator["av.VideoFrame"]:
    """Seeks, and yields the frame whose pts is `after` and those that follow it; nothing where that is not reached.

    Frames before the first key frame do not count: what they refer to may lie before the place sought.
    """
    target = after - round(margin / source.time_base)
    whole = found = False
    for frame in _timed(source, log, target):
        whole = whole or frame.key_frame
        if not found and (frame.pts is None or frame.pts > after):
            return
        if found or (whole and frame.pts == after):
            found = True
            yield _planar(frame, source)


def _timed(source: FilmSource, log: DecodeLog, seek: int | None = None) -> Iterator["av.VideoFrame"]:
    """Decodes from the start, or from a place in time, and mends missing and falling times.

    After a seek nothing comes where it failed, and the first frame has a time: without one, where it is is unknown.
    """
    import av

    step = max(1, round(1 / source.rate / source.time_base))
    with open_film(source.path) as container:
        stream = picture_stream(container, source.path)
        stream.thread_type = "AUTO"
        if seek is not None:
            if stream.start_time is not None and seek <= stream.start_time:
                return  # no less work than from the start
            try:
                container.seek(seek, stream=stream)
            except av.error.FFmpegError:
                return
        last = None
        decoded = _decode(container, stream, log, Straightener(source.timeline))
        if source.deinterlaced:
            decoded = interlacing.deinterlace(_planar(frame, source) for frame in decoded)
        for frame in decoded:
            if frame.pts is None:
                if last is None and seek is not None:
                    return
                frame.pts = 0 if last is None else last + step
            elif last is not None and frame.pts <= last:
                frame.pts = last + 1
            last = frame.pts
            frame.time_base = source.time_base
            if not frame.duration:
                frame.duration = step
            yield frame


def _planar(frame: "av.VideoFrame", source: FilmSource) -> "av.VideoFrame":
    if frame.format.name == source.pixel_format.name and (frame.width, frame.height) == (source.width, source.height):
        return frame
    # A stream may change its size on the way; the file has one size, the first frame's.
    pts, duration = frame.pts, frame.duration
    frame = frame.reformat(
        source.width,
        source.height,
        source.pixel_format.name,
        dst_colorspace=source.pixel_format.matrix if source.pixel_format.log2_chroma is not None else None,
        dst_color_range=pixel_formats.FULL if source.pixel_format.full_range else pixel_formats.LIMITED,
    )
    frame.pts, frame.duration, frame.time_base = pts, duration, source.time_base
    return frame


def _decode(
    container: "av.container.InputContainer",
    stream: "av.VideoStream",
    log: DecodeLog,
    straightener: Straightener,
) -> Iterator["av.VideoFrame"]:
    import av

    packets = container.demux(stream)
    counts = _counts_frames(container)
    waiting: list[int] = []  # where frames are counted: numbers of those in the decoder
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            logging.warning("%s: reading stopped: %s", container.name, _reason(error))
            log.truncated = True
            yield from _numbered(_flush(stream), waiting)
            return
        straightener.apply(packet)
        if counts and packet.dts is not None:
            heapq.heappush(waiting, packet.dts)
        try:
            decoded = packet.decode()
        except av.error.FFmpegError:
            log.broken += 1
            if packet.dts in waiting:
                waiting.remove(packet.dts)
                heapq.heapify(waiting)
            continue
        yield from _numbered(decoded, waiting)


def _numbered(frames: list[Any], waiting: list[int]) -> Iterator["av.VideoFrame"]:
    """Gives frames, which come in the order of display, the numbers of the packets in their order."""
    for frame in frames:
        if waiting:
            frame.pts = heapq.heappop(waiting)
        yield frame


def _flush(stream: "av.VideoStream") -> list["av.VideoFrame"]:
    import av

    try:
        return stream.decode(None)
    except av.error.FFmpegError:
        return []
