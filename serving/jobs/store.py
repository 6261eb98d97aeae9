"""Where users' files are: a folder for each file, named unguessably, and a small database of what is known of them.

Nothing here takes a path or a part of one from a user.
"""

import contextlib
import dataclasses
import os
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from serving.jobs import records
from serving.jobs.records import FileRecord

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, touched REAL NOT NULL, bytes INTEGER NOT NULL, record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS of_user ON files (user);
"""


@dataclasses.dataclass(frozen=True)
class Usage:
    """How much is kept: number of files, and bytes of originals and results together."""

    files: int
    bytes: int


class Store:
    """The files of all users.

    Args:
        folder: made where it does not exist; only its owner can read it.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        (folder / "files").mkdir(parents=True, exist_ok=True)
        (folder / "incoming").mkdir(exist_ok=True)
        for each in (folder, folder / "files", folder / "incoming"):
            each.chmod(0o700)
        for left in (folder / "incoming").iterdir():  # uploads that a stop interrupted
            left.unlink()
        self._lock = threading.RLock()
        self._database = sqlite3.connect(folder / "site.sqlite", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        columns = [row[1] for row in self._database.execute("PRAGMA table_info(files)")]
        if "visitor" in columns:  # a folder of an earlier version
            self._database.executescript("ALTER TABLE files RENAME COLUMN visitor TO user; DROP INDEX of_visitor;")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Closes the database."""
        with self._lock:
            self._database.close()

    def secret(self) -> bytes:
        """Returns the key that signs sessions; made once, so that users keep their files across restarts."""
        path = self._folder / "secret"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
        return path.read_bytes()

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Path]:
        """Yields a name for an upload on its way in; the file is gone afterwards unless `add` took it."""
        path = self._folder / "incoming" / secrets.token_urlsafe(16)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def add(self, upload: Path, record: FileRecord) -> FileRecord:
        """Takes an upload in as a file."""
        folder = self.folder(record)
        folder.mkdir(mode=0o700)
        os.replace(upload, self.original(record))
        with self._lock:
            self._database.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?)",
                (record.id, record.user, time.time(), _bytes(folder), record.to_json()),
            )
        return record

    def folder(self, record: FileRecord) -> Path:
        """Returns a file's folder."""
        return self._folder / "files" / record.id

    def original(self, record: FileRecord) -> Path:
        """Returns where the original is."""
        return self.folder(record) / f"original{record.suffix}"

    def get(self, identity: str, user: str | None = None) -> FileRecord | None:
        """Returns a file, or None where there is none, or where it is another user's."""
        with self._lock:
            row = self._database.execute("SELECT record FROM files WHERE id = ?", (identity,)).fetchone()
        record = records.from_json(row[0]) if row else None
        return record if record is not None and user in (None, record.user) else None

    def all_of(self, user: str) -> list[FileRecord]:
        """Returns a user's files, the newest first."""
        with self._lock:
            rows = self._database.execute("SELECT record FROM files WHERE user = ?", (user,)).fetchall()
        return sorted((records.from_json(text) for (text,) in rows), key=lambda record: -record.created)

    def unfinished(self) -> list[FileRecord]:
        """Returns the files of all users that wait or were being worked on, the oldest first."""
        with self._lock:
            rows = self._database.execute("SELECT record FROM files").fetchall()
        every = (records.from_json(text) for (text,) in rows)
        waiting = [record for record in every if record.state in (records.WAITING, records.WORKING)]
        return sorted(waiting, key=lambda record: record.created)

    def usage(self, user: str | None = None) -> Usage:
        """Returns how much a user keeps, or all of them together."""
        where, values = ("WHERE user = ?", (user,)) if user else ("", ())
        with self._lock:
            row = self._database.execute(f"SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM files {where}", values)
            return Usage(*row.fetchone())

    def update(self, identity: str, change: Callable[[FileRecord], FileRecord]) -> FileRecord | None:
        """Changes a file's record in one step; None where the file was deleted meanwhile."""
        with self._lock:
            record = self.get(identity)
            if record is None:
                return None
            record = change(record)
            self._database.execute(
                "UPDATE files SET record = ?, touched = ?, bytes = ? WHERE id = ?",
                (record.to_json(), time.time(), _bytes(self.folder(record)), identity),
            )
            return record

    def delete(self, record: FileRecord) -> None:
        """Removes a file with all that was made of it."""
        with self._lock:
            self._database.execute("DELETE FROM files WHERE id = ?", (record.id,))
        shutil.rmtree(self.folder(record), ignore_errors=True)

    def older_than(self, days: float) -> list[FileRecord]:
        """Returns the files of all users that nothing has happened to for so many days."""
        limit = time.time() - days * 86400
        with self._lock:
            rows = self._database.execute("SELECT record FROM files WHERE touched < ?", (limit,)).fetchall()
        return [records.from_json(text) for (text,) in rows]


def _bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # the worker may be renaming it just now
            total += path.stat().st_size if path.is_file() else 0
    return total
