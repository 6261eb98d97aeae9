"""Three machines on this one, each with a network of its own, cut off, killed, begun again: the same result."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from made_pictures import photograph
from PIL import Image

from tests.archive.test_archive import command, contents, needs_ray
from tests.archive.test_archive_kills import long_film

NAMES = ("head", "second", "third")
# Lost machines are noticed in seconds, not in half a minute; a busy machine starts slowly.
VARIABLES = {
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "4000",
    "RAY_health_check_failure_threshold": "4",
    "RAY_agent_register_timeout_ms": "100000",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
}
HEAD = "10.231.77.1:6379"
RAY = str(Path(sys.executable).with_name("ray"))


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Machines:
    """Network namespaces on a bridge, and the Ray node in each."""

    def __init__(self, folder):
        self.folder, self.mark = folder, f"cg{os.getpid() % 10000}"
        self.address = dict(zip(NAMES, ("10.231.77.1", "10.231.77.2", "10.231.77.3"), strict=True))
        self.begun = []

    def network(self):
        ip("link", "add", f"{self.mark}b", "type", "bridge")
        ip("link", "set", f"{self.mark}b", "up")
        for number, name in enumerate(NAMES):
            ip("netns", "add", self.space(name))
            ip("link", "add", self.cable(number), "type", "veth", "peer", "name", "eth0", "netns", self.space(name))
            ip("link", "set", self.cable(number), "master", f"{self.mark}b", "up")
            for words in (["addr", "add", f"{self.address[name]}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
                ip("-n", self.space(name), *words)
            ip("-n", self.space(name), "link", "set", "lo", "up")

    def space(self, name):
        return f"{self.mark}{name}"

    def cable(self, number):
        return f"{self.mark}v{number}"

    def start(self, name):
        """Starts the Ray node of a machine, and waits until it is there."""
        own = ["--head", "--port=6379", "--include-dashboard=false"] if name == "head" else [f"--address={HEAD}"]
        sizes = ["--num-cpus=1", "--memory=3000000000", "--object-store-memory=100000000", "--disable-usage-stats"]
        temporary = [f"--temp-dir={self.folder}/r"] if name == "head" else []
        log = self.folder / f"{name}.log"
        log.write_bytes(b"")
        self._begin(
            log, name, RAY, "start", *own, f"--node-ip-address={self.address[name]}", *sizes, *temporary, "--block"
        )
        until(lambda: "Ray runtime started" in log.read_text() or self.begun[-1].poll() is not None)
        assert self.begun[-1].poll() is None, log.read_text()

    def _begin(self, log, name, *line):
        with log.open("ab") as file:
            self.begun.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", self.space(name), *line],
                    stdout=file,
                    stderr=file,
                    env=os.environ | VARIABLES,
                )
            )
        return self.begun[-1]

    def kill(self, name):
        """Kills all of a machine's processes at once."""
        done = subprocess.run(["ip", "netns", "pids", self.space(name)], capture_output=True, text=True)
        for number in done.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)

    def cut(self, name, off=True):
        """Takes a machine's cable out, or puts it back."""
        ip("link", "set", self.cable(NAMES.index(name)), "down" if off else "up")

    def archive(self, *arguments):
        """Begins the command on the head."""
        line = [sys.executable, "-m", "tests.archive.quick", "archive", *map(str, arguments), f"--address={HEAD}"]
        return self._begin(self.folder / "archive.log", "head", *line)

    def close(self):
        for name in NAMES:
            self.kill(name)
        for each in self.begun:
            each.wait()
        for name in NAMES:
            subprocess.run(["ip", "netns", "del", self.space(name)], capture_output=True)
        subprocess.run(["ip", "link", "del", f"{self.mark}b"], capture_output=True)


@pytest.fixture
def machines():
    # Sockets of Ray have their path's length limited: a short folder.
    folder = Path(f"/tmp/cg{os.getpid()}")
    folder.mkdir()
    made = Machines(folder)
    try:
        try:
            made.network()
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            pytest.skip(f"network namespaces are not allowed here: {getattr(error, 'stderr', error)}")
        yield made
    finally:
        made.close()
        shutil.rmtree(folder, ignore_errors=True)


def until(true, seconds=600):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.2)


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_machines_that_are_cut_off_killed_and_restarted_change_nothing(machines, tmp_path):
    folder, plain, out = tmp_path / "in", tmp_path / "plain", tmp_path / "out"
    folder.mkdir()
    for number in range(8):
        Image.fromarray(photograph(number)).convert("L").save(folder / f"{number}.png")
    long_film(folder / "film.mp4")
    assert command("tests.archive.quick", "colorize", folder, f"--output={plain}", "--quality=fast").returncode == 0
    began = time.monotonic()

    def pieces():
        return {path: path.stat().st_mtime_ns for path in out.glob(".film.mp4.*.pieces/*.json")}

    def tell(what):  # pytest shows it with -s
        print(f"{time.monotonic() - began:6.1f} s: {what}; pieces: {len(pieces())}")

    for name in NAMES:
        machines.start(name)
    tell("three machines")
    arguments = (folder, f"--output={out}", "--quality=fast", "--cpus_per_actor=1")
    run = machines.archive(*arguments)
    until(lambda: pieces())
    machines.cut("second")
    tell("second cut off")
    until(lambda: len(pieces()) >= 2 or run.poll() is not None)
    machines.kill("third")
    tell("third killed")
    # Of six pieces two were in work on those machines: the head has noticed that they are gone, and does one itself.
    until(lambda: len(pieces()) >= 5 or run.poll() is not None)
    assert run.poll() is None and not (out / "film.mp4").exists()
    for name in NAMES:  # the head goes, and with it the cluster and the command
        machines.kill(name)
    assert run.wait() == -signal.SIGKILL and not (out / "film.mp4").exists()
    tell("head killed")

    before = pieces()
    machines.cut("second", off=False)
    machines.start("head")
    machines.start("third")
    run = machines.archive(*arguments)
    machines.start("second")  # comes while it runs
    tell("second is there again")
    until(lambda: len(pieces()) > len(before) or run.poll() is not None)
    assert {path: stamp for path, stamp in pieces().items() if path in before}.items() <= before.items()
    assert run.wait() == 0, (machines.folder / "archive.log").read_text()
    tell("done")
    assert contents(out) == contents(plain)
    assert not list(out.rglob(".*"))
    status = command("pipelines.archive", "--status", f"--output={out}").stdout
    print(status)
    assert "2 runs" in status and "films: 1 of 1" in status and "stills: 8 of 8" in status and "failed" not in status
    told = json.loads((out / "archive.json").read_text())
    assert sum(machine["files"] for machine in told["machines"]) <= 9  # none twice
