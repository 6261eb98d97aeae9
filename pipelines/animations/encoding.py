"""Writing animations with exact times, frame by frame: GIF, APNG and WebP. Memory holds a frame or two."""

import dataclasses
import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import GifImagePlugin, Image, PngImagePlugin

from pipelines.animations.decoding import Frame
from pipelines.media import png


@dataclasses.dataclass(frozen=True)
class Description:
    """What an animation's file says beside its frames; empty where it says nothing.

    Attributes:
        comment: text, in GIF and APNG.
        profile: ICC profile.
        exif: serialized EXIF, in WebP and APNG.
        xmp: XMP packet.
    """

    comment: bytes = b""
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""


class GifWriter:
    """Writes a GIF frame by frame, each as the changed part of the canvas, with exact times.

    Pillow encodes the data; its own animation writer would join equal frames and so lose their number.

    Args:
        file: open for writing.
        size: (height, width) of the canvas.
        loop: as in `Animation`.
        described: what the file is to say.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], loop: int | None, described: Description):
        self._file = file
        self._size = size
        self._shown: np.ndarray | None = None
        height, width = size
        file.write(b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x70\0\0")
        if loop is not None:
            file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + min(loop, 65535).to_bytes(2, "little") + b"\0")
        if described.profile:
            file.write(b"\x21\xff\x0bICCRGBG1012" + _sub_blocks(described.profile))
        if described.xmp:  # as it is, with a trailer through which readers of sub-blocks find the end
            file.write(b"\x21\xff\x0bXMP DataXMP" + described.xmp + b"\1" + bytes(range(255, -1, -1)) + b"\0")
        if described.comment:
            file.write(b"\x21\xfe" + _sub_blocks(described.comment))

    def write(self, indices: np.ndarray, palette: np.ndarray, milliseconds: float, clear: bool) -> None:
        """Adds a frame.

        Args:
            indices: `[height, width]` uint8 into the palette; 255 is transparent.
            palette: `[256, 3]` uint8.
            milliseconds: how long the frame is shown; GIF holds hundredths of a second.
            clear: whether the canvas is cleared after this frame (animations with transparent parts).
        """
        colours = palette[indices]
        colours[indices == 255] = 0
        changed = np.ones(self._size, bool)
        if self._shown is not None and not clear:
            changed = (colours != self._shown).any(axis=-1)
            indices = np.where(changed, indices, np.uint8(255))
        top, bottom, left, right = _box(changed)
        self._shown = None if clear else colours
        self._put(indices[top:bottom, left:right], palette, (left, top), milliseconds, 2 if clear else 1)

    def _put(
        self, indices: np.ndarray, palette: np.ndarray, offset: tuple[int, int], milliseconds: float, disposal: int
    ) -> None:
        picture = Image.fromarray(np.ascontiguousarray(indices), "P")
        picture.putpalette(palette.astype(np.uint8).tobytes())
        picture.encoderinfo = {"optimize": False}
        for part in GifImagePlugin.getdata(
            picture,
            offset,
            duration=milliseconds,
            disposal=disposal,
            transparency=255,
            include_color_table=True,
        ):
            self._file.write(part)

    def close(self) -> None:
        """Writes the trailer."""
        self._file.write(b";")


def write_webp(
    file: BinaryIO, pictures: Iterator[Frame], count: int, loop: int | None, quality: int | None, described: Description
) -> None:
    """Writes an animated WebP of `count` frames; it holds true colours and alpha. Without quality: lossless."""
    times: list[int] = []

    def images() -> Iterator[Image.Image]:
        for frame in pictures:
            times.append(round(frame.milliseconds))
            opaque = bool((frame.rgba[..., 3] == 255).all())
            yield Image.fromarray(frame.rgba[..., :3] if opaque else frame.rgba)

    options: dict[str, object] = {"save_all": True, "duration": times, "loop": 1 if loop is None else loop}
    options |= {"lossless": True} if quality is None else {"quality": quality}
    options |= {"method": 4, "exif": described.exif, "xmp": described.xmp, "icc_profile": described.profile}
    _InOrder(images(), count).save(file, "WEBP", **options)


class _InOrder(Image.Image):
    """Frames that are made when Pillow asks for the next one."""

    def __init__(self, images: Iterator[Image.Image], count: int):
        super().__init__()
        self._images = images
        self.n_frames = count
        self._number = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Goes to the next frame, or stays."""
        if frame == self._number + 1:
            image = next(self._images)
            self.im, self._size, self._mode = image.im, image.size, image.mode
            self._number = frame


def write_apng(file: BinaryIO, pictures: Iterator[Frame], loop: int | None, described: Description) -> None:
    """Writes an APNG, each frame as the changed part of the canvas; it holds true colours and alpha.

    Pillow encodes the pixels; its own animation writer would hold all frames, and join equal ones.
    """
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", described.comment.decode("utf-8", "replace"))
    if described.xmp:
        text.add_itxt("XML:com.adobe.xmp", described.xmp.decode("utf-8", "replace"))
    options = {"pnginfo": text, "exif": described.exif or None, "icc_profile": described.profile or None}
    shown: np.ndarray | None = None
    frames = number = control = 0  # number of the next numbered chunk; place of the chunk that says how many frames
    for frame in pictures:
        changed = np.ones(frame.rgba.shape[:2], bool) if shown is None else (frame.rgba != shown).any(axis=-1)
        top, bottom, left, right = _box(changed)
        picture = io.BytesIO()
        part = np.ascontiguousarray(frame.rgba[top:bottom, left:right])
        Image.fromarray(part).save(picture, "PNG", **options if shown is None else {})
        chunks = list(png.chunks(picture.getvalue()))
        if shown is None:
            file.write(png.SIGNATURE)
            for name, content in chunks:
                if name not in (b"IDAT", b"IEND"):
                    file.write(png.chunk(name, content))
            control = file.tell()
            file.write(png.chunk(b"acTL", bytes(8)))
        time = min(round(frame.milliseconds), 65535)
        file.write(
            png.chunk(b"fcTL", struct.pack(">5I2H2B", number, right - left, bottom - top, left, top, time, 1000, 0, 0))
        )
        number += 1
        for name, content in chunks:
            if name == b"IDAT" and shown is None:
                file.write(png.chunk(name, content))
            elif name == b"IDAT":
                file.write(png.chunk(b"fdAT", struct.pack(">I", number) + content))
                number += 1
        shown = frame.rgba
        frames += 1
    file.write(png.chunk(b"IEND", b""))
    file.seek(control)
    file.write(png.chunk(b"acTL", struct.pack(">II", frames, 1 if loop is None else loop)))


def _box(changed: np.ndarray) -> tuple[int, int, int, int]:
    """Returns top, bottom, left and right of what changed; where nothing did, one pixel carries the time."""
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    if len(rows) == 0:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _sub_blocks(data: bytes) -> bytes:
    parts = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
