"""Writes into a Matroska or WebM file what its muxer cannot be told through PyAV: pixel aspect and HDR metadata.

The file's header keeps its length, so that nothing after it moves: the room comes from `PADDING`, with which the
picture track's name ends while the file is written.
"""

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction

from pipelines.films.hdr import HdrMetadata

PADDING = " " * 240
MUXERS = ("matroska", "webm")
# Identifiers of elements (RFC 9559).
_TRACKS, _ENTRY, _NAME = b"\x16\x54\xae\x6b", b"\xae", b"\x53\x6e"
_VIDEO, _DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = b"\xe0", b"\x54\xb0", b"\x54\xba", b"\x54\xb2"
_COLOUR, _MASTERING, _MAX_CLL, _MAX_FALL = b"\x55\xb0", b"\x55\xd0", b"\x55\xbc", b"\x55\xbd"
_CRC, _VOID = b"\xbf", b"\xec"


def describe_picture(path: str, width: int, height: int, aspect: Fraction | None, metadata: HdrMetadata | None) -> None:
    """Completes the picture track's header, in place.

    Args:
        path: finished file whose picture track has a name that ends with `PADDING`.
        width: columns of the picture.
        height: rows of the picture.
        aspect: width of a pixel over its height.
        metadata: of the picture.
    """
    with open(path, "r+b") as file:
        head = file.read(1 << 20)
        begin, end = _tracks(head)
        parts = []
        for name, content in _children(head[begin:end]):
            if name == _ENTRY and PADDING.encode() in content:
                content = _entry(content, width, height, aspect, metadata)
            if name not in (_CRC, _VOID):
                parts.append(_element(name, content))
        made = b"".join(parts)
        with_crc = head[begin : begin + 1] == _CRC
        room = end - begin - len(made) - 6 * with_crc
        made += _VOID + b"\x01" + (room - 9).to_bytes(7, "big") + bytes(room - 9)
        if with_crc:
            made = _element(_CRC, zlib.crc32(made).to_bytes(4, "little")) + made
        file.seek(begin)
        file.write(made)


def _entry(content: bytes, width: int, height: int, aspect: Fraction | None, metadata: HdrMetadata | None) -> bytes:
    made = b""
    for name, part in _children(content):
        if name == _NAME:
            part = part.removesuffix(PADDING.encode())
            if not part:
                continue
        elif name == _VIDEO:
            part = _video(part, width, height, aspect, metadata)
        made += _element(name, part)
    return made


def _video(content: bytes, width: int, height: int, aspect: Fraction | None, metadata: HdrMetadata | None) -> bytes:
    made, colour = b"", b""
    for name, part in _children(content):
        if name == _COLOUR:
            colour = part
        elif not (aspect and name in (_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT)):
            made += _element(name, part)
    if aspect:
        shown = _shown_size(width, height, aspect)
        made += _element(_DISPLAY_WIDTH, _unsigned(shown[0])) + _element(_DISPLAY_HEIGHT, _unsigned(shown[1]))
    if metadata is not None:
        known = {_MASTERING, _MAX_CLL, _MAX_FALL}
        colour = b"".join(_element(name, part) for name, part in _children(colour) if name not in known)
        colour += _hdr(metadata)
    return made + (_element(_COLOUR, colour) if colour else b"")


def _shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Returns a size of square pixels with exactly the picture's aspect, about as large as the picture."""
    exact = Fraction(width, height) * aspect
    times = -(-height // exact.denominator)
    return exact.numerator * times, exact.denominator * times


def _hdr(metadata: HdrMetadata) -> bytes:
    values = list(metadata.primaries or [])
    names = [bytes([0x55, 0xD1 + index]) for index in range(len(values))]
    if metadata.luminance:
        names += [b"\x55\xd9", b"\x55\xda"]  # most, then least
        values += [metadata.luminance[1], metadata.luminance[0]]
    mastering = b"".join(_element(n, struct.pack(">d", v)) for n, v in zip(names, values, strict=True))
    made = _element(_MASTERING, mastering) if mastering else b""
    if metadata.light_levels:
        most, average = metadata.light_levels
        made += _element(_MAX_CLL, _unsigned(most)) + _element(_MAX_FALL, _unsigned(average))
    return made


def _tracks(head: bytes) -> tuple[int, int]:
    """Finds begin and end of the content of the element that describes the tracks."""
    _, begin, size = _header(head, 0)
    name, at, _ = _header(head, begin + size)
    while name != _TRACKS:
        name, begin, size = _header(head, at)
        at = begin + size
    return begin, begin + size


def _children(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        name, begin, size = _header(content, at)
        at = begin + size
        yield name, content[begin:at]


def _header(data: bytes, at: int) -> tuple[bytes, int, int]:
    """Reads an element's identifier, where its content begins, and the content's size."""
    begin = at + 9 - data[at].bit_length()
    name = data[at:begin]
    length = 9 - data[begin].bit_length()
    size = int.from_bytes(data[begin : begin + length], "big") & ((1 << 7 * length) - 1)
    return name, begin + length, size


def _element(name: bytes, content: bytes) -> bytes:
    size = len(content)
    return name + (bytes([0x80 | size]) if size < 127 else (0x0100000000000000 | size).to_bytes(8, "big")) + content


def _unsigned(value: int) -> bytes:
    return value.to_bytes(max(1, -(-value.bit_length() // 8)), "big")
