"""A killed run goes on where it stopped, and the film is the same as one that was never stopped."""

import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from colorgan_tf.errors import InputError
from pipelines.films.colorize import FilmOptions, colorize_film, partial_name
from pipelines.films.encoding import StoredPacket, read_packets, write_packets
from pipelines.films.resuming import ChunkStore
from pipelines.films.stages import ChunkEnd
from tests.made_films import WarmColorizer, lumas, make_film, packets, pattern, times

OPTIONS = {
    steady: FilmOptions(quality="fast", steady=steady, chunk_seconds=0.5, window=4, every=2, batch=3)
    for steady in ("off", "low", "high")
}


class Killed(BaseException):
    """Stands for a kill: no handler of the program's own catches it."""


class FlickeringColorizer(WarmColorizer):
    """Another colour each frame, by its luma; dies after some calls when told to."""

    def __init__(self, die_after=None, error=Killed):
        super().__init__()
        self.die_after, self.error, self.frames = die_after, error, 0

    def network(self, luma):
        self.frames += len(luma)
        if self.die_after is not None and self.frames > self.die_after:
            raise self.error
        wave = np.sin(1000 * luma.mean((1, 2, 3), keepdims=True))
        return np.concatenate([0.1 * wave + 0 * luma, 0.1 + 0.05 * luma], axis=-1).astype(np.float32)


def film_of_shots(tmp_path, ending="mp4"):
    return make_film(
        tmp_path / f"film.{ending}",
        60,
        "libx264",
        sound=1,
        luma=lambda number, size, bits: pattern(number, size, number // 25, bits),
        options={"g": "30"},
    )


def picture(path):
    return packets(path, "video")[0]


@pytest.mark.parametrize("steady", ["off", "low", "high"])
def test_resumed_film_equals_an_uninterrupted_one(tmp_path, steady):
    film, whole, out = film_of_shots(tmp_path), str(tmp_path / "whole.mp4"), str(tmp_path / "out.mp4")
    colorize_film(film, whole, FlickeringColorizer(), OPTIONS[steady])
    for die_after in (18, 12):
        with pytest.raises(Killed):
            colorize_film(film, out, FlickeringColorizer(die_after), OPTIONS[steady])
        assert not os.path.exists(out)
    report = colorize_film(film, out, FlickeringColorizer(), OPTIONS[steady])
    assert 0 < report.resumed < 60 and report.frames == 60
    assert sum(shot.frames for shot in report.shots) == 60
    assert picture(out) == picture(whole)
    assert packets(out, "audio") == packets(whole, "audio")
    assert os.listdir(tmp_path) == [name for name in os.listdir(tmp_path) if not name.endswith(".parts")]


def test_stopped_film_leaves_a_playable_part_and_goes_on(tmp_path):
    film, out = film_of_shots(tmp_path, "mkv"), str(tmp_path / "out.mkv")
    with pytest.raises(KeyboardInterrupt):
        colorize_film(film, out, FlickeringColorizer(40, KeyboardInterrupt), OPTIONS["off"])
    part = partial_name(out)
    done = len(lumas(part))
    assert done and done % 12 == 0 and times(part) == times(film)[:done]
    assert packets(part, "audio")[0]
    assert colorize_film(film, out, FlickeringColorizer(), OPTIONS["off"]).resumed == done
    assert not os.path.exists(part) and len(lumas(out)) == 60


@pytest.mark.parametrize(("identity", "options"), [("other", OPTIONS["off"]), ("warm", FilmOptions())])
def test_other_settings_or_another_model_start_over(tmp_path, identity, options):
    film, out = film_of_shots(tmp_path), str(tmp_path / "out.mp4")
    with pytest.raises(Killed):
        colorize_film(film, out, FlickeringColorizer(40), OPTIONS["off"])
    other = FlickeringColorizer()
    other.identity = identity
    assert colorize_film(film, out, other, options).resumed == 0


def test_film_that_cannot_be_sought_is_resumed_by_counting(tmp_path):
    film = make_film(tmp_path / "film.avi", 60, "mjpeg", pixels="yuvj420p")
    whole, out = str(tmp_path / "whole.avi"), str(tmp_path / "out.avi")
    colorize_film(film, whole, FlickeringColorizer(), OPTIONS["low"])
    with pytest.raises(Killed):
        colorize_film(film, out, FlickeringColorizer(20), OPTIONS["low"])
    assert colorize_film(film, out, FlickeringColorizer(), OPTIONS["low"]).resumed > 0
    assert picture(out) == picture(whole)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video", "mpeg4"])
def test_transport_stream_of_long_groups_of_pictures_resumes_whole(tmp_path, codec):
    options = {"g": "600", "sc_threshold": "0", "x265-params": "log-level=error"} if "lib" in codec else {"g": "600"}
    film = make_film(tmp_path / "film.ts", 240, codec, rate=Fraction(25), options=options)
    whole, out = str(tmp_path / "whole.ts"), str(tmp_path / "out.ts")
    colorize_film(film, whole, FlickeringColorizer(), OPTIONS["low"])
    for die_after in (90, 20):  # every second frame is coloured: after 7 seconds, of which a seek reaches the last two
        with pytest.raises(Killed):
            colorize_film(film, out, FlickeringColorizer(die_after), OPTIONS["low"])
    report = colorize_film(film, out, FlickeringColorizer(), OPTIONS["low"])
    assert report.resumed > 150 and report.frames == 240
    assert picture(out) == picture(whole)


def test_film_that_lacks_frames_does_not_get_its_name(tmp_path, monkeypatch):
    film, out = film_of_shots(tmp_path), tmp_path / "out.mp4"
    packets_of = ChunkStore.packets
    monkeypatch.setattr(ChunkStore, "packets", lambda store: list(packets_of(store))[:-1])
    with pytest.raises(InputError, match="must hold all 60 frames. Received: 59"):
        colorize_film(film, str(out), WarmColorizer(), OPTIONS["off"])
    assert not out.exists()


def test_film_whose_times_jump_back_is_resumed_by_counting(tmp_path):
    part = Path(make_film(tmp_path / "part.ts", 40, "libx264")).read_bytes()
    film, whole, out = tmp_path / "film.ts", str(tmp_path / "whole.mp4"), str(tmp_path / "out.mp4")
    film.write_bytes(part * 3)
    colorize_film(str(film), whole, FlickeringColorizer(), OPTIONS["low"])
    with pytest.raises(Killed):
        colorize_film(str(film), out, FlickeringColorizer(40), OPTIONS["low"])
    report = colorize_film(str(film), out, FlickeringColorizer(), OPTIONS["low"])
    assert report.resumed > 40 and report.frames == 120
    assert picture(out) == picture(whole)


PROGRAM = """
import sys
from pathlib import Path
from pipelines.films.colorize import colorize_film
from tests.films.test_film_resume import FlickeringColorizer, OPTIONS
class Slow(FlickeringColorizer):
    def network(self, luma):
        print(self.frames, flush=True)
        if self.frames > 15:
            sys.stdin.readline()
        return super().network(luma)
colorize_film(sys.argv[1], sys.argv[2], Slow(), OPTIONS["low"])
"""


def test_kill_nine_loses_no_finished_chunk(tmp_path):
    film, whole, out = film_of_shots(tmp_path), str(tmp_path / "whole.mp4"), str(tmp_path / "out.mp4")
    colorize_film(film, whole, FlickeringColorizer(), OPTIONS["low"])
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, film, out],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=str(Path(__file__).parents[2]),
    )
    while int(child.stdout.readline()) <= 15:
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    report = colorize_film(film, out, FlickeringColorizer(), OPTIONS["low"])
    assert report.resumed >= 12
    assert picture(out) == picture(whole)


