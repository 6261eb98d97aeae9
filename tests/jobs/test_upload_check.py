"""What a file is taken for, by its first bytes: films as FFmpeg writes them."""

import importlib.util

import made_uploads
import pytest
from PIL import Image

from colorgan_tf.errors import RequestError
from pipelines.media.formats import Kind
from serving.jobs import texts
from serving.jobs.limits import Limits, Upload, check_upload


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".mpg", ".ts", ".flv"])
def test_a_film_is_told_by_its_container_whatever_its_name(tmp_path, suffix):
    made_uploads.film(tmp_path / f"made{suffix}", frames=3)
    path = (tmp_path / f"made{suffix}").rename(tmp_path / "photo.jpg")
    assert check_upload(path, Limits()) == Upload(Kind.FILM, suffix, 0)


def test_a_transport_stream_with_times_is_a_film(tmp_path):
    (tmp_path / "film.m2ts").write_bytes(made_uploads.stamped(made_uploads.film(tmp_path / "film.ts", frames=12)))
    assert check_upload(tmp_path / "film.m2ts", Limits()).suffix == ".m2ts"


def test_single_bytes_of_a_transport_stream_are_not_enough(tmp_path):
    (tmp_path / "noise").write_bytes(b"\0\0\0\0G" + b"\0" * 187 + b"\0\0\0\0G" + b"\0" * 400)
    with pytest.raises(RequestError):
        check_upload(tmp_path / "noise", Limits())


@pytest.mark.parametrize(
    ("head", "library", "advice"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pillow_heif", texts.NO_HEIC),
        (b"%PDF-1.7", "pypdfium2", texts.NO_PDF),
    ],
)
def test_what_takes_a_library_that_is_missing_is_refused_with_advice(tmp_path, monkeypatch, head, library, advice):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find_spec(name))
    (tmp_path / "photo").write_bytes(head + bytes(500))
    with pytest.raises(RequestError) as refused:
        check_upload(tmp_path / "photo", Limits())
    assert (refused.value.text, refused.value.status) == (advice, 415)


def test_heic_is_taken_where_its_library_is(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.new("L", (64, 48), 90)).save(tmp_path / "photo.jpg.heic")
    assert check_upload(tmp_path / "photo.jpg.heic", Limits()) == Upload(Kind.PICTURE, ".png", 1)
