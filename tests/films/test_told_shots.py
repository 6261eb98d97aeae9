"""A frame in colour, or hints on one, colour the shot that it belongs to."""

import copy

import numpy as np
import pytest

from colorgan_tf.errors import InputError
from colorgan_tf.inference.told import Hint, Moment, Reference
from pipelines.films import decoding, pixel_formats
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.decoding import DecodeLog
from tests.made_films import SIZE, WarmColorizer, make_film, pattern

SHOT = 14
GREEN, BLUE = (-0.1, -0.15), (0.2, -0.1)
WARM = (-0.075, 0.12)


class Obedient(WarmColorizer):
    """Colours everything as it is told: like the mean of a reference, or as the first hint says."""

    def telling(self, told):
        other = copy.copy(self)
        other.told = told
        return other

    def coarse(self, luma):
        small, chroma = super().coarse(luma)
        if isinstance(self.told, Reference):
            chroma = np.broadcast_to(self.told.chroma.mean((0, 1)), chroma.shape)
        elif self.told:
            chroma = np.broadcast_to(np.float32(self.told[0].chroma), chroma.shape)
        return small, chroma


def luma_of(number, size=SIZE, bits=8):
    return pattern(number % SHOT, size, shot=number // SHOT)


def frame_in(chroma, number=None):
    """The film's frame of that number in one colour; another picture where None."""
    luma = pattern(0, (96, 128), shot=9) if number is None else luma_of(number, SIZE)
    luma = (luma[..., None].astype(np.float32) - 16) / 219
    return Reference(luma, np.broadcast_to(np.float32(chroma), (*luma.shape[:2], 2)))


def shots(tmp_path, *moments, colorizer=None):
    """Mean U and V of the first and the last frame of each of the film's three shots."""
    film, output = make_film(tmp_path / "film.mkv", 3 * SHOT, luma=luma_of), str(tmp_path / "out.mkv")
    colorize_film(film, output, colorizer or Obedient(), FilmOptions(quality="fast", moments=moments))
    source = decoding.probe(output)
    frames = decoding.frames(source, DecodeLog())
    means = [pixel_formats.to_chroma(frame, source.pixel_format, (32, 48)).mean((0, 1)) for frame in frames]
    return [(means[SHOT * shot], means[SHOT * shot + SHOT - 1]) for shot in range(3)]


def check(found, *expected):
    for shot, chroma in zip(found, expected, strict=True):
        assert np.allclose(shot, chroma, atol=0.03)


def test_a_frame_in_colour_is_found_by_what_it_shows(tmp_path):
    check(shots(tmp_path, Moment(frame_in(GREEN, SHOT + 5), None, "frame.png")), WARM, GREEN, WARM)


def test_a_picture_that_is_no_frame_of_the_film_tells_all_of_it(tmp_path):
    check(shots(tmp_path, Moment(frame_in(GREEN), None, "cousin.png")), GREEN, GREEN, GREEN)


def test_times_tell_the_shots_of_several_pictures(tmp_path):
    first, third = Moment(frame_in(GREEN), 0.3, "0.3.png"), Moment(frame_in(BLUE), (2 * SHOT + 1) / 24, "1-1.png")
    check(shots(tmp_path, third, first), GREEN, WARM, BLUE)


def test_of_two_pictures_in_a_shot_the_nearer_one_holds(tmp_path):
    moments = [Moment(frame_in(each, number), None, "") for each, number in ((GREEN, 0), (BLUE, SHOT - 1))]
    (first, last), *_ = shots(tmp_path, *moments)
    assert first[0] < -0.05 and last[0] > 0


def test_hints_on_a_frame_hold_for_its_shot(tmp_path):
    check(shots(tmp_path, Moment((Hint(0.5, 0.5, BLUE),), (SHOT + 3) / 24, "hints.json")), WARM, BLUE, WARM)


def test_a_colorizer_that_was_told_a_reference_uses_it_throughout(tmp_path):
    check(shots(tmp_path, colorizer=Obedient().telling(frame_in(GREEN))), GREEN, GREEN, GREEN)


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        ([Moment(frame_in(GREEN), 9.0, "9.png")], r"which ends at 1.7 s. Received: 9.png"),
        (
            [Moment(frame_in(GREEN), 0.0, "0.png"), Moment(frame_in(BLUE), None, "b.png")],
            "by its time. Received: b.png",
        ),
    ],
)
def test_a_picture_that_belongs_nowhere_is_refused(tmp_path, moments, message):
    with pytest.raises(InputError, match=message):
        shots(tmp_path, *moments)
