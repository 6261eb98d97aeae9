"""What a file is taken for, by its first bytes: films as FFmpeg writes them."""

import struct

import pytest
import web_fakes

from colorgan_tf.errors import RequestError
from serving.jobs import kinds
from serving.jobs.records import FILM
from serving.web.settings import Limits


def stamped(packets: bytes) -> bytes:
    """Returns an MPEG transport stream as camcorders store it: four bytes of time before each packet."""
    parts = [packets[start : start + 188] for start in range(0, len(packets), 188)]
    return b"".join(struct.pack(">I", 300 * number) + part for number, part in enumerate(parts))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi", ".mpg", ".ts", ".flv"])
def test_a_film_is_told_by_its_container_whatever_its_name(tmp_path, suffix):
    web_fakes.film(tmp_path / f"made{suffix}", frames=3)
    path = (tmp_path / f"made{suffix}").rename(tmp_path / "photo.jpg")
    assert kinds.judge(path, Limits()) == kinds.Kind(FILM, suffix, 0)


def test_a_transport_stream_with_times_is_a_film_and_is_coloured(visitor, tmp_path):
    data = stamped(web_fakes.film(tmp_path / "film.ts", frames=12))
    (tmp_path / "film.m2ts").write_bytes(data)
    assert kinds.judge(tmp_path / "film.m2ts", Limits()).suffix == ".m2ts"
    file = visitor.coloured(data, "film.m2ts")
    assert (file["kind"], file["state"], file["frames"]) == ("film", "done", 12), file


def test_single_bytes_of_a_transport_stream_are_not_enough(tmp_path):
    (tmp_path / "noise").write_bytes(b"\0\0\0\0G" + b"\0" * 187 + b"\0\0\0\0G" + b"\0" * 400)
    with pytest.raises(RequestError):
        kinds.judge(tmp_path / "noise", Limits())
