"""Coloured pixels to a picture file's bytes: JPEG, PNG, WebP, TIFF or BMP, with the metadata that each can hold."""

import functools
import io
import struct
import zlib
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin, TiffTags

from pipelines.media import png
from pipelines.stills import jpeg
from pipelines.stills import metadata as metadata_of_file
from pipelines.stills.metadata import JpegCoding, Metadata
from pipelines.stills.pixels import Channels, to_8_bit

JPEG_QUALITY = 95
DEEP = ("PNG", "TIFF")  # these hold 16 bit
LARGEST = {"JPEG": 65535, "WEBP": 16383}
# How the chroma of a JPEG is stored that was one before: the first that makes it no more than `LARGER` times as large.
CHROMA = (
    *((quality, "4:4:4") for quality in (95, 90, 80, 70)),
    *((quality, "4:2:0") for quality in (80, 50, 20)),
)
LARGER = 1.3
LUMA = 3  # levels that its luma may be off by
_PALER, _REACH = 4, 17  # rounds in which colours are made paler where it is; pixels around it
STRIP_ROWS = 64  # of a TIFF
_XMP = 700


def encode(
    values: Channels,
    alpha: Channels | None,
    metadata: Metadata,
    file_format: str,
) -> bytes:
    """Encodes a picture.

    JPEG is written 4:4:4 at quality 95. Where the original was a JPEG, its own luma table is used: its luma is then
    stored again with next to no loss, and chroma as well as the size allows, see `LARGER`. WebP is lossless, since
    lossy WebP keeps chroma at half size and moves luma. JPEG has no alpha: it is laid on white.

    Args:
        values: `[H, W, 3]` RGB or `[H, W, 1]`, uint8 or uint16; only PNG and TIFF hold 16 bits.
        alpha: `[H, W, 1]` of the same type, or None.
        metadata: to be stored.
        file_format: "JPEG", "PNG", "WEBP", "TIFF" or "BMP".

    Raises:
        ValueError: if the format cannot hold a picture of this size.
    """
    if max(values.shape[:2]) > LARGEST.get(file_format, 2**31):
        raise ValueError(
            f"{file_format} holds at most {LARGEST[file_format]} pixels a side, the result has {max(values.shape[:2])}"
        )
    if file_format not in DEEP:
        values, alpha = to_8_bit(values), None if alpha is None else to_8_bit(alpha)
    joined = values if alpha is None else np.concatenate([values, alpha], axis=-1)
    if file_format == "TIFF":
        return encode_pages([Page(values, alpha, metadata)])
    if file_format == "PNG" and values.dtype == np.uint16:
        return _deep_png(joined, metadata)
    if file_format == "JPEG":
        return _jpeg(values, alpha, metadata)
    if file_format == "BMP" and alpha is not None:
        return _transparent_bmp(joined, metadata)
    options: dict[str, Any] = {}
    if metadata.dpi:
        options["dpi"] = metadata.dpi
    if file_format == "PNG":
        options |= _png_options(metadata)
    if file_format == "WEBP":
        options |= {"lossless": True, "quality": 50, "method": 2, "exact": True, "exif": metadata.exif}
        options |= {"icc_profile": metadata.profile or b"", "xmp": metadata.xmp or b""}
    return _saved(_image(joined), file_format, options)


class Page(NamedTuple):
    """What a page of a TIFF holds; see `encode`."""

    values: Channels
    alpha: Channels | None
    metadata: Metadata


def encode_pages(pages: Iterable[Page]) -> bytes:
    """Encodes pages to a TIFF, one after the other.

    Raises:
        ValueError: if it gets too large.
    """
    data = bytearray(b"II*\0\x08\0\0\0")
    pointer = 4  # to the next directory
    for page in pages:
        data += bytes(len(data) % 2)
        struct.pack_into("<L", data, pointer, len(data))
        directory, strips = _tiff_page(page, len(data))
        pointer = len(data) + 2 + 12 * struct.unpack_from("<H", directory)[0]
        data += directory + b"".join(strips)
        if len(data) >= 2**32:
            raise ValueError("TIFF holds at most 4 GB, the result has more")
    return bytes(data)


def _image(values: Channels) -> Image.Image:
    return Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values)


