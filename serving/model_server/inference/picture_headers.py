"""Checks of a picture by its header, before anything decodes it."""

import contextlib
import io
import struct

from PIL import Image

from serving.model_server import statuses

# What `tf.io.decode_image` reads.
FORMATS = ("JPEG", "PNG", "BMP", "GIF")
# All frames of a GIF together may have so many times the pixels of one picture.
_GIF_FRAMES = 4


def is_picture_input(alias: str, dtype_name: str) -> bool:
    """Returns whether an input holds picture files: strings under a name that ends in `_bytes`, as in REST."""
    return dtype_name == "string" and alias.endswith("_bytes")


def check(alias: str, index: int, data: bytes, max_pixels: int) -> int:
    """Checks one picture file by its header.

    Args:
        alias: the input's name and
        index: the picture's place in it, both for the error text.
        data: the file.
        max_pixels: the largest width times height. A file of 140 KB can hold 12,000 x 12,000 pixels.

    Returns:
        Width times height.

    Raises:
        ServingError: INVALID_ARGUMENT: empty, not a JPEG, PNG, BMP or GIF, without pixels, or too large.
    """
    name = f"`{alias}`[{index}]"
    if not data:
        raise statuses.invalid_argument(f"{name} must be a picture file. Received: 0 bytes.")
    pixels = 0
    try:
        # Reads the header only. Pillow refuses enormous pictures here as well, which is an error like the others.
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if picture.format == "GIF":
                pixels = _gif_pixels(data)
    except Exception as error:  # noqa: BLE001 - Pillow's parsers raise many kinds on broken files
        if isinstance(error, Image.DecompressionBombError):
            raise statuses.invalid_argument(f"{name} must have at most {max_pixels} pixels. {error}") from None
        raise statuses.invalid_argument(
            f"{name} must be a JPEG, PNG, BMP or GIF file. Received: {len(data)} bytes that are not."
        ) from None
    if width < 1 or height < 1:
        raise statuses.invalid_argument(f"{name} must have pixels. Received: {width} x {height}.")
    if width * height > max_pixels:
        raise statuses.invalid_argument(f"{name} must have at most {max_pixels} pixels. Received: {width} x {height}.")
    # The decoder unpacks all frames of a GIF, one byte a pixel, to take the first.
    if pixels > max_pixels * _GIF_FRAMES:
        raise statuses.invalid_argument(
            f"{name} must have at most {max_pixels * _GIF_FRAMES} pixels in all frames. Received: {pixels}."
        )
    return width * height


def _gif_pixels(data: bytes) -> int:
    """Returns the sum of width times height over all frames of a GIF (GIF89a, sections 18 to 27).

    Frames state sizes of their own, which may be larger than the picture's.
    """

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    pixels = 0
    with contextlib.suppress(IndexError, struct.error):  # a file may lack its end: what is there counts
        place = 13 + table(data[10])
        while data[place] in (0x21, 0x2C):
            if data[place] == 0x2C:  # image: left, top, width, height, flags, colours, code size
                width, height = struct.unpack_from("<HH", data, place + 5)
                pixels += width * height
                place += 11 + table(data[place + 9])
            else:  # extension: label
                place += 2
            while data[place]:  # blocks of data, each with its length in front
                place += data[place] + 1
            place += 1
    return pixels
