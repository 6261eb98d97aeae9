"""What a server finds out about a picture from its header, before anything decodes it."""

import io

from PIL import Image

from serving import errors

# What `tf.io.decode_image` reads.
FORMATS = ("JPEG", "PNG", "BMP", "GIF")


def is_picture_input(alias: str, dtype_name: str) -> bool:
    """Tells if a signature's input holds picture files: strings under a name that ends in `_bytes`, as in REST."""
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
        raise errors.invalid_argument(f"{name} must be a picture file. Received: 0 bytes.")
    try:
        # Reads the header only. Pillow refuses enormous pictures here as well, which is an error like the others.
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
    except Exception as error:  # noqa: BLE001 - Pillow's parsers raise many kinds on broken files
        if isinstance(error, Image.DecompressionBombError):
            raise errors.invalid_argument(f"{name} must have at most {max_pixels} pixels. {error}") from None
        raise errors.invalid_argument(
            f"{name} must be a JPEG, PNG, BMP or GIF file. Received: {len(data)} bytes that are not."
        ) from None
    if width < 1 or height < 1:
        raise errors.invalid_argument(f"{name} must have pixels. Received: {width} x {height}.")
    if width * height > max_pixels:
        raise errors.invalid_argument(f"{name} must have at most {max_pixels} pixels. Received: {width} x {height}.")
    return width * height
