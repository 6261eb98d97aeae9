"""A JPEG's luma to its last whole block of 8 x 8, so that it can be stored again without loss.

The blocks at the right and lower edge reach beyond the picture. What lies there is shown when the size in the file's
header is rounded up to whole blocks; encoded with it, and the size set back, these blocks stay as they were.
"""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BLOCK = 8
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of frame headers
_LARGEST = 65535


def whole_blocks(size: int) -> int:
    """Returns a side rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def with_size(data: bytes, width: int, height: int) -> bytes:
    """Returns a JPEG whose header says another size, of the same number of blocks."""
    start = 2
    while data[start] == 0xFF and data[start + 1] not in _FRAMES:
        start += 2 + struct.unpack_from(">H", data, start + 2)[0]
    if data[start] != 0xFF:
        raise ValueError("a frame header is expected")
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


def stored_luma(data: bytes, width: int, height: int) -> NDArray[np.uint8] | None:
    """Returns the luma of a grey or YCbCr JPEG in whole blocks; None where it cannot be had."""
    wide, tall = whole_blocks(width), whole_blocks(height)
    if max(wide, tall) > _LARGEST:
        return None
    try:
        image = Image.open(io.BytesIO(with_size(data, wide, tall)), formats=("JPEG",))
        image.draft("YCbCr", image.size)
        return np.asarray(image.getchannel(0)) if image.mode in ("L", "YCbCr") else None
    except Exception:  # Pillow's readers raise many kinds of error on damaged files
        return None
