"""What lies beside a film: names of all kinds, reports, locks, and what stays after a failure."""

import errno
import importlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext

from colorgan_tf.errors import InputError
from pipelines import batch
from pipelines.colorize_file import ColorizeOptions, colorize_file
from pipelines.films import encoding, resuming
from pipelines.films.colorize import FilmOptions, colorize_film, partial_name
from pipelines.films.resuming import ChunkStore
from pipelines.media import formats
from tests.made_films import WarmColorizer, lumas, make_film

FAST = FilmOptions(quality="fast")
REPORT = ColorizeOptions(report=True, effort="fast")


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize("frames", [1, 2])
def test_shortest_films_get_a_report_with_a_picture(tmp_path, frames):
    film = make_film(tmp_path / "film.mkv", frames)
    colorize_file(film, tmp_path / "out" / "film.mp4", WarmColorizer(), REPORT)
    assert names_in(tmp_path / "out") == ["film.mp4", "film.mp4.report.json", "film.mp4.report.png"]


def test_shot_of_one_frame_is_on_the_contact_sheet(tmp_path):
    from pipelines.films.contact_sheet import _frames
    from pipelines.films.report import ShotReport

    film = make_film(tmp_path / "film.mkv", 25)
    shots = [ShotReport(24, 1.0, "cut", 1), ShotReport(30, 5.0, "cut", 9)]  # the second begins behind the end
    assert [shot.first for shot, _ in _frames(film, shots)][0] == 24


def test_transport_stream_of_one_group_of_pictures_gets_a_contact_sheet(tmp_path):
    film = make_film(tmp_path / "film.ts", 60, "libx264", options={"g": "600"})
    colorize_file(film, tmp_path / "out" / "film.ts", WarmColorizer(), REPORT)
    assert "film.ts.report.png" in names_in(tmp_path / "out")


def test_films_that_differ_in_their_ending_have_reports_of_their_own(tmp_path):
    film = make_film(tmp_path / "film.mkv", 3)
    for ending in ("mp4", "mkv"):
        colorize_file(film, tmp_path / "out" / f"x.{ending}", WarmColorizer(), REPORT)
    assert len([name for name in names_in(tmp_path / "out") if ".report." in name]) == 4


@pytest.mark.parametrize("stem", ["12:30 news", "n" * 246, "ä" * 123, "100% %03d #1?"])
def test_any_name_goes(tmp_path, monkeypatch, stem):
    monkeypatch.chdir(tmp_path)  # a name with a colon alone looks like an address
    film = make_film(tmp_path / "in.mkv", 3)
    os.rename(film, f"{stem}.mkv")
    Path("out").mkdir()
    colorize_file(f"{stem}.mkv", Path("out", f"{stem}.mkv"), WarmColorizer(), REPORT)
    assert len(lumas(tmp_path / "out" / f"{stem}.mkv")) == 3 and len(names_in("out")) == 3
    assert len(os.fsencode(Path(partial_name(f"{stem}.mkv")).name)) <= 255


def test_partial_name_keeps_the_ending():
    assert partial_name("/a/film.mp4") == "/a/film.partial.mp4"


PROGRAM = """
import sys
from tests.made_films import WarmColorizer
from pipelines.films.colorize import colorize_film
class Slow(WarmColorizer):
    def network(self, luma):
        print(flush=True)
        sys.stdin.readline()
        return super().network(luma)
colorize_film(sys.argv[1], sys.argv[2], Slow())
"""


def test_second_program_on_one_output_says_so_and_the_first_loses_nothing(tmp_path):
    film, out = make_film(tmp_path / "film.mkv", 10), str(tmp_path / "out.mkv")
    first = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, film, out],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    first.stdout.readline()
    with pytest.raises(InputError, match="One program at a time must write this. Received: .*out.mkv"):
        colorize_film(film, out, WarmColorizer(), FAST)
    first.communicate("\n" * 20)
    assert first.returncode == 0 and len(lumas(out)) == 10
    assert names_in(tmp_path) == ["film.mkv", "out.mkv"]


def test_lock_of_a_killed_program_holds_nobody_up(tmp_path):
    film, out = make_film(tmp_path / "film.mkv", 3), str(tmp_path / "out.mkv")
    (tmp_path / ".out.mkv.lock").write_text("")
    colorize_film(film, out, WarmColorizer(), FAST)
    with resuming.alone(out), pytest.raises(InputError), resuming.alone(out):
        pass
    assert names_in(tmp_path) == ["film.mkv", "out.mkv"]


