"""Muxing the finished film: its encoded picture with all else that is in the source, without encoding again."""

import contextlib
import dataclasses
import errno
import itertools
import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from colorgan_tf.errors import InputError
from pipelines.films import decoding, encoding, matroska
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan, StoredPacket
from pipelines.films.timeline import Straightener, Timeline
from pipelines.media import provenance

if TYPE_CHECKING:
    import av

# Tags that describe the old file, not the film: libavformat writes its own.
_OLD_FILE_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id"}
_MP4_TAGS = {
    *("title", "artist", "album", "album_artist", "comment", "date", "genre", "composer", "copyright", "description"),
    *("synopsis", "show", "episode_id", "network", "lyrics", "creation_time", "grouping", "track", "disc", "language"),
    *("season_number", "episode_sort", "hd_video", "media_type", "keywords", "rating", "performer", "author"),
}
# Enough for a minute of most films.
_TRIAL_PACKETS = 3000
_SOUND_ENCODERS = {"webm": "libopus", "avi": "mp3", "mpeg": "mp2", "vob": "ac3", "mxf": "pcm_s16le"}


class _Refused(Exception):
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


def select(source: FilmSource, plan: EncoderPlan, scratch: str) -> Kept:
    """Finds out, before anything is coloured, what the output can hold: joins headers and first packets.

    Args:
        source: the film.
        plan: how its picture will be encoded.
        scratch: file to write to; it is removed.

    Raises:
        FFmpegError, ValueError: not even the picture fits.
    """
    import av

    with decoding.open_film(source.path) as old:
        others = [stream.index for stream in old.streams if stream.index != source.index]
        begin = old.streams[source.index].start_time or 0
    picture = encoding.blank_packets(plan, source.time_base, begin)

    def fits(*indices: int) -> bool:
        try:
            _join(source, plan, picture, scratch, set(indices), packets=_TRIAL_PACKETS)
        except (_Refused, ValueError, RuntimeError, av.error.FFmpegError) as error:
            logging.debug("streams %s do not fit %s: %s", indices, plan.muxer, error)
            return False
        return True

    kept = Kept(set(others), [])
    try:
        _join(source, plan, picture, scratch, set(), packets=0)
        if not fits(*others):
            together: list[int] = []
            for index in others:
                if fits(*together, index):
                    together.append(index)
                else:
                    kept.drop(index, source, plan)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(scratch)
    return kept


def mux(
    source: FilmSource,
    plan: EncoderPlan,
    picture: Callable[[], Iterable[StoredPacket]],
    output: str,
    kept: Kept,
    until: int | None = None,
) -> None:
    """Writes `output` from the encoded picture and the source's other streams, chapters and tags.

    A stream of which a later packet is refused is left out, with a note: what was coloured is never lost for it.

    Args:
        source: the film that was coloured.
        plan: how the picture was encoded.
        picture: begins its packets, chunk after chunk.
        output: file to write.
        kept: the other streams to write.
        until: pts (in the source's time base) after which nothing is copied; for a film that was stopped.
    """
    while True:
        try:
            return _join(source, plan, picture(), output, kept.indices, until)
        except _Refused as refused:
            logging.warning("stream %d is left out: %s", refused.index, refused.__cause__)
            kept.drop(refused.index, source, plan)


def _join(
    source: FilmSource,
    plan: EncoderPlan,
    picture: Iterable[StoredPacket],
    output: str,
    kept: set[int],
    until: int | None = None,
    packets: int | None = None,
) -> None:
    """See `mux`; of the source, no more than so many `packets` are read."""
    import av

    with decoding.open_film(source.path) as old:
        tags = _film_tags(old.metadata)
        options = {}
        if plan.muxer in ("mp4", "mov", "f4v", "3gp"):
            custom = any(key not in _MP4_TAGS and "-" not in key for key in tags if key != "colorized_by")
            options["movflags"] = "+faststart+use_metadata_tags" if custom else "+faststart"
        if plan.muxer == "avi":
            # A sound track that begins a fraction of a frame early must not push the picture off its frame numbers.
            options["avoid_negative_ts"] = "disabled"
        with av.open(output, "w", format=plan.muxer, container_options=options) as new:
            new.metadata.update(tags)
            new.set_chapters(old.chapters())
            copies: dict[int, _Copy] = {}
            video = None
            for stream in old.streams:
                if stream.index == source.index:
                    video = _add_picture(new, stream, source, plan)
                    stream.discard = av.stream.Discard.all
                elif stream.index not in kept:
                    stream.discard = av.stream.Discard.all
                elif plan.muxer == "matroska" and _is_cover(stream):
                    _attach_cover(new, stream, source.path)
                    stream.discard = av.stream.Discard.all
                else:
                    copies[stream.index] = _add_copy(new, stream, plan.muxer)
            assert video is not None
            new.start_encoding()
            end = None if until is None else until * source.time_base
            others: Iterable[Any] = itertools.islice(_packets(old, copies), packets)
            if plan.muxer == "avi":
                origin = max(Fraction(0), Fraction(old.start_time or 0, 10**6))
                begin = (old.streams[source.index].start_time or 0) * source.time_base
                picture, others = _from_zero(picture, others, origin, begin, plan.time_base)
                end = None if end is None else end - origin
            _interleave(new, video, _in_order(picture), plan.time_base, others, copies, source.timeline, end)
    if _completed_after(plan):
        matroska.describe_picture(output, plan.width, plan.height, plan.aspect, plan.hdr)


