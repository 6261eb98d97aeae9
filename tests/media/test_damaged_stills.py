"""Bad, truncated and damaged pictures: one clear line, or what there is."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from colorgan_tf.errors import InputError
from pipelines.media import formats, writing
from pipelines.stills import encoding
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still, encode_result
from pipelines.stills.metadata import Metadata
from tests.made_stills import COLORIZER, GREY, opened, photo_like, saved


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
        "text.jpg": (b"this is no picture", "text.jpg, which is none of these"),
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


def test_a_header_that_cannot_be_read_is_told_from_a_file_of_another_kind(tmp_path):
    for name, data, known in (
        ("a.png", saved(GREY)[:14], "PNG"),
        ("b.gif", saved(GREY, "GIF")[:9], "GIF"),
        ("c.pgm", b"P5 -3 4 255 ", "PPM"),
    ):
        (tmp_path / name).write_bytes(data)
        message = f"{name}, which begins as {known} does but has a header that cannot be read"
        with pytest.raises(InputError, match=message):
            formats.suffix_by_content(tmp_path / name)


def test_texts_that_pillow_refuses_are_no_damage(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 2_000_000, zip=True)
    with pytest.raises(InputError, match="not supported: Decompressed data too large"):
        stills.read(saved(GREY, pnginfo=text))


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
