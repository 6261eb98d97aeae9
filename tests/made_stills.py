"""Still pictures that tests make for themselves, and a stand-in network that colours them."""

import io

import cv2
import numpy as np
from PIL import Image, ImageCms, TiffImagePlugin

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still, encode_result

BT601 = np.array([0.299, 0.587, 0.114])


class WarmBackend:
    """Paints every picture the same warm colour."""

    input_resolution, multiple, identity = 32, 32, "warm"

    def luma_to_chroma(self, luma):
        return np.broadcast_to(np.array([-0.08, 0.12], np.float32), (*luma.shape[:3], 2))


COLORIZER = Colorizer(WarmBackend())


def ramp(height=24, width=40, levels=255):
    return (
        np.linspace(0, levels, height * width).reshape(height, width).astype(np.uint8 if levels == 255 else np.uint16)
    )


def saved(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def coloured(data, **options):
    still = stills.read(data)
    return encode_result(still, colorize_still(still, COLORIZER), **options)


def exif_of(**extra):
    exif = Image.Exif()
    exif[0x010F] = "Camera works"
    exif.get_ifd(0x8769).update({0x9003: "1931:05:06 07:08:09", 0x829A: TiffImagePlugin.IFDRational(1, 50)})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0)})
    for tag, value in extra.items():
        exif[int(tag[1:])] = value
    return exif


GREY = Image.fromarray(ramp())
RGBA = Image.merge("RGBA", [GREY, GREY, GREY, Image.fromarray(ramp()[::-1].copy())])
MODES = {
    "L": GREY,
    "1": GREY.convert("1"),
    "LA": RGBA.convert("LA"),
    "RGB": GREY.convert("RGB"),
    "RGBA": RGBA,
    "P": GREY.convert("P"),
    "I;16": Image.fromarray(ramp(levels=65535)),
}


def shown(image, profile, mode):
    """What a colour-managed viewer shows of a picture."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)).astype(
        int
    )


def photo_like(seed=0):
    noise = np.random.default_rng(seed).standard_normal((160, 200, 3)).astype(np.float32)
    return np.clip(128 + 900 * cv2.GaussianBlur(noise, (0, 0), 9), 0, 255).astype(np.uint8)
