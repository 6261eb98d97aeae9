"""Pair files: made of any picture, taken apart again, and refused when they are none."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from colorgan_tf.errors import InputError
from pipelines.data import pair_files

ROOT = Path(__file__).parents[2]


def unique_pixels(height, width):
    """A picture in which no two pixels are the same."""
    number = np.arange(height * width).reshape(height, width)
    return np.stack([number % 256, number // 256 % 256, number // 65536 + 7], axis=-1).astype(np.uint8)


def save(path, rgb, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path, **options)


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(("height", "width"), [(40, 70), (70, 40), (40, 40), (41, 64)])
def test_a_pair_holds_the_central_square_twice_at_its_own_scale(tmp_path, height, width):
    rgb = unique_pixels(height, width)
    save(tmp_path / "in/a.png", rgb)
    assert pair_files.convert(tmp_path / "in", tmp_path / "out", format="png") == (1, {})
    pair = read(tmp_path / "out/a.png")
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = rgb[top : top + side, left : left + side]
    np.testing.assert_array_equal(pair, np.concatenate([square, square], axis=1))


@pytest.mark.parametrize(("size", "side"), [(960, 96), (64, 64), (50, 48), (20, 16)])
def test_size_limits_the_half_and_jpeg_halves_are_whole_blocks_and_identical(tmp_path, size, side):
    save(tmp_path / "in/a.jpg", np.random.default_rng(0).integers(0, 256, (100, 150, 3), np.uint8))
    pair_files.convert(tmp_path / "in", tmp_path / "out", size=size)
    with JpegImageFile(tmp_path / "out/a.jpg") as image:
        assert image.size == (2 * side, side)
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # no channel is subsampled
    pair = read(tmp_path / "out/a.jpg")
    np.testing.assert_array_equal(pair[:, :side], pair[:, side:])


def test_a_reduced_half_shows_the_whole_square():
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[:, 50:100] = 255
    half = np.asarray(pair_files.square(Image.fromarray(rgb), 32)).astype(int)
    assert (half[:, :15] > 250).all() and (half[:, 17:] < 5).all()


def test_splitting_gives_back_both_halves_exactly(tmp_path):
    pair = unique_pixels(48, 96)
    save(tmp_path / "in/deep/a.png", pair)
    assert pair_files.convert(tmp_path / "in", tmp_path / "out", split=True, format="png") == (1, {})
    np.testing.assert_array_equal(read(tmp_path / "out/A/deep/a.png"), pair[:, :48])
    np.testing.assert_array_equal(read(tmp_path / "out/B/deep/a.png"), pair[:, 48:])


def test_the_tree_is_kept_and_equal_stems_do_not_collide(tmp_path):
    for name in ("a.jpg", "a.png", "x/a.jpg"):
        save(tmp_path / "in" / name, unique_pixels(16, 16))
    pair_files.convert(tmp_path / "in", tmp_path / "out")
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.jpg"))
    assert made == ["a.jpg.jpg", "a.png.jpg", "x/a.jpg"]


def test_a_picture_on_its_side_is_set_upright(tmp_path):
    rgb = np.zeros((32, 32, 3), np.uint8)
    rgb[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise: the white upper half is on the right
    save(tmp_path / "in/a.jpg", rgb, exif=exif, quality=95)
    pair_files.convert(tmp_path / "in", tmp_path / "out")
    half = read(tmp_path / "out/a.jpg")[:, :32]
    assert half[:, :16].max() < 20 and half[:, 16:].min() > 235


def test_files_that_are_not_pairs_are_named_and_the_rest_go_on(tmp_path):
    save(tmp_path / "in/good.png", unique_pixels(8, 16))
    save(tmp_path / "in/bad.png", unique_pixels(8, 17))
    count, failed = pair_files.convert(tmp_path / "in", tmp_path / "out", split=True)
    assert count == 1
    assert failed == {tmp_path / "in/bad.png": "a pair must be twice as wide as high. Received: 17 x 8"}
    assert list(json.loads((tmp_path / "out/pairs.json").read_text())["failed"]) == [str(tmp_path / "in/bad.png")]


def test_a_folder_without_one_usable_picture_is_refused_and_leaves_nothing(tmp_path):
    save(tmp_path / "in/bad.png", unique_pixels(8, 17))
    with pytest.raises(InputError, match="bad.png: a pair must be twice as wide as high"):
        pair_files.convert(tmp_path / "in", tmp_path / "out", split=True)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_finished_folder_is_replaced_only_when_told(tmp_path):
    save(tmp_path / "in/a.png", unique_pixels(16, 16))
    pair_files.convert(tmp_path / "in", tmp_path / "out")
    with pytest.raises(InputError, match="--overwrite replaces it"):
        pair_files.convert(tmp_path / "in", tmp_path / "out")
    pair_files.convert(tmp_path / "in", tmp_path / "out", format="png", overwrite=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "pairs.json"]


def test_the_command_names_every_file_it_could_not_use(tmp_path):
    save(tmp_path / "in/good.jpg", unique_pixels(64, 64))
    save(tmp_path / "in/one.png", unique_pixels(1, 1))
    (tmp_path / "in/zero.jpg").touch()
    (tmp_path / "in/text.jpg").write_text("hello")
    whole = (tmp_path / "in/good.jpg").read_bytes()
    (tmp_path / "in/cut.jpg").write_bytes(whole[: len(whole) // 2])
    command = [sys.executable, "-m", "pipelines.pairs", str(tmp_path / "in"), f"--output={tmp_path / 'out'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "1 pairs written" in done.stdout
    assert "4 pictures could not be used" in done.stderr
    for name in ("one.png: too small", "zero.jpg: the file is empty", "text.jpg: not a picture", "cut.jpg: damaged"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr
