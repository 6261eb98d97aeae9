"""Films that are damaged, cut off or none, and outputs that cannot be written."""

import os
import pathlib
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from colorgan_tf.errors import InputError
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, lumas, make_film, times

FILMS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "films")


def test_missing_empty_and_foreign_files_are_named(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film" * 100)
    for name, words in [("none.mp4", "must exist"), ("empty.mp4", "0 bytes"), ("text.mp4", "must be readable")]:
        with pytest.raises(InputError, match=words):
            colorize_film(str(tmp_path / name), str(tmp_path / "out.mp4"), WarmColorizer())
    assert not (tmp_path / "out.mp4").exists()


def test_sound_alone_is_no_film(tmp_path):
    path = str(tmp_path / "sound.mka")
    with av.open(path, "w", format="matroska") as container:
        track = container.add_stream("aac", rate=48000)
        block = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        block.sample_rate, block.pts = 48000, 0
        container.mux(track.encode(block))
        container.mux(track.encode(None))
    with pytest.raises(InputError, match="must have a picture stream. Received: .* with audio only"):
        colorize_film(path, str(tmp_path / "out.mkv"), WarmColorizer())


def test_truncated_film_is_coloured_as_far_as_it_goes(tmp_path):
    film = make_film(tmp_path / "film.mkv", 40, sound=1)
    whole = pathlib.Path(film).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    report = colorize_film(str(tmp_path / "cut.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert 5 < report.frames < 40
    assert len(lumas(tmp_path / "out.mkv")) == report.frames


def test_broken_frame_in_the_middle_does_not_stop_the_film(tmp_path):
    film = make_film(tmp_path / "film.mkv", 20, "mjpeg", pixels="yuvj420p", full=True)
    with av.open(film) as container:
        spot = [packet.pos for packet in container.demux(video=0) if packet.size][10]
    data = bytearray(pathlib.Path(film).read_bytes())
    start = data.index(b"\xff\xd8", spot)
    data[start : start + 800] = bytes(800)
    (tmp_path / "broken.mkv").write_bytes(data)
    report = colorize_film(str(tmp_path / "broken.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.frames >= 19 and any("broken" in note for note in report.notes)


def test_film_without_time_stamps_gets_them_from_its_rate(tmp_path):
    make_film(tmp_path / "film.mp4", 20, "libx264", rate=Fraction(25), options={"bf": "0"})
    raw = str(tmp_path / "film.h264")
    with av.open(str(tmp_path / "film.mp4")) as container:
        extra = container.streams.video[0].codec_context.extradata
        sets, rest = b"", extra[6:]
        length = struct.unpack(">H", rest[:2])[0]
        sets += b"\0\0\0\1" + rest[2 : 2 + length]
        rest = rest[3 + length :]
        length = struct.unpack(">H", rest[:2])[0]
        sets += b"\0\0\0\1" + rest[2 : 2 + length]
        with open(raw, "wb") as file:
            file.write(sets)
            for packet in container.demux(video=0):
                data = bytes(packet)
                while data:
                    size = struct.unpack(">I", data[:4])[0]
                    file.write(b"\0\0\0\1" + data[4 : 4 + size])
                    data = data[4 + size :]
    report = colorize_film(raw, str(tmp_path / "out.mp4"), WarmColorizer())
    assert report.frames == 20
    assert np.allclose(np.diff([float(stamp) for stamp in times(tmp_path / "out.mp4")]), 1 / 25, atol=1e-3)


def test_output_name_codec_and_folder_are_checked(tmp_path):
    film = make_film(tmp_path / "film.mkv", 3)
    for output, options, words in [
        ("out.xyz", FilmOptions(), "must end like a film's"),
        ("out.mp4", FilmOptions(codec="prores"), "container must take the codec"),
        ("out.mp4", FilmOptions(codec="h263"), "`codec` must be one of"),
        ("film.mkv", FilmOptions(), "must be another file"),
    ]:
        with pytest.raises(InputError, match=words):
            colorize_film(film, str(tmp_path / output), WarmColorizer(), options)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must be writable"):
        colorize_film(film, str(tmp_path / "file" / "out.mkv"), WarmColorizer())


def test_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    film = make_film(tmp_path / "film.mkv", 3)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.films.encoding.write_packets", full)
    with pytest.raises(InputError, match="disk full"):
        colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer())
    assert not (tmp_path / "out.mkv").exists()
