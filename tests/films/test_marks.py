"""Small marks in colour on a grey film: a logo and burnt-in text keep their colours, noise does not."""

import numpy as np
import pytest

from pipelines.films import decoding, pixel_formats
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.decoding import DecodeLog
from tests.made_films import WarmColorizer, make_film

SIZE = (144, 256)
WARM = [-0.075, 0.12]  # U and V of WarmColorizer at middle grey
RED, YELLOW = (90, 240), (16, 146)


def with_logo(number, index, height, width):
    codes = np.full((height, width), 128, np.uint8)
    codes[8:16, width - 24 : width - 10] = RED[index - 1]
    codes[11:13, width - 20 : width - 14] = 128  # letters within it
    return codes


def with_text(number, index, height, width):
    codes = np.full((height, width), 128, np.uint8)
    codes[height - 14 : height - 8, 20:100:4] = codes[height - 14 : height - 8, 21:100:4] = YELLOW[index - 1]
    return codes


def with_noise(number, index, height, width):
    """Noise of an old transfer, and rainbows: stripes of opposite hues along fine detail."""
    rng = np.random.default_rng(10 * number + index)
    codes = 128 + rng.normal(0, 3, (height, width))
    codes[20:30, 20:40] += 30 * (np.arange(20) % 4 // 2 * 2 - 1)
    return codes.clip(16, 240).astype(np.uint8)


def colored(tmp_path, colour, **options):
    film = make_film(tmp_path / "film.mkv", 12, size=SIZE, colour=colour)
    output = str(tmp_path / "out.mkv")
    colorize_film(film, output, WarmColorizer(), FilmOptions(quality="fast", **options))
    source = decoding.probe(output)
    frame = list(decoding.frames(source, DecodeLog()))[-1]
    return pixel_formats.to_chroma(frame, source.pixel_format, (SIZE[0] // 2, SIZE[1] // 2))


def test_a_logo_keeps_its_colour_and_its_letters_none(tmp_path):
    chroma = colored(tmp_path, with_logo)
    logo = chroma[8:16, 128 - 24 : 128 - 10]
    assert logo[0, 0, 1] > 0.4 and np.linalg.norm(logo[3:5, 5:9], axis=-1).max() < 0.05
    rest = chroma[24:].reshape(-1, 2)
    assert np.abs(rest - WARM).max() < 0.06


def test_burnt_in_text_keeps_its_colour(tmp_path):
    text = colored(tmp_path, with_text)[72 - 13 : 72 - 9, 20:98:4]
    assert text[..., 0].max() < -0.3


def test_a_logo_is_coloured_anew_with_force(tmp_path):
    assert colored(tmp_path, with_logo, force=True)[..., 1].max() < 0.2


def test_noise_and_rainbows_keep_nothing(tmp_path):
    chroma = colored(tmp_path, with_noise)
    assert np.std(chroma[22:28, 22:38], axis=(0, 1)) == pytest.approx([0, 0], abs=0.02)
