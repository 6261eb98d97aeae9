"""Animated pictures (GIF, WebP, APNG) frame by frame: composited as a browser does, written with their own times."""

import dataclasses
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from colorgan_tf.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = {".gif": "GIF", ".webp": "WEBP", ".png": "PNG", ".apng": "PNG"}


@dataclasses.dataclass(frozen=True)
class Animation:
    """What an animated file says about itself.

    Attributes:
        path: the file.
        kind: "GIF", "WEBP" or "PNG".
        width: columns of the canvas.
        height: rows of the canvas.
        loop: how often it plays, 0 for ever, None where the file does not say (once).
        tags: text that is kept (a GIF's comment).
    """

    path: str
    kind: str
    width: int
    height: int
    loop: int | None
    tags: dict[str, bytes]


@dataclasses.dataclass(frozen=True)
class Frame:
    """One composited frame: `[height, width, 4]` uint8 RGBA and its time in milliseconds."""

    rgba: np.ndarray
    milliseconds: float


def _open(path: str) -> "Image.Image":
    import warnings

    from PIL import Image

    if not os.path.exists(path):
        raise InputError(f"The animation must exist. Received: {path}.")
    if os.path.getsize(path) == 0:
        raise InputError(f"The animation must not be empty. Received: {path} of 0 bytes.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"The animation must be of a bearable size. Received: {path}: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"The animation must be readable. Received: {path}.") from error
    if picture.format not in ENDINGS.values():
        raise InputError(f"The animation must be GIF, WebP or PNG. Received: {path}, {picture.format}.")
    return picture


def probe(path: str) -> Animation:
    """Reads an animation's header.

    Raises:
        InputError: missing, empty, too large or unreadable.
    """
    with _open(path) as picture:
        assert picture.format is not None
        comment = picture.info.get("comment", b"")
        comment = comment.encode() if isinstance(comment, str) else comment
        loop = picture.info.get("loop")
        return Animation(path, picture.format, picture.width, picture.height, loop, {"comment": comment})


def frames(animation: Animation, problems: list[str]) -> Iterator[Frame]:
    """Yields all frames, each composited onto the canvas (disposal, offsets and transparency applied).

    A damaged frame ends the animation: what follows depends on it. That is said in `problems`.
    """
    with _open(animation.path) as picture:
        number = 0
        while True:
            try:
                picture.seek(number)
                rgba = np.asarray(picture.convert("RGBA"))
            except EOFError:
                return
            except (OSError, SyntaxError, ValueError, IndexError) as error:
                problems.append(f"frame {number} is damaged ({error}): the animation ends before it")
                return
            if rgba.shape[:2] != (animation.height, animation.width):
                problems.append(f"frame {number} is {rgba.shape[1]} x {rgba.shape[0]}: cut to the canvas")
                rgba = _on_canvas(rgba, animation)
            yield Frame(rgba, float(picture.info.get("duration", 0) or 0))
            number += 1


def _on_canvas(rgba: np.ndarray, animation: Animation) -> np.ndarray:
    canvas = np.zeros((animation.height, animation.width, 4), np.uint8)
    rows, columns = (min(a, b) for a, b in zip(rgba.shape, canvas.shape, strict=False) if a > 4 or b > 4)
    canvas[:rows, :columns] = rgba[:rows, :columns]
    return canvas


class GifWriter:
    """Writes a GIF frame by frame, each as the changed part of the canvas, with exact times.

    Pillow encodes the data; its own animation writer would join equal frames and so lose their number.

    Args:
        file: open for writing.
        size: (height, width) of the canvas.
        loop: as in `Animation`.
        comment: text to keep, with the mark of what made the colours.
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
        picture.encoderinfo = {"optimize": False}  # type: ignore[attr-defined]
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
        """Writes the end mark."""
        self._file.write(b";")


def save_pillow(
    file: BinaryIO, kind: str, pictures: Iterator[Frame], loop: int | None, quality: int, comment: str
) -> None:
    """Writes an animated WebP or an APNG; both hold true colours and transparency."""
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
        options |= {"loop": 1 if loop is None else loop, "quality": quality, "method": 4, "exact": False}
    else:
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", comment)
        options |= {"loop": 1 if loop is None else loop, "pnginfo": text}
    every[0].save(file, kind, **options)  # type: ignore[arg-type]
