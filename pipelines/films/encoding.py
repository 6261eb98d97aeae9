"""Encoding a film's picture: which codec, which pixel format, which settings, and closed chunks of packets."""

import contextlib
import dataclasses
import os
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, BinaryIO

from colorgan_tf.errors import InputError
from colorgan_tf.inference.quality import Quality
from pipelines.films import hdr, interlacing, matroska, pixel_formats
from pipelines.films.decoding import FilmSource
from pipelines.films.hdr import HdrMetadata
from pipelines.media import formats

CODECS = ("auto", "h264", "h265", "av1", "vp9", "ffv1", "prores", "mpeg2", "mpeg4")
_ENCODERS = {
    "h264": "libx264",
    "h265": "libx265",
    "av1": "libsvtav1",
    "vp9": "libvpx-vp9",
    "ffv1": "ffv1",
    "prores": "prores_ks",
    "mpeg2": "mpeg2video",
    "mpeg4": "mpeg4",
}
# Options for (fast, good, best). Constant quality, so that no chunk depends on another.
_OPTIONS: dict[str, tuple[dict[str, str], ...]] = {
    "libx264": (
        {"preset": "superfast", "crf": "20"},
        {"preset": "veryfast", "crf": "18"},
        {"preset": "medium", "crf": "16"},
    ),
    "libx265": (
        {"preset": "ultrafast", "crf": "21", "x265-params": "log-level=error"},
        {"preset": "fast", "crf": "19", "x265-params": "log-level=error"},
        {"preset": "medium", "crf": "17", "x265-params": "log-level=error"},
    ),
    "libsvtav1": ({"preset": "12", "crf": "28"}, {"preset": "9", "crf": "24"}, {"preset": "6", "crf": "20"}),
    "libvpx-vp9": (
        {"deadline": "realtime", "cpu-used": "8", "crf": "24", "row-mt": "1"},
        {"deadline": "good", "cpu-used": "5", "crf": "22", "row-mt": "1"},
        {"deadline": "good", "cpu-used": "2", "crf": "20", "row-mt": "1"},
    ),
    "ffv1": ({"level": "3", "slices": "4"},) * 3,
    "prores_ks": ({"profile": "standard"}, {"profile": "hq"}, {"profile": "hq"}),
    "mpeg4": ({"qmin": "2", "qmax": "5"}, {"qmin": "2", "qmax": "3"}, {"qmin": "1", "qmax": "2"}),
    "mpeg2video": ({"qmin": "2", "qmax": "6"}, {"qmin": "2", "qmax": "4"}, {"qmin": "1", "qmax": "2"}),
}
# Muxers by file name ending; for other endings libavformat is asked.
_MUXERS = formats.FILM_MUXERS | {".qt": "mov", ".mk3d": "matroska"}
PROGRAM_STREAMS = ("mpeg", "vob", "dvd", "svcd")
_MPEG2_RATES = {Fraction(n, d) for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1))} | {
    Fraction(60000, 1001),
    Fraction(60),
}

# Encoders that write interlaced pictures, and say so.
_INTERLACING = ("libx264", "ffv1", "prores_ks", "mpeg2video", "mpeg4")
_MPEG2_SHAPES = (Fraction(4, 3), Fraction(16, 9), Fraction(221, 100))


@dataclasses.dataclass(frozen=True)
class EncoderPlan:
    """Everything that opens the encoder; two encoders opened from one plan write streams that join.

    Attributes:
        muxer: libavformat's name of the output container.
        encoder: libavcodec's name of the encoder.
        options: the encoder's private options.
        pixel_format: format of the frames to encode.
        width: columns.
        height: rows.
        time_base: seconds of one unit of pts.
        rate: nominal frames a second.
        aspect: width of a pixel over its height, or None.
        primaries: AVColorPrimaries number.
        transfer: AVColorTransferCharacteristic number.
        hdr: mastering display and light levels, or None.
        top_first: which field of an interlaced picture is shown first; None where the stream is not interlaced.
        counts_frames: whether the encoder only takes 1 / rate as time base, so that the pts are put back afterwards.
    """

    muxer: str
    encoder: str
    options: dict[str, str]
    pixel_format: pixel_formats.PixelFormat
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    aspect: Fraction | None
    primaries: int
    transfer: int
    hdr: HdrMetadata | None
    top_first: bool | None
    counts_frames: bool


