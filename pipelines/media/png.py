"""A PNG file's chunks (PNG specification, third edition, section 5)."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields name and content of each chunk of a whole file."""
    start = len(SIGNATURE)
    while start < len(data):
        length, name = struct.unpack_from(">I4s", data, start)
        yield name, data[start + 8 : start + 8 + length]
        start += 12 + length


def chunk(name: bytes, content: bytes) -> bytes:
    """Returns a chunk's bytes."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
