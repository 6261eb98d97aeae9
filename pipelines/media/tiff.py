"""TIFF files of every depth and layout.

Pillow reads 16-bit colour as 8 bits, and planes of it, floating point and 12 bits wrongly or not at all.

tifffile reads the directories. The pixels are unpacked here: tifffile leaves LZW, PackBits and odd depths to a library
that is not needed otherwise.
"""

import io
import logging
import lzma
import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from colorgan_tf.errors import UnsupportedError

Values = NDArray[np.unsignedinteger[Any]]

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_SAMPLES = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4}
_PREMULTIPLIED, _STRAIGHT = 1, 2
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_PLANES = 2
_SUB_IFDS = 330
_NOTHING, _LZW, _DEFLATE, _PACKBITS, _LZMA, _ZSTD, _WEBP = (1,), 5, (8, 32946), 32773, 34925, 50000, 50001
_BY_LIBTIFF = (_LZW, _PACKBITS, _ZSTD)
_READ = (*_NOTHING, *_DEFLATE, _LZMA, _WEBP, *_BY_LIBTIFF)
_FULL = 65535
# Directory entries that Pillow's own TIFF reader would have given as EXIF; texts and numbers only.
_TEXTS = (254, 269, 270, 271, 272, 274, 285, 305, 306, 315, 316, 33432)

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what matters is raised


class Page(NamedTuple):
    """Decoded pixels of one page, as stored.

    Attributes:
        values: `[H, W, 1]` grey, `[H, W, 3]` RGB or `[H, W, 4]` CMYK (no ink is 0), uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, not premultiplied, or None.
        notes: what of the file could not be kept.
    """

    values: Values
    alpha: Values | None
    notes: tuple[str, ...]


class TiffHeader(ImageFile.ImageFile):
    """The header of a TIFF file that Pillow does not know. Its pixels are read by `read`."""

    format = "TIFF"
    format_description = "TIFF"

    def _open(self) -> None:
        import tifffile  # late: most files are none

        assert self.fp is not None
        self.fp.seek(0)
        self._pages = tifffile.TiffFile(self.fp).pages
        self._number = 0
        self.n_frames = len(self._pages)
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Goes to a page."""
        if not 0 <= frame < self.n_frames:
            raise EOFError(f"the file has {self.n_frames} pages")
        page: Any = self._pages[frame]
        self._number = frame
        self._size = page.imagewidth, page.imagelength
        self._mode = "L" if page.samplesperpixel < 3 else "RGB"
        self.has_subpictures = _SUB_IFDS in page.tags
        exif = Image.Exif()
        for tag in page.tags:
            if tag.code in _TEXTS and isinstance(tag.value, str | int):
                exif[tag.code] = tag.value
        self._exif = None
        self.info = {"exif": exif.tobytes(), "icc_profile": page.iccprofile}
        if 33723 in page.tags:
            self.info["iptc"] = page.tags[33723].valuebytes
        if "XMP" in page.tags:
            self.info["xmp"] = page.tags["XMP"].value
        unit = page.tags.get("ResolutionUnit")
        if unit is not None and unit.value in (2, 3):
            scale = 1.0 if unit.value == 2 else 2.54
            self.info["dpi"] = tuple(each * scale for each in page.get_resolution())

    def tell(self) -> int:
        """Returns the number of the page."""
        return self._number

    def load(self) -> Any:
        """Refuses: there is no decoder of Pillow's."""
        raise OSError("Pillow does not decode this kind of TIFF")


def open_unknown(source: str | Path | bytes) -> TiffHeader | None:
    """Opens a TIFF file that Pillow does not know; None where it is no TIFF, or damaged."""
    file: IO[bytes] = io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")  # noqa: SIM115
    try:
        if file.read(4) in _MAGIC:
            header = TiffHeader(file, None if isinstance(source, bytes) else str(source))
            header._exclusive_fp = True
            return header
    except Exception:  # damaged directories raise many kinds of error
        pass
    file.close()
    return None


def has_subpictures(image: Image.Image) -> bool:
    """Tells whether the page of an opened TIFF holds more pictures, such as smaller ones of itself."""
    if isinstance(image, TiffHeader):
        return image.has_subpictures
    return _SUB_IFDS in getattr(image, "tag_v2", {})


def is_beyond_pillow(image: Image.Image) -> bool:
    """Tells whether Pillow does not read an opened TIFF well: unknown to it, planes, WebP, signed, floats or deep."""
    if isinstance(image, TiffHeader):
        return True
    tags = image.tag_v2  # type: ignore[attr-defined]
    if tags.get(259, 1) == _WEBP:  # the libtiff in Pillow's wheels is built without it
        return True
    if tags.get(284) == _PLANES and tags.get(262) in _SAMPLES and tags.get(259, 1) in _READ:
        return True
    return max(tags.get(258, (1,))) > 8 or any(each != _UNSIGNED for each in tags.get(339, (1,)))


