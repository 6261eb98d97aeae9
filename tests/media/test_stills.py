"""Still pictures in and out: every mode, and everything else in the file kept."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin, TiffImagePlugin

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.colorize_file import colorize_file
from pipelines.media import icc, provenance, tone, writing
from pipelines.media.orientation import as_stored, upright
from pipelines.stills import encoding
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still, encode_result
from pipelines.stills.metadata import Metadata

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


# === What else is in the file ===


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("JPEG", "L"), ("PNG", "L"), ("WEBP", "RGB"), ("TIFF", "L"), ("PNG", "I;16"), ("TIFF", "I;16")],
)
def test_exif_is_kept_and_says_that_a_model_made_the_colours(file_format, mode):
    data = saved(MODES[mode], file_format, exif=exif_of().tobytes())
    exif = Image.open(io.BytesIO(coloured(data))).getexif()
    assert exif[0x010F] == "Camera works"
    assert exif.get_ifd(0x8769)[0x9003] == "1931:05:06 07:08:09"
    assert float(exif.get_ifd(0x8769)[0x829A]) == pytest.approx(1 / 50)
    assert exif.get_ifd(0x8825)[1] == "N"
    assert [float(each) for each in exif.get_ifd(0x8825)[2]] == [48.0, 12.0, 30.0]
    assert provenance.TEXT in exif[0x0131]
    assert exif[0x010E] == provenance.TEXT


def test_a_description_and_software_that_were_there_stay():
    exif = opened(coloured(saved(GREY, "JPEG", exif=exif_of(_270="Market, 1931", _305="Scanner 2")))).getexif()
    assert exif[0x010E] == "Market, 1931"
    assert exif[0x0131] == f"Scanner 2; {provenance.TEXT}"


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_stays_a_tag_and_the_pixels_stay_as_stored(file_format):
    options = {"lossless": True} if file_format == "WEBP" else {}
    result = coloured(saved(GREY, file_format, exif=exif_of(_274=6), **options))
    assert Image.open(io.BytesIO(result)).getexif()[0x0112] == 6
    still = stills.read(result)
    assert np.abs(still.luma[..., 0] * 255 - ramp()).max() <= (4 if file_format == "JPEG" else 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_the_exif_standard_says_and_can_be_undone(orientation):
    from PIL import ImageOps

    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    image = Image.fromarray(picture[..., 0])
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(picture, orientation)[..., 0], expected)
    np.testing.assert_array_equal(as_stored(upright(picture, orientation), orientation), picture)


def test_the_network_sees_the_picture_upright():
    seen = []

    class Watching(WarmBackend):
        def luma_to_chroma(self, luma):
            seen.append(luma[0, ..., 0])
            return super().luma_to_chroma(luma)

    sky = np.zeros((64, 64), np.uint8)
    sky[:, :32] = 255  # bright on the left as stored: orientation 6 turns the left side to the top
    still = stills.read(saved(Image.fromarray(sky), exif=exif_of(_274=6)))
    colorize_still(still, Colorizer(Watching()))
    assert seen[0][:12].mean() > 0.9 and seen[0][-12:].mean() < 0.1


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution_is_kept(file_format):
    result = opened(coloured(saved(GREY, file_format, dpi=(300, 300))))
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_deep_png_keeps_resolution_and_text():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Anonymous")
    result = opened(coloured(saved(MODES["I;16"], "PNG", dpi=(300, 300), pnginfo=text)))
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert result.text == {"Author": "Anonymous", "Software": provenance.TEXT}


def test_xmp_and_comment_are_kept():
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
    for file_format in ("JPEG", "PNG", "TIFF", "WEBP"):
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        options = {"pnginfo": text} if file_format == "PNG" else {"xmp": packet}
        if file_format == "TIFF":
            options = {"tiffinfo": {700: packet}}
        again = stills.read(coloured(saved(GREY, file_format, **options)))
        assert again.metadata.xmp == packet, file_format
    assert opened(coloured(saved(GREY, "JPEG", comment=b"attic"))).info["comment"] == b"attic"


# === Colour profiles ===


def grey_profile(gamma):
    """A grey profile of ICC version 2 with a power curve."""
    header = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    header[8:12], header[16:20] = bytes([2, 0x40, 0, 0]), b"GRAY"
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    return icc._assemble(bytes(header), {b"kTRC": curve, b"wtpt": white, b"desc": name, b"cprt": b"text\0\0\0\0none\0"})


def shown(image, profile, mode):
    """What a colour-managed viewer shows of a picture."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)).astype(
        int
    )


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


# === Already in colour, toned ===


def photo_like(seed=0):
    noise = np.random.default_rng(seed).standard_normal((160, 200, 3)).astype(np.float32)
    return np.clip(128 + 900 * cv2.GaussianBlur(noise, (0, 0), 9), 0, 255).astype(np.uint8)


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


