"""A picture file's bytes to arrays of 8 or 16 bit: every mode that JPEG, PNG, WebP, TIFF and BMP know, alpha apart."""

import io
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipelines.media import icc

Channels = NDArray[np.unsignedinteger[Any]]  # [H, W, channels], uint8 or uint16
# TIFF tags and PNG's IHDR fields, by their place in the file.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
_PNG_DEPTH, _PNG_COLOUR_TYPE, _GREY_AND_ALPHA = 24, 25, 4
_WITH_ALPHA = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA"}
_OPAQUE = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "CMYK": "RGB", "HSV": "RGB"}


class Pixels(NamedTuple):
    """Decoded pixels as stored (not turned by the EXIF orientation).

    Attributes:
        values: `[H, W, 1]` grey or `[H, W, 3]` RGB, uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, or None.
    """

    values: Channels
    alpha: Channels | None


def deep_content(image: Image.Image) -> bytes | None:
    """Returns the whole file of a picture with 16 bits a channel, whose header is open; None for 8 bits.

    Pillow itself reads 16-bit RGB as 8 bit.
    """
    if image.format == "PNG":
        deep = _content(image, _PNG_DEPTH + 1)[_PNG_DEPTH] == 16
    else:
        deep = image.format == "TIFF" and max(_tag(image, _BITS_PER_SAMPLE, (1,))) == 16
    return _content(image) if deep else None


def decode(image: Image.Image, deep: bytes | None) -> Pixels:
    """Decodes an opened picture.

    Args:
        image: opened by Pillow, header read.
        deep: from `deep_content`.

    Raises:
        OSError, SyntaxError, ValueError: if the pixels cannot be decoded.
    """
    image.load()  # finds truncated files, also those that OpenCV would half decode without a word
    if deep is not None:
        return _decode_16_bit(image, deep)
    if image.mode not in _OPAQUE and image.mode not in _WITH_ALPHA and image.mode != "LAB":
        raise ValueError(f"pixels of mode {image.mode} are not supported")
    if image.mode == "LAB" or (image.mode == "CMYK" and icc.space(image.info.get("icc_profile") or b"") == "CMYK"):
        image = _to_srgb(image)
    transparent = image.mode in _WITH_ALPHA or "transparency" in image.info or image.has_transparency_data
    if not transparent:
        return _split(np.asarray(image.convert(_OPAQUE[image.mode])))
    mode = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
    return _split(np.asarray(image.convert("L").convert(mode) if image.mode == "1" else image.convert(mode)))


def _content(image: Image.Image, size: int = -1) -> bytes:
    """Returns the first `size` bytes, or all, of the file that an opened picture is read from."""
    file = image.fp  # type: ignore[attr-defined]
    place = file.tell()
    file.seek(0)
    data: bytes = file.read(size)
    file.seek(place)
    return data


def _decode_16_bit(image: Image.Image, data: bytes) -> Pixels:
    values: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[:2] != image.size[::-1]:
        raise ValueError("the 16-bit pixels cannot be decoded")
    if values.ndim == 2:
        inverted = image.format == "TIFF" and _tag(image, _PHOTOMETRIC, None) == _WHITE_IS_ZERO
        return Pixels((65535 - values if inverted else values)[..., None], None)
    pixels = _split(np.ascontiguousarray(values[..., [2, 1, 0, 3][: values.shape[2]]]))  # OpenCV gives BGR
    if image.format == "PNG" and data[_PNG_COLOUR_TYPE] == _GREY_AND_ALPHA:  # which OpenCV turns into RGBA
        return Pixels(pixels.values[..., :1], pixels.alpha)
    return pixels


def _tag(image: Image.Image, number: int, default: Any) -> Any:
    return image.tag_v2.get(number, default)  # type: ignore[attr-defined]


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
