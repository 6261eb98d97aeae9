"""Truncated JPEG and PNG files: made whole again around what there is, so that it can be decoded."""

import struct
import zlib
from collections.abc import Callable

import numpy as np

from pipelines.media import png
from pipelines.stills.pixels import Channels

_JPEG = b"\xff\xd8"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of PNG's colour types
_PIECE = 512


def repaired(data: bytes) -> bytes | None:
    """Returns a file whose missing rows are zeros (PNG) or grey (JPEG); None where nothing can be saved."""
    if data[:8] == png.SIGNATURE:
        return _png(data)
    return data + b"\xff\xd9" if data[:2] == _JPEG else None  # the end mark


def missing_rows(data: bytes, values: Channels) -> int:
    """Returns how many of the lowest rows of a repaired file's pixels `[H, W, C]` are filler."""
    fill = 0 if data[:8] == png.SIGNATURE else 128
    blank = (values == fill).all(axis=(1, 2))
    return int(np.argmin(blank[::-1])) if not blank.all() else len(blank)


def _png(data: bytes) -> bytes | None:
    chunks: list[bytes] = []
    packed, start = b"", 8
    while start + 8 < len(data):
        length, name = struct.unpack_from(">I4s", data, start)
        content = data[start + 8 : start + 8 + length]
        if name == b"IDAT":
            packed += content
        elif name == b"IEND" or len(data) < start + 12 + length:
            break
        elif not packed:
            chunks.append(png.chunk(name, content))
        start += 12 + length
    if not chunks or len(chunks[0]) != 25:
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", chunks[0], 8)
    if interlaced or colour not in _SAMPLES:
        return None
    row = 1 + (width * depth * _SAMPLES[colour] + 7) // 8
    pixels = _inflated(packed, row * height)
    rows = len(pixels) // row
    if not rows:
        return None
    whole = pixels[: rows * row] + bytes(row * (height - rows))
    return png.SIGNATURE + b"".join([*chunks, png.chunk(b"IDAT", zlib.compress(whole, 1)), png.chunk(b"IEND", b"")])


def _inflated(packed: bytes, size: int) -> bytes:
    """Decompresses as far as that goes."""
    decompress: Callable[[bytes, int], bytes] = zlib.decompressobj().decompress
    parts, done = [], 0
    for start in range(0, len(packed), _PIECE):
        try:
            parts.append(decompress(packed[start : start + _PIECE], 0))
        except zlib.error:
            break
        done += len(parts[-1])
        if done >= size:
            break
    return b"".join(parts)[:size]
