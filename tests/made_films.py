"""Films that tests make with PyAV, what they read back of them, and a stand-in network."""

import types
from fractions import Fraction

import av
import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.films import decoding

SIZE = (64, 96)


class WarmColorizer(Colorizer):
    """Colours everything alike, a little by luma: cheap, and easy to find again in the output."""

    identity = "warm"

    def __init__(self, multiple=16, longest=64):
        super().__init__(backend=types.SimpleNamespace(signatures=frozenset()), quality="fast")
        self.multiple, self.longest = multiple, longest
        self.calls = []

    def input_resolution(self, height, width):
        scale = self.longest / max(height, width)
        return tuple(max(32, round(side * scale / self.multiple) * self.multiple) for side in (height, width))

    def coarse(self, luma):
        return luma, self.network(luma)

    def network(self, luma):
        self.calls.append(luma.copy())
        return np.concatenate([-0.1 + 0.05 * luma, 0.12 + 0.0 * luma], axis=-1).astype(np.float32)


def pattern(number, size=SIZE, shot=0, bits=8):
    """A moving, textured luma plane; every shot has another texture."""
    height, width = size
    texture = np.random.default_rng(shot).integers(60, 200, (height // 8, width // 8))
    codes = np.kron(texture, np.ones((8, 8), int))[:height, :width]
    codes = np.roll(codes, number, axis=1) + (np.arange(width) % 7)[None]
    return (codes << (bits - 8)).astype(np.uint8 if bits == 8 else np.uint16)


def put(frame, index, codes):
    plane = frame.planes[index]
    np.frombuffer(plane, codes.dtype).reshape(plane.height, -1)[:, : plane.width] = codes


def make_film(
    path,
    frames=12,
    codec="ffv1",
    pixels="yuv420p",
    size=SIZE,
    rate=Fraction(24),
    stamps=None,
    time_base=None,
    sound=0,
    tags=None,
    chapters=(),
    rotation=None,
    aspect=None,
    matrix=1,
    full=False,
    luma=pattern,
    options=None,
    cover=False,
    colour=None,
):
    """Writes a film with neutral (or given) chroma and a tone on each sound track."""
    bits = 10 if "10" in pixels else 8
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        container.set_chapters(list(chapters))
        video = container.add_stream(codec, rate=rate, options=options or {})
        video.width, video.height, video.pix_fmt = size[1], size[0], pixels
        video.codec_context.time_base = video.time_base = time_base or 1 / rate
        video.codec_context.color_range, video.codec_context.colorspace = (2 if full else 1), matrix
        if aspect:
            video.codec_context.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        tracks = []
        for number in range(sound):
            track = container.add_stream("aac", rate=48000)
            track.layout = "mono"
            track.metadata["language"] = ("eng", "deu", "fra")[number]
            tracks.append(track)
        art = None
        if cover:
            art = container.add_stream("mjpeg", rate=1)
            art.width, art.height, art.pix_fmt = 32, 32, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
        if art is not None:
            picture = av.VideoFrame(32, 32, "yuvj420p")
            for index in range(3):
                put(picture, index, np.full((32 >> (index > 0), 32 >> (index > 0)), 90, np.uint8))
            container.mux(art.encode(picture))
            container.mux(art.encode(None))
        for number in range(frames):
            frame = av.VideoFrame(size[1], size[0], pixels)
            put(frame, 0, luma(number, size, bits=bits))
            for index in range(1, len(frame.planes)):
                plane = frame.planes[index]
                value = 128 << (bits - 8) if colour is None else colour(number, index, plane.height, plane.width)
                put(frame, index, np.zeros((plane.height, plane.width), np.uint8 if bits == 8 else np.uint16) + value)
            frame.pts = number if stamps is None else stamps[number]
            frame.time_base = video.codec_context.time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for number, track in enumerate(tracks):
            samples = int(48000 * frames / rate)
            tone = 0.3 * np.sin(np.arange(samples) * (0.05 + 0.01 * number), dtype=np.float32)
            for start in range(0, samples - 1023, 1024):
                block = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
                block.sample_rate, block.pts, block.time_base = 48000, start, Fraction(1, 48000)
                container.mux(track.encode(block))
            container.mux(track.encode(None))
    return str(path)


def lumas(path):
    with av.open(str(path)) as container:
        stream = decoding.picture_stream(container, str(path))
        result = []
        for frame in container.decode(stream):
            dtype = np.uint16 if "10" in frame.format.name or "16" in frame.format.name else np.uint8
            plane = frame.planes[0]
            result.append(np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width].copy())
        return result


def times(path):
    with av.open(str(path)) as container:
        stream = decoding.picture_stream(container, str(path))
        return [frame.pts * frame.time_base for frame in container.decode(stream)]


def packets(path, kind):
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [
            [(packet.pts * packet.time_base, bytes(packet)) for packet in container.demux(stream) if packet.size]
            for stream in streams
            if not container.seek(0)
        ]


def first_chroma(path, index, size=(32, 48)):
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        plane = frame.planes[index]
        return np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[: size[0], : size[1]].copy()
