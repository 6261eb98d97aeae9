"""Measures an archive over a cluster of this machine, and simulates a large one.

    python -m benchmarks.archive photos/ --film=film.mp4 [--quality=good]    # two actors against one, the plain command
    python -m benchmarks.archive --machinery                                 # files that cost nothing, a long manifest
    python -m benchmarks.archive --simulate --core_seconds=14 --still_seconds=0.6

The first form gives each run one core an actor, by the processor affinity of the whole cluster. Starting takes the same
time however many files there are, so that of a run with one small file is taken off. Memory is that of all processes of
the node. Where other programs run beside, seconds of processors tell more than those of the clock. The last form hands
out the pieces of 100,000 hours of film and batches of 100,000,000 photographs to machines of 8 cores, some of them
slow, some lost.
"""

import contextlib
import dataclasses
import heapq
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string("film", None, "Film to colour.")
flags.DEFINE_string("quality", "good", "Quality of the colours.")
flags.DEFINE_integer("rounds", 2, "Rounds.")
flags.DEFINE_bool("machinery", False, "Measure what the machinery alone costs.")
flags.DEFINE_integer("files", 10_000, "With --machinery: files.")
flags.DEFINE_integer("lines", 1_000_000, "With --machinery: lines of the manifest.")
flags.DEFINE_bool("simulate", False, "Simulate a large archive.")
flags.DEFINE_float("core_seconds", 14.0, "With --simulate: core seconds that a second of film costs, as measured.")
flags.DEFINE_float("still_seconds", 0.6, "With --simulate: core seconds that a photograph costs, as measured.")
flags.DEFINE_integer("film_hours", 100_000, "With --simulate: hours of film.")
flags.DEFINE_integer("stills", 100_000_000, "With --simulate: photographs.")

CORES, ACTOR_CORES = 8, 2  # of a simulated machine, and of an actor
PIECE, BATCH = 30.0, 32  # seconds of film, photographs
SLOW, SLOWER = 0.05, 3.0  # share of the tasks that take longer, and how much
LOST_A_DAY, BACK_AFTER = 0.01, 3600.0  # machines lost, and seconds until each is back


# === Real runs ===


@dataclasses.dataclass(frozen=True)
class Figure:
    """Of a run and all its processes, Ray's among them: seconds by the clock and of processors, most memory in GB."""

    seconds: float
    processors: float
    memory: float


