"""Grey, toned or in colour: made pictures of each kind, faded, cast, toned and compressed, and graphics."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from colorgan_tf import color
from pipelines.media import tone

WEIGHTS = np.array([0.299, 0.587, 0.114])
HEIGHT, WIDTH = 240, 320


def scene(seed=0):
    """Areas of many shades, and of colours that do not follow from them; with a little grain."""
    rng = np.random.default_rng(seed)
    smooth = [cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)), (0, 0), sigma) for sigma in (25, 18, 18)]
    luma, blue, red = ((each - each.mean()) / each.std() for each in smooth)
    rgb = 128 + 45 * luma[..., None] + 14 * np.stack([red, -0.5 * red - 0.2 * blue, blue], -1)
    return np.clip(rgb + rng.normal(0, 2, (HEIGHT, WIDTH, 1)), 0, 255)


def eight_bit(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def as_jpeg(rgb, quality=75):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


CASTS = {
    "none": ([1, 1, 1], [0, 0, 0]),
    "yellow": ([1.05, 1, 0.7], [10, 5, 0]),
    "magenta": ([1.05, 0.85, 1], [12, 0, 8]),
    "blue": ([0.85, 0.9, 1.1], [0, 0, 15]),
}


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("saturation", [0.3, 0.6, 1.0])
def test_faded_prints_with_a_cast_are_colour(cast, saturation):
    rgb = scene()
    grey = (rgb @ WEIGHTS)[..., None]
    gains, offsets = CASTS[cast]
    faded = (grey + saturation * (rgb - grey)) * gains + offsets
    assert tone.judge_rgb(as_jpeg(eight_bit(faded))) == "colour"


def sepia(grey):
    return np.minimum(grey[..., None] * [1.351, 1.203, 0.937], 255)


def inked(grey, colour):
    """From black over one colour to white."""
    colour = np.array(colour) * 255
    middle = colour @ WEIGHTS
    share = grey[..., None]
    return np.where(share < middle, share / middle * colour, 255 - (255 - share) / (255 - middle) * (255 - colour))


def split(grey):
    share = grey[..., None] / 255
    shadows, lights = np.array([-30, -5, 50]), np.array([40, 15, -50])
    return grey[..., None] + 4 * share * (1 - share) * (shadows * (1 - share) + lights * share)


TONES = {
    "sepia": sepia,
    "red": lambda grey: inked(grey, [0.9, 0.1, 0.1]),
    "green": lambda grey: inked(grey, [0.1, 0.75, 0.2]),
    "blue": lambda grey: inked(grey, [0.1, 0.25, 0.85]),
    "darkroom": lambda grey: grey[..., None] * [1, 0.15, 0.1],
    "split": split,
}


@pytest.mark.parametrize("name", TONES)
@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
def test_tones_of_all_strengths_are_toned(name, strength):
    grey = scene() @ WEIGHTS
    rgb = as_jpeg(eight_bit(grey[..., None] + strength * (TONES[name](grey) - grey[..., None])))
    assert tone.judge_rgb(rgb) == "toned"


def grey_scene():
    return eight_bit(np.repeat((scene() @ WEIGHTS)[..., None], 3, -1))


def test_a_small_coloured_thing_does_not_decide_but_is_told():
    bordered, target, logo = grey_scene(), grey_scene(), grey_scene()
    bordered[:8] = bordered[-8:] = bordered[:, :8] = bordered[:, -8:] = [180, 40, 30]
    for number, colour in enumerate([[200, 0, 0], [0, 160, 0], [0, 0, 220], [220, 200, 0], [0, 180, 200]]):
        target[-20:, 20 + 30 * number : 50 + 30 * number] = colour
    logo[100:124, 200:232] = [230, 20, 20]  # 1 % of the picture
    signed = Image.fromarray(grey_scene())
    ImageDraw.Draw(signed).line([(200, 200), (220, 180), (240, 210), (260, 185), (300, 200)], (20, 30, 160), 3)
    for picture in (bordered, target, logo, np.asarray(signed)):
        assert tone.judge_rgb(as_jpeg(picture, 90)) == "grey"
    assert tone.examine_rgb(logo).borderline and tone.examine_rgb(np.asarray(signed)).borderline
    assert not tone.examine_rgb(grey_scene()).borderline


def test_a_coloured_thing_of_some_size_is_colour():
    picture = grey_scene()
    picture[60:180, 80:240] = eight_bit(picture[60:180, 80:240] * np.array([1.4, 0.9, 0.5]))
    assert tone.judge_rgb(picture) == "colour"


def drawing(colour=None, paper=(255, 255, 255)):
    picture = Image.new("RGB", (400, 300), paper)
    draw = ImageDraw.Draw(picture)
    for number in range(12):
        draw.line([(20, 20 + 22 * number), (380, 30 + 20 * number)], (20, 20, 20), 2)
    if colour:
        draw.line([(20, 290), (380, 20)], colour, 2)
    return np.asarray(picture)


def test_drawings_with_a_few_coloured_lines_are_colour():
    assert tone.judge_rgb(drawing()) == "grey"
    for colour in ((0, 0, 200), (220, 0, 0), (0, 140, 0)):
        assert tone.judge_rgb(drawing(colour)) == "colour"
        assert tone.judge_rgb(as_jpeg(drawing(colour), 85)) == "colour"
    assert tone.judge_rgb(drawing(paper=(240, 230, 200))) != "colour"
    assert tone.judge_rgb(drawing((0, 0, 200), (240, 230, 200))) == "colour"


def test_one_flat_colour_for_each_brightness_is_colour():
    bands = [(20, 20, 120), (150, 30, 40), (40, 150, 60), (220, 150, 40), (160, 210, 240), (250, 250, 210)]
    picture = np.repeat(np.repeat(np.array(bands, np.uint8)[None], 240, 0), 50, 1)
    assert tone.judge_rgb(picture) == "colour"
    assert tone.judge_rgb(as_jpeg(picture, 85)) == "colour"
    flag = np.repeat(
        np.repeat(np.array([(0, 40, 160), (255, 255, 255), (220, 30, 40)], np.uint8)[None], 200, 0), 100, 1
    )
    assert tone.judge_rgb(flag) == "colour"


@pytest.mark.parametrize("count", [8, 12, 16])
@pytest.mark.parametrize("quality", [None, 60])
def test_many_flat_colours_of_another_brightness_each_are_colour(count, quality):
    television = [[255 * bool(code & each) for each in (2, 4, 1)] for code in range(7, -1, -1)]
    rng = np.random.default_rng(count)
    hues = rng.permutation(np.linspace(0, 2 * np.pi, count, endpoint=False))
    chroma = 0.12 * np.stack([np.cos(hues), np.sin(hues)], -1)
    yuv = np.concatenate([np.linspace(0.2, 0.8, count)[:, None], chroma], -1)
    colours = television if count == 8 else eight_bit(color.yuv_to_rgb(yuv) * 255)
    picture = np.repeat(np.repeat(np.array(colours, np.uint8)[None], 240, 0), 400 // count, 1)
    assert tone.judge_rgb(picture if quality is None else as_jpeg(picture, quality)) == "colour"


def test_a_smooth_change_of_strong_colours_is_colour():
    down, across = np.mgrid[0:255:96j, 0:255:128j]
    assert tone.judge_rgb(eight_bit(np.dstack([across, down, 255 - across]))) == "colour"


@pytest.mark.parametrize("paper", [0, 255])
def test_a_vivid_thing_before_black_or_white_is_colour(paper):
    down, across = np.mgrid[-1:1:240j, -1:1:320j]
    inside = (down / 0.5) ** 2 + (across / 0.4) ** 2 < 1
    picture = np.full((240, 320, 3), paper, np.uint8)
    picture[inside] = eight_bit(scene()[:240, :320] * np.array([1.3, 1.0, 0.6]))[inside]
    assert tone.judge_rgb(as_jpeg(picture, 85)) == "colour"


@pytest.mark.parametrize("ink", [(0.9, 0.1, 0.1), (0.1, 0.75, 0.2), (0.1, 0.25, 0.85)])
def test_strong_inks_are_toned(ink):
    shade, ink = (scene() @ WEIGHTS)[..., None], 255 * np.array(ink)
    middle = float(ink @ WEIGHTS)
    printed = np.where(shade < middle, shade / middle * ink, 255 - (255 - shade) / (255 - middle) * (255 - ink))
    for quality in (50, 90):
        assert tone.judge_rgb(as_jpeg(eight_bit(printed), quality)) == "toned"


def film_frame(rgb):
    small = cv2.resize(rgb, (128, 72), interpolation=cv2.INTER_AREA).astype(np.float64) / 255
    luma = small @ WEIGHTS
    return luma, np.stack([0.492 * (small[..., 2] - luma), 0.877 * (small[..., 0] - luma)], -1)


def test_a_logo_burnt_in_text_and_chroma_noise_do_not_keep_a_shot_grey():
    logo = grey_scene()
    logo[10:40, 270:310] = [230, 20, 20]
    text = Image.fromarray(grey_scene())
    ImageDraw.Draw(text).text((60, 215), "a line of yellow words", (250, 230, 20), font_size=18)
    for picture in (logo, np.asarray(text)):
        assert tone.judge(*film_frame(picture), tone.FILM) == "grey"
    luma, chroma = film_frame(grey_scene())
    noise = np.random.default_rng(1).normal(0, 0.012, chroma.shape)
    assert tone.judge(luma, chroma + noise, tone.FILM) != "colour"
    assert tone.judge(*film_frame(eight_bit(scene())), tone.FILM) == "colour"


@pytest.mark.parametrize("name", ["children_walking", "fish_market", "fishmonger", "patio", "theater"])
def test_old_scans_with_a_trace_of_colour_are_not_in_colour(name):
    with Image.open(Path(__file__).parents[2] / "examples" / "bw" / f"{name}.jpg") as picture:
        assert tone.judge_rgb(np.asarray(picture.convert("RGB"))) != "colour"
