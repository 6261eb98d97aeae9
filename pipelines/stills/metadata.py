"""What a picture file says beside its pixels: EXIF, profile, resolution, text; carried over with the provenance tag."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from pipelines.media import icc, orientation, provenance
from pipelines.stills import jpeg

_DESCRIPTION, _SOFTWARE, _EXIF, _GPS, _INTEROP = 0x010E, 0x0131, 0x8769, 0x8825, 0xA005
SUBDIRECTORIES = (_EXIF, _GPS)
TIFF_IPTC, PHOTOSHOP_IPTC = 33723, 0x0404
# Of a TIFF's main directory only these are about the scene; the others describe how its own pixels are laid out.
# DocumentName to Model, Orientation, PageName, Software to Artist and HostComputer, Rating, Copyright, EXIF, GPS,
# XP...
_CARRIED = {269, 270, 271, 272, 274, 285, 305, 306, 315, 316, 18246, 18249, 33432}
_CARRIED |= set(range(0x9C9B, 0x9CA0))
_OF_A_PAGE = {254, 297}  # what kind of page, and which
# The colour space that the EXIF directory names does not hold for the result; the interoperability directory is about
# file naming.
_DROPPED = {0xA001, _INTEROP}


@dataclasses.dataclass(frozen=True)
class JpegCoding:
    """How a JPEG is coded, so that its luma can be stored again without loss and in no more space.

    Attributes:
        luma_table: quantization table of the luma.
        progressive: whether it is coded in several scans.
        size: bytes of the file.
        luma: `[H, W]` in whole blocks, see `jpeg`; None where it is that of the colours.
    """

    luma_table: tuple[int, ...]
    progressive: bool
    size: int
    luma: NDArray[np.uint8] | None = None


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What goes from the original's file to the result's.

    Attributes:
        profile: ICC profile of the original.
        exif: serialized EXIF, or empty.
        orientation: EXIF orientation, 1 to 8: how the stored pixels are to be turned.
        dpi: pixels an inch, horizontally and vertically.
        text: PNG text entries.
        xmp: XMP packet.
        comment: JPEG comment.
        iptc: IPTC records of a JPEG or TIFF.
        jpeg_coding: how the original was coded, where it is a JPEG of grey or YCbCr.
    """

    profile: bytes | None = None
    exif: bytes = b""
    orientation: int = 1
    dpi: tuple[float, float] | None = None
    text: tuple[tuple[str, str], ...] = ()
    xmp: bytes | None = None
    comment: bytes | None = None
    iptc: bytes | None = None
    jpeg_coding: JpegCoding | None = None


def read(image: Image.Image) -> Metadata:
    """Collects the metadata of a loaded picture. What is damaged is left out: it must not cost the picture."""
    info = image.info
    exif = _exif(image)
    text = getattr(image, "text", {}) if image.format == "PNG" else {}
    xmp = info.get("xmp")
    return Metadata(
        profile=info.get("icc_profile") or None,
        exif=_serialized(exif),
        orientation=orientation.of(exif),
        dpi=_resolution(info.get("dpi")),
        text=tuple((key, str(value)) for key, value in text.items() if not key.startswith("XML:")),
        xmp=xmp.encode() if isinstance(xmp, str) else xmp,
        comment=info.get("comment") if image.format == "JPEG" else None,
        iptc=_iptc(image),
        jpeg_coding=_jpeg_coding(image),
    )


def of_result(original: Metadata, mode: str, upright: bool = False) -> Metadata:
    """Returns the metadata of a coloured picture: the original's, with the provenance tag, and a profile that fits.

    Args:
        original: of the black-and-white file.
        mode: what its profile must describe: "GRAY" or "RGB"; a profile of anything else (CMYK) is dropped.
        upright: the result's pixels were turned upright already.
    """
    exif = load_exif(original)
    exif[_SOFTWARE] = provenance.tagged(str(exif.get(_SOFTWARE, "")))
    if not str(exif.get(_DESCRIPTION, "")).strip("\0 "):
        exif[_DESCRIPTION] = provenance.TEXT
    if upright:
        exif.pop(orientation.TAG, None)
    text = dict(original.text)
    text["Software"] = provenance.tagged(text.get("Software", ""))
    fitting = original.profile if original.profile and icc.space(original.profile) == mode else None
    return dataclasses.replace(
        original,
        profile=icc.for_coloured(fitting),
        exif=_serialized(exif),
        orientation=1 if upright else original.orientation,
        jpeg_coding=None if upright else original.jpeg_coding,
        text=tuple(text.items()),
    )


def of_other_pixels(original: Metadata, upright: bool = False) -> Metadata:
    """Returns the metadata of a picture whose pixels are no longer those of the file; `upright`: they were turned."""
    if not upright:
        return dataclasses.replace(original, jpeg_coding=None)
    exif = load_exif(original)
    exif.pop(orientation.TAG, None)
    return dataclasses.replace(original, exif=_serialized(exif), orientation=1, jpeg_coding=None)


def load_exif(metadata: Metadata) -> Image.Exif:
    """Returns the EXIF directories as Pillow's object."""
    exif = Image.Exif()
    if metadata.exif:
        exif.load(metadata.exif)
    return exif


def _exif(image: Image.Image) -> Image.Exif:
    carried = Image.Exif()
    try:
        found = image.getexif()
        for tag, value in found.items():
            if tag in _CARRIED or (tag in _OF_A_PAGE and image.format == "TIFF"):
                carried[tag] = value
        for directory in SUBDIRECTORIES:
            entries = {tag: value for tag, value in found.get_ifd(directory).items() if tag not in _DROPPED}
            if entries:
                carried.get_ifd(directory).update(entries)
        carried.tobytes()
    except Exception:  # Pillow's EXIF reader and writer raise many kinds of error on damaged entries
        return Image.Exif()
    return carried


def _iptc(image: Image.Image) -> bytes | None:
    if image.format == "JPEG":
        records = image.info.get("photoshop", {}).get(PHOTOSHOP_IPTC)
    elif isinstance(image, TiffImagePlugin.TiffImageFile):
        records = image.tag_v2._tagdata.get(TIFF_IPTC)  # as bytes, of whatever type the entry says it is
    else:
        records = image.info.get("iptc")
    return bytes(records) if records else None


def _jpeg_coding(image: Image.Image) -> JpegCoding | None:
    tables = getattr(image, "quantization", None) or {}
    layers = getattr(image, "layer", ())
    if not tables or not layers or image.mode not in ("L", "RGB"):
        return None
    table = tables.get(layers[0][3])
    if table is None or image.info.get("adobe_transform") == 0 and image.mode == "RGB":
        return None
    file = image.fp  # type: ignore[attr-defined]
    place = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(place)
    size = len(data)
    for entry in getattr(image, "mpinfo", {}).get(0xB002, ())[:1]:  # more pictures follow the first
        size = entry["Size"] or size
    luma = jpeg.stored_luma(data, *image.size)
    return JpegCoding(tuple(table), bool(image.info.get("progressive")), size, luma)


def _serialized(exif: Image.Exif) -> bytes:
    return exif.tobytes() if len(exif) or exif._ifds else b""


def _resolution(dpi: Any) -> tuple[float, float] | None:
    try:
        horizontal, vertical = (float(each) for each in dpi)
    except (TypeError, ValueError):
        return None
    return (horizontal, vertical) if 1 < horizontal < 1e6 and 1 < vertical < 1e6 else None
