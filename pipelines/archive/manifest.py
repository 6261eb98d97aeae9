"""The manifest of an archive: one SQLite file beside the results, readable while it is written."""

import contextlib
import dataclasses
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from colorgan_tf.errors import InputError
from pipelines.archive.plan import Item
from pipelines.films import resuming
from pipelines.media import storage

NAME = "archive.sqlite"
FAILED = "failed.jsonl"
_PUBLISHED_EVERY = 30.0  # seconds, where the results lie in a store that no file can be written in part by part
_SEEN_EVERY = 2.0  # seconds
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, target TEXT, film INTEGER, size INTEGER, state TEXT, note TEXT DEFAULT '',
    machine TEXT DEFAULT '', work REAL DEFAULT 0, length REAL DEFAULT 0, finished REAL DEFAULT 0, ended REAL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_state ON files (state, film, size, work, length, finished);
CREATE TABLE IF NOT EXISTS runs (began REAL, seen REAL, ended REAL, actors INTEGER, machines INTEGER);
CREATE TABLE IF NOT EXISTS machines (name TEXT PRIMARY KEY, files INTEGER, work REAL) WITHOUT ROWID;
"""
WAITING = "waiting"


@dataclasses.dataclass(frozen=True)
class Count:
    """How many files of one kind are in one state.

    Attributes:
        state: "waiting" or a `batch.State`.
        film: whether they are films.
        files: their number.
        size: bytes.
        work: seconds of work.
        length: seconds of film.
        finished: seconds of film that are coloured.
    """

    state: str
    film: bool
    files: int
    size: int
    work: float
    length: float
    finished: float


class Manifest:
    """Records what becomes of every file; any number of programs may read it, and write to it, at once.

    It tells what happened. What is done is told by the results: a run looks for these.

    Args:
        output: folder of the results. In a store, the file is kept in a local folder and published now and then.
    """

    def __init__(self, output: str):
        self._output = output
        self._remote = storage.is_url(output)
        self._scratch = tempfile.TemporaryDirectory() if self._remote else contextlib.nullcontext(output)
        folder = self._scratch.__enter__()
        self.path = os.path.join(folder, NAME)
        if self._remote:
            with contextlib.suppress(FileNotFoundError):
                storage.fetch(storage.join(output, NAME), self.path)
        self._published = self._seen = time.monotonic()
        self._database = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self.close()
            raise InputError(
                f"The manifest must be a database of this program. Received: {self.path}: {error}."
            ) from error

    def sources(self) -> Mapping[str, str]:
        """Returns the file that each result is made from."""
        return dict(self._database.execute("SELECT target, source FROM files"))

    def begin(self, items: Iterable[Item], there: Iterable[Item]) -> None:
        """Notes all files of a run.

        Args:
            items: files to do.
            there: files whose results are there.
        """
        with self._transaction():
            self._database.execute("INSERT INTO runs VALUES (?, ?, NULL, 0, 0)", (time.time(),) * 2)
            for state, some in ((WAITING, items), ("skipped", there)):
                changed = "" if state == WAITING else " WHERE files.state IN ('waiting', 'failed')"
                self._database.executemany(
                    "INSERT INTO files (source, target, film, size, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT (source)"
                    "DO UPDATE SET target = excluded.target, size = excluded.size, state = excluded.state, note = ''"
                    + changed,
                    ((each.source, each.target, each.film, each.size, state) for each in some),
                )
        if self._remote:
            self.publish()

    def end(self, actors: int, machines: int) -> None:
        """Notes the end of the run."""
        self._database.execute(
            "UPDATE runs SET ended = ?, actors = ?, machines = ? WHERE began = (SELECT max(began) FROM runs)",
            (time.time(), actors, machines),
        )
        self.publish()

    def record(self, rows: Iterable[tuple[str, str, str, str, float]]) -> None:
        """Notes what became of files: (source, state, note, machine, seconds of work)."""
        with self._transaction():
            for source, state, note, machine, work in rows:
                self._database.execute(
                    "UPDATE files SET state = ?, note = ?, machine = ?, work = work + ?, ended = ? WHERE source = ?",
                    (state, note, machine, work, time.time(), source),
                )
                self._add_work(machine, 1, work)

    def film(self, source: str, length: float, finished: float, machine: str, work: float) -> None:
        """Notes how far a film is: seconds known of, and coloured."""
        with self._transaction():
            self._database.execute(
                "UPDATE files SET length = ?, finished = ?, work = work + ? WHERE source = ?",
                (length, finished, work, source),
            )
            self._add_work(machine, 0, work)

    def seen(self) -> None:
        """Notes now and then that the run goes on."""
        now = time.monotonic()
        if now - self._seen > _SEEN_EVERY:
            self._seen = now
            self._database.execute(
                "UPDATE runs SET seen = ? WHERE began = (SELECT max(began) FROM runs)", (time.time(),)
            )
        if now - self._published > _PUBLISHED_EVERY:
            self._published = now
            with contextlib.suppress(InputError):  # a store that is away for a while must not end the run
                self.publish()

    def running(self) -> bool:
        """Tells whether a run is under way: in a folder its lock is held, in a store it was seen of late."""
        runs = self.runs()
        if not runs or runs[-1]["ended"] is not None:
            return False
        if self._remote:
            return time.time() - runs[-1]["seen"] < 4 * _PUBLISHED_EVERY
        return resuming.in_work(self.path)

    def counts(self) -> list[Count]:
        """Returns how many files are in which state."""
        rows = self._database.execute(
            "SELECT state, film, count(*), sum(size), sum(work), sum(length), sum(finished) FROM files GROUP BY 1, 2"
        )
        return [Count(state, bool(film), *rest) for state, film, *rest in rows]

    def failed(self) -> Iterator[tuple[str, str]]:
        """Returns the files that failed, and why."""
        yield from self._database.execute("SELECT source, note FROM files WHERE state = 'failed' ORDER BY source")

    def machines(self) -> list[tuple[str, int, float]]:
        """Returns by machine: files ended, seconds of work."""
        return list(self._database.execute("SELECT name, files, work FROM machines ORDER BY name"))

    def runs(self) -> list[dict[str, Any]]:
        """Returns the runs so far."""
        names = ("began", "seen", "ended", "actors", "machines")
        rows = self._database.execute(f"SELECT {', '.join(names)} FROM runs ORDER BY began")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def size_since(self, began: float) -> int:
        """Returns the bytes of files that ended since."""
        (size,) = self._database.execute("SELECT total(size) FROM files WHERE ended >= ?", (began,)).fetchone()
        return int(size)

    def publish(self) -> None:
        """Writes the list of failures, and, into a store, the file itself."""
        lines = [json.dumps({"file": source, "error": note}) + "\n" for source, note in self.failed()]
        place = storage.join(self._output, FAILED)
        if lines or storage.exists(place):
            storage.publish_bytes("".join(lines).encode(), place)
        if self._remote:
            copy = self.path + ".copy"
            with contextlib.closing(sqlite3.connect(copy)) as target:
                self._database.backup(target)
            storage.publish(copy, storage.join(self._output, NAME))
        self._published = time.monotonic()

    def close(self) -> None:
        """Closes the file."""
        self._database.close()
        self._scratch.__exit__(None, None, None)

    def _add_work(self, machine: str, files: int, work: float) -> None:
        if machine:
            self._database.execute(
                "INSERT INTO machines VALUES (?, ?, ?) ON CONFLICT (name)"
                "DO UPDATE SET files = files + excluded.files, work = work + excluded.work",
                (machine, files, work),
            )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def open_begun(output: str) -> Manifest:
    """Opens the manifest of an archive that was begun.

    Raises:
        InputError: there is none.
    """
    if not storage.exists(storage.join(output, NAME)):
        raise InputError(f"`--output` must be the folder of an archive that was begun. Received: {output}.")
    return Manifest(output)
