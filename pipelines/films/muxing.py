"""Muxing the finished film: its encoded picture with all else that is in the source, without encoding again."""

import dataclasses
import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipelines.films import decoding, encoding, matroska
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan, StoredPacket
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
_SOUND_ENCODERS = {"webm": "libopus", "avi": "mp3", "mpeg": "mp2", "vob": "ac3"}


def mux(
    source: FilmSource,
    plan: EncoderPlan,
    picture: Iterable[StoredPacket],
    output: str,
    until: int | None = None,
) -> list[str]:
    """Writes `output` from the encoded picture and the source's other streams, chapters and tags.

    Args:
        source: the film that was coloured.
        plan: how the picture was encoded.
        picture: its packets, chunk after chunk.
        output: file to write.
        until: pts (in the source's time base) after which nothing is copied; for a film that was stopped.

    Returns:
        What could not be kept, one line each.
    """
    import av

    notes: list[str] = []
    with decoding.open_film(source.path) as old:
        tags = _film_tags(old.metadata)
        options = {}
        if plan.muxer in ("mp4", "mov"):
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
                    continue
                if plan.muxer == "matroska" and _is_cover(stream):
                    _attach_cover(new, stream, source.path)
                    stream.discard = av.stream.Discard.all
                    continue
                copy = _add_copy(new, stream, plan.muxer)
                if copy is None:
                    stream.discard = av.stream.Discard.all
                    if not _written_anew(stream, old):
                        what = f"{stream.type} stream {stream.index} ({_codec_name(stream)})"
                        notes.append(f"{what} does not fit {plan.muxer}")
                else:
                    copies[stream.index] = copy
            assert video is not None
            new.start_encoding()
            end = None if until is None else until * source.time_base
            _interleave(new, video, _in_order(picture), plan.time_base, old, copies, end)
    if _completed_after(plan):
        matroska.describe_picture(output, plan.width, plan.height, plan.aspect, plan.hdr)
    return notes


def _completed_after(plan: EncoderPlan) -> bool:
    return plan.muxer in matroska.MUXERS and (plan.aspect is not None or plan.hdr is not None)


def _film_tags(old: dict[str, str]) -> dict[str, str]:
    tags = {key: value for key, value in old.items() if key.lower() not in _OLD_FILE_TAGS}
    comment = next((key for key in tags if key.lower() == "comment"), "comment")
    tags[comment] = provenance.tagged(tags.get(comment, ""))
    tags["colorized_by"] = provenance.TEXT
    return tags


def _codec_name(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else stream.name or "unknown"


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
    encoder: Any = None
    resampler: Any = None
    plain_text: bool = False  # QuickTime's timed text goes to SubRip, which Matroska takes

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


def _add_copy(new: Any, old: Any, muxer: str) -> _Copy | None:
    import av

    if muxer == "matroska" and _codec_name(old) == "mov_text":
        text = new.add_mux_stream("subrip")
        text.time_base = old.time_base
        _copy_stream_tags(text, old)
        return _Copy(text, plain_text=True)
    if not _fits(old, muxer):
        if old.type != "audio" or old.codec_context is None:
            return None
        return _add_sound(new, old, muxer)
    try:
        stream = new.add_stream_from_template(old, opaque=True)
    except (ValueError, av.error.FFmpegError):
        return None
    _copy_stream_tags(stream, old)
    return _Copy(stream)


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
    rate = 48000 if encoder == "libopus" else old.codec_context.sample_rate
    stream = new.add_stream(encoder, rate=rate)
    stream.codec_context.layout = old.codec_context.layout
    stream.codec_context.bit_rate = 96000 * max(1, old.codec_context.channels)
    _copy_stream_tags(stream, old)
    stream.codec_context.open()
    resampler = av.AudioResampler(
        format=stream.codec_context.format,
        layout=stream.codec_context.layout,
        rate=rate,
        frame_size=stream.codec_context.frame_size or None,
    )
    return _Copy(stream, stream.codec_context, resampler)


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
    old: "av.container.InputContainer",
    copies: dict[int, _Copy],
    end: Fraction | None,
) -> None:
    """Feeds the muxer in the order of time, so that it holds little back, up to `end` seconds."""
    import av

    waiting = next(picture, None)

    def write_picture(before: Fraction | None) -> None:
        nonlocal waiting
        while waiting is not None and (before is None or waiting.dts * time_base <= before):
            packet = av.Packet(waiting.data)
            packet.pts, packet.dts, packet.duration = waiting.pts, waiting.dts, waiting.duration
            packet.time_base, packet.is_keyframe = time_base, waiting.keyframe
            packet.stream = video
            new.mux_one(packet)
            waiting = next(picture, None)

    for packet in _packets(old, copies):
        if packet.dts is None and packet.pts is None and packet.stream.type != "video":
            continue  # the demuxer's end mark
        copy = copies.get(packet.stream.index)
        if copy is None or packet.size == 0:
            continue
        timestamp = packet.dts if packet.dts is not None else packet.pts
        if timestamp is not None:
            time = timestamp * packet.time_base
            if end is not None and time > end:
                continue
            write_picture(time)
        for made in copy.convert(packet):
            new.mux_one(made)
    write_picture(None)
    for copy in copies.values():
        for made in copy.convert(None):
            new.mux_one(made)


def _packets(old: Any, copies: dict[int, _Copy]) -> Iterator[Any]:
    import av

    if not copies:
        return
    try:
        yield from old.demux([stream for stream in old.streams if stream.index in copies])
    except av.error.FFmpegError as error:
        logging.warning("%s: reading stopped: %s", old.name, error)
