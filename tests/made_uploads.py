"""What the tests of jobs, website and desktop program share: a network that costs nothing, and made files."""

import io
import os
import struct
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan_tf.errors import InputError

SAMPLES = Path(__file__).parent.parent / "examples" / "bw"
WARM, BLUE = (-0.05, 0.08), (0.15, -0.08)


class FakeBackend:
    """Colours everything in one warm tone, and counts; it waits where its gate is closed."""

    input_resolution, multiple, identity = 64, 32, "fake"
    signatures = frozenset({"luma_to_chroma"})

    def __init__(self):
        self.calls = 0
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()

    def luma_to_chroma(self, luma):
        self.calls += 1
        self.begun.set()
        self.gate.wait(60)
        return np.broadcast_to(np.array(WARM, np.float32), (*luma.shape[:3], 2)).copy()


class ChoosingBackend(FakeBackend):
    """Takes hints and references, each for the whole picture, and holds blue for the second likeliest colour."""

    signatures = frozenset(
        {"luma_to_chroma", "luma_and_hints_to_chroma", "luma_and_reference_to_chroma", "likely_colors"}
    )

    def __init__(self):
        super().__init__()
        self.asked = []

    def predict(self, signature, inputs):
        self.asked.append(signature)
        luma = inputs["luma"]
        if signature == "likely_colors":
            colours = np.array([(*WARM, 0.6), (*BLUE, 0.3), *[(0, 0, 0)] * 4], np.float32)
            return np.broadcast_to(colours, (len(luma), luma.shape[1] // 4, luma.shape[2] // 4, 6, 3)).copy()
        told = inputs["reference"][..., 1:] if "reference" in inputs else inputs["hints"][..., :2]
        weight = np.ones_like(told[..., :1]) if "reference" in inputs else inputs["hints"][..., 2:]
        mean = (told * weight).sum((1, 2), keepdims=True) / weight.sum((1, 2), keepdims=True)
        return np.broadcast_to(mean, (*luma.shape[:3], 2)).astype(np.float32)


class CrashingBackend(FakeBackend):
    """Takes the whole process down at a nearly black picture."""

    def luma_to_chroma(self, luma):
        if 0 < luma.mean() < 0.05:
            os._exit(134)
        return super().luma_to_chroma(luma)


def load_crashing():
    return CrashingBackend()


def grey(width=80, height=64, level=None, seed=0):
    """A made grey picture: a bright disc on a ramp, uint8 `[H, W]`."""
    if level is not None:
        return np.full((height, width), level, np.uint8)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    ramp = 60 + 80 * x / width
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2
    return np.clip(np.where(disc, 200, ramp) + rng.normal(0, 2, (height, width)), 0, 255).astype(np.uint8)


def scan() -> bytes:
    """A made scan of two pictures on white, one beside the other, as PNG."""
    made = np.full((200, 400), 250, np.uint8)
    for left, seed in ((20, 1), (210, 2)):
        made[30:170, left : left + 160] = np.minimum(grey(160, 140, seed=seed), 200)
    buffer = io.BytesIO()
    Image.fromarray(made).save(buffer, "PNG")
    return buffer.getvalue()


def picture(file_format="JPEG", **size) -> bytes:
    """A made picture file."""
    buffer = io.BytesIO()
    Image.fromarray(grey(**size)).save(buffer, file_format)
    return buffer.getvalue()


def colour_picture() -> bytes:
    """A picture that is in colour already."""
    rgb = np.dstack([grey(), 255 - grey(), np.roll(grey(), 20, axis=1)])
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def animation(frames=6) -> bytes:
    """A made GIF whose picture moves to the right."""
    images = [Image.fromarray(np.roll(grey(96, 64), 2 * number, axis=1)) for number in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=80, loop=0)
    return buffer.getvalue()


def film(path: Path, frames=30, width=96, height=64) -> bytes:
    """A made grey film, H.264 in MP4, 10 frames a second, whose picture moves to the right."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            rgb = np.repeat(np.roll(grey(width, height), number, axis=1)[..., None], 3, axis=-1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


def stamped(packets: bytes) -> bytes:
    """Returns an MPEG transport stream as camcorders store it: four bytes of time before each packet."""
    parts = [packets[start : start + 188] for start in range(0, len(packets), 188)]
    return b"".join(struct.pack(">I", 300 * number) + part for number, part in enumerate(parts))


def load_when(path):
    """Loads only where a file is: a model, or a server, that comes up late."""
    if not Path(path).exists():
        raise InputError(f"The model must exist. Received: {path}.")
    return FakeBackend()
