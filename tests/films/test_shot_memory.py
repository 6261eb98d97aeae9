"""A shot keeps one colour for one thing: its first frame tells the others, through kills and fades."""

import copy
import types

import numpy as np
import pytest

from colorgan_tf.inference.backend import REFERENCE_TO_CHROMA
from colorgan_tf.inference.told import Reference
from pipelines.films import decoding, pixel_formats, shot_memory
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.decoding import DecodeLog
from tests.films.test_film_resume import FlickeringColorizer, Killed, film_of_shots, picture
from tests.made_films import WarmColorizer

HIGH = FilmOptions("h264", quality="fast", steady="high", chunk_seconds=0.4)


class Minded(FlickeringColorizer):
    """Another colour each frame, but that of a reference where it is told one."""

    def __init__(self, die_after=None):
        super().__init__(die_after)
        self.counting = self
        self.backend = types.SimpleNamespace(signatures=frozenset({REFERENCE_TO_CHROMA}))

    def telling(self, told):
        other = copy.copy(self)
        other.told = told
        return other

    def coarse(self, luma):
        if not isinstance(self.told, Reference):
            return super().coarse(luma)
        self.counting.network(luma)  # dies where it is to
        return luma, np.broadcast_to(self.told.chroma.mean((0, 1)), (*luma.shape[:3], 2)).astype(np.float32)


def colours(path):
    """Mean U and V of each frame."""
    source = decoding.probe(path)
    frames = decoding.frames(source, DecodeLog())
    return np.array([pixel_formats.to_chroma(frame, source.pixel_format, (32, 48)).mean((0, 1)) for frame in frames])


def test_each_shot_has_the_colours_of_its_first_frame(tmp_path):
    out = str(tmp_path / "out.mp4")
    colorize_film(film_of_shots(tmp_path), out, Minded(), HIGH)
    found = colours(out)
    parts = [found[:25], found[25:50], found[50:]]
    assert max(np.ptp(part, axis=0).max() for part in parts) < 0.01
    assert np.ptp([part.mean(0) for part in parts], axis=0).max() > 0.02


def test_a_resumed_film_remembers(tmp_path):
    film, whole, out = film_of_shots(tmp_path), str(tmp_path / "whole.mp4"), str(tmp_path / "out.mp4")
    colorize_film(film, whole, Minded(), HIGH)
    for die_after in (12, 6):
        with pytest.raises(Killed):
            colorize_film(film, out, Minded(die_after), HIGH)
    report = colorize_film(film, out, Minded(), HIGH)
    assert 0 < report.resumed < 60
    assert picture(out) == picture(whole)


def test_a_fade_in_is_not_what_is_remembered():
    memory = shot_memory.ShotMemory(Minded(), {})
    clear = np.random.default_rng(0).random((32, 48)).astype(np.float32)
    dim, dimmer = 0.1 + 0.1 * clear, 0.1 + 0.08 * clear
    first = memory.told(dim)
    assert memory.told(dimmer) is first
    second = memory.told(clear)
    assert second is not first and memory.told(dim) is second
    again = shot_memory.ShotMemory(Minded(), memory.state())
    assert np.array_equal(again.told(dim).chroma, second.chroma)
    memory.begin()
    assert memory.told(dim) is not second


def test_only_high_remembers_and_only_with_a_model_that_takes_references():
    made = [shot_memory.of(Minded(), steady, {}) is not None for steady in ("off", "low", "high")]
    assert made == [False, False, True]
    assert shot_memory.of(WarmColorizer(), "high", {}) is None