def muxer_for(output: str) -> str:
    """Returns libavformat's muxer for an output name.

    Raises:
        InputError: the name's ending means no container.
    """
    import av

    ending = os.path.splitext(output)[1].lower()
    name = _MUXERS.get(ending)
    if name is None:
        for candidate in sorted(av.formats_available):  # a set: its own order differs from run to run
            try:
                container = av.ContainerFormat(candidate, "w")
            except ValueError:
                continue
            if ending.removeprefix(".") in container.extensions and container.is_output:
                name = candidate
                break
    if name is None or name in ("gif", "apng", "image2", "webp"):
        raise InputError(f"The output's name must end like a film's (mp4, mkv, mov, ...). Received: {output}.")
    return name


def make_plan(
    source: FilmSource, output: str, codec: str = "auto", quality: Quality | str = Quality.GOOD
) -> EncoderPlan:
    """Chooses encoder, pixel format and settings for a film.

    The pixel format keeps the source's bits and sampling; grey gets 4:2:0, or 4:4:4 where a side is odd.

    Raises:
        InputError: unknown codec or quality, or a codec that the container refuses.
    """
    if codec not in CODECS:
        raise InputError(f"`codec` must be one of {', '.join(CODECS)}. Received: codec={codec}.")
    effort = list(Quality).index(Quality(quality))
    muxer = muxer_for(output)
    wanted = _codec_order(muxer, source.rate) if codec == "auto" else (codec,)
    encoder = next((_ENCODERS[name] for name in wanted if _accepts(muxer, _ENCODERS[name])), None)
    if encoder is None:
        raise InputError(f"The container must take the codec; mkv takes all. Received: codec={codec} for {output}.")
    options = dict(_OPTIONS[encoder][effort])
    if muxer == "avi" and encoder in ("libx264", "libx265"):
        options["bf"] = "0"  # frames must be stored in the order in which they are shown
    if encoder == "mpeg2video" and source.rate not in _MPEG2_RATES:
        raise InputError(
            f"MPEG-2 must have one of its standard frame rates (24, 25, 30, ...). Received: {source.rate}; "
            "choose another codec or container."
        )
    if source.hdr:
        for name, value in hdr.encoder_options(encoder, source.hdr).items():
            options[name] = f"{options[name]}:{value}" if name in options else value
    return EncoderPlan(
        muxer=muxer,
        encoder=encoder,
        options=options,
        pixel_format=_output_pixel_format(source, encoder, muxer),
        width=source.width,
        height=source.height,
        # AVI's pts are frame numbers.
        time_base=1 / source.rate if muxer == "avi" else source.time_base,
        rate=source.rate,
        aspect=source.aspect,
        primaries=source.primaries,
        transfer=source.transfer,
        hdr=source.hdr,
        top_first=source.top_first if encoder in _INTERLACING else None,
        counts_frames=encoder in ("mpeg2video", "mpeg4"),
    )


def _codec_order(muxer: str, rate: Fraction) -> tuple[str, ...]:
    if muxer in PROGRAM_STREAMS:
        return ("mpeg2", "h264") if rate in _MPEG2_RATES else ("h264",)
    if muxer == "mxf":
        return ("mpeg2",)
    if muxer in ("avi", "asf"):
        return ("mpeg4",)  # AVI has no display times: readers guess those of H.264, and guess them late
    return ("h264", "av1", "vp9", "ffv1", "mpeg2")


def _accepts(muxer: str, encoder: str) -> bool:
    import io

    import av

    try:
        with av.open(io.BytesIO(), "w", format=muxer) as container:
            container.add_stream(encoder, rate=25)
    except (ValueError, av.error.FFmpegError):
        return False
    return True


