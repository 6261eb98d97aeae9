"""Commands on a Ray cluster that runs: its tasks make what this machine alone makes; faults are one line."""

import concurrent.futures
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.data import shards
from tests.archive.test_archive import command, needs_ray
from tests.made_films import make_film

RAY = Path(sys.executable).with_name("ray")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_head(folder):
    """Starts a cluster of two cores; returns its address and process."""
    address = f"127.0.0.1:{free_port()}"
    words = ["--head", f"--port={address.split(':')[1]}", "--node-ip-address=127.0.0.1", "--num-cpus=2", "--block"]
    words += [
        "--disable-usage-stats",
        "--include-dashboard=false",
        "--object-store-memory=100000000",
        f"--temp-dir={folder}",
    ]
    log = folder.with_suffix(".log")
    with log.open("wb") as file:
        started = subprocess.Popen([RAY, "start", *words], stdout=file, stderr=file)
    while "Ray runtime started" not in log.read_text():
        assert started.poll() is None, log.read_text()
        time.sleep(0.1)
    return address, started


@pytest.fixture(scope="module")
def heads():
    """Addresses of two clusters of this machine."""
    # Sockets of Ray have their path's length limited: a short folder.
    folder = Path(f"/tmp/cgh{os.getpid()}")
    folder.mkdir()
    begun = []
    environment = pytest.MonkeyPatch()
    environment.setenv("RAY_AUTH_MODE", "token")
    environment.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    try:
        begun = [start_head(folder / name) for name in "ab"]
        yield [address for address, _ in begun]
    finally:
        for _, started in begun:
            started.terminate()
            started.wait()
        shutil.rmtree(folder, ignore_errors=True)
        environment.undo()


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@needs_ray
@pytest.mark.slow
def test_frames_and_shards_are_those_of_one_machine(heads, photographs, tmp_path):
    (tmp_path / "films").mkdir()
    for name in ("a.mp4", "b.mkv"):
        make_film(tmp_path / "films" / name, 60, "libx264")
    (tmp_path / "films" / "c.mp4").write_bytes(b"nothing")
    shutil.copytree(photographs, tmp_path / "photos")
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"nothing")
    for place, more in (("one", ()), ("many", (f"--address={heads[0]}",))):
        frames = command(
            "pipelines.frames", tmp_path / "films", f"--output={tmp_path / place / 'f'}", "--every=5", *more
        )
        assert frames.returncode == 1 and "2 films, 1 frame in 5" in frames.stdout, frames.stderr
        assert "1 of 3 films could not be read" in frames.stderr and "c.mp4" in frames.stderr
        assert "Traceback" not in frames.stderr
        packed = command(
            "pipelines.shards", tmp_path / "photos", f"--output={tmp_path / place / 's'}", "--shards=3", *more
        )
        assert packed.returncode == 0 and "bad.jpg: not a picture" in packed.stdout, packed.stderr
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


def test_shards_by_other_hands_are_the_same(photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "PART", 4)
    shards.write(photographs, tmp_path / "one" / "s", shards=2)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        shards.write(photographs, tmp_path / "many" / "s", shards=2, pool=pool)
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


@needs_ray
@pytest.mark.slow
def test_one_of_two_clusters_must_be_named(heads, photographs, tmp_path):
    done = command("pipelines.archive", photographs, f"--output={tmp_path / 'out'}", "--address=auto")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "`--address` must name one of the Ray clusters of this machine. Received: auto, for" in done.stderr
    assert all(f":{address.split(':')[1]}'" in done.stderr for address in heads)  # Ray may name another host


@needs_ray
@pytest.mark.slow
def test_cluster_that_asks_for_another_token_is_one_line(heads, photographs, tmp_path):
    for variables in ({"RAY_AUTH_TOKEN": "f" * 64}, {"RAY_AUTH_MODE": "disabled"}):
        arguments = (photographs, f"--output={tmp_path / 'out'}", f"--address={heads[0]}")
        done = command("pipelines.archive", *arguments, **variables)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert "~/.ray/auth_token" in done.stderr


@needs_ray
def test_server_of_another_kind_is_one_line(photographs, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = command("pipelines.archive", photographs, f"--output={tmp_path / 'out'}", f"--address={address}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "`--address` must be that of one Ray cluster" in done.stderr and f"Received: {address}" in done.stderr
