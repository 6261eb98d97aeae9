"""Writing animations with exact times: GIF frame by frame, WebP and APNG with Pillow."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from pipelines.animations.decoding import Frame

if TYPE_CHECKING:
    from PIL import Image


class GifWriter:
    """Writes a GIF frame by frame, each as the changed part of the canvas, with exact times.

    Pillow encodes the data; its own animation writer would join equal frames and so lose their number.

    Args:
        file: open for writing.
        size: (height, width) of the canvas.
        loop: as in `Animation`.
        comment: text to keep, with the provenance tag.
    """

    def __init__(self, file: BinaryIO, size: tuple[int, int], loop: int | None, comment: bytes):
        self._file = file
        self._size = size
        self._shown: np.ndarray | None = None
        height, width = size
        file.write(b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x70\0\0")
        if loop is not None:
            file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + min(loop, 65535).to_bytes(2, "little") + b"\0")
        if comment:
            parts = [comment[start : start + 255] for start in range(0, len(comment), 255)]
            file.write(b"\x21\xfe" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0")

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
        top, bottom, left, right = 0, *self._size[:1], 0, self._size[1]
        if self._shown is not None and not clear:
            same = (colours == self._shown).all(axis=-1)
            indices = np.where(same, np.uint8(255), indices)
            changed = ~same
            rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
            if len(rows) == 0:  # nothing changed: one transparent pixel carries the time
                top, bottom, left, right = 0, 1, 0, 1
            else:
                top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        self._shown = None if clear else colours
        self._put(indices[top:bottom, left:right], palette, (int(left), int(top)), milliseconds, 2 if clear else 1)

    def _put(
        self, indices: np.ndarray, palette: np.ndarray, offset: tuple[int, int], milliseconds: float, disposal: int
    ) -> None:
        from PIL import GifImagePlugin, Image

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


def write_webp_or_apng(
    file: BinaryIO, kind: str, pictures: Iterator[Frame], loop: int | None, quality: int | None, comment: str
) -> None:
    """Writes an animated WebP or an APNG; both hold true colours and alpha. Without quality: lossless."""
    from PIL import Image, PngImagePlugin

    times: list[int] = []

    def images() -> Iterator["Image.Image"]:
        for frame in pictures:
            times.append(round(frame.milliseconds))
            opaque = bool((frame.rgba[..., 3] == 255).all())
            yield Image.fromarray(frame.rgba[..., :3] if opaque and kind == "WEBP" else frame.rgba)

    every = list(images())
    options: dict[str, object] = {"save_all": True, "append_images": every[1:], "duration": times}
    if kind == "WEBP":
        options |= {"loop": 1 if loop is None else loop, "method": 4, "exact": False}
        options |= {"lossless": True} if quality is None else {"quality": quality}
    else:
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", comment)
        options |= {"loop": 1 if loop is None else loop, "pnginfo": text}
    every[0].save(file, kind, **options)