# === Bad input ===


def test_bad_files_give_one_clear_line_that_names_them(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8))
    odd = bytearray(saved(GREY, "BMP"))
    odd[28:30] = struct.pack("<H", 2)  # bits a pixel
    bomb = bytearray(saved(GREY))
    bomb[16:24] = struct.pack(">II", 60000, 60000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    animation = saved(noise, "WEBP", save_all=True, append_images=[GREY.resize((100, 100))])
    cases = {
        "empty.jpg": (b"", "empty.jpg, which is empty"),
        "text.jpg": (b"this is no picture", "text.jpg, which is none"),
        "half.jpg": (saved(noise, "JPEG")[:200], "half.jpg, which is damaged"),
        "half.png": (saved(noise)[:50], "half.png, which is damaged"),
        "odd.bmp": (bytes(odd), "odd.bmp, which is not supported: Unsupported BMP"),
        "bomb.png": (bytes(bomb), "at most 175 megapixels is expected. Received: .*bomb.png"),
        "moving.webp": (animation, "moving.webp, an animation of 2 frames"),
    }
    for name, (data, message) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=message) as caught:
            stills.read(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="gone.png: No such file"):
        stills.read(tmp_path / "gone.png")


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "deep PNG"])
def test_of_a_truncated_file_what_there_is_is_coloured(file_format, tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 65536, (160, 100)).astype(np.uint16)
    whole = saved(
        Image.fromarray(noise if "deep" in file_format else (noise >> 8).astype(np.uint8)), file_format[-4:].strip()
    )
    for name, data in (("a", whole[: len(whole) // 2]), ("b", whole[: len(whole) // 2 + 7])):
        still = stills.read(data)
        (tmp_path / name).write_bytes(data)
        with Image.open(tmp_path / name) as image:
            assert stills.decode(image, name).notes == still.notes
        seen = 160 - still.missing_rows
        assert 60 < seen < 90
        assert still.notes == (f"the file is truncated: the lowest {still.missing_rows / 160:.0%} of it is missing",)
        np.testing.assert_array_equal(still.values[: seen - 16], stills.read(whole).values[: seen - 16])
        rgb = colorize_still(still, COLORIZER)
        assert np.ptp(rgb[: seen - 16], axis=-1).max() > 20
        assert np.ptp(rgb[seen:], axis=-1).max() == 0
        assert encode_result(still, rgb)


def test_a_truncated_progressive_jpeg_is_coarse_but_coloured():
    grey = Image.fromarray(photo_like()).convert("L")
    whole = saved(grey, "JPEG", quality=95, progressive=True)
    still = stills.read(whole[: len(whole) // 2])
    assert "truncated" in still.notes[0]
    assert np.abs(still.values[..., 0].astype(int) - np.asarray(grey)).mean() < 12


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_the_picture():
    still = stills.read(saved(GREY, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xffgarbage"))
    assert still.metadata.orientation == 1
    assert opened(encode_result(still, colorize_still(still, COLORIZER))).size == (40, 24)


def test_a_result_too_wide_for_its_format_is_refused():
    wide = np.zeros((1, 20000, 3), np.uint8)
    with pytest.raises(ValueError, match="WEBP holds at most 16383 pixels a side, the result has 20000"):
        encoding.encode(wide, None, Metadata(), "WEBP")


def test_write_leaves_nothing_half_written(tmp_path, monkeypatch):
    writing.write_bytes(tmp_path / "new" / "a.png", b"done")
    assert (tmp_path / "new" / "a.png").read_bytes() == b"done"

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        writing.write_bytes(tmp_path / "new" / "b.png", b"half")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


# === JPEG with more pictures, and its size ===


def two_pictures(first, second):
    return saved(first, "MPO", save_all=True, append_images=[second])


def test_a_jpeg_with_a_second_picture_is_a_jpeg(tmp_path):
    colour = Image.fromarray(photo_like())
    (tmp_path / "colour.jpg").write_bytes(two_pictures(colour, colour))
    outcome = colorize_file(tmp_path / "colour.jpg", tmp_path / "out.jpg", COLORIZER)
    assert outcome.state == "copied"
    assert (tmp_path / "out.jpg").read_bytes() == (tmp_path / "colour.jpg").read_bytes()
    (tmp_path / "grey.jpg").write_bytes(two_pictures(colour.convert("L"), colour.convert("L")))
    outcome = colorize_file(tmp_path / "grey.jpg", tmp_path / "out.jpg", COLORIZER)
    assert (outcome.state, outcome.note) == ("coloured", "only the first of 2 pictures")
    assert opened((tmp_path / "out.jpg").read_bytes()).format == "JPEG"


@pytest.mark.parametrize("quality", [5, 30, 75, 92])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_result_is_little_larger_than_its_source_and_has_its_luma(quality, progressive):
    class Patches(WarmBackend):
        def luma_to_chroma(self, luma):
            return luma * [0.2, -0.2] + [-0.1, 0.1]

    grey = Image.fromarray(photo_like()).convert("L").resize((800, 600))
    data = saved(grey, "JPEG", quality=quality, progressive=progressive)
    still = stills.read(data)
    result = encode_result(still, colorize_still(still, Colorizer(Patches())))
    assert len(result) <= 1.3 * len(data) + 1000
    again = Image.open(io.BytesIO(result))
    assert bool(again.info.get("progressive")) == progressive
    assert again.quantization[0] == Image.open(io.BytesIO(data)).quantization[0]
    again.draft("YCbCr", again.size)
    assert np.abs(np.asarray(again)[..., 0].astype(int) - still.values[..., 0]).max() <= 3


def test_coarse_chroma_of_a_jpeg_does_not_move_the_luma_that_is_shown():
    class Strong(WarmBackend):
        def luma_to_chroma(self, luma):
            return luma * 0 + np.float32([-0.3, 0.4])

    letters = Image.new("L", (320, 240), 235)
    draw = ImageDraw.Draw(letters)
    for number in range(12):
        draw.line([(10, 10 + 18 * number), (310, 20 + 17 * number)], 30 + 15 * number, 5)
    data = saved(letters, "JPEG", quality=40)
    still = stills.read(data)
    result = encode_result(still, colorize_still(still, Colorizer(Strong())))
    with Image.open(io.BytesIO(result)) as again:
        shown = np.asarray(again.convert("RGB")).astype(np.float64) @ [0.299, 0.587, 0.114]
    off = np.abs(shown - still.values[..., 0])
    assert off.max() <= 6 and (off > 3.5).mean() < 0.001  # it was up to 16, and 7 % of the pixels


# === Transparency and IPTC ===


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_bmp_keeps_its_alpha(mode):
    still = stills.read(saved(RGBA, "PNG"))
    values = still.values if mode == "RGBA" else still.values[..., :1]
    data = encoding.encode(values, still.alpha, Metadata(dpi=(300.0, 300.0)), "BMP")
    again = stills.read(data)
    np.testing.assert_array_equal(again.values, still.values)
    np.testing.assert_array_equal(again.alpha, still.alpha)
    assert opened(data).info["dpi"] == pytest.approx((300, 300), abs=0.1)
    result = stills.read(coloured(data))
    np.testing.assert_array_equal(result.alpha, still.alpha)
    assert result.file_format == "BMP"


def deep_png(values, colour_type, transparent):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in values))
    trns = chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + trns + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_of_16_bits_becomes_alpha(channels):
    values = np.dstack([ramp(levels=65535)] * channels)
    values[3, 4] = values[2, 2]
    data = deep_png(values, 0 if channels == 1 else 2, values[2, 2])
    still = stills.read(data)
    np.testing.assert_array_equal(still.values, values)
    assert still.alpha.dtype == np.uint16
    assert set(zip(*np.nonzero(still.alpha[..., 0] == 0), strict=True)) == {(2, 2), (3, 4)}
    np.testing.assert_array_equal(stills.read(coloured(data)).alpha, still.alpha)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp"])
def test_a_transparent_picture_stays_what_it_is_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(saved(RGBA))
    outcome = colorize_file(tmp_path / name, tmp_path / "out" / name, COLORIZER)
    result = stills.read(tmp_path / "out" / name)
    assert result.file_format == "PNG"
    np.testing.assert_array_equal(result.alpha, stills.read(saved(RGBA)).alpha)
    assert outcome.note == ("" if name == "a.png" else "PNG by its content, and so is the result")


IPTC = b"\x1c\x02\x78\x00\x06Market\x1c\x02\x05\x00\x041931"


def test_iptc_of_a_jpeg_is_kept():
    resource = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">L", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)
    segment = struct.pack(">HH", 0xFFED, len(resource) + 2) + resource
    assert opened(coloured(saved(GREY, "JPEG", extra=segment))).info["photoshop"][0x0404] == IPTC


@pytest.mark.parametrize("kind", ["H", "L", "B"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_of_a_tiff_is_kept_whatever_type_it_says_it_is(kind, order):
    buffer = io.BytesIO()
    padded = IPTC + bytes(-len(IPTC) % 4)
    dtype = {"H": 3, "L": 4, "B": 7}[kind]
    count = len(padded) // struct.calcsize(f"={kind}")
    value = struct.unpack(f"{order}{count}{kind}", padded) if kind != "B" else padded
    tifffile.imwrite(buffer, ramp(), byteorder=order, extratags=[(33723, dtype, count, value, True)])
    data = buffer.getvalue()
    assert stills.read(data).metadata.iptc == padded
    result = stills.read(coloured(data))
    assert result.metadata.iptc == padded


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
