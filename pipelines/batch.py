"""Many files at once: finds them, keeps the tree, skips what is finished, and goes on after a bad one."""

import contextlib
import dataclasses
import enum
import functools
import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from colorgan_tf.errors import InputError
from pipelines.media import formats, names

_Source = TypeVar("_Source")


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to do: where it is, and where its result goes."""

    source: Path
    target: Path


class State(enum.StrEnum):
    """How a job ended."""

    COLOURED = "coloured"
    COPIED = "copied"  # in colour already: the same bytes
    CONVERTED = "converted"  # in colour already: the same colours in another format, or encoded anew
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
    """What the inputs stand for.

    Attributes:
        jobs: files to do.
        faults: one line for each input that stands for none.
        left_out: files in folders that are of another kind, or pipes and the like.
    """

    jobs: tuple[Job, ...]
    faults: tuple[str, ...]
    left_out: tuple[Path, ...] = ()


def find(
    inputs: Sequence[str | Path],
    output: str | Path,
    suffixes: Collection[str],
    suffix: str | None = None,
    done: Mapping[Path, Path] | None = None,
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
        done: results of earlier runs and what each was made from, see `recorded`. No source gets the name that is the
            result of another.

    Raises:
        InputError: if no input stands for any file, or a result would overwrite its original.
    """
    output = Path(output)
    wanted: dict[Path, Path] = {}  # source, resolved: its place below the output folder
    faults: list[str] = []
    left_out: list[Path] = []
    for given in map(Path, inputs):
        if given.is_dir():
            below = Path(given.resolve().name) if len(inputs) > 1 else Path()
            files = list(_walk(given, output.resolve(), suffixes, left_out))
            wanted.update((file, below / file.relative_to(given)) for file in files if file not in wanted)
            if not files:
                faults.append(f"{given}: a folder without files that can be coloured ({' '.join(suffixes)})")
        elif not given.exists():
            faults.append(f"{given}: does not exist")
        elif not given.is_file():
            faults.append(f"{given}: no file but a pipe or a device")
        elif given.suffix.lower() not in suffixes:
            advice = formats.ADVICE.get(given.suffix.lower(), "")
            kind = f"a file of another kind than {' '.join(suffixes)}"
            faults.append(f"{given}: {advice or kind}")
        else:
            wanted.setdefault(given, Path(given.name))
    if not wanted:
        raise InputError("Files or folders to colour are expected. Received: " + ("; ".join(faults) or "none") + ".")

    def free(source: Path, place: Path) -> bool:
        source = source.resolve()
        return (done or {}).get(output / place, source) == source

    jobs = tuple(Job(source, output / place) for source, place in places(wanted, suffix, free))
    for job in jobs:
        if job.target.resolve() == job.source.resolve():
            raise InputError(f"`--output` must be another folder than that of the originals. Received: {output}.")
    return Found(jobs, tuple(faults), tuple(left_out))


def places(
    wanted: Mapping[_Source, Path], suffix: str | None, free: Callable[[_Source, Path], bool]
) -> Iterator[tuple[_Source, Path]]:
    """Gives each result a place of its own: a.jpg and a.png, both to .png, become a_jpg.png and a.png.

    Args:
        wanted: sources and the places that they have by their own names.
        suffix: ending of the results of still pictures; None for each file's own.
        free: whether a source may take a place.
    """
    renamed = {source: formats.result_name(place, suffix) for source, place in wanted.items()}
    distinct = names.Distinct()
    # Files that keep their name choose first.
    for source in sorted(wanted, key=lambda source: renamed[source] != wanted[source]):
        place = renamed[source]
        others = () if place == wanted[source] else (place.with_stem(f"{place.stem}_{wanted[source].suffix[1:]}"),)
        yield source, distinct.take(place, *others, free=functools.partial(free, source))