def check_whole(path: str, frames: int) -> None:
    """Reads a written film's packets, before it gets its name.

    Raises:
        InputError: it has not as many pictures as were encoded.
    """
    with decoding.open_film(path) as film:
        stream = decoding.picture_stream(film, path)
        found = sum(packet.size > 0 for packet in film.demux(stream))
    if found != frames:
        raise InputError(f"The written film must hold all {frames} frames. Received: {found} in {path}.")


def _completed_after(plan: EncoderPlan) -> bool:
    return plan.muxer in matroska.MUXERS and (plan.aspect is not None or plan.hdr is not None)


def _film_tags(old: dict[str, str]) -> dict[str, str]:
    tags = {key: value for key, value in old.items() if key.lower() not in _OLD_FILE_TAGS}
    comment = next((key for key in tags if key.lower() == "comment"), "comment")
    tags[comment] = provenance.tagged(tags.get(comment, ""))
    tags["colorized_by"] = provenance.TEXT
    return tags


def _codec_name(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown codec"


def _is_cover(stream: Any) -> bool:
    import av

    return stream.type == "video" and bool(stream.disposition & av.stream.Disposition.attached_pic)


def _attach_cover(new: Any, stream: Any, path: str) -> None:
    """Keeps cover art as Matroska does: a file attached to the film."""
    ending = {"mjpeg": "jpg", "png": "png", "webp": "webp", "gif": "gif"}.get(_codec_name(stream), "bin")
    kind = stream.metadata.get("mimetype", f"image/{'jpeg' if ending == 'jpg' else ending}")
    with decoding.open_film(path) as again:
        picture = next(packet for packet in again.demux(again.streams[stream.index]) if packet.size)
        new.add_attachment(stream.metadata.get("filename", f"cover.{ending}"), kind, bytes(picture))


def _written_anew(stream: "av.stream.Stream", old: "av.container.InputContainer") -> bool:
    """Tells whether a data stream is QuickTime's form of chapter titles or time code, which the muxer makes itself."""
    return stream.type == "data" and (bool(old.chapters()) or "timecode" in stream.metadata)


def _add_picture(new: Any, old: Any, source: FilmSource, plan: EncoderPlan) -> Any:
    video = new.add_stream(plan.encoder, rate=plan.rate)
    encoding.configure(video.codec_context, plan, encoding.wants_global_header(plan.muxer))
    video.time_base = plan.time_base
    _copy_stream_tags(video, old)
    video.metadata.pop("alpha_mode", None)  # the coloured picture has no alpha
    if _completed_after(plan):
        video.metadata["title"] = video.metadata.get("title", "") + matroska.PADDING
    if source.display_matrix:
        video.set_display_matrix(source.display_matrix)
    return video


def _copy_stream_tags(new: Any, old: Any) -> None:
    for key, value in old.metadata.items():
        counted = key.upper().startswith(("_STATISTICS", "BPS", "NUMBER_OF", "DURATION"))
        if key.lower() not in _OLD_FILE_TAGS and not (counted and old.type == "video"):
            new.metadata[key] = value
    new.disposition = old.disposition


@dataclasses.dataclass
class _Copy:
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
            raise _Refused(self.index) from error

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


def _add_copy(new: Any, old: Any, muxer: str) -> _Copy:
    """Adds a stream to the output: copied, or brought to a form that the container takes.

    Raises:
        ValueError: there is none.
    """
    if muxer == "matroska" and _codec_name(old) == "mov_text":
        text = new.add_mux_stream("subrip")
        text.time_base = old.time_base
        _copy_stream_tags(text, old)
        return _Copy(text, old.index, plain_text=True)
    if not _fits(old, muxer):
        if old.type != "audio" or old.codec_context is None:
            raise ValueError(f"{muxer} must take stream {old.index}. Received: {_codec_name(old)}.")
        return _add_sound(new, old, muxer)
    stream = new.add_stream_from_template(old, opaque=True)
    _copy_stream_tags(stream, old)
    return _Copy(stream, old.index)


def _fits(stream: Any, muxer: str) -> bool:
    """Tries the stream's header in a file of the container's kind: containers refuse some codecs only then."""
    import io

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


def _add_sound(new: Any, old: Any, muxer: str) -> _Copy:
    import av

    encoder = _SOUND_ENCODERS.get(muxer, "aac")
    rate = 48000 if encoder in ("libopus", "pcm_s16le") else old.codec_context.sample_rate
    stream = new.add_stream(encoder, rate=rate)
    layout = old.codec_context.layout
    if layout.name.endswith("channels"):  # AVI and WAV only count channels: the usual places are meant
        layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(layout.nb_channels, layout)
    stream.codec_context.layout = layout
    stream.codec_context.bit_rate = 96000 * max(1, old.codec_context.channels)
    _copy_stream_tags(stream, old)
    stream.codec_context.open()
    resampler = av.AudioResampler(
        format=stream.codec_context.format,
        layout=stream.codec_context.layout,
        rate=rate,
        frame_size=stream.codec_context.frame_size or None,
    )
    return _Copy(stream, old.index, stream.codec_context, resampler)


def _from_zero(
    picture: Iterable[StoredPacket], others: Iterable[Any], origin: Fraction, begin: Fraction, unit: Fraction
) -> tuple[Iterator[StoredPacket], Iterator[Any]]:
    """Lets the film begin at 0, as AVI counts frames from there: players show a lead of empty frames each their way.

    A picture that begins less than a frame after the film begins with it.

    Args:
        picture: packets in `unit`, seconds of a frame.
        others: packets of the source.
        origin: when the source begins, in seconds.
        begin: when its picture does.
        unit: see `picture`.
    """
    lead = round((begin if origin < begin < origin + unit else origin) / unit)

    def earlier(packet: Any) -> Any:
        shift = round(origin / packet.time_base) if packet.time_base else 0
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        return packet

    moved = (dataclasses.replace(packet, pts=packet.pts - lead, dts=packet.dts - lead) for packet in picture)
    return moved, (earlier(packet) if packet.size else packet for packet in others)


def _in_order(picture: Iterable[StoredPacket]) -> Iterator[StoredPacket]:
    """Makes decoding times rise across chunks: where frame spacing varies, a chunk may begin before the last ended."""
    last = None
    for packet in picture:
        dts = packet.dts if last is None else max(packet.dts, last + 1)
        last = dts
        yield packet if dts == packet.dts else dataclasses.replace(packet, dts=min(dts, packet.pts))


def _interleave(
    new: Any,
    video: Any,
    picture: Iterator[StoredPacket],
    time_base: Fraction,
    others: Iterable[Any],
    copies: dict[int, _Copy],
    timeline: Timeline,
    end: Fraction | None,
) -> None:
    """Feeds the muxer in the order of time, so that it holds little back, up to `end` seconds."""
    import av

    waiting = next(picture, None)
    straightener = Straightener(timeline)

    def write_picture(before: Fraction | None) -> None:
        nonlocal waiting
        while waiting is not None and (before is None or waiting.dts * time_base <= before):
            packet = av.Packet(len(waiting.data))  # made by FFmpeg, which reads past the end of a packet's own bytes
            packet.update(waiting.data)
            packet.pts, packet.dts, packet.duration = waiting.pts, waiting.dts, waiting.duration
            packet.time_base, packet.is_keyframe = time_base, waiting.keyframe
            packet.stream = video
            new.mux_one(packet)
            waiting = next(picture, None)

    for packet in others:
        if packet.dts is None and packet.pts is None and packet.stream.type != "video":
            continue  # the demuxer's end mark
        copy = copies.get(packet.stream.index)
        if copy is None or packet.size == 0:
            continue
        straightener.apply(packet)
        timestamp = packet.dts if packet.dts is not None else packet.pts
        if timestamp is not None:
            time = timestamp * packet.time_base
            if end is not None and time > end:
                continue
            write_picture(time)
        copy.write(new, packet)
    write_picture(None)
    for copy in copies.values():
        copy.write(new, None)


def _packets(old: Any, copies: dict[int, _Copy]) -> Iterator[Any]:
    import av

    if not copies:
        return
    try:
        yield from old.demux([stream for stream in old.streams if stream.index in copies])
    except av.error.FFmpegError as error:
        logging.warning("%s: reading stopped: %s", old.name, error)
