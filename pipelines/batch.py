"""Many files at once: finds them, keeps the tree, skips what is finished, and goes on after a bad one."""

import dataclasses
import enum
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from colorgan_tf.errors import InputError
from pipelines.media import formats, names


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to do: where it is, and where its result goes."""

    source: Path
    target: Path


class State(enum.StrEnum):
    """How a job ended."""

    COLOURED = "coloured"
    COPIED = "copied"  # in colour already
    SKIPPED = "skipped"  # finished before
    FAILED = "failed"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        state: how it ended.
        note: what a person should know of it; the reason where it failed.
    """

    job: Job
    state: State
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Found:
    """The jobs that the inputs stand for, and one line for each input that stands for none."""

    jobs: tuple[Job, ...]
    faults: tuple[str, ...]


def find(
    inputs: Sequence[str | Path], output: str | Path, suffixes: Collection[str], suffix: str | None = None
) -> Found:
    """Turns files and folders into jobs.

    A folder is searched to its depths, and its tree is kept below `output`; with several inputs each folder's tree is
    kept below the folder's name. Hidden files and the output folder itself are left out. Results that would have the
    same name get different ones.

    Args:
        inputs: files and folders.
        output: folder of the results.
        suffixes: endings of files to take, in small letters, with the dot.
        suffix: ending of the results of still pictures; None for each file's own.

    Raises:
        InputError: if no input stands for any file, or a result would overwrite its original.
    """
    output = Path(output)
    wanted: dict[Path, Path] = {}  # source, resolved: its place below the output folder
    faults = []
    for given in map(Path, inputs):
        if given.is_dir():
            below = Path(given.resolve().name) if len(inputs) > 1 else Path()
            files = list(_walk(given, output.resolve(), suffixes))
            wanted.update((file, below / file.relative_to(given)) for file in files if file not in wanted)
            if not files:
                faults.append(f"{given}: a folder without files that can be coloured ({' '.join(suffixes)})")
        elif not given.exists():
            faults.append(f"{given}: does not exist")
        elif given.suffix.lower() not in suffixes:
            faults.append(f"{given}: a file of another kind than {' '.join(suffixes)}")
        else:
            wanted.setdefault(given, Path(given.name))
    if not wanted:
        raise InputError("Files or folders to colour are expected. Received: " + ("; ".join(faults) or "none") + ".")
    jobs = tuple(Job(source, output / place) for source, place in _without_collisions(wanted, suffix))
    for job in jobs:
        if job.target.resolve() == job.source.resolve():
            raise InputError(f"`--output` must be another folder than that of the originals. Received: {output}.")
    return Found(jobs, tuple(faults))


def run(jobs: Iterable[Job], work: Callable[[Job], Outcome], workers: int, overwrite: bool) -> Iterator[Outcome]:
    """Does the jobs, `workers` at a time, and yields what became of each as it ends.

    Each worker takes a file from reading to writing, so while one waits for the network another decodes or encodes;
    memory holds no more pictures than there are workers. When the caller stops (Ctrl-C), the files in work are finished
    and no more begun.

    Args:
        jobs: what to do.
        work: does one job; any exception makes it a failed one.
        workers: threads.
        overwrite: do finished files (whose target exists) again.
    """
    executor = ThreadPoolExecutor(workers)
    pending: list[Future[Outcome]] = []
    try:
        for job in jobs:
            if not overwrite and job.target.exists():
                yield Outcome(job, State.SKIPPED)
            else:
                pending.append(executor.submit(_attempt, work, job))
        for future in as_completed(pending):
            yield future.result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def run_in_turn(jobs: Iterable[Job], work: Callable[[Job], Outcome], overwrite: bool) -> Iterator[Outcome]:
    """Does the jobs in turn in the caller's thread: for work that is parallel in itself, and hears Ctrl-C."""
    for job in jobs:
        yield Outcome(job, State.SKIPPED) if not overwrite and job.target.exists() else _attempt(work, job)


def shard(jobs: Sequence[Job], number: int, count: int) -> tuple[Job, ...]:
    """Returns the part of the jobs that machine `number` of `count` does; every job belongs to exactly one."""
    return tuple(jobs[number::count])


class Manifest:
    """The record of a batch: one JSON line a file, appended as it ends.

    Args:
        path: of the file, `.jsonl`.
    """

    def __init__(self, path: Path):
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Appends what became of a file; a file that was skipped keeps its older line."""
        if outcome.state == State.SKIPPED:
            return
        line = {
            "file": str(outcome.job.source),
            "result": str(outcome.job.target),
            "state": outcome.state,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            ("error" if outcome.state == State.FAILED else "note"): outcome.note,
        }
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _attempt(work: Callable[[Job], Outcome], job: Job) -> Outcome:
    try:
        return work(job)
    except InputError as error:
        return Outcome(job, State.FAILED, str(error))
    except Exception as error:  # one bad file never stops the rest
        return Outcome(job, State.FAILED, f"{job.source}: {error or type(error).__name__}")


def _walk(folder: Path, output: Path, suffixes: Collection[str]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (here / name).resolve() != output)
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield here / name


def _without_collisions(wanted: dict[Path, Path], suffix: str | None) -> Iterator[tuple[Path, Path]]:
    """Gives each place a name of its own: a.jpg and a.png, both to .png, become a_jpg.png and a.png."""
    renamed = {source: formats.result_name(place, suffix) for source, place in wanted.items()}
    distinct = names.Distinct()
    # Files that keep their name choose first.
    for source in sorted(wanted, key=lambda source: renamed[source] != wanted[source]):
        place = renamed[source]
        if place == wanted[source]:
            yield source, distinct.take(place)
        else:
            yield source, distinct.take(place, place.with_stem(f"{place.stem}_{wanted[source].suffix[1:]}"))
