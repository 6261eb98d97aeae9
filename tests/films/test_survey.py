"""Films that are in colour already: copied, not encoded again, and counted so."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipelines.batch import State
from pipelines.colorize_file import ColorizeOptions, colorize_file
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, lumas, make_film, pattern

FAST = FilmOptions(quality="fast")


def stripes(number, index, height, width):
    return np.where(np.arange(width) // 8 % 2, 90, 170)[None].astype(np.uint8)


def one_tone_then_stripes(number, index, height, width):
    """At first one colour for all, as under a red light; then colours that differ at one luma."""
    return stripes(number, index, height, width) if number > 2 else np.uint8(90 if index == 1 else 170)


def with_a_grey_shot(number, index, height, width):
    return stripes(number, index, height, width) if number < 30 else np.uint8(128)


def shots(number, size, bits=8):
    return pattern(number % 30, size, shot=number // 30)


def card(number, size, bits=8):
    """Ten frames of white letters on black, then a scene."""
    if number >= 10:
        return pattern(number, size)
    codes = np.full(size, 20, np.uint8)
    codes[24:40, 20:80:8] = codes[24:40, 21:80:8] = 230
    return codes


def after_a_card(number, index, height, width):
    return np.uint8(128) if number < 10 else stripes(number, index, height, width)


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_film_in_colour_is_copied_and_counted_so(tmp_path, ending):
    codec = "ffv1" if ending == "mkv" else "libx264"
    film = make_film(tmp_path / f"film.{ending}", 40, codec, colour=stripes, sound=1)
    target, colorizer = tmp_path / "out" / f"film.{ending}", WarmColorizer()
    outcome = colorize_file(film, target, colorizer, ColorizeOptions(report=True))
    assert outcome.state == State.COPIED and outcome.note == "already in colour: 40 frames in 1 shots"
    assert target.read_bytes() == Path(film).read_bytes() and not colorizer.calls
    assert len(list(target.parent.iterdir())) == 3


def test_title_card_without_colour_does_not_count(tmp_path):
    film = make_film(tmp_path / "film.mkv", 30, luma=card, colour=after_a_card)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FAST)
    assert report.copied and [shot.frames for shot in report.shots] == [10, 20]


def test_film_with_a_grey_shot_is_not_copied(tmp_path):
    film = make_film(tmp_path / "film.mkv", 60, luma=shots, colour=with_a_grey_shot)
    outcome = colorize_file(film, tmp_path / "out.mkv", WarmColorizer(), ColorizeOptions(effort="fast"))
    assert outcome.state == State.COLOURED
    report = colorize_film(film, str(tmp_path / "again.mkv"), WarmColorizer(), FAST)
    assert [shot.tone for shot in report.shots] == ["colour", "grey"] and 0 < report.colored <= 30


def test_another_container_is_encoded_and_counted_as_in_colour(tmp_path):
    film = make_film(tmp_path / "film.mkv", 12, colour=stripes)
    outcome = colorize_file(film, tmp_path / "out.mp4", WarmColorizer(), ColorizeOptions(effort="fast"))
    assert outcome.state == State.CONVERTED
    assert len(lumas(tmp_path / "out.mp4")) == 12


def test_interlaced_film_in_colour_counts_its_frames_once(tmp_path):
    film = make_film(
        tmp_path / "film.mp4", 12, "libx264", colour=stripes, rate=Fraction(25), options={"x264-params": "tff=1"}
    )
    report = colorize_film(film, str(tmp_path / "out.mp4"), WarmColorizer(), FAST)
    assert report.copied and report.frames == 12


def test_shot_that_begins_in_one_tone_is_judged_by_what_follows(tmp_path):
    film = make_film(tmp_path / "film.mkv", 30, colour=one_tone_then_stripes)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    assert [shot.tone for shot in report.shots] == ["colour"] and report.colored == 0


def test_film_that_shows_nothing_is_not_taken_for_one_in_colour(tmp_path):
    film = make_film(tmp_path / "film.mkv", 12, luma=lambda number, size, bits=8: np.full(size, 16, np.uint8))
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FAST)
    assert not report.copied and not report.in_colour
