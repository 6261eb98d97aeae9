"""A picture file's bytes to arrays of 8 or 16 bit: every mode that JPEG, PNG, WebP, TIFF and BMP know, alpha apart."""

import dataclasses
import io
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from pipelines.media import icc

# TIFF tags and PNG's IHDR fields, by their place in the file.
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
_PNG_DEPTH, _PNG_COLOUR_TYPE, _GREY_AND_ALPHA = 24, 25, 4
_WITH_ALPHA = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA"}
_OPAQUE = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "CMYK": "RGB", "HSV": "RGB"}


@dataclasses.dataclass(frozen=True)
class Pixels:
    """Decoded pixels as stored (not turned by the EXIF orientation).

    Attributes:
        values: `[H, W, 1]` grey or `[H, W, 3]` RGB, uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, or None.
    """

    values: np.ndarray
    alpha: np.ndarray | None


def decode(image: Image.Image, data: bytes) -> Pixels:
    """Decodes an opened picture.

    Args:
        image: opened by Pillow, header read.
        data: the same file's bytes.

    Raises:
        OSError, SyntaxError, ValueError: if the pixels cannot be decoded.
    """
    image.load()  # finds truncated files, also those that OpenCV would half decode without a word
    if bits(image, data) == 16:
        return _decode_16_bit(image, data)
    if image.mode not in _OPAQUE and image.mode not in _WITH_ALPHA and image.mode != "LAB":
        raise ValueError(f"pixels of mode {image.mode} are not supported")
    if image.mode == "LAB" or (image.mode == "CMYK" and icc.space(image.info.get("icc_profile") or b"") == "CMYK"):
        image = _to_srgb(image)
    transparent = image.mode in _WITH_ALPHA or "transparency" in image.info or image.has_transparency_data
    if not transparent:
        return _split(np.asarray(image.convert(_OPAQUE[image.mode])))
    mode = "LA" if image.mode in ("1", "L", "LA", "La") else "RGBA"
    return _split(np.asarray(image.convert("L").convert(mode) if image.mode == "1" else image.convert(mode)))


def bits(image: Image.Image, data: bytes) -> int:
    """Returns 16 for 16-bit channels, else 8. Pillow itself reads 16-bit RGB as 8 bit."""
    if image.format == "PNG":
        return 16 if data[_PNG_DEPTH] == 16 else 8
    if image.format == "TIFF":
        return 16 if max(_tag(image, _BITS_PER_SAMPLE, (1,))) == 16 else 8
    return 8


def _decode_16_bit(image: Image.Image, data: bytes) -> Pixels:
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[:2] != image.size[::-1]:
        raise ValueError("the 16-bit pixels cannot be decoded")
    if values.ndim == 2:
        inverted = image.format == "TIFF" and _tag(image, _PHOTOMETRIC, None) == _WHITE_IS_ZERO
        return Pixels((65535 - values if inverted else values)[..., None], None)
    pixels = _split(np.ascontiguousarray(values[..., [2, 1, 0, 3][: values.shape[2]]]))  # OpenCV gives BGR
    if image.format == "PNG" and data[_PNG_COLOUR_TYPE] == _GREY_AND_ALPHA:  # which OpenCV turns into RGBA
        return dataclasses.replace(pixels, values=pixels.values[..., :1])
    return pixels


def _tag(image: Image.Image, number: int, default: Any) -> Any:
    return image.tag_v2.get(number, default)  # type: ignore[attr-defined]


def _split(values: np.ndarray) -> Pixels:
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
