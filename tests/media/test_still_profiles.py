"""Colour profiles of still pictures: kept where they fit, else gone through."""

import io
import struct

import numpy as np
import pytest
from PIL import ImageCms

from pipelines.media import icc
from pipelines.stills import still as stills
from tests.made_stills import BT601, GREY, coloured, opened, ramp, saved, shown

# === Colour profiles ===


def grey_profile(gamma):
    """A grey profile of ICC version 2 with a power curve."""
    header = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    header[8:12], header[16:20] = bytes([2, 0x40, 0, 0]), b"GRAY"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    return icc._assemble(bytes(header), {b"kTRC": curve, b"wtpt": white, b"desc": name, b"cprt": b"text\0\0\0\0none\0"})


@pytest.mark.parametrize("gamma", [1.8, 2.2, 2.6])
def test_a_grey_profile_becomes_an_rgb_profile_of_the_same_tones(gamma):
    profile = grey_profile(gamma)
    fitting = icc.for_coloured(profile)
    assert icc.space(fitting) == "RGB"
    before = shown(GREY, profile, "RGB")
    after = shown(GREY.convert("RGB"), fitting, "RGB")
    assert np.abs(before - after).max() <= 1


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_result_carries_a_profile_that_fits_rgb(file_format):
    grey = file_format != "WEBP"  # which knows no grey
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = saved(GREY if grey else GREY.convert("RGB"), file_format, icc_profile=grey_profile(1.8) if grey else srgb)
    profile = opened(coloured(data)).info["icc_profile"]
    assert icc.space(profile) == "RGB"
    ImageCms.ImageCmsProfile(io.BytesIO(profile))


def test_a_damaged_profile_is_dropped():
    assert icc.for_coloured(b"junk" * 50) is None
    assert "icc_profile" not in opened(coloured(saved(GREY, "PNG", icc_profile=b"junk" * 50))).info


# === Profiles that are tables ===


def table_profile(space, gamma):
    """A profile of ICC version 2 whose device values go through an 8-bit table to Lab: darker or lighter than sRGB."""
    header = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    header[8:12], header[12:16], header[16:20], header[20:24] = bytes([2, 0x40, 0, 0]), b"scnr", space, b"Lab "
    inputs, points = (3, 9) if space == b"RGB " else (1, 255)
    axis = np.linspace(0, 1, points) ** gamma
    grid = np.stack(np.meshgrid(*[axis] * inputs, indexing="ij"), -1).reshape(-1, inputs)
    grey = grid.mean(1)
    lightness = np.cbrt(np.maximum(grey, 0.008856)) * 116 - 16
    red_green = (grid[:, 0] - grey) * 80 if inputs == 3 else grey * 0
    lab = np.stack([lightness * 2.55, red_green + 128, grey * 0 + 128], -1).round().astype(np.uint8)
    matrix = struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    ramps = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes([inputs, 3, points, 0]) + matrix + ramps * inputs + lab.tobytes() + ramps * 3
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 6) + b"table\0" + bytes(78)
    tags = {b"A2B0": table, b"wtpt": white, b"desc": name, b"cprt": b"text\0\0\0\0none\0"}
    return icc._assemble(bytes(header), tags)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF"])
@pytest.mark.parametrize("space", [b"RGB ", b"GRAY"])
@pytest.mark.parametrize("gamma", [1.0, 3.0])
def test_a_table_profile_is_gone_through(file_format, space, gamma):
    profile = table_profile(space, gamma)
    image = GREY.convert("RGB") if space == b"RGB " else GREY
    options = {"quality": 100} if file_format == "JPEG" else {}
    data = saved(image, file_format, icc_profile=profile, **options)
    before = shown(opened(data).convert(image.mode), profile, "RGB") @ BT601
    assert np.abs(before - ramp()).max() > 10  # so far off it would be without
    result = opened(coloured(data))
    assert "icc_profile" not in result.info
    assert np.abs(np.asarray(result) @ BT601 - before).max() <= (4 if file_format == "JPEG" else 1.5)


def test_a_curve_for_each_channel_is_gone_through():
    tags = icc._tags(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    header = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128]
    for name, gamma in (("r", 2.0), ("g", 1.4), ("b", 1.8)):
        tags[f"{name}TRC".encode()] = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    data = saved(GREY.convert("RGB"), icc_profile=icc._assemble(header, tags))
    still = stills.read(data)
    assert still.notes == ("converted to sRGB through its colour profile",)
    before = shown(opened(data), opened(data).info["icc_profile"], "RGB")
    np.testing.assert_array_equal(still.values, before)
