"""Truncated JPEG and PNG files: made whole again around what there is, so that it can be decoded."""

import dataclasses
import struct
import zlib
from collections.abc import Callable

import numpy as np

from pipelines.media import png
from pipelines.stills.pixels import Channels

_JPEG = b"\xff\xd8"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of PNG's colour types
_PIECE = 512


# Adam7, PNG's interlacing: first row and column of each pass, the steps to the next ones, and the block of pixels that
# a pixel stands for until later passes come (PNG specification, section 8.2).
_PASSES = (
    (0, 0, 8, 8, 8, 8),
    (0, 4, 8, 8, 8, 4),
    (4, 0, 8, 4, 4, 4),
    (0, 2, 4, 4, 4, 2),
    (2, 0, 4, 2, 2, 2),
    (0, 1, 2, 2, 2, 1),
    (1, 0, 2, 1, 1, 1),
)


@dataclasses.dataclass(frozen=True)
class Repaired:
    """A file that can be decoded.

    Attributes:
        data: its bytes; what is missing is zeros (PNG) or grey (JPEG).
        passes: of an interlaced PNG, the rows that there are of each pass.
    """

    data: bytes
    passes: tuple[int, ...] = ()

    def filled(self, values: Channels) -> Channels:
        """Returns decoded pixels `[H, W, C]` in which those of missing passes are those of the coarser ones."""
        if not self.passes:
            return values
        result = np.zeros_like(values)
        for rows, (top, left, down, across, tall, wide) in zip(self.passes, _PASSES, strict=True):
            known = values[top::down, left::across][:rows]
            for row in range(tall):
                for column in range(wide):
                    place = result[top + row :: down, left + column :: across]
                    part = known[: place.shape[0], : place.shape[1]]
                    place[: part.shape[0], : part.shape[1]] = part
        return result

    def missing_rows(self, values: Channels) -> int:
        """Returns how many of the lowest rows of the pixels `[H, W, C]` are filler."""
        fill = 0 if self.data[:8] == png.SIGNATURE else 128
        blank = (values == fill).all(axis=(1, 2))
        return int(np.argmin(blank[::-1])) if not blank.all() else len(blank)


def repaired(data: bytes) -> Repaired | None:
    """Returns a file with all its rows; None where nothing can be saved."""
    if data[:8] == png.SIGNATURE:
        return _png(data)
    return Repaired(data + b"\xff\xd9") if data[:2] == _JPEG else None  # the end mark


def _png(data: bytes) -> Repaired | None:
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
    if colour not in _SAMPLES:
        return None
    sizes = [(height, width)]
    if interlaced:
        sizes = [(-(-(height - each[0]) // each[2]), -(-(width - each[1]) // each[3])) for each in _PASSES]
    # Bytes of a row: its filter, then its pixels. A pass of no columns has none.
    steps = [1 + (columns * depth * _SAMPLES[colour] + 7) // 8 if columns else 0 for _, columns in sizes]
    size = sum(rows * step for (rows, _), step in zip(sizes, steps, strict=True))
    left = pixels = _inflated(packed, size)
    known: list[int] = []
    for (rows, _), step in zip(sizes, steps, strict=True):
        known.append(min(rows, len(left) // step) if step else 0)
        left = left[rows * step :]
    if not known[0]:
        return None
    there = sum(rows * step for rows, step in zip(known, steps, strict=True))
    whole = zlib.compress(pixels[:there] + bytes(size - there), 1)
    file = png.SIGNATURE + b"".join([*chunks, png.chunk(b"IDAT", whole), png.chunk(b"IEND", b"")])
    return Repaired(file, tuple(known) if interlaced else ())


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
