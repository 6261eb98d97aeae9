"""The streams beside a film's picture: which are kept, and how each is brought to the new container."""

import dataclasses
import errno
import io
import logging
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipelines.films import decoding
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan

if TYPE_CHECKING:
    import av

# Tags that describe the old file, not the film: libavformat writes its own.
OLD_FILE_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id"}
_SOUND_ENCODERS = {"webm": "libopus", "avi": "mp3", "mpeg": "mp2", "vob": "ac3", "mxf": "pcm_s16le"}


class Refused(Exception):
    """The muxer refused a packet of a copied stream, or one that it held while that came."""

    def __init__(self, index: int):
        super().__init__(index)
        self.index = index


@dataclasses.dataclass
class Kept:
    """The streams beside the picture that the output gets.

    Attributes:
        indices: their numbers in the source.
        notes: what is not kept, one line each.
    """

    indices: set[int]
    notes: list[str]

    def drop(self, index: int, source: FilmSource, plan: EncoderPlan) -> None:
        """Leaves a stream out, with a note."""
        self.indices.discard(index)
        with decoding.open_film(source.path) as old:
            stream = old.streams[index]
            if not _written_anew(stream, old):
                what = f"{stream.type} stream {index} ({_codec_name(stream)})"
                self.notes.append(f"{what} does not fit {plan.muxer}")


def _codec_name(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown codec"


def is_cover(stream: Any) -> bool:
    """Tells whether a video stream is cover art."""
    import av

    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def attach_cover(new: Any, stream: Any, path: str) -> None:
    """Keeps cover art as Matroska does: a file attached to the film."""
    ending = {"mjpeg": "jpg", "png": "png", "webp": "webp", "gif": "gif"}.get(_codec_name(stream), "bin")
    kind = stream.metadata.get("mimetype", f"image/{'jpeg' if ending == 'jpg' else ending}")
    with decoding.open_film(path) as again:
        picture = next(packet for packet in again.demux(again.streams[stream.index]) if packet.size)
        new.add_attachment(stream.metadata.get("filename", f"cover.{ending}"), kind, bytes(picture))


def _written_anew(stream: "av.stream.Stream", old: "av.container.InputContainer") -> bool:
    """Tells whether a data stream is QuickTime's form of chapter titles or time code, which the muxer makes itself."""
    return stream.type == "data" and (bool(old.chapters()) or "timecode" in stream.metadata)


def copy_tags(new: Any, old: Any) -> None:
    """Copies a stream's tags, but for those that describe how the old file stored it."""
    for key, value in old.metadata.items():
        counted = key.upper().startswith(("_STATISTICS", "BPS", "NUMBER_OF", "DURATION"))
        if key.lower() not in OLD_FILE_TAGS and not (counted and old.type == "video"):
            new.metadata[key] = value
    new.disposition = old.disposition


@dataclasses.dataclass
class StreamCopy:
    """One stream that is not the picture: copied, or, where the container refuses it, brought to another form."""

    stream: Any
    index: int
    encoder: Any = None
    resampler: Any = None
    plain_text: bool = False  # QuickTime's timed text goes to SubRip, which Matroska takes
    last: Fraction | None = None

    def write(self, new: Any, packet: Any) -> None:
        """Writes a packet of the old stream; None ends the stream."""
        import av

        try:
            for made in self.convert(packet):
                self._keep_order(made)
                new.mux_one(made)
        except (ValueError, av.error.FFmpegError) as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                raise
            raise Refused(self.index) from error

    def _keep_order(self, packet: Any) -> None:
        """Moves a decoding time that falls behind the packet before: no muxer takes that."""
        if packet.dts is None or self.stream.type not in ("audio", "video"):
            return
        if self.last is not None and packet.dts * packet.time_base <= self.last:
            step = max(packet.time_base, self.stream.time_base or packet.time_base)
            packet.dts = math.ceil((self.last + step) / packet.time_base)
            packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
        self.last = packet.dts * packet.time_base

    def convert(self, packet: Any) -> Iterator[Any]:
        """Turns a packet of the old stream into packets of the new one; None ends the stream."""
        if self.plain_text:
            yield from self._text(packet)
            return
        if self.encoder is None:
            if packet is not None:
                packet.stream = self.stream
                yield packet
            return
        frames = packet.decode() if packet is not None else [None]
        for frame in frames:
            for part in self.resampler.resample(frame):
                yield from self.stream.encode(part)
        if packet is None:
            yield from self.stream.encode(None)

    def _text(self, packet: Any) -> Iterator[Any]:
        """Takes the words out of a timed text sample: a length of two bytes, the words, then styles."""
        import av

        data = b"" if packet is None else bytes(packet)
        words = data[2 : 2 + int.from_bytes(data[:2], "big")]
        if words:  # an empty sample only fills a gap
            made = av.Packet(words)
            made.pts, made.dts, made.duration = packet.pts, packet.pts, packet.duration
            made.time_base, made.is_keyframe, made.stream = packet.time_base, True, self.stream
            yield made


def add_copy(new: Any, old: Any, muxer: str) -> StreamCopy:
    """Adds a stream to the output: copied, or brought to a form that the container takes.

    Raises:
        ValueError: there is none.
    """
    if muxer == "matroska" and _codec_name(old) == "mov_text":
        text = new.add_mux_stream("subrip")
        text.time_base = old.time_base
        copy_tags(text, old)
        return StreamCopy(text, old.index, plain_text=True)
    if not _fits(old, muxer):
        if old.type != "audio" or old.codec_context is None:
            raise ValueError(f"{muxer} must take stream {old.index}. Received: {_codec_name(old)}.")
        return _add_sound(new, old, muxer)
    stream = new.add_stream_from_template(old, opaque=True)
    copy_tags(stream, old)
    return StreamCopy(stream, old.index)


def _fits(stream: Any, muxer: str) -> bool:
    """Tries the stream's header in a file of the container's kind: containers refuse some codecs only then."""
    import av

    if stream.type == "data" and muxer in ("mp4", "mov", "avi", "webm"):
        return False  # a time code track is written again by the muxer from the picture's tags
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (ValueError, RuntimeError, av.error.FFmpegError) as error:
        logging.debug("stream %d does not fit %s: %s", stream.index, muxer, error)
        return False
    return True


def _add_sound(new: Any, old: Any, muxer: str) -> StreamCopy:
    import av

    encoder = _SOUND_ENCODERS.get(muxer, "aac")
    rate = 48000 if encoder in ("libopus", "pcm_s16le") else old.codec_context.sample_rate
    stream = new.add_stream(encoder, rate=rate)
    layout = old.codec_context.layout
    if layout.name.endswith("channels"):  # AVI and WAV only count channels: the usual places are meant
        layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(layout.nb_channels, layout)
    stream.codec_context.layout = layout
    stream.codec_context.bit_rate = 96000 * max(1, old.codec_context.channels)
    copy_tags(stream, old)
    stream.codec_context.open()
    resampler = av.AudioResampler(
        format=stream.codec_context.format,
        layout=stream.codec_context.layout,
        rate=rate,
        frame_size=stream.codec_context.frame_size or None,
    )
    return StreamCopy(stream, old.index, stream.codec_context, resampler)
