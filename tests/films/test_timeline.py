"""Films whose time stamps jump back come out with times that rise, sound and picture together."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipelines.films import decoding, timeline
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, make_film, packets, times

FAST = FilmOptions(quality="fast", steady="off", chunk_seconds=0.5)


def join(tmp_path, *parts):
    film = tmp_path / f"film{Path(parts[0]).suffix}"
    film.write_bytes(b"".join(Path(part).read_bytes() for part in parts))
    return str(film)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_parts_without_sound_follow_each_other_frame_by_frame(tmp_path, ending):
    film = join(tmp_path, *[make_film(tmp_path / "part.ts", 30, "libx264", rate=Fraction(25))] * 3)
    out = str(tmp_path / f"out.{ending}")
    assert colorize_film(film, out, WarmColorizer(), FAST).frames == 90
    assert np.diff(times(out)).tolist() == [Fraction(1, 25)] * 89


@pytest.mark.parametrize(("ending", "codec"), [("mkv", "libx264"), ("mpg", "mpeg2video")])
def test_joined_parts_of_other_containers_follow_each_other(tmp_path, ending, codec):
    film = join(tmp_path, *[make_film(tmp_path / f"part.{ending}", 30, codec, rate=Fraction(25))] * 2)
    out = str(tmp_path / "out.mp4")
    assert colorize_film(film, out, WarmColorizer(), FAST).frames == 60
    assert np.diff(times(out)).tolist() == [Fraction(1, 25)] * 59


def test_sound_keeps_its_distance_from_the_picture_in_every_part(tmp_path):
    part = make_film(tmp_path / "part.ts", 50, "libx264", rate=Fraction(25), sound=2)
    out = str(tmp_path / "out.ts")  # MP4 would take off what goes before each AAC packet
    colorize_film(join(tmp_path, part, part), out, WarmColorizer(), FAST)
    picture = times(out)
    steps = np.diff(picture)
    assert len(picture) == 100
    assert all(step == Fraction(1, 25) for number, step in enumerate(steps) if number != 49)
    assert Fraction(1, 25) <= steps[49] < Fraction(1, 25) + Fraction(1, 10)  # a sound track may be longer
    for before, track in zip(packets(part, "audio"), packets(out, "audio"), strict=True):
        assert [data for _, data in track] == [data for _, data in before] * 2
        assert (np.diff([time for time, _ in track]) > 0).all()
        first, second = track[0][0] - picture[0], track[len(before)][0] - picture[50]
        assert abs(second - first) < Fraction(1, 10000)


def test_usual_films_keep_their_times(tmp_path):
    for ending, codec in (("mkv", "libx264"), ("ts", "libx264"), ("mp4", "libx264"), ("mpg", "mpeg2video")):
        film = make_film(tmp_path / f"film.{ending}", 40, codec, rate=Fraction(25), sound=1 if ending != "mpg" else 0)
        assert decoding.probe(film).timeline.straight


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "mjpeg"])
@pytest.mark.parametrize("ending", ["mp4", "avi"])
def test_avi_with_b_frames_has_the_times_of_its_frame_numbers(tmp_path, codec, ending):
    pixels, options = ("yuvj420p", {}) if codec == "mjpeg" else ("yuv420p", {"bf": "2"})
    film = make_film(
        tmp_path / "film.avi", 40, codec, pixels, rate=Fraction(25), options=options, full=codec == "mjpeg"
    )
    out = str(tmp_path / f"out.{ending}")
    colorize_film(film, out, WarmColorizer(), FAST)
    assert times(out) == [Fraction(number, 25) for number in range(40)]


@pytest.mark.parametrize("sound", [0, 1])
def test_avi_of_a_film_that_begins_late_has_no_gap_after_its_first_frame(tmp_path, sound):
    stamps = None if sound else range(50, 90)
    film = make_film(tmp_path / "film.ts", 40, "libx264", rate=Fraction(25), sound=sound, stamps=stamps)
    assert times(film)[0] > (0 if sound else 1)
    colorize_film(film, str(tmp_path / "out.avi"), WarmColorizer(), FAST)
    assert times(tmp_path / "out.avi") == [Fraction(number, 25) for number in range(40)]
    assert all(abs(track[0][0]) < 0.1 for track in packets(tmp_path / "out.avi", "audio"))


# --- Streams that do not jump alike, as no muxer writes them ---


def read(*streams):
    """Reads a timeline from lists of (dts, position in the file), the picture's first; units of 1/25 s."""
    made = [SimpleNamespace(index=n, type="audio" if n else "video", time_base=Fraction(1, 25)) for n in range(9)]
    found = [
        SimpleNamespace(stream_index=index, dts=dts, pts=dts, duration=1, pos=position, size=1, is_keyframe=True)
        for index, rows in enumerate(streams)
        for dts, position in rows
    ]
    container = SimpleNamespace(
        format=SimpleNamespace(name="mpegts"),
        streams=made[: len(streams)],
        demux=lambda: iter(sorted(found, key=lambda packet: packet.pos)),
    )
    return timeline.read(container, 0).shifts


def test_picture_that_jumps_back_alone_leaves_the_sound_as_it_is():
    picture = [(number % 30, 10 * number) for number in range(60)]
    sound = [(number, 10 * number + 1) for number in range(60)]
    assert read(picture, sound) == {0: ((30, Fraction(30, 25)),)}


def test_one_packet_with_a_wrong_time_is_no_join():
    assert read([(3 if number == 20 else number, number) for number in range(40)]) == {}


def test_sound_that_reaches_the_join_before_the_picture_belongs_to_its_own_part():
    picture = [(number % 30, 10 * number) for number in range(60)]
    sound = [(number % 30, 10 * number - 45) for number in range(60)]
    assert read(picture, sound) == {0: ((30, Fraction(30, 25)),), 1: ((30, Fraction(30, 25)),)}
