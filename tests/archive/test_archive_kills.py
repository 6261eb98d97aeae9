"""Actors and the command are killed: what was done is not done again, and the results are the undisturbed ones."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from made_pictures import photograph
from PIL import Image

from tests.archive.test_archive import command, contents, needs_ray
from tests.made_films import make_film, pattern


def long_film(path):
    """Two minutes by the clock, short to colour: four frames a second; a shot of 4.5 seconds ends each chunk."""
    luma = lambda number, size, bits: pattern(number, size, number // 18, bits)  # noqa: E731
    return make_film(path, 480, "libx264", rate=Fraction(4), sound=1, luma=luma)


def actors_of(run):
    """The process numbers of the actors that a command on this machine has started."""
    parents, actors = {}, []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            number = int(status.parent.name)
            parents[number] = int(status.read_text().rpartition(")")[2].split()[1])
            name, _, words = (status.parent / "cmdline").read_text().partition("::")  # Ray shows what an actor does
            if name == "ray" and words.split("\0")[0].strip() not in ("IDLE", "DashboardAgent", "RuntimeEnvAgent"):
                actors.append(number)

    def descends(number):
        while number > 1 and number != run.pid:
            number = parents.get(number, 0)
        return number == run.pid

    return [number for number in actors if descends(number)]


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_actors_and_command_cost_their_pieces_at_most(tmp_path):
    folder, plain, out = tmp_path / "in", tmp_path / "plain", tmp_path / "out"
    folder.mkdir()
    long_film(folder / "film.mp4")
    for number in range(4):
        Image.fromarray(photograph(number)).convert("L").save(folder / f"{number}.png")
    assert command("tests.archive.quick", "colorize", folder, f"--output={plain}", "--quality=fast").returncode == 0
    line = ["tests.archive.quick", "archive", folder, f"--output={out}", "--quality=fast"]

    def begin():
        words = map(str, [*line, "--cpus_per_actor=0.5", "--actors=2"])
        return subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.DEVNULL)

    def pieces():
        return {path: path.stat().st_mtime_ns for path in out.glob(".film.mp4.*.pieces/*.json")}

    def wait_for(pieces_there):
        while len(pieces()) < pieces_there or not actors_of(run):
            assert run.poll() is None
            time.sleep(0.05)
        return pieces()

    def kill_all_after(pieces_there):
        before = wait_for(pieces_there)
        for number in actors_of(run):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        return before

    def status():
        return command("pipelines.archive", "--status", f"--output={out}").stdout

    run = begin()
    try:
        kill_all_after(0)  # while they load their model
        before = kill_all_after(1)  # in the middle of a piece
        assert "running for" in status()
        kept = wait_for(len(before) + 1)
        assert kept.items() >= before.items()  # not coloured again
        run.kill()
        run.wait()
        assert "broken off after" in status()
        before = pieces()
        run = begin()
        assert wait_for(len(before) + 1).items() >= before.items()
        assert run.wait() == 0
    finally:
        run.kill()
    assert "2 runs, " in status()
    assert contents(out) == contents(plain)
    assert not list(out.rglob(".*"))