def _saved(image: Image.Image, file_format: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _jpeg(values: Channels, alpha: Channels | None, metadata: Metadata) -> bytes:
    coding = metadata.jpeg_coding
    image = _image(values)
    if alpha is not None:
        image = Image.composite(image, Image.new(image.mode, image.size, "white"), _image(alpha))
    options: dict[str, Any] = {"optimize": True, "exif": metadata.exif}
    for name, value in (("icc_profile", metadata.profile), ("xmp", metadata.xmp), ("comment", metadata.comment)):
        if value:
            options[name] = value
    if metadata.dpi:
        options["dpi"] = tuple(round(each) for each in metadata.dpi)
    if metadata.iptc:
        options["extra"] = _photoshop_segment(metadata.iptc)
    if coding is None:
        return _saved(image, "JPEG", options | {"quality": JPEG_QUALITY, "subsampling": "4:4:4"})
    planes = _in_whole_blocks(image, coding)

    def coded(chroma: dict[str, Any]) -> bytes:
        return _saved(Image.fromarray(planes, "YCbCr"), "JPEG", options | chroma)

    # No quality: Pillow would scale the tables by it.
    options |= {"progressive": coding.progressive}
    tries: list[tuple[int, bytes, dict[str, Any]]] = []
    for quality, subsampling in CHROMA:
        chroma = {"qtables": [list(coding.luma_table), _chroma_table(quality)], "subsampling": subsampling}
        data = coded(chroma)
        tries.append((len(data), data, chroma))
        if len(data) <= coding.size * LARGER:
            break
    _, data, chroma = min(tries, key=lambda each: each[0])
    for _ in range(_PALER):
        off = _off_luma(data)
        if not off.any():
            break
        planes = _paler(planes, off)
        data = coded(chroma)
    return jpeg.with_size(data, *image.size)


def _off_luma(data: bytes) -> NDArray[np.bool_]:
    """Tells where coarse chroma leaves the RGB cube so far that what is shown has another luma than is stored."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", image.size)
        shown = cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)
        return np.asarray(cv2.absdiff(shown, np.asarray(image.getchannel(0))) > LUMA)


def _paler(planes: NDArray[np.uint8], where: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Takes half of the colour away around some pixels, as far as a block of chroma reaches."""
    near = cv2.dilate(where.astype(np.float32), np.ones((_REACH, _REACH)))
    share = 1 - 0.5 * cv2.blur(near, (_REACH // 2, _REACH // 2))
    chroma = (planes[..., 1:] - np.float32(128)) * share[..., None] + 128
    return np.concatenate([planes[..., :1], np.rint(chroma).astype(np.uint8)], axis=-1)


def _in_whole_blocks(image: Image.Image, coding: JpegCoding) -> NDArray[np.uint8]:
    """Returns luma as the original stores it, and the image's chroma."""
    planes = np.asarray(image.convert("YCbCr"))
    height, width = planes.shape[:2]
    beyond = [(0, jpeg.whole_blocks(height) - height), (0, jpeg.whole_blocks(width) - width), (0, 0)]
    planes = np.pad(planes, beyond, mode="edge")
    if coding.luma is not None and coding.luma.shape == planes.shape[:2]:
        planes[..., 0] = coding.luma
    return planes


def _photoshop_segment(iptc: bytes) -> bytes:
    """Returns an APP13 segment that holds IPTC records as an image resource; nothing where they are too long."""
    resource = struct.pack(">4sHHL", b"8BIM", metadata_of_file.PHOTOSHOP_IPTC, 0, len(iptc)) + iptc
    content = b"Photoshop 3.0\0" + resource + bytes(len(iptc) % 2)
    return struct.pack(">HH", 0xFFED, len(content) + 2) + content if len(content) < 65533 else b""


@functools.cache
def _chroma_table(quality: int) -> list[int]:
    # Pillow gives no access to the standard tables but through a file.
    standard = Image.open(io.BytesIO(_saved(Image.new("RGB", (8, 8)), "JPEG", {"quality": quality})))
    return list(standard.quantization[1])  # type: ignore[attr-defined]


def _transparent_bmp(values: Channels, metadata: Metadata) -> bytes:
    """BMP has alpha by its fifth header only, which Pillow does not write."""
    height, width, channels = values.shape
    rows = values[::-1, :, [2, 1, 0, 3] if channels == 4 else [0, 0, 0, 1]].tobytes()
    across, down = (round(each / 0.0254) for each in metadata.dpi or (0, 0))
    header = struct.pack("<LllHHLLllLL", 124, width, height, 1, 32, 3, len(rows), across, down, 0, 0)
    header += struct.pack("<LLLL4s48xL12x", 0xFF0000, 0xFF00, 0xFF, 0xFF000000, b"BGRs", 4)  # sRGB, perceptual
    start = 14 + len(header)
    return struct.pack("<2sLHHL", b"BM", start + len(rows), 0, 0, start) + header + rows


def _png_options(metadata: Metadata) -> dict[str, Any]:
    text = PngImagePlugin.PngInfo()
    for key, value in metadata.text:
        text.add_text(key, value)
    if metadata.xmp:
        text.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    return {"pnginfo": text, "icc_profile": metadata.profile, "exif": metadata.exif or None, "compress_level": 4}


def _deep_png(values: Channels, metadata: Metadata) -> bytes:
    """OpenCV encodes the 16-bit pixels; the chunks with the metadata are those of a PNG of one pixel by Pillow."""
    order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[values.shape[-1]]  # OpenCV takes BGR
    done, data = cv2.imencode(".png", np.ascontiguousarray(values[..., order]))
    if not done:
        raise ValueError("the 16-bit PNG cannot be encoded")
    options = _png_options(metadata) | ({"dpi": metadata.dpi} if metadata.dpi else {})
    donor = _saved(Image.new("RGB", (1, 1)), "PNG", options)
    pixels = [png.chunk(*each) for each in png.chunks(data.tobytes())]
    extra = [png.chunk(*each) for each in png.chunks(donor) if each[0] not in (b"IHDR", b"IDAT", b"IEND")]
    return png.SIGNATURE + b"".join([pixels[0], *extra, *pixels[1:]])


def _tiff_page(page: Page, place: int) -> tuple[bytes, list[bytes]]:
    """Returns directory and strips. Pillow makes the former (EXIF and GPS too), but it knows no 16-bit RGB."""
    values, alpha, metadata = page
    if alpha is not None:
        values = np.concatenate([values, alpha], axis=-1)
    height, width, channels = values.shape
    strips = [_strip(values[top : top + STRIP_ROWS]) for top in range(0, height, STRIP_ROWS)]
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    exif = metadata_of_file.load_exif(metadata)
    for tag, value in exif.items():
        directory[tag] = exif.get_ifd(tag) if tag in metadata_of_file.SUBDIRECTORIES else value
    directory[ExifTags.Base.ImageWidth] = width
    directory[ExifTags.Base.ImageLength] = height
    directory[ExifTags.Base.BitsPerSample] = (values.dtype.itemsize * 8,) * channels
    directory[ExifTags.Base.Compression] = 8  # Adobe deflate
    directory[ExifTags.Base.PhotometricInterpretation] = 2 if channels > 2 else 1  # RGB, or black is zero
    directory[ExifTags.Base.SamplesPerPixel] = channels
    directory[ExifTags.Base.RowsPerStrip] = STRIP_ROWS
    # Pillow counts offsets from the end of the directory.
    directory[ExifTags.Base.StripOffsets] = tuple(accumulate((len(strip) for strip in strips[:-1]), initial=0))
    directory[ExifTags.Base.StripByteCounts] = tuple(len(strip) for strip in strips)
    directory[ExifTags.Base.Predictor] = 2  # horizontal differences
    directory[ExifTags.Base.XResolution], directory[ExifTags.Base.YResolution] = metadata.dpi or (1.0, 1.0)
    directory[ExifTags.Base.ResolutionUnit] = 2 if metadata.dpi else 1  # inch, or none
    if alpha is not None:
        directory[ExifTags.Base.ExtraSamples] = 2  # not premultiplied
    if metadata.profile:
        directory[ExifTags.Base.InterColorProfile] = metadata.profile
    if metadata.xmp:
        directory[_XMP] = metadata.xmp
    if metadata.iptc:
        directory.tagtype[metadata_of_file.TIFF_IPTC] = TiffTags.UNDEFINED
        directory[metadata_of_file.TIFF_IPTC] = metadata.iptc
    return directory.tobytes(place), strips


def _strip(rows: Channels) -> bytes:
    first = np.zeros_like(rows[:, :1])
    return zlib.compress(np.diff(rows, axis=1, prepend=first).astype(rows.dtype.newbyteorder("<")).tobytes(), 5)
