"""Still pictures in and out: every mode and format, toned ones, original and result side by side."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media import tone
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still, encode_result
from tests.made_stills import (
    BT601,
    COLORIZER,
    GREY,
    MODES,
    RGBA,
    WarmBackend,
    coloured,
    exif_of,
    opened,
    photo_like,
    ramp,
    saved,
)

# === Modes and formats ===


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_every_mode_comes_out_coloured_at_the_same_size_with_its_own_luma(mode, file_format):
    data = saved(MODES[mode], file_format)
    still = stills.read(data)
    result = stills.read(coloured(data))
    assert result.file_format == file_format
    assert result.values.shape == (24, 40, 3)
    assert result.levels == still.levels == (65535 if mode == "I;16" else 255)
    assert np.abs(result.values @ BT601 / result.levels - still.luma[..., 0]).max() <= 1 / result.levels
    assert mode == "1" or np.ptp(result.values, axis=-1).max() > 20  # pure black and white have no room for colour
    assert (still.alpha is None) == (mode not in ("LA", "RGBA"))
    if still.alpha is not None:
        np.testing.assert_array_equal(result.alpha, still.alpha)


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "BMP"])
def test_the_other_formats_stay_what_they_are(file_format):
    data = saved(GREY if file_format != "WEBP" else GREY.convert("RGB"), file_format)
    still, result = stills.read(data), opened(coloured(data))
    assert (result.format, result.size, result.mode) == (file_format, (40, 24), "RGB")
    moved = np.abs(np.asarray(result) @ BT601 / 255 - still.luma[..., 0]).max()
    assert moved <= (4 if file_format == "JPEG" else 1) / 255


def test_webp_keeps_its_alpha():
    data = saved(RGBA, "WEBP", lossless=True)
    np.testing.assert_array_equal(stills.read(coloured(data)).alpha, stills.read(data).alpha)


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_jpeg_luma_is_stored_again_with_next_to_no_loss(quality):
    noise = (
        cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (200, 300)).astype(np.float32), (0, 0), 2) * 3 - 256
    )
    data = saved(Image.fromarray(np.clip(noise, 20, 230).astype(np.uint8)), "JPEG", quality=quality)
    luma = np.asarray(opened(data)).astype(int)
    kept = opened(coloured(data))
    assert kept.layer[0][1:3] == (1, 1)  # 4:4:4
    kept.close()
    again = Image.open(io.BytesIO(coloured(data)))
    again.draft("YCbCr", again.size)
    moved = np.abs(np.asarray(again)[..., 0].astype(int) - luma)
    assert moved.max() <= 2
    assert moved.mean() < 0.1


def test_cmyk_jpeg_comes_out_as_rgb():
    data = saved(GREY.convert("CMYK"), "JPEG", quality=95)
    result = opened(coloured(data))
    assert result.mode == "RGB"
    assert np.abs(np.asarray(result.convert("L")).astype(int) - ramp()).max() < 8


def test_palette_transparency_becomes_alpha():
    data = saved(GREY.convert("P"), "PNG", transparency=0)
    result = stills.read(coloured(data))
    assert result.alpha is not None
    assert result.alpha.min() == 0 and result.alpha.max() == 255


def test_grey_png_with_a_transparent_level_gets_alpha():
    result = stills.read(coloured(saved(GREY, "PNG", transparency=128)))
    np.testing.assert_array_equal(result.alpha[..., 0] == 0, ramp() == 128)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_rgb_stays_16_bit(suffix, channels):
    grey = ramp(levels=65535)
    values = np.dstack([grey] * 3 + [grey[::-1]] * (channels - 3))
    still = stills.read(cv2.imencode(suffix, values)[1].tobytes())
    assert still.levels == 65535
    result = stills.read(encode_result(still, colorize_still(still, COLORIZER)))
    assert result.values.dtype == np.uint16
    assert np.abs(result.values @ BT601 - grey).max() <= 1
    if channels == 4:
        np.testing.assert_array_equal(result.alpha[..., 0], grey[::-1])


def test_16_bit_grey_with_alpha_is_read_as_such():
    rows = np.dstack([ramp(levels=65535), ramp(levels=65535)[::-1]]).astype(">u2")

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 40, 24, 16, 4, 0, 0, 0)
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    still = stills.read(data)
    np.testing.assert_array_equal(still.values[..., 0], ramp(levels=65535))
    np.testing.assert_array_equal(still.alpha[..., 0], ramp(levels=65535)[::-1])


def test_white_is_zero_is_understood_at_16_bit():
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, ramp(levels=65535), photometric="miniswhite")
    np.testing.assert_array_equal(stills.read(buffer.getvalue()).values[..., 0], 65535 - ramp(levels=65535))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_one_pixel_can_be_coloured(file_format):
    assert opened(coloured(saved(Image.new("L", (1, 1), 90), file_format))).size == (1, 1)


def test_another_format_can_be_asked_for():
    result = opened(coloured(saved(MODES["I;16"], "PNG"), file_format="JPEG"))
    assert (result.format, result.mode) == ("JPEG", "RGB")
    transparent = opened(coloured(saved(RGBA, "PNG"), file_format="JPEG"))
    assert min(transparent.getpixel((0, 23))) > 245  # fully transparent there: laid on white


# === Already in colour, toned ===


def test_tone_tells_grey_toned_and_colour():
    colour = photo_like()
    luma = colour @ BT601
    sepia = np.clip(luma[..., None] * [1.05, 0.9, 0.7], 0, 255).astype(np.uint8)
    faded = 255 - (255 - luma[..., None]) * (1 - np.linspace(0, 0.3, 200)[None, :, None] * [0.1, 0.4, 1.0])
    assert tone.judge_rgb(colour) == "colour"
    assert tone.judge_rgb(np.repeat(luma[..., None], 3, -1).astype(np.uint8)) == "grey"
    assert tone.judge_rgb(sepia) == "toned"
    assert tone.judge_rgb(np.asarray(opened(saved(Image.fromarray(sepia), "JPEG", quality=60)))) == "toned"
    assert tone.judge_rgb(faded.astype(np.uint8)) == "toned"
    assert tone.judge_rgb(np.full((1, 1, 3), [250, 10, 10], np.uint8)) == "colour"


def test_a_toned_picture_is_coloured_from_its_neutral_luma():
    luma = photo_like(1) @ BT601
    sepia = np.clip(luma[..., None] * [1.05, 0.9, 0.7], 0, 255).astype(np.uint8)
    still = stills.read(saved(Image.fromarray(sepia)))
    assert still.tone == "toned" and not still.in_colour
    blank = Colorizer(WarmBackend(), saturation=0.0)
    assert np.ptp(colorize_still(still, blank), axis=-1).max() == 0


# === Side by side ===


def test_side_by_side_shows_the_original_left_and_the_result_right():
    result = np.asarray(opened(coloured(saved(GREY), side_by_side=True)))
    assert result.shape == (24, 80, 3)
    np.testing.assert_array_equal(result[:, :40], np.repeat(ramp()[..., None], 3, -1))
    assert np.ptp(result[:, 40:], axis=-1).max() > 20


def test_side_by_side_is_upright():
    result = opened(coloured(saved(GREY, exif=exif_of(_274=6)), side_by_side=True))
    assert result.size == (48, 40)
    assert 0x0112 not in result.getexif()
    np.testing.assert_array_equal(np.asarray(result)[:, :24, 0], np.rot90(ramp(), -1))


def test_side_by_side_keeps_alpha_and_depth():
    result = stills.read(coloured(saved(RGBA), side_by_side=True))
    assert result.alpha.shape == (24, 80, 1)
    assert stills.read(coloured(saved(MODES["I;16"]), side_by_side=True)).values.dtype == np.uint16
