"""Muxing the finished film: its encoded picture with all else that is in the source, without encoding again."""

import dataclasses
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from colorgan_tf.errors import InputError
from pipelines.films import decoding, encoding, matroska, other_streams
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan, StoredPacket
from pipelines.films.other_streams import Kept, Refused, StreamCopy
from pipelines.films.timeline import Straightener, Timeline
from pipelines.media import provenance

_MP4_TAGS = {
    *("title", "artist", "album", "album_artist", "comment", "date", "genre", "composer", "copyright", "description"),
    *("synopsis", "show", "episode_id", "network", "lyrics", "creation_time", "grouping", "track", "disc", "language"),
    *("season_number", "episode_sort", "hd_video", "media_type", "keywords", "rating", "performer", "author"),
}


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
            return join(source, plan, picture(), output, kept.indices, until)
        except Refused as refused:
            logging.warning("stream %d is left out: %s", refused.index, refused.__cause__)
            kept.drop(refused.index, source, plan)


def join(
    source: FilmSource,
    plan: EncoderPlan,
    picture: Iterable[StoredPacket],
    output: str,
    kept: set[int],
    until: int | None = None,
    packets: int | None = None,
) -> None:
    """Writes `output` once; see `mux`.

    Args:
        source: as in `mux`.
        plan: as in `mux`.
        picture: its packets.
        output: as in `mux`.
        kept: numbers of the other streams to write.
        until: as in `mux`.
        packets: how many packets of the source are read; None for all.

    Raises:
        Refused: a packet of a kept stream does not fit.
    """
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
        with encoding.own_priority(), av.open(output, "w", format=plan.muxer, container_options=options) as new:
            new.metadata.update(tags)
            new.set_chapters(old.chapters())
            copies: dict[int, StreamCopy] = {}
            video = None
            for stream in old.streams:
                if stream.index == source.index:
                    video = _add_picture(new, stream, source, plan)
                    stream.discard = av.stream.Discard.all
                elif stream.index not in kept:
                    stream.discard = av.stream.Discard.all
                elif plan.muxer == "matroska" and other_streams.is_cover(stream):
                    other_streams.attach_cover(new, stream, source.path)
                    stream.discard = av.stream.Discard.all
                else:
                    copies[stream.index] = other_streams.add_copy(new, stream, plan.muxer)
            assert video is not None
            new.start_encoding()
            end = None if until is None else until * source.time_base
            others: Iterable[Any] = itertools.islice(_packets(old, copies), packets)
            if plan.muxer == "avi":
                origin = max(Fraction(0), Fraction(old.start_time or 0, 10**6))
                begin = (old.streams[source.index].start_time or 0) * source.time_base
                picture, others = _from_zero(picture, others, origin, begin, plan.time_base)
                end = None if end is None else end - origin
            elif plan.muxer in encoding.PROGRAM_STREAMS and plan.encoder == "mpeg2video":
                picture = _from_start_codes(picture)
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
    tags = {key: value for key, value in old.items() if key.lower() not in other_streams.OLD_FILE_TAGS}
    comment = next((key for key in tags if key.lower() == "comment"), "comment")
    tags[comment] = provenance.tagged(tags.get(comment, ""))
    tags["colorized_by"] = provenance.TEXT
    return tags


def _add_picture(new: Any, old: Any, source: FilmSource, plan: EncoderPlan) -> Any:
    video = new.add_stream(plan.encoder, rate=plan.rate)
    encoding.configure(video.codec_context, plan, encoding.wants_global_header(plan.muxer))
    video.time_base = plan.time_base
    other_streams.copy_tags(video, old)
    video.metadata.pop("alpha_mode", None)  # the coloured picture has no alpha
    if _completed_after(plan):
        video.metadata["title"] = video.metadata.get("title", "") + matroska.PADDING
    if source.display_matrix:
        video.set_display_matrix(source.display_matrix)
    return video


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


def _from_start_codes(picture: Iterable[StoredPacket]) -> Iterator[StoredPacket]:
    """Lets packets begin with their picture's start code: the headers before it go to the end of the packet before.

    A time stamp in a program stream is that of the first such code after it (ISO 13818-1, 2.4.3.7). libavformat means
    the first packet, and a code whose headers fell into the piece before would get the time of the next picture.
    """
    before: StoredPacket | None = None
    for packet in picture:
        if before is not None:
            begin = max(0, packet.data.find(b"\0\0\1\0"))
            yield dataclasses.replace(before, data=before.data + packet.data[:begin])
            packet = dataclasses.replace(packet, data=packet.data[begin:])
        before = packet
    if before is not None:
        yield before


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
    copies: dict[int, StreamCopy],
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


def _packets(old: Any, copies: dict[int, StreamCopy]) -> Iterator[Any]:
    import av

    if not copies:
        return
    try:
        yield from old.demux([stream for stream in old.streams if stream.index in copies])
    except av.error.FFmpegError as error:
        logging.warning("%s: reading stopped: %s", old.name, error)