def test_damaged_last_state_falls_back_to_the_one_before(tmp_path):
    store = ChunkStore(str(tmp_path / "out.mp4"), {"a": 1})
    for number in range(3):
        with store.writing(number) as file:
            write_packets(file, [StoredPacket(number, number, 1, True, b"data")])
        store.finish(number, ChunkEnd(10 * (number + 1), 100 * number, {"x/y": np.arange(number)}))
    point = ChunkStore(str(tmp_path / "out.mp4"), {"a": 1}).resume_point()
    assert (point.chunk, point.frames, point.last_pts) == (3, 30, 200) and point.state["x/y"].tolist() == [0, 1]
    with open(os.path.join(store.folder, "000002.state.npz"), "wb") as file:
        file.write(b"torn")
    point = store.resume_point()
    assert (point.chunk, point.frames) == (2, 20)
    assert [packet.pts for packet in store.packets()] == [0, 1]
    assert ChunkStore(str(tmp_path / "out.mp4"), {"a": 2}).resume_point() is None


def test_torn_chunk_file_is_refused(tmp_path):
    path = str(tmp_path / "chunk")
    with open(path, "wb") as file:
        write_packets(file, [StoredPacket(5, 4, 1, False, b"0123456789")])
    assert list(read_packets(path)) == [StoredPacket(5, 4, 1, False, b"0123456789")]
    os.truncate(path, os.path.getsize(path) - 1)
    with pytest.raises(ValueError, match="must hold whole records"):
        list(read_packets(path))
