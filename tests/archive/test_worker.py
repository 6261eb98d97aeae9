"""What an actor does, without Ray: stills and films, from folders and from S3, byte for byte as the plain functions."""

import dataclasses
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_pictures import photograph
from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference.litert_backend import LiteRTBackend
from pipelines.archive import worker
from pipelines.archive.plan import Item
from pipelines.archive.worker import Settings, Worker
from pipelines.colorize_file import ColorizeOptions, colorize_file
from pipelines.films import pieces
from pipelines.films.pieces import START
from pipelines.media import storage
from tests.films.test_film_resume import FlickeringColorizer
from tests.films.test_pieces import film_of_shots

OPTIONS = ColorizeOptions(effort="fast", report=True)


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(worker, "colorizer", lambda *given: FlickeringColorizer())
    monkeypatch.setattr(pieces, "LEAST_SECONDS", 0.5)
    monkeypatch.setattr(worker, "FIRST_LOOK_SECONDS", 1.0)
    monkeypatch.setattr(worker, "LOOK_SECONDS", 3.0)
    for name in ("CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.setenv(name, "")  # and so given back, whatever an actor sets
    made = Worker(Settings(None, None, "fast", 1.0, OPTIONS))
    made.load()
    return made


@pytest.fixture(params=["paths", "urls"])
def store(request, tmp_path):
    return str(tmp_path / "store") if request.param == "paths" else request.getfixturevalue("s3").url


def put(local, store, name):
    url = storage.join(store, f"in/{name}")
    storage.publish_bytes(Path(local).read_bytes(), url)
    return Item(url, storage.join(store, f"out/{name}"), storage.size(url))


def read(path, tmp_path):
    with storage.local(path, str(tmp_path)) as copy:
        return Path(copy).read_bytes()


def color_film(made, item, again=()):
    film, found, place = None, [], START
    while place is not None:
        done = made.look(item, film, place)
        film, place = done.film, done.look_on
        found += done.pieces
    for number, piece in [*enumerate(found), *((number, found[number]) for number in again)]:
        made.piece(film, piece, found[number - 1] if piece.follows else None)
    return film, found, made.join(film, found)


def test_stills_are_as_the_plain_function_makes_them(made, store, tmp_path):
    Image.fromarray(photograph(1)).convert("L").save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(b"nothing")
    items = [put(tmp_path / name, store, name) for name in ("a.png", "b.jpg")]
    done = made.stills(items)
    expected = tmp_path / "expected.png"
    outcome = colorize_file(tmp_path / "a.png", expected, FlickeringColorizer(), OPTIONS)
    states = {source: (state, note) for source, state, note, _ in done.outcomes}
    assert states[items[0].source] == ("coloured", outcome.note)
    (tmp_path / "copies").mkdir()
    assert read(items[0].target, tmp_path / "copies") == expected.read_bytes()
    state, note = states[items[1].source]
    assert state == "failed" and items[1].source in note and not storage.exists(items[1].target)


def test_film_in_pieces_is_as_the_plain_function_makes_it(made, store, tmp_path):
    original = film_of_shots(tmp_path / "film.mp4", codec="libx264")
    item = put(original, store, "film.mp4")
    expected = tmp_path / "expected.mp4"
    plain = colorize_file(original, expected, FlickeringColorizer(), OPTIONS)
    film, found, done = color_film(made, item, again=(0,))
    made.join(film, found)  # by a machine that was given up, and goes on
    storage.remove(film.folder)
    assert len(found) > 2
    (tmp_path / "copies").mkdir()
    assert read(item.target, tmp_path / "copies") == expected.read_bytes()
    ((source, state, note, _),) = done.outcomes
    assert (source, state) == (item.source, "coloured")
    assert note.splitlines()[2:] == plain.note.splitlines()[2:]  # shots and notes; the first two lines tell of speed
    report = json.loads(read(f"{item.target}.report.json", tmp_path / "copies"))
    assert report["shots"] == json.loads((tmp_path / "expected.mp4.report.json").read_text())["shots"]
    assert sorted(each.place for each in storage.files(storage.join(store, "out"))) == [
        "film.mp4",
        "film.mp4.report.json",
        "film.mp4.report.png",
    ]


def test_looks_are_short_at_first(made, tmp_path, monkeypatch):
    item = put(film_of_shots(tmp_path / "film.mp4", codec="libx264"), str(tmp_path), "film.mp4")
    film = made.look(item, None, START).film
    asked = []
    monkeypatch.setattr(pieces, "look", lambda *given: (asked.append(given[-1]) or [], None))
    for frames in (0, 50, 1000):
        made.look(item, film, dataclasses.replace(START, frames=frames))
    assert asked == [1.0, pytest.approx(50 / film.source.rate), 3.0]


def test_finished_piece_is_not_coloured_again(made, tmp_path, monkeypatch):
    item = put(film_of_shots(tmp_path / "film.mp4", codec="libx264"), str(tmp_path), "film.mp4")
    done = made.look(item, None, START)
    made.piece(done.film, done.pieces[0], None)
    monkeypatch.setattr(pieces, "color", None)
    made.piece(done.film, done.pieces[0], None)


def test_pieces_of_other_settings_are_kept_apart(made, tmp_path):
    item = put(film_of_shots(tmp_path / "film.mp4", codec="libx264"), str(tmp_path), "film.mp4")
    other = Worker(Settings(None, None, "fast", 1.0, dataclasses.replace(OPTIONS, steady="high")))
    other.load()
    assert made.look(item, None, START).film.folder != other.look(item, None, START).film.folder


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"version": "0"}, "All machines must have version 0. Received: "),
        ({"token": "/none/here"}, "see one `--output`"),
    ],
)
def test_machine_that_does_not_fit_says_so(settings, message):
    with pytest.raises(InputError, match=message):
        Worker(Settings(None, None, "fast", 1.0, OPTIONS, **settings)).load()


@pytest.mark.parametrize(
    ("backend", "cards", "said"),
    [
        (LiteRTBackend.__new__(LiteRTBackend), ["GPU:0"], "which is not used: the model is one for processors"),
        (None, [], "which is not used: TensorFlow sees none"),
        (None, ["GPU:0"], ""),
    ],
)
def test_card_that_is_reserved_and_not_used_is_told(backend, cards, said, monkeypatch):
    tensorflow = pytest.importorskip("tensorflow")
    monkeypatch.setattr(tensorflow.config, "list_physical_devices", lambda kind: cards)
    monkeypatch.setattr(worker, "colorizer", lambda *given: SimpleNamespace(backend=backend))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")  # as Ray does; it is put back after the test
    with_card, without = (Worker(Settings(None, None, "fast", 1.0, OPTIONS, gpus=gpus)).load() for gpus in (0.5, 0.0))
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""  # where no card is reserved
    assert without == "" and said in with_card and bool(said) == bool(with_card)
