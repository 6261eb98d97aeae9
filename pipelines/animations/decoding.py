"""Reading animations (GIF, WebP, APNG, AVIF) frame by frame, composited as a browser does."""

import dataclasses
import os
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.media import formats

# A file of a few kilobytes can claim a canvas that fills the memory, or work for days.
MAX_CANVAS = 9_000_000  # pixels: 3840 x 2160
MAX_TOTAL = 4_000_000_000  # pixels of all frames: 1920 x 1080 for one minute and a half
_DAMAGED = (OSError, SyntaxError, ValueError, IndexError, Image.DecompressionBombError)


@dataclasses.dataclass(frozen=True)
class Animation:
    """What an animated file says about itself.

    Attributes:
        path: the file.
        kind: "GIF", "WEBP", "PNG" or "AVIF".
        width: columns of the canvas.
        height: rows of the canvas.
        loop: how often it plays, 0 for ever, None where the file does not say (once).
        comment: the file's own text, which is kept.
        profile: its ICC profile.
        exif: its serialized EXIF.
        xmp: its XMP packet.
    """

    path: str
    kind: str
    width: int
    height: int
    loop: int | None
    comment: bytes
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""


@dataclasses.dataclass(frozen=True)
class Frame:
    """One composited frame: `[height, width, 4]` uint8 RGBA and its time in milliseconds."""

    rgba: np.ndarray
    milliseconds: float


def _open(path: str) -> Image.Image:
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
        reason = error or type(error).__name__
        raise InputError(f"The animation must be readable. Received: {path}: {reason}.") from error
    if picture.format not in formats.READ_ANIMATED:
        raise InputError(f"The animation must be GIF, WebP, PNG or AVIF. Received: {path}, {picture.format}.")
    return picture


def probe(path: str) -> Animation:
    """Reads an animation's header.

    Raises:
        InputError: missing, empty, too large or unreadable.
    """
    with _open(path) as picture:
        assert picture.format is not None
        _check_size(picture, path)
        comment = picture.info.get("comment", b"")
        comment = comment.encode() if isinstance(comment, str) else comment
        loop = picture.info.get("loop")
        info = picture.info | (_gif_extensions(path) if picture.format == "GIF" else {})
        of_file = (info.get(name) or b"" for name in ("icc_profile", "exif", "xmp"))
        described = (each.encode() if isinstance(each, str) else each for each in of_file)
        return Animation(path, picture.format, picture.width, picture.height, loop, comment, *described)


def _gif_extensions(path: str) -> dict[str, bytes]:
    """Returns the ICC profile and the XMP packet of a GIF, which Pillow does not read, by Pillow's names."""
    found: dict[str, bytes] = {}
    with open(path, "rb") as file:
        header = file.read(13)
        if header[10] & 0x80:  # a palette
            file.seek(3 << (header[10] & 7) + 1, os.SEEK_CUR)
        while (start := file.read(2))[:1] == b"\x21":
            blocks: list[bytes] = []
            while (size := file.read(1)) not in (b"", b"\0"):
                blocks.append(size + file.read(size[0]))
            name = blocks[0][1:] if blocks and start[1:] == b"\xff" else b""
            if name == b"ICCRGBG1012":
                found["icc_profile"] = b"".join(block[1:] for block in blocks[1:])
            elif name == b"XMP DataXMP":  # stored as it is, with a trailer for readers of blocks
                found["xmp"] = b"".join(blocks[1:]).rpartition(b"\1\xff\xfe\xfd")[0]
    return found


def _check_size(picture: Image.Image, path: str) -> None:
    pixels = picture.width * picture.height
    size = f"{path} of {picture.width} x {picture.height}"
    if pixels > MAX_CANVAS:
        raise InputError(f"An animation must have at most {MAX_CANVAS // 10**6} megapixels. Received: {size}.")
    try:
        count = formats.frames(picture)
    except _DAMAGED:  # damaged further on: what can be read is
        return
    if pixels * count > MAX_TOTAL:
        limit = f"An animation must have at most {MAX_TOTAL // 10**6} megapixels in all its frames"
        raise InputError(f"{limit}. Received: {size} with {count} frames.")


def frames(animation: Animation, problems: list[str]) -> Iterator[Frame]:
    """Yields all frames, each composited onto the canvas (disposal, offsets and transparency applied).

    A damaged frame ends the animation: what follows depends on it.

    Args:
        animation: what to read.
        problems: receives what is wrong, one line each, once.
    """
    with _open(animation.path) as picture:
        number = 0
        while True:
            try:
                picture.seek(number)
                rgba = np.asarray(picture.convert("RGBA"))
            except EOFError:
                return
            except _DAMAGED as error:
                _report(problems, f"frame {number} is damaged ({error}): the animation ends before it")
                return
            if rgba.shape[:2] != (animation.height, animation.width):
                _report(problems, f"frame {number} is {rgba.shape[1]} x {rgba.shape[0]}: cut to the canvas")
                rgba = _on_canvas(rgba, animation)
            yield Frame(rgba, float(picture.info.get("duration", 0) or 0))
            number += 1


def _report(problems: list[str], problem: str) -> None:
    if problem not in problems:
        problems.append(problem)


def _on_canvas(rgba: np.ndarray, animation: Animation) -> np.ndarray:
    canvas = np.zeros((animation.height, animation.width, 4), np.uint8)
    rows, columns = np.minimum(rgba.shape[:2], canvas.shape[:2])
    canvas[:rows, :columns] = rgba[:rows, :columns]
    return canvas
