"""JPEG with more pictures, its size and its luma."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.colorize_file import colorize_file
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still, encode_result
from tests.made_stills import COLORIZER, WarmBackend, opened, photo_like, saved


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
