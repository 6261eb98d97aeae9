"""A picture file's bytes to arrays of 8 or 16 bit: every mode that the formats know, alpha apart."""

import io
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from colorgan_tf.errors import UnsupportedError
from pipelines.media import icc, tiff
from pipelines.media.orientation import as_stored

Channels = NDArray[np.unsignedinteger[Any]]  # [H, W, channels], uint8 or uint16
# PNG's IHDR fields, by their place in the file.
_PNG_DEPTH, _PNG_COLOUR_TYPE, _GREY_AND_ALPHA, _PNG_WITH_ALPHA = 24, 25, 4, (4, 6)
_WITH_ALPHA = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA"}
_GREY_16 = ("I;16", "I;16L", "I;16B", "I;16N")
_OPAQUE = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "CMYK": "RGB", "HSV": "RGB"}


class Pixels(NamedTuple):
    """Decoded pixels as stored (not turned by the EXIF orientation).

    Attributes:
        values: `[H, W, 1]` grey or `[H, W, 3]` RGB, uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, or None.
        notes: what of the file's pixels could not be kept, for a person.
    """

    values: Channels
    alpha: Channels | None
    notes: tuple[str, ...] = ()


def deep_content(image: Image.Image) -> bytes | None:
    """Returns the whole file of a picture whose pixels Pillow reads with loss or not at all; None for the others.

    The picture's header is open. Pillow reads 16-bit RGB as 8 bit.
    """
    if image.format == "PNG":
        deep = _content(image, _PNG_DEPTH + 1)[_PNG_DEPTH] == 16
    else:
        deep = image.format == "TIFF" and tiff.is_beyond_pillow(image)
    return _content(image) if deep else None


def decode(image: Image.Image, deep: bytes | None, orientation: int = 1) -> Pixels:
    """Decodes an opened picture.

    Args:
        image: opened by Pillow, header read.
        deep: from `deep_content`.
        orientation: EXIF orientation.

    Raises:
        UnsupportedError, OSError, SyntaxError, ValueError: if the pixels cannot be decoded.
    """
    if deep is not None:
        return _deep_tiff(image, deep) if image.format == "TIFF" else _deep_png(image, deep)
    notes = ("more than 8 bits, read as 8",) if _is_reduced(image) else ()
    image.load()
    if image.mode in _GREY_16 or (image.mode == "I" and image.format == "PPM"):
        return Pixels(np.asarray(image)[..., None].astype(np.uint16), None)
    if image.mode not in _OPAQUE and image.mode not in _WITH_ALPHA and image.mode != "LAB":
        raise UnsupportedError(f"pixels of mode {image.mode}")
    if image.mode == "LAB" or (image.mode == "CMYK" and icc.space(image.info.get("icc_profile") or b"") == "CMYK"):
        image = _to_srgb(image)
    transparent = image.mode in _WITH_ALPHA or "transparency" in image.info or image.has_transparency_data
    if transparent:
        mode = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
        values, alpha, _ = _split(np.asarray((image.convert("L") if image.mode == "1" else image).convert(mode)))
    else:
        values, alpha, _ = _split(np.asarray(image.convert(_OPAQUE[image.mode])))
    if image.format == "TIFF":  # Pillow turns these upright
        values, alpha = as_stored(values, orientation), None if alpha is None else as_stored(alpha, orientation)
    return Pixels(values, alpha, notes)


def _is_reduced(image: Image.Image) -> bool:
    """Tells whether Pillow reads a picture of more than 8 bits a channel, other than PNG and TIFF, as 8 bits."""
    if image.mode in ("I", *_GREY_16):
        return False
    if image.format == "PPM":
        return any(isinstance(each, int) and each > 255 for each in image.tile[0].args)  # type: ignore[attr-defined]
    if image.format == "RAW" or image.info.get("bit_depth", 8) > 8:  # the latter of HEIC
        return True
    if image.format not in ("JPEG2000", "AVIF"):
        return False
    start = _content(image, 4096)
    if image.format == "AVIF":
        place = start.find(b"av1C") + 4
        return place > 4 and bool(start[place + 2] & 0x40)
    place = start.find(b"\xff\x4f\xff\x51")  # the codestream's size marker
    return place >= 0 and (start[place + 42] & 0x7F) >= 8