def _run(module: str, source: str, cores: int, *more: str) -> Figure:
    with tempfile.TemporaryDirectory() as output:
        line = [sys.executable, "-m", module, source, f"--output={output}/out", f"--quality={FLAGS.quality}", *more]
        began = time.perf_counter()
        with subprocess.Popen(
            ["taskset", "-c", f"0-{cores - 1}", *line], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as run:
            peak, ticks = [0.0], dict[int, int]()
            watch = threading.Thread(target=_watch, args=(run, peak, ticks))
            watch.start()
            _, error = run.communicate()
            watch.join()
        if run.returncode:
            raise InputError(f"The run must succeed. Received: {error.decode()}")
        seconds = time.perf_counter() - began
        return Figure(seconds, sum(ticks.values()) / os.sysconf("SC_CLK_TCK"), peak[0])


def _watch(run: "subprocess.Popen[bytes]", peak: list[float], ticks: dict[int, int]) -> None:
    """Keeps the largest memory of a process and all below it, what several share once, and each one's clock ticks."""
    while run.poll() is None:
        parents, spent = dict[int, int](), dict[int, int]()
        for status in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                number, words = int(status.parent.name), status.read_text().rpartition(")")[2].split()
                parents[number], spent[number] = int(words[1]), int(words[11]) + int(words[12])
        total = 0
        for number in parents:
            above = number
            while above not in (0, run.pid):
                above = parents.get(above, 0)
            if above == run.pid:
                ticks[number] = spent[number]
                with contextlib.suppress(OSError, IndexError):  # it has just ended
                    total += int(Path(f"/proc/{number}/smaps_rollup").read_text().split("\nPss:")[1].split()[0])
        peak[0] = max(peak[0], total * 1024 / 1e9)
        time.sleep(1.0)


def measure(photographs: str, film: str | None) -> None:
    """Prints the throughput of two actors on two cores, of one on one, and of the plain command on two cores."""
    plain, archive = "colorgan_tf.colorize", "pipelines.archive"
    cases = {
        "plain command, 1 core": (plain, 1, ()),
        "plain command, 2 cores": (plain, 2, ()),
        "1 actor, 1 core": (archive, 1, ("--cpus_per_actor=1", "--actors=1")),
        "2 actors, 2 cores": (archive, 2, ("--cpus_per_actor=1", "--actors=2")),
        "1 actor, 2 cores": (archive, 2, ("--cpus_per_actor=2", "--actors=1")),
    }
    pictures = sorted(path for path in Path(photographs).rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as small:
        shutil.copy(pictures[0], small)
        for what, source in (("stills", photographs), ("film", film)):
            if source is None:
                continue
            for name, (module, cores, more) in cases.items():
                runs = []
                for _ in range(FLAGS.rounds):
                    runs.append((_run(module, source, cores, *more), _run(module, small, cores, *more)))
                seconds = min(run.seconds - start.seconds for run, start in runs)
                processors = min(run.processors - start.processors for run, start in runs)
                memory = max(run.memory for run, _ in runs)
                start = min(start.seconds for _, start in runs)
                print(
                    f"{what:6}  {name:22}  {seconds:7.1f} s, {processors:7.1f} s of processors, "
                    f"{start:5.1f} s to start, {memory:.2f} GB",
                    flush=True,
                )


# === The machinery alone ===


def no_work() -> type:
    """Returns an actor's class that colours nothing."""
    from pipelines.archive.worker import Done, Worker  # late: --help needs no OpenCV

    class NoWork(Worker):
        """An actor that colours nothing."""

        def load(self) -> str:
            """Needs no model."""
            return ""

        def stills(self, items: "Sequence[object]") -> Done:
            """Says that all are coloured."""
            return Done(self.machine, 0.0, tuple((item.source, "coloured", "", 0.0) for item in items))

    return NoWork


def machinery(files: int, lines: int) -> None:
    """Prints what a file costs that costs nothing, and how long a long manifest takes to open."""
    from pipelines import cluster
    from pipelines.archive import fleet, manifest, report
    from pipelines.archive.plan import Item
    from pipelines.archive.run import Run
    from pipelines.archive.worker import Settings
    from pipelines.colorize_file import ColorizeOptions

    with tempfile.TemporaryDirectory() as folder:
        book = manifest.Manifest(folder)
        items = [Item(f"/in/{number}.jpg", f"/out/{number}.jpg", 1) for number in range(files)]
        fleet.Worker = no_work()
        with cluster.connected(None):
            actors = fleet.Fleet(Settings(None, None, "fast", 1.0, ColorizeOptions()), fleet.Needs(cpus=1))
            began = time.perf_counter()
            book.begin(items, [])
            run = Run(items, book, actors, lambda *given: None)
            waiting = time.perf_counter()
            for actor in actors.actors:
                actors.started(actor.starting)
            waited = time.perf_counter() - waiting
            run.run()
            book.end(1, 1)
            seconds = time.perf_counter() - began - waited
        print(f"{files} files: {1000 * seconds / files:.2f} ms a file")
        book.close()
        os.remove(book.path)
        book = manifest.Manifest(folder)
        book.begin((Item(f"/in/{number}.jpg", f"/out/{number}.jpg", 1) for number in range(lines)), [])
        book.close()
        began = time.perf_counter()
        book = manifest.Manifest(folder)
        text = report.status(book).splitlines()[0]
        print(f"manifest of {lines} lines: opened and counted in {time.perf_counter() - began:.2f} s ({text})")
        book.close()


# === Simulation ===


@dataclasses.dataclass
class Simulated:
    """A simulated run.

    Attributes:
        wall: seconds until all is done.
        work: seconds of all actors' tasks.
        lost: seconds of actors whose machine was gone, and of the tasks that went with it.
        tasks: handed out.
    """

    wall: float = 0.0
    work: float = 0.0
    lost: float = 0.0
    tasks: int = 0


def simulate(machines: int, tasks: Iterator[float]) -> Simulated:
    """Hands tasks, given by their seconds, to actors, each to the one that is free first.

    A machine that is lost takes the task along that shows it; this one is handed out again.
    """
    chance = random.Random(0)
    each = CORES // ACTOR_CORES  # actors of a machine
    actors = [(0.0, number) for number in range(machines * each)]
    back = [0.0] * machines  # when a lost machine is there again
    figures = Simulated()
    for length in tasks:
        done = False
        while not done:
            free, number = actors[0]
            begin = max(free, back[number // each])
            takes = length * chance.uniform(0.7, 1.3) * (SLOWER if chance.random() < SLOW else 1.0)
            done = chance.random() > takes * LOST_A_DAY / 86400 / each
            figures.tasks += 1
            if done:
                end = begin + takes
                figures.work += takes
            else:
                lost = chance.uniform(0, takes)
                end = back[number // each] = begin + lost + BACK_AFTER
                figures.lost += each * (lost + BACK_AFTER)
            heapq.heapreplace(actors, (end, number))
    figures.wall = max(free for free, _ in actors)
    return figures


def _tasks(films: float, stills: int) -> Iterator[float]:
    """The seconds of each task: pieces of films, then batches of photographs."""
    for _ in range(round(films / PIECE)):
        yield PIECE * FLAGS.core_seconds / ACTOR_CORES
    for _ in range(stills // BATCH):
        yield BATCH * FLAGS.still_seconds / ACTOR_CORES


def print_simulation() -> None:
    """Prints days on 4, 40 and 400 machines."""
    films, stills = FLAGS.film_hours * 3600.0, FLAGS.stills
    core_hours = (films * FLAGS.core_seconds + stills * FLAGS.still_seconds) / 3600
    print(f"{FLAGS.film_hours} hours of film, {stills} photographs: {core_hours:,.0f} core hours")
    for machines in (4, 40, 400):
        run = simulate(machines, _tasks(films, stills))
        busy = run.work / (machines * CORES // ACTOR_CORES * run.wall)
        print(
            f"{machines:4} machines of {CORES} cores: {run.wall / 86400:8,.1f} days, {100 * busy:.1f} % busy, "
            f"{run.lost / 3600:,.0f} actor hours lost, {run.tasks / run.wall:.2f} tasks a second",
            flush=True,
        )


def main(argv: list[str]) -> None:
    """Measures what the flags ask for."""
    print(machine.describe())
    if FLAGS.simulate:
        print_simulation()
    elif FLAGS.machinery:
        machinery(FLAGS.files, FLAGS.lines)
    elif len(argv) != 2:
        raise InputError(f"A folder of photographs is expected. Received: {argv[1:] or 'none'}.")
    else:
        measure(argv[1], FLAGS.film)


if __name__ == "__main__":
    command.run(main)
