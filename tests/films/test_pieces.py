"""Pieces of a film, coloured apart and in any order, make the film that one machine makes in one go."""

import dataclasses
import pickle

import pytest

from pipelines.films import colorize, pieces, trial_join
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.films.test_film_resume import FlickeringColorizer
from tests.films.test_interlacing import make_interlaced_film
from tests.films.test_shot_memory import Minded
from tests.made_films import make_film, packets, pattern

LENGTHS = (30, 13, 41, 9, 60, 27)  # frames of the shots


def shot_of(number):
    shot = 0
    while number >= sum(LENGTHS[: shot + 1]):
        shot += 1
    return shot


def film_of_shots(path, **options):
    return make_film(
        path,
        sum(LENGTHS),
        luma=lambda number, size, bits: pattern(number, size, shot_of(number), bits),
        sound=1,
        **options,
    )


def color_apart(film, out, options, tmp_path, seconds=float("inf"), make=FlickeringColorizer):
    """As machines do: each with a colorizer of its own, from what was sent to it; the last piece first."""
    source, plan = colorize.open_film(film, out, options)
    source, plan, options = pickle.loads(pickle.dumps((source, plan, options)))
    size = FlickeringColorizer().input_resolution(*source.display_size)
    found, place = pieces.look(source, size, options, seconds=seconds)
    while place is not None:
        more, place = pieces.look(source, size, options, place, seconds)
        found += more
    order = sorted(
        range(len(found)), key=lambda index: (found[index].follows, index if found[index].follows else -index)
    )
    shots = {}
    for index in order:
        before = str(tmp_path / f"{index - 1}.npz") if found[index].follows else None
        path = str(tmp_path / str(index))
        done = pieces.color(source, plan, found[index], make(), options, path, before)
        shots[index] = done.shots
    kept = trial_join.select(source, plan, str(tmp_path / "trial"))
    files = [str(tmp_path / str(index)) for index in range(len(found))]
    frames = sum(piece.frames for piece in found)
    pieces.join(source, plan, kept, files, frames, out)
    return found, shots


@pytest.mark.parametrize(
    ("steady", "make"), [("off", FlickeringColorizer), ("low", FlickeringColorizer), ("high", Minded)]
)
def test_same_bytes_as_in_one_go(tmp_path, monkeypatch, steady, make):
    monkeypatch.setattr(pieces, "LEAST_SECONDS", 0.5)
    options = FilmOptions(quality="fast", steady=steady, chunk_seconds=1.0, window=4, batch=3)
    film = film_of_shots(tmp_path / "film.mp4", codec="libx264")
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    report = colorize_film(film, str(whole), make(), options)
    found, shots = color_apart(film, str(out), options, tmp_path, 2.0, make)
    assert len(found) > 2 and not any(piece.follows for piece in found)
    assert [shot for index in sorted(shots) for shot in shots[index]] == report.shots
    assert out.read_bytes() == whole.read_bytes()


def test_interlaced_film_has_the_same_packets(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "LEAST_SECONDS", 0.5)
    options = FilmOptions(quality="fast", steady="high", chunk_seconds=1.0, window=4, batch=3)
    film = make_interlaced_film(
        tmp_path / "film.mkv", frames=sum(LENGTHS), field=lambda number: pattern(number, shot=shot_of(number // 2))
    )
    whole, out = str(tmp_path / "whole.mkv"), str(tmp_path / "out.mkv")  # Matroska has a random number in each file
    report = colorize_film(film, whole, Minded(), options)
    found, shots = color_apart(film, out, options, tmp_path, make=Minded)
    assert len(found) > 2
    assert [shot for index in sorted(shots) for shot in shots[index]] == report.shots
    assert packets(out, "video") == packets(whole, "video")


@pytest.mark.parametrize(("steady", "make"), [("low", FlickeringColorizer), ("high", Minded)])
def test_piece_that_begins_within_a_shot_takes_over_the_state(tmp_path, monkeypatch, steady, make):
    monkeypatch.setattr(pieces, "LEAST_SECONDS", 100.0)
    monkeypatch.setattr(pieces, "MOST_SECONDS", 1.0)
    options = FilmOptions(quality="fast", steady=steady, chunk_seconds=0.4, window=4, batch=3)
    film = film_of_shots(tmp_path / "film.mp4", codec="libx264")
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    report = colorize_film(film, str(whole), make(), options)
    found, shots = color_apart(film, str(out), options, tmp_path, make=make)
    assert sum(piece.follows for piece in found) > 3
    assert shots[max(shots)] == report.shots
    assert out.read_bytes() == whole.read_bytes()


def test_film_that_cannot_be_sought_is_one_piece(tmp_path):
    film = film_of_shots(tmp_path / "film.mp4", codec="libx264")
    source, _ = colorize.open_film(film, str(tmp_path / "out.mp4"), FilmOptions())
    found, place = pieces.look(dataclasses.replace(source, seekable=False), (32, 64), FilmOptions())
    assert len(found) == 1 and found[0].end is None and place is None
