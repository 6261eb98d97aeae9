"""Names that say something else, and kinds that are only read."""

import importlib.util

import cv2
import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines import batch
from pipelines.batch import Job
from pipelines.media import formats
from pipelines.stills import still as stills
from tests.made_batches import WORK, colourful, grey, targets


def test_the_content_decides_what_is_written_under_a_wrong_name(tmp_path):
    picture = Image.new("L", (30, 20), 120)
    for name, content in (("a.gif", "JPEG"), ("b.jpg", "GIF"), ("c.jpg", "PNG"), ("d.png", "WEBP"), ("e.jpg", "TIFF")):
        picture.save(tmp_path / name, content)
        assert WORK(Job(tmp_path / name, tmp_path / "out" / name)).state == "coloured"
        with Image.open(tmp_path / "out" / name) as result:
            assert result.format == content
            assert np.ptp(np.asarray(result.convert("RGB")), axis=-1).max() > 20
    picture.save(tmp_path / "f.jpg", "AVIF")
    assert WORK(Job(tmp_path / "f.jpg", tmp_path / "out" / "f.jpg")).state == "coloured"
    assert Image.open(tmp_path / "out" / "f.jpg").format == "JPEG"


def test_a_colour_picture_under_a_wrong_name_is_copied(tmp_path):
    Image.open(colourful(tmp_path / "a.png")).save(tmp_path / "a.jpg", "AVIF")
    assert WORK(Job(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")).state == "copied"
    assert (tmp_path / "out" / "a.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()


@pytest.mark.parametrize("name", ["a.avif", "a.jp2", "a.pgm", "a.ppm", "a.pbm", "a.pcx", "a.tga", "a.ico"])
def test_kinds_that_are_only_read_become_png(tmp_path, name):
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    mode = {"a.ppm": "RGB", "a.avif": "RGB", "a.pbm": "1", "a.ico": "RGBA"}.get(name, "L")
    picture = Image.fromarray(ramp).convert(mode)
    options = {"quality": 100} if name == "a.avif" else {"sizes": [(64, 48)]} if name == "a.ico" else {}
    picture.save(tmp_path / name, **options)
    found = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES)
    assert targets(found, tmp_path / "out") == ["a.png"]
    assert WORK(found.jobs[0]).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert (result.format, result.size) == ("PNG", (64, 48))
        with Image.open(tmp_path / name) as source:
            seen = np.asarray(source.convert("RGB").convert("L")).astype(int)
        assert np.abs(np.asarray(result.convert("L")) - seen).max() <= 2


def test_an_icon_whose_header_could_be_that_of_a_tga_is_an_icon(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    Image.fromarray(noise).convert("RGBA").save(tmp_path / "a.ico", sizes=[(128, 128)], bitmap_format="bmp")
    assert (tmp_path / "a.ico").read_bytes()[16] == 1  # the third byte of its size; a TGA's depth
    still = stills.read(tmp_path / "a.ico")
    assert still.file_format == "ICO" and np.array_equal(still.values[..., 0], noise)


def test_a_bmp_without_its_first_bytes_is_one(tmp_path):
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    Image.fromarray(ramp).save(tmp_path / "a.bmp")
    (tmp_path / "a.dib").write_bytes((tmp_path / "a.bmp").read_bytes()[14:])
    assert WORK(Job(tmp_path / "a.dib", tmp_path / "out.dib")).state == "coloured"
    result = stills.read(tmp_path / "out.dib")
    assert result.file_format == "BMP" and np.abs(result.luma[..., 0] * 255 - ramp).max() <= 1


def test_16_bit_kinds_that_are_only_read_keep_their_depth(tmp_path):
    deep = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    for name in ("a.pgm", "b.jp2"):
        Image.fromarray(deep).save(tmp_path / name)
        assert WORK(Job(tmp_path / name, tmp_path / "out.png")).state == "coloured"
        result = stills.read(tmp_path / "out.png")
        assert np.abs(result.values @ [0.299, 0.587, 0.114] - deep).max() <= 1


def test_depth_that_is_lost_is_told(tmp_path):
    deep = np.random.default_rng(0).integers(0, 65536, (64, 80, 3)).astype(">u2")
    (tmp_path / "a.ppm").write_bytes(b"P6 80 64 65535\n" + deep.tobytes())
    still = stills.read(tmp_path / "a.ppm")
    assert still.notes == ("more than 8 bits, read as 8",)
    assert np.abs(still.values.astype(int) - deep / 257).max() <= 1
    for name in ("b.ppm", "b.jp2", "b.avif"):
        Image.fromarray((deep >> 8).astype(np.uint8)).save(tmp_path / name)
        assert stills.read(tmp_path / name).notes == ()
    cv2.imwrite(str(tmp_path / "c.jp2"), deep.astype(np.uint16))
    assert stills.read(tmp_path / "c.jp2").notes == ("more than 8 bits, read as 8",)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)


@pytest.mark.parametrize(("name", "library"), [("a.jpg", "pillow_heif"), ("a.heic", "pillow_heif"), ("a.dng", "rawpy")])
def test_what_takes_an_optional_library_is_named_with_advice(tmp_path, monkeypatch, name, library):
    (tmp_path / name).write_bytes(HEIC if library == "pillow_heif" else b"II*\0" + bytes(500))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find_spec(name))
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    with pytest.raises(InputError, match=f"{name}, which is not supported: .*: `pip install {library[:6]}.*` makes it"):
        WORK(job)


def test_heic_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    heif.from_pillow(Image.fromarray(ramp)).save(tmp_path / "a.heic", quality=90)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    assert WORK(job).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert np.abs(np.asarray(result.convert("L")).astype(int) - ramp).max() <= 6


def test_raw_files_are_developed(tmp_path):
    pytest.importorskip("rawpy")
    import tifffile

    # DNGVersion, CFARepeatPatternDim, CFAPattern (red, green, green, blue), ColorMatrix1 (XYZ to sRGB), AsShotNeutral
    matrix = np.rint(np.array([3.24, -1.54, -0.5, -0.97, 1.88, 0.04, 0.06, -0.2, 1.06]) * 100).astype(int)
    tags = [
        (50706, 1, 4, bytes([1, 4, 0, 0]), True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50721, 10, 9, tuple(int(each) for pair in zip(matrix, [100] * 9, strict=True) for each in pair), True),
        (50728, 5, 3, (1, 1, 1, 1, 1, 1), True),
        (271, 2, 0, "made", True),
        (272, 2, 0, "here", True),
    ]
    ramp = np.tile(np.linspace(0, 65535, 256), (200, 1)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.dng", ramp, photometric=32803, extratags=tags, metadata=None)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    outcome = WORK(job)
    assert outcome.state == "coloured" and "more than 8 bits, read as 8" in outcome.note
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert result.width > 200 and result.getexif()[271] == "made"
        shades = np.asarray(result.convert("L"))[100].astype(int)
        assert shades[-20] > shades[128] > shades[20]


def test_an_animated_avif_becomes_an_apng(tmp_path):
    ramp = np.tile(np.linspace(20, 235, 96), (64, 1)).astype(np.uint8)
    pictures = [Image.fromarray(np.roll(ramp, 8 * number, 1)) for number in range(3)]
    pictures[0].save(tmp_path / "a.avif", save_all=True, append_images=pictures[1:], duration=[50, 70, 90], quality=100)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    assert WORK(job).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert [result.seek(n) or result.info["duration"] for n in range(result.n_frames)] == [50, 70, 90]


def test_names_of_read_only_kinds_do_not_collide(tmp_path):
    for name in ("a.png", "a.pgm", "a.tga"):
        grey(tmp_path / name)
    found = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES)
    assert targets(found, tmp_path / "out") == ["a.png", "a_pgm.png", "a_tga.png"]