def _output_pixel_format(source: FilmSource, encoder: str, muxer: str) -> pixel_formats.PixelFormat:
    import av

    wanted = source.pixel_format
    odd_width, odd_height = source.width % 2, source.height % 2
    log2_chroma = wanted.log2_chroma if wanted.log2_chroma is not None else (1, 1)
    names = {(1, 1): "yuv420p", (1, 0): "yuv422p", (0, 0): "yuv444p", (0, 1): "yuv440p"}
    sampling = names.get(log2_chroma, "yuv422p" if log2_chroma == (2, 0) else "yuv420p")
    if encoder in ("libx264", "libx265", "mpeg2video") and (
        (odd_width and sampling != "yuv444p") or (odd_height and sampling == "yuv420p")
    ):
        sampling = "yuv444p"
    known = {video_format.name for video_format in av.Codec(encoder, "w").video_formats or []}
    depths = [bits for bits in (8, 9, 10, 12, 14, 16) if bits >= wanted.bits] + [12, 10, 8]
    samplings = [sampling, "yuv422p", "yuv444p", "yuv420p"]
    for bits in depths:
        for candidate in samplings:
            name = candidate if bits == 8 else f"{candidate}{bits}le"
            if name in known:
                described = pixel_formats.describe(name, wanted.matrix, 0, source.height, source.width)
                full = wanted.full_range and _says_full_range(encoder, muxer)
                return dataclasses.replace(described, full_range=full, matrix=wanted.matrix)
    raise InputError(f"The codec must take planar YCbCr. Received: {encoder}.")


def _says_full_range(encoder: str, muxer: str) -> bool:
    """Tells whether a reader learns that luma spans all code values: from the codec's stream, or from the container."""
    return encoder in ("libx264", "libx265", "libsvtav1", "libvpx-vp9") or (
        encoder == "ffv1" and muxer in matroska.MUXERS
    )


def losses(source: FilmSource, plan: EncoderPlan) -> list[str]:
    """Tells, one line each, what of the film's picture the codec and container cannot hold."""
    held, encoder, muxer = plan.pixel_format, plan.encoder, plan.muxer
    lines = [f"{name} is dropped" for name in source.lost]
    if held.bits < source.pixel_format.bits:
        lines.append(f"{encoder} holds {held.bits} of the film's {source.pixel_format.bits} bits")
    if source.pixel_format.full_range and not held.full_range:
        lines.append(f"{encoder} in {muxer} cannot say full range: the picture is converted to limited range")
    if source.hdr and muxer not in matroska.MUXERS and not hdr.encoder_options(encoder, source.hdr):
        lines.append(f"{encoder} in {muxer} cannot hold the HDR mastering data: they are dropped")
    if source.top_first is not None and plan.top_first is None:
        lines.append(f"{encoder} cannot say that the picture is interlaced; --deinterlace makes whole frames of it")
    if source.aspect and muxer not in (*matroska.MUXERS, "mov", "mp4"):
        shape = Fraction(source.width, source.height) * source.aspect
        if encoder == "mpeg2video" and min(abs(shape / known - 1) for known in _MPEG2_SHAPES) > 0.01:
            lines.append(f"MPEG-2 in {muxer} only holds pictures of 4:3, 16:9 and 2.21:1: the nearest is written")
        if encoder == "ffv1":
            lines.append(f"{encoder} in {muxer} cannot say that pixels are not square: Matroska can")
    return lines


@contextlib.contextmanager
def own_priority() -> Iterator[None]:
    """Gives this thread its priority back afterwards, and threads that were begun meanwhile the same.

    SVT-AV1, run as root, makes the thread that opens it and its own ones real-time, which starves all other programs.
    """
    if not hasattr(os, "sched_getscheduler"):  # Linux has it
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        if os.sched_getscheduler(0) != policy:
            for thread in map(int, os.listdir("/proc/self/task")):
                with contextlib.suppress(ProcessLookupError):  # it may have ended
                    os.sched_setscheduler(thread, policy, parameters)


def configure(context: Any, plan: EncoderPlan, global_header: bool) -> None:
    """Sets an encoder up after the plan, before it is opened."""
    context.width, context.height = plan.width, plan.height
    context.pix_fmt = plan.pixel_format.name
    context.time_base = 1 / plan.rate if plan.counts_frames else plan.time_base
    context.framerate = plan.rate
    context.options = dict(plan.options)
    context.bit_rate = 0
    if plan.counts_frames:
        context.bit_rate = 40 * plan.width * plan.height  # a ceiling for the rate control; qmin and qmax decide
    context.color_range = pixel_formats.FULL if plan.pixel_format.full_range else pixel_formats.LIMITED
    context.colorspace = plan.pixel_format.matrix
    # 2 is "unspecified" in both lists, 0 is "reserved": encoders refuse it.
    context.color_primaries = plan.primaries or 2
    context.color_trc = plan.transfer or 2
    if plan.aspect:
        context.sample_aspect_ratio = plan.aspect
    if plan.top_first is not None:
        context.field_order = interlacing.TOP_FIRST if plan.top_first else interlacing.BOTTOM_FIRST
        context.flags |= 1 << 18 | 1 << 29  # AV_CODEC_FLAG_INTERLACED_DCT and _ME
    if plan.encoder in ("ffv1", "prores_ks"):
        context.thread_type = "SLICE"
    if global_header:
        context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER


