"""Still pictures for the Colorizer: read with all that is in the file, coloured, written back as the same kind."""

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan_tf import color
from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media import formats, tone
from pipelines.media.orientation import as_stored, upright
from pipelines.media.tone import Tone
from pipelines.stills import encoding as still_encode
from pipelines.stills import metadata as still_metadata
from pipelines.stills import pixels as still_pixels
from pipelines.stills.metadata import Metadata

# A small file can claim a huge picture: what its header says is refused before anything is decoded. Pillow's own limit
# is near.
MAX_PIXELS = 175_000_000


@dataclasses.dataclass(frozen=True)
class Still:
    """A decoded picture; pixels as stored, not turned by the EXIF orientation.

    Attributes:
        values: `[H, W, 1]` grey or `[H, W, 3]` RGB, uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, or None.
        tone: what its chroma says of it.
        file_format: one of `formats.STILL`.
        metadata: what the file says beside its pixels.
        pages: pictures in the file; only the first is read.
    """

    values: np.ndarray
    alpha: np.ndarray | None
    tone: Tone
    file_format: str
    metadata: Metadata
    pages: int = 1

    @property
    def levels(self) -> int:
        """The largest value of a channel: 255 or 65535."""
        return int(np.iinfo(self.values.dtype).max)

    @property
    def luma(self) -> np.ndarray:
        """The picture's luma `[H, W, 1]`, float32 in [0, 1]. A toned picture is neutralized by it."""
        scaled = self.values.astype(np.float32) / np.float32(self.levels)
        return scaled if scaled.shape[-1] == 1 else np.clip(color.luma(scaled), 0, 1)

    @property
    def in_colour(self) -> bool:
        """Whether there is nothing to colour."""
        return self.tone == Tone.COLOUR


def read(source: str | Path | bytes) -> Still:
    """Reads a picture.

    Args:
        source: a path, or a file's bytes.

    Raises:
        InputError: if it is missing, empty, damaged, too large, an animation or no picture. The message names the file.
    """
    name = "the bytes" if isinstance(source, bytes) else str(source)
    data = _bytes(source)
    if not data:
        raise InputError(f"{formats.EXPECTED_STILL} Received: {name}, which is empty.")
    try:
        with _opened(data) as image:
            return _still(image, data, name)
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{formats.EXPECTED_STILL} Received: {name}, which is none.") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{_too_large()} Received: {name}.") from error
    except InputError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds of error on damaged files
        raise InputError(f"{formats.EXPECTED_STILL} Received: {name}, which is damaged: {error}.") from error


def size(path: str | Path) -> tuple[int, int]:
    """Returns (height, width) from a file's header; (0, 0) where it cannot be read."""
    try:
        with Image.open(path, formats=formats.STILL) as image:
            return image.height, image.width
    except Exception:  # `read` says what is wrong
        return 0, 0


def colorize(still: Still, colorizer: Colorizer) -> np.ndarray:
    """Colours a picture, which the network sees upright.

    Returns:
        `[H, W, 3]` RGB of the original's depth, pixels as stored.
    """
    luma = upright(still.luma, still.metadata.orientation)
    return as_stored(colorizer.picture(np.ascontiguousarray(luma), still.levels), still.metadata.orientation)


def encode(still: Still, rgb: np.ndarray, file_format: str | None = None, side_by_side: bool = False) -> bytes:
    """Encodes a coloured picture with the original's alpha, depth and metadata, and a mark that a model made the
    colours.

    Args:
        still: the original.
        rgb: `[H, W, 3]`, from `colorize`.
        file_format: one of `formats.STILL`; None for the original's.
        side_by_side: put the original left and the result right, both upright.

    Raises:
        ValueError: if the format cannot hold a picture of this size.
    """
    file_format = file_format or still.file_format
    alpha, luma = still.alpha, None
    metadata = still_metadata.of_result(still.metadata, "GRAY" if still.values.shape[-1] == 1 else "RGB", side_by_side)
    if side_by_side:
        rgb = _pair(np.broadcast_to(still.values, rgb.shape), rgb, still.metadata.orientation)
        alpha = None if alpha is None else _pair(alpha, alpha, still.metadata.orientation)
    elif file_format == "JPEG":
        luma = still.luma
    if file_format not in still_encode.DEEP:
        rgb, alpha = still_encode.to_8_bit(rgb), None if alpha is None else still_encode.to_8_bit(alpha)
    return still_encode.encode(rgb, alpha, metadata, file_format, luma)


def _pair(left: np.ndarray, right: np.ndarray, orientation: int) -> np.ndarray:
    return np.concatenate([upright(left, orientation), upright(right, orientation)], axis=1)


def _bytes(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{formats.EXPECTED_STILL} Received: {source}: {error.strerror or error}.") from error


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=formats.STILL)


def _too_large() -> str:
    return f"A picture of at most {MAX_PIXELS // 10**6} megapixels is expected."


def _still(image: Image.Image, data: bytes, name: str) -> Still:
    if image.width * image.height > MAX_PIXELS:
        raise InputError(f"{_too_large()} Received: {name} with {image.width} x {image.height}.")
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format in ("PNG", "WEBP"):
        raise InputError(f"A still picture is expected. Received: {name}, an animation of {pages} frames.")
    metadata = still_metadata.read(image)  # before the pixels: Pillow closes TIFF files then
    pixels = still_pixels.decode(image, data)
    values, alpha = pixels.values, pixels.alpha
    if image.format == "TIFF":  # both decoders turn these upright
        values = as_stored(values, metadata.orientation)
        alpha = None if alpha is None else as_stored(alpha, metadata.orientation)
    judged = Tone.GREY if values.shape[-1] == 1 else tone.judge_rgb(values)
    return Still(values, alpha, judged, image.format or "", metadata, pages)