def read(file: IO[bytes], number: int = 0) -> Page:
    """Reads a page.

    Args:
        file: of the TIFF, open.
        number: of the page, from 0.

    Raises:
        UnsupportedError: if they are of a kind that is not supported.
        ValueError: if they are damaged.
    """
    import tifffile

    place = file.tell()
    file.seek(0)
    try:
        page: Any = tifffile.TiffFile(file).pages[number]
        samples = _samples(page, file)
    finally:
        file.seek(place)
    return _picture(page, samples)


# === Samples as they are stored ===


def _samples(page: Any, file: IO[bytes]) -> NDArray[Any]:
    """Returns `[H, W, samples]`, integers or floating point."""
    bits = page.tags["BitsPerSample"].value if "BitsPerSample" in page.tags else 1
    bits = bits if isinstance(bits, tuple) else (bits,)
    formats = page.tags["SampleFormat"].value if "SampleFormat" in page.tags else _UNSIGNED
    formats = formats if isinstance(formats, tuple) else (formats,)
    if len(set(bits)) > 1 or len(set(formats)) > 1 or formats[0] not in (_UNSIGNED, _SIGNED, _FLOAT):
        raise UnsupportedError(f"samples of {bits} bits and formats {formats}")
    kind = _Sample(int(bits[0]), int(formats[0]), page.parent.byteorder)
    height, width, count = page.imagelength, page.imagewidth, page.samplesperpixel
    planes = count if page.planarconfig == _PLANES else 1
    each = count // planes
    tall, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (min(page.rowsperstrip, height), width)
    down, across = math.ceil(height / tall), math.ceil(width / wide)
    if len(page.dataoffsets) < planes * down * across:
        raise ValueError(f"{planes * down * across} strips or tiles are expected, there are {len(page.dataoffsets)}")
    picture = np.zeros((planes, height, width, each), kind.dtype.newbyteorder("="))
    for index in range(planes * down * across):
        plane, row, column = index // (down * across), index // across % down * tall, index % across * wide
        rows = tall if page.is_tiled else min(tall, height - row)
        file.seek(page.dataoffsets[index])
        data = file.read(page.databytecounts[index])
        part = _segment(data, page, kind, (rows, wide, each))
        picture[plane, row : row + rows, column : column + wide] = part[: height - row, : width - column]
    return np.moveaxis(picture, 0, 2).reshape(height, width, count)


class _Sample(NamedTuple):
    bits: int
    format: int
    order: str

    @property
    def dtype(self) -> np.dtype[Any]:
        size = next((size for size in (8, 16, 32, 64) if size >= self.bits), 0)
        if not size or (self.format == _FLOAT and self.bits not in (16, 32, 64)):
            raise UnsupportedError(f"samples of {self.bits} bits")
        return np.dtype(f"{self.order}{' uif'[self.format]}{size // 8}")


def _segment(data: bytes, page: Any, kind: _Sample, shape: tuple[int, int, int]) -> NDArray[Any]:
    """Unpacks one strip or tile `[rows, columns, samples]`."""
    rows, columns, samples = shape
    row_bytes = (columns * samples * kind.bits + 7) // 8
    if page.fillorder == 2:
        data = np.packbits(np.unpackbits(np.frombuffer(data, np.uint8)), bitorder="little").tobytes()
    raw = _decompressed(data, int(page.compression), rows, row_bytes)
    if len(raw) < rows * row_bytes:
        raise ValueError("the pixels end too early")
    lines = np.frombuffer(raw, np.uint8, rows * row_bytes).reshape(rows, row_bytes)
    if page.predictor == 3:
        lines = np.cumsum(lines.reshape(rows, -1, samples), axis=1, dtype=np.uint8)
        lines = lines.reshape(rows, kind.bits // 8, columns * samples).swapaxes(1, 2)
        values = np.ascontiguousarray(lines).view(kind.dtype.newbyteorder(">"))
        return values.reshape(shape).astype(kind.dtype.newbyteorder("="))
    values = _unpacked(lines, columns * samples, kind).reshape(shape)
    if page.predictor == 2:
        integers = values.view(f"u{values.dtype.itemsize}")
        return np.cumsum(integers, axis=1, dtype=integers.dtype).view(values.dtype)
    if page.predictor != 1:
        raise UnsupportedError(f"predictor {page.predictor}")
    return values


def _unpacked(lines: NDArray[np.uint8], count: int, kind: _Sample) -> NDArray[Any]:
    """Returns `count` values for each line of bytes."""
    native = kind.dtype.newbyteorder("=")
    if kind.bits in (8, 16, 32, 64):
        return np.ascontiguousarray(lines).view(kind.dtype).astype(native)
    if kind.format != _UNSIGNED:
        raise UnsupportedError(f"signed samples of {kind.bits} bits")
    if kind.bits == 24:
        bytes_of = lines.reshape(len(lines), count, 3)[..., :: 1 if kind.order == ">" else -1].astype(native)
        return bytes_of[..., 0] << 16 | bytes_of[..., 1] << 8 | bytes_of[..., 2]
    values = np.zeros((len(lines), count), native)
    bits = np.unpackbits(lines, axis=1)[:, : count * kind.bits].reshape(len(lines), count, kind.bits)
    for place in range(kind.bits):
        values = values << 1 | bits[..., place]
    return values.astype(native)


def _decompressed(data: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    if compression in _NOTHING:
        return data
    if compression in _DEFLATE:
        return zlib.decompressobj().decompress(data)
    if compression == _LZMA:
        return lzma.decompress(data)
    if compression == _WEBP:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as picture:
            return picture.convert("RGBA" if row_bytes == 4 * picture.width else "RGB").tobytes()
    if compression in _BY_LIBTIFF:
        return _by_libtiff(data, compression, rows, row_bytes)
    raise UnsupportedError(
        f"compression {TiffImagePlugin.COMPRESSION_INFO.get(compression, compression)} at this depth"
    )


def _by_libtiff(data: bytes, compression: int, rows: int, row_bytes: int) -> bytes:
    """Lets Pillow's libtiff decompress bytes, as an 8-bit grey picture of a single strip."""
    entries = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: 1, 273: 122, 277: 1, 278: rows, 279: len(data)}
    directory = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in entries.items())
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4)
    return TiffImagePlugin.TiffImageFile(io.BytesIO(head + data)).tobytes()