def wants_global_header(muxer: str) -> bool:
    """Tells whether a container stores the codec's headers once, outside the packets."""
    return muxer not in ("avi", "mpegts", *PROGRAM_STREAMS)


@dataclasses.dataclass(frozen=True)
class StoredPacket:
    """One encoded packet: its times in the plan's time base, and its bytes."""

    pts: int
    dts: int
    duration: int
    keyframe: bool
    data: bytes


class ChunkEncoder:
    """Encodes one closed chunk: it begins with a keyframe and refers to nothing outside itself."""

    def __init__(self, plan: EncoderPlan, source_time_base: Fraction):
        import av

        self._plan = plan
        self._source_time_base = source_time_base
        self._last: int | None = None
        self._context: Any = av.CodecContext.create(plan.encoder, "w")
        configure(self._context, plan, wants_global_header(plan.muxer))
        self._fields = None if plan.top_first is None else interlacing.FieldMarker(plan.top_first)
        self._pts: list[int] = []
        self._durations: dict[int, int] = {}

    def encode(self, frame: Any) -> list[StoredPacket]:
        """Encodes a frame whose `pts` and `duration` are in the source's time base."""
        factor = self._source_time_base / self._plan.time_base
        pts = round(frame.pts * factor)
        if self._last is not None:
            pts = max(pts, self._last + 1)  # two frames closer than the container's unit
        self._last = pts
        self._durations[pts] = max(1, round(frame.duration * factor))
        frame.pts, frame.time_base = pts, self._plan.time_base
        if self._plan.counts_frames:
            frame.pts, frame.time_base = len(self._pts), 1 / self._plan.rate
        self._pts.append(pts)
        if self._fields is not None:
            frame = self._fields.mark(frame)
        if not self._context.is_open:
            with own_priority():
                self._context.open()
        return [self._store(packet) for packet in self._context.encode(frame)]

    def close(self) -> list[StoredPacket]:
        """Ends the chunk and returns the packets that the encoder still held."""
        return [self._store(packet) for packet in self._context.encode(None)]

    def _store(self, packet: Any) -> StoredPacket:
        pts, dts = packet.pts, packet.dts if packet.dts is not None else packet.pts
        if self._plan.counts_frames:
            pts = dts = self._pts[pts]
        duration = self._durations.get(pts, packet.duration or 0)
        return StoredPacket(pts, dts, duration, packet.is_keyframe, bytes(packet))


def blank_packets(plan: EncoderPlan, source_time_base: Fraction, begin: int, frames: int = 3) -> list[StoredPacket]:
    """Encodes a few empty frames: shows early whether the encoder opens, and what its packets are like."""
    import av

    encoder = ChunkEncoder(plan, source_time_base)
    step = max(1, round(1 / plan.rate / source_time_base))
    packets = []
    for number in range(frames):
        frame = av.VideoFrame(plan.width, plan.height, plan.pixel_format.name)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.duration = begin + number * step, step
        packets += encoder.encode(frame)
    return packets + encoder.close()


# A record is: pts, dts, duration, keyframe, length; then the bytes.
_RECORD = struct.Struct("<qqq?I")


def write_packets(file: BinaryIO, packets: Iterable[StoredPacket]) -> None:
    """Appends packets to a chunk file."""
    for packet in packets:
        file.write(_RECORD.pack(packet.pts, packet.dts, packet.duration, packet.keyframe, len(packet.data)))
        file.write(packet.data)


def read_packets(path: str) -> Iterator[StoredPacket]:
    """Reads a chunk file, one packet at a time.

    Raises:
        ValueError: the file ends inside a record.
    """
    with open(path, "rb") as file:
        while header := file.read(_RECORD.size):
            if len(header) < _RECORD.size:
                raise ValueError(f"A chunk file must hold whole records. Received: {path}.")
            pts, dts, duration, keyframe, length = _RECORD.unpack(header)
            data = file.read(length)
            if len(data) < length:
                raise ValueError(f"A chunk file must hold whole records. Received: {path}.")
            yield StoredPacket(pts, dts, duration, keyframe, data)