def through_profile(pixels: Pixels, profile: bytes) -> Pixels | None:
    """Converts pixels to sRGB through a profile that is a table; None where the profile is damaged."""
    values, alpha, notes = pixels
    eight = to_8_bit(values)
    image = icc.to_srgb(Image.fromarray(eight[..., 0] if eight.shape[-1] == 1 else eight), profile)
    if image is None:
        return None
    note = "converted to sRGB through its colour profile" + ("" if values.dtype == np.uint8 else ", as 8 bits")
    return Pixels(np.asarray(image), None if alpha is None else to_8_bit(alpha), (*notes, note))


def to_8_bit(values: Channels) -> Channels:
    """Rounds uint16 to uint8; uint8 passes."""
    return values if values.dtype == np.uint8 else np.rint(values / np.float32(257)).astype(np.uint8)


def _content(image: Image.Image, size: int = -1) -> bytes:
    """Returns the first `size` bytes, or all, of the file that an opened picture is read from."""
    file = image.fp  # type: ignore[attr-defined]
    place = file.tell()
    file.seek(0)
    data: bytes = file.read(size)
    file.seek(place)
    return data


def _deep_tiff(image: Image.Image, data: bytes) -> Pixels:
    page = tiff.read(io.BytesIO(data), image.tell())
    if page.values.shape[-1] != 4:
        return Pixels(*page)
    values, profile = page.values, image.info.get("icc_profile") or b""
    if icc.space(profile) == "CMYK":
        eight = Image.fromarray(to_8_bit(values), "CMYK")
        eight.info["icc_profile"] = profile
        alpha = None if page.alpha is None else to_8_bit(page.alpha)
        return Pixels(np.asarray(_to_srgb(eight)), alpha, (*page.notes, "CMYK through its profile, as 8-bit RGB"))
    top = np.float64(np.iinfo(values.dtype).max)
    rgb = np.rint((top - values[..., :3]) * ((top - values[..., 3:]) / top)).astype(values.dtype)
    return Pixels(rgb, page.alpha, (*page.notes, "CMYK, stored as RGB"))


def _deep_png(image: Image.Image, data: bytes) -> Pixels:
    transparent = image.info.get("transparency")  # one level or colour that is
    image.load()
    seen = np.asarray(image)
    values = seen[..., None].astype(np.uint16) if image.mode == "I;16" else _deep_png_colours(data, seen)
    if data[_PNG_COLOUR_TYPE] not in _PNG_WITH_ALPHA:
        values = values[..., : 1 if image.mode == "I;16" else 3]
        if transparent is None:
            return Pixels(values, None)
        shown = (values != np.array(transparent, np.uint16)).any(axis=-1, keepdims=True)
        return Pixels(values, shown.astype(np.uint16) * np.uint16(65535))
    return _split(values)


def _deep_png_colours(data: bytes, seen: Channels) -> Channels:
    """Returns what OpenCV decodes, compared with the upper bytes that Pillow decodes."""
    read: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if read is None or read.dtype != np.uint16 or read.ndim != 3 or read.shape[:2] != seen.shape[:2]:
        raise ValueError("the 16-bit pixels cannot be decoded")
    values = np.ascontiguousarray(read[..., [2, 1, 0, 3][: read.shape[2]]])  # OpenCV gives BGR
    if data[_PNG_COLOUR_TYPE] == _GREY_AND_ALPHA:  # which OpenCV turns into RGBA
        values, seen = np.ascontiguousarray(values[..., [0, 3]]), seen[..., [0, -1]]  # as Pillow does
    channels = min(values.shape[-1], seen.shape[-1])
    if not np.array_equal(values[..., :channels] >> 8, seen[..., :channels]):
        raise ValueError("two decoders read the 16-bit pixels differently")
    return values


def _split(values: Channels) -> Pixels:
    if values.ndim == 2:
        return Pixels(values[..., None], None)
    if values.shape[-1] in (2, 4):
        return Pixels(values[..., :-1], values[..., -1:])
    return Pixels(values, None)


def _to_srgb(image: Image.Image) -> Image.Image:
    if image.mode == "LAB":
        source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    else:
        source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return converted