# === Samples to a picture ===


def _picture(page: Any, samples: NDArray[Any]) -> Page:
    photometric = int(page.photometric)
    if photometric not in _SAMPLES:
        raise UnsupportedError(f"{page.photometric.name} pixels at this depth")
    count = _SAMPLES[photometric]
    if samples.shape[-1] < count:
        raise ValueError(f"{count} samples a pixel are expected, there are {samples.shape[-1]}")
    bits = _bits(page)
    if photometric == _PALETTE:
        values = np.ascontiguousarray(np.moveaxis(page.colormap, 0, -1))[samples[..., 0]].astype(np.uint16)
        return Page(values, None, ())
    scaled, notes = _scaled(samples, bits)
    values, extra = scaled[..., :count], scaled[..., count:]
    if photometric == _WHITE_IS_ZERO:
        values = np.iinfo(values.dtype).max - values
    kinds = [int(each) for each in page.extrasamples] or [_STRAIGHT] * extra.shape[-1]
    place = next((place for place, each in enumerate(kinds) if each in (_PREMULTIPLIED, _STRAIGHT)), None)
    alpha = None
    if place is not None and place < extra.shape[-1]:
        alpha = np.ascontiguousarray(extra[..., place : place + 1])
        if kinds[place] == _PREMULTIPLIED:
            values = _straight(values, alpha)
    left = extra.shape[-1] - (alpha is not None)
    if left:
        notes += (f"{left} more channel{'s' if left > 1 else ''} of the file not kept",)
    return Page(np.ascontiguousarray(values), alpha, notes)


def _bits(page: Any) -> int:
    bits = page.tags["BitsPerSample"].value if "BitsPerSample" in page.tags else 1
    return int(bits[0] if isinstance(bits, tuple) else bits)


def _straight(values: Values, alpha: Values) -> Values:
    """Undoes the multiplication by alpha."""
    top = np.iinfo(values.dtype).max
    divided = values * np.float64(top) / np.maximum(alpha, 1)
    return np.rint(np.minimum(divided, top)).astype(values.dtype)


def _scaled(samples: NDArray[Any], bits: int) -> tuple[Values, tuple[str, ...]]:
    """Brings samples to the whole range of 8 bits, where they have no more, or of 16."""
    if samples.dtype.kind == "u" and bits in (8, 16):
        return samples, ()
    low, high = samples.min(), samples.max()
    note: tuple[str, ...]
    if samples.dtype.kind == "f":
        white, note = _white(float(low), float(high)), (f"{bits}-bit floating point, stored as 16 bits",)
    elif low < 0:
        raise UnsupportedError(f"samples from {low} to {high} are expected to begin at 0")
    else:
        white = float(2 ** (bits - (samples.dtype.kind == "i")) - 1)
        if bits > 16 and high <= _FULL:  # 16-bit pictures are often stored so
            white = _FULL
        note = (f"{bits} bits, stored as 16 bits",) if bits > 16 else ()
    full, dtype = (255, np.uint8) if samples.dtype.kind == "u" and bits < 8 else (_FULL, np.uint16)
    out: Values = np.empty(samples.shape, dtype)
    for row in range(0, len(samples), 256):  # float64 in parts
        part = samples[row : row + 256].astype(np.float64) * (full / white)
        out[row : row + 256] = np.rint(np.clip(part, 0, full))
    return out, note


def _white(low: float, high: float) -> float:
    """Returns the value of white of floating-point samples."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UnsupportedError("floating-point samples are expected to be finite")
    for white in (1.0, 255.0, 65535.0):
        if high <= white * 1.001 and (white == 1 or high > 16):
            if low < -0.01 * white:
                break
            return white
    raise UnsupportedError(
        f"floating-point samples from 0 to 1, to 255 or to 65535 are expected, they go from {low:.4g} to {high:.4g}"
    )