def test_disk_that_is_full_at_the_end_keeps_what_is_coloured_and_no_more(tmp_path, monkeypatch):
    film, out = make_film(tmp_path / "film.mkv", 12), str(tmp_path / "out.mkv")
    join = resuming.ChunkStore.packets

    def full(store):
        yield from join(store)
        Path(store.folder, "joined").write_bytes(b"half")
        raise av.error.OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ChunkStore, "packets", full)
    with pytest.raises(InputError, match="disk full"):
        colorize_film(film, out, WarmColorizer(), FAST)
    (folder,) = tmp_path.glob(".*.parts")
    assert names_in(folder) == ["000000.packets", "000000.state.npz", "settings.json"]
    monkeypatch.undo()
    assert colorize_film(film, out, WarmColorizer(), FAST).resumed == 12


@pytest.mark.parametrize(
    ("ending", "codec", "muxer"),
    [
        ("3gp", "libx264", "3gp"),
        ("mxf", "mpeg2video", "mxf"),
        ("f4v", "libx264", "f4v"),
        ("vob", "mpeg2video", "vob"),
        ("mts", "libx264", "mpegts"),
        ("asf", "mpeg4", "asf"),
        ("divx", "mpeg4", "avi"),
        ("h264", "libx264", "h264"),
    ],
)
def test_more_endings_are_found_and_coloured(tmp_path, ending, codec, muxer):
    made = make_film(tmp_path / "made.mkv", 25, codec, rate=Fraction(25), size=(288, 352), options={"bf": "0"})
    (tmp_path / "in").mkdir()
    with av.open(made) as old, av.open(str(tmp_path / "in" / f"film.{ending}"), "w", format=muxer) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        annex_b = BitStreamFilterContext("h264_mp4toannexb", old.streams.video[0]) if muxer == "h264" else None
        for packet in old.demux(video=0):
            for part in annex_b.filter(packet) if annex_b else [packet]:
                if part.size:
                    part.stream = stream
                    new.mux(part)
    (job,) = batch.find([tmp_path / "in"], tmp_path / "out", formats.SUFFIXES).jobs
    assert formats.is_film(job.source) and formats.film_suffix(formats.head(job.source)) is not None
    colorize_file(job.source, job.target, WarmColorizer(), ColorizeOptions(effort="fast"))
    assert job.target.suffix == {"h264": ".mp4"}.get(ending, f".{ending}")
    assert len(lumas(job.target)) == 25


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"OggS\0\2" + bytes(22) + b"\x80theora", ".ogv"),
        (b"OggS\0\2" + bytes(22) + b"\1vorbis", None),
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", ".mxf"),
        (b"\x1f\x07\0\xbf" + bytes(76) + b"\x3f\x07\0", ".dv"),
        (b"\0\0\0\1\x67\x64", ".h264"),
        (b"\0\0\1\x09\xf0", ".h264"),
        (b"\0\0\1\0", None),  # an icon
    ],
)
def test_content_tells_the_kind(head, suffix):
    assert formats.film_suffix(head) == suffix


def test_digital_video_tapes_and_ogg_films_are_told_by_content(tmp_path):
    def dark_and_light(number, size, bits=8):
        return np.full(size, 60 + 5 * number, np.uint8) + np.arange(size[1], dtype=np.uint8) % 100

    made = make_film(tmp_path / "dv.avi", 4, "dvvideo", rate=Fraction(25), size=(576, 720), luma=dark_and_light)
    with av.open(made) as container:  # a tape's frames one after the other are the whole of a .dv file
        frames = b"".join(bytes(packet) for packet in container.demux(video=0) if packet.size)
    (tmp_path / "tape.mp4").write_bytes(frames)
    (tmp_path / "tape.dv").write_bytes(frames)
    make_film(tmp_path / "film.ogv", 4, "libvpx")
    (tmp_path / "film.avi").write_bytes((tmp_path / "film.ogv").read_bytes())
    for name, suffix in (("tape.mp4", ".dv"), ("tape.dv", ".dv"), ("film.ogv", ".ogv"), ("film.avi", ".ogv")):
        source = tmp_path / name
        assert formats.film_suffix(formats.head(source)) == suffix
        target = tmp_path / "out" / formats.result_name(source).name
        outcome = colorize_file(source, target, WarmColorizer(), ColorizeOptions(effort="fast"))
        assert outcome.state == batch.State.COLOURED and len(lumas(target)) == 4


def test_svt_av1_writes_nothing_to_the_screen(tmp_path, capfd):
    film = make_film(tmp_path / "film.mkv", 3)
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("av1", quality="fast"))
    assert os.sched_getscheduler(0) == os.SCHED_OTHER  # as root, SVT-AV1 asks for another
    assert capfd.readouterr() == ("", "")


def test_command_lists_every_codec():
    command = importlib.import_module("colorgan_tf.colorize")  # the package's `colorize` is a function
    assert tuple(command.CODECS) == encoding.CODECS
