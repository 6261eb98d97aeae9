"""Three machines on this one, each with a network of its own, cut off, killed, begun again: the same result."""

import contextlib
import os
import shutil
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

NAMES = ("head", "second", "third")
# Lost machines are noticed in seconds, not in half a minute.
QUICK = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_USAGE_STATS_ENABLED": "0",
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
        """Starts the Ray node of a machine; it stays in this process's care."""
        own = ["--head", "--port=6379", "--include-dashboard=false"] if name == "head" else [f"--address={HEAD}"]
        sizes = ["--num-cpus=1", "--memory=3000000000", "--object-store-memory=100000000", "--disable-usage-stats"]
        temporary = [f"--temp-dir={self.folder}/r"] if name == "head" else []
        line = [RAY, "start", *own, f"--node-ip-address={self.address[name]}", *sizes, *temporary, "--block"]
        log = (self.folder / f"{name}.log").open("ab")
        self.begun.append(
            subprocess.Popen(
                ["ip", "netns", "exec", self.space(name), *line], stdout=log, stderr=log, env=os.environ | QUICK
            )
        )

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
        line = [sys.executable, "-m", "pipelines.archive", *map(str, arguments), f"--address={HEAD}"]
        log = (self.folder / "archive.log").open("ab")
        started = subprocess.Popen(
            ["ip", "netns", "exec", self.space("head"), *line], stdout=log, stderr=log, env=os.environ | QUICK
        )
        self.begun.append(started)
        return started

    def nodes(self):
        """Returns the number of machines that the head knows alive."""
        code = f"import ray; ray.init(address='{HEAD}', log_to_driver=False, logging_level='ERROR')\n"
        code += "print('alive', sum(node['Alive'] for node in ray.nodes()))"
        line = ["ip", "netns", "exec", self.space("head"), sys.executable, "-c", code]
        done = subprocess.run(line, capture_output=True, text=True, env=os.environ | QUICK)
        return int(done.stdout.split("alive")[1]) if "alive" in done.stdout else 0

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


def until(true, seconds=300):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.5)


@needs_ray
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_machines_that_are_cut_off_killed_and_restarted_change_nothing(machines, tmp_path):
    folder, plain, out = tmp_path / "in", tmp_path / "plain", tmp_path / "out"
    folder.mkdir()
    for number in range(8):
        Image.fromarray(photograph(number)).convert("L").save(folder / f"{number}.png")
    # Four frames a second: long by the clock, short to colour; a shot of 4.5 seconds ends each chunk.
    shots = {"luma": lambda number, size, bits: pattern(number, size, number // 18, bits)}
    make_film(folder / "film.mp4", 720, "libx264", rate=Fraction(4), sound=1, **shots)
    assert command("colorgan_tf.colorize", folder, f"--output={plain}", "--quality=fast").returncode == 0

    for name in NAMES:
        machines.start(name)
        until(lambda: machines.nodes() >= len([each for each in machines.begun if each.poll() is None]))

    def pieces():
        return len(list(out.glob(".film.mp4.*.pieces/*.json")))

    arguments = (folder, f"--output={out}", "--quality=fast", "--cpus_per_actor=1")
    run = machines.archive(*arguments)
    until(lambda: pieces() >= 1)
    machines.cut("second")
    until(lambda: pieces() >= 2 or run.poll() is not None)
    machines.kill("third")
    until(lambda: pieces() >= 3 or run.poll() is not None)
    before = pieces()
    assert run.poll() is None and not (out / "film.mp4").exists()

    for name in NAMES:  # the head goes, and with it the cluster
        machines.kill(name)
    run.wait()
    assert run.returncode != 0 and not (out / "film.mp4").exists() and pieces() >= before
    machines.cut("second", off=False)
    machines.start("head")
    until(lambda: machines.nodes() >= 1)
    machines.start("third")
    run = machines.archive(*arguments)
    machines.start("second")  # comes while it runs
    run.wait()
    assert run.returncode == 0, (machines.folder / "archive.log").read_text()
    assert contents(out) == contents(plain)
    assert not list(out.rglob(".*"))
    status = command("pipelines.archive", "--status", f"--output={out}")
    assert "2 runs" in status.stdout and "films: 1 of 1" in status.stdout and "failed" not in status.stdout