def run(
    jobs: Iterable[Job],
    work: Callable[[Job], Outcome],
    workers: int,
    overwrite: bool,
    record: Callable[[Outcome], None] = lambda outcome: None,
) -> Iterator[Outcome]:
    """Does the jobs, `workers` at a time, and yields what became of each as it ends.

    Each worker takes a file from reading to writing, so while one waits for the network another decodes or encodes;
    memory holds no more pictures than there are workers. When the caller stops (Ctrl-C), the files in work are finished
    and no more begun.

    Args:
        jobs: what to do.
        work: does one job; any exception makes it a failed one.
        workers: threads.
        overwrite: do finished files (whose target exists) again.
        record: is called in the worker as each file ends, also with those that end after the caller has stopped.
    """
    executor = ThreadPoolExecutor(workers)
    pending: list[Future[Outcome]] = []
    try:
        for job in jobs:
            if not overwrite and job.target.exists():
                yield Outcome(job, State.SKIPPED)
            else:
                pending.append(executor.submit(_attempt, work, job, record))
        for future in as_completed(pending):
            yield future.result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def run_in_turn(
    jobs: Iterable[Job],
    work: Callable[[Job], Outcome],
    overwrite: bool,
    record: Callable[[Outcome], None] = lambda outcome: None,
) -> Iterator[Outcome]:
    """Does the jobs in turn in the caller's thread: for work that is parallel in itself, and hears Ctrl-C."""
    for job in jobs:
        yield Outcome(job, State.SKIPPED) if not overwrite and job.target.exists() else _attempt(work, job, record)


def shard(jobs: Sequence[Job], number: int, count: int) -> tuple[Job, ...]:
    """Returns the part of the jobs that machine `number` of `count` does; every job belongs to exactly one."""
    return tuple(jobs[number::count])


def prepare_output(output: str | Path) -> Path:
    """Makes the folder of the results.

    Raises:
        InputError: it is a file, or cannot be written.
    """
    output = Path(output)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if output.is_file() else error.strerror
        raise InputError(f"`--output` must be a folder that can be written. Received: {output}: {reason}.") from error
    if not os.access(output, os.W_OK | os.X_OK):
        raise InputError(f"`--output` must be a folder that can be written. Received: {output}: read-only.")
    return output


class Manifest:
    """The record of a batch: one JSON line a file, appended as it ends; threads may share it.

    Args:
        path: of the file, `.jsonl`.

    Attributes:
        fault: why lines could not be written, "" where all could.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.Lock()
        self.fault = ""
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, outcome: Outcome) -> None:
        """Appends what became of a file; a file that was skipped keeps its older line."""
        if outcome.state == State.SKIPPED:
            return
        line = {
            "file": str(outcome.job.source),
            "result": str(outcome.job.target),
            "source": str(outcome.job.source.resolve()),
            "place": os.path.relpath(outcome.job.target, self._path.parent),
            "state": outcome.state,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            ("error" if outcome.state == State.FAILED else "note"): outcome.note,
        }
        try:
            with self._lock, self._path.open("a") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:  # the results count, not their list
            self.fault = f"{self._path}: {error.strerror or error}"


def recorded(output: str | Path) -> dict[Path, Path]:
    """Returns the results in a folder that its manifests tell of, and the file that each was made from."""
    results: dict[Path, Path] = {}
    for path in sorted(Path(output).glob("colorize*.jsonl")):
        with contextlib.suppress(OSError):
            for text in path.read_text(errors="replace").splitlines():
                with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that was cut short, or an older one
                    line = json.loads(text)
                    if line["state"] != State.FAILED and (result := Path(output) / line["place"]).exists():
                        results[result] = Path(line["source"])
    return results


def _attempt(work: Callable[[Job], Outcome], job: Job, record: Callable[[Outcome], None]) -> Outcome:
    try:
        outcome = work(job)
    except InputError as error:
        outcome = Outcome(job, State.FAILED, str(error))
    except OSError as error:
        place = error.filename2 or error.filename or job.target
        outcome = Outcome(job, State.FAILED, f"{job.source}: {error.strerror or error}: {place}")
    except Exception as error:  # one bad file never stops the rest
        outcome = Outcome(job, State.FAILED, f"{job.source}: {error or type(error).__name__}")
    record(outcome)
    return outcome


def _walk(folder: Path, output: Path, suffixes: Collection[str], left_out: list[Path]) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (here / name).resolve() != output)
        for name in sorted(files):
            if name.startswith("."):
                continue
            if Path(name).suffix.lower() in suffixes and (here / name).is_file():
                yield here / name
            else:
                left_out.append(here / name)
