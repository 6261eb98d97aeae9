"""The session: the items of one run, their queue, and the processes that colour them. No Qt.

`serving.jobs` does the work, for one user.
"""

import dataclasses
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from serving import language
from serving.desktop.session import input_files
from serving.desktop.session.item import BUSY, READY, Item
from serving.jobs import records, references, splitting
from serving.jobs.queue import LONG, QUICK, JobQueue
from serving.jobs.records import FileRecord, Hint, JobSettings
from serving.jobs.store import Store
from serving.jobs.tasks import Outcome, Report, Task
from serving.jobs.workers import Model, ProcessWorker, Worker

_OWNER = "desktop"


def process_workers(model: Model) -> dict[str, Worker]:
    """Returns a worker process for pictures and animations, and one for films."""
    return {queue: ProcessWorker(model, input_files.LIMITS.task_seconds) for queue in (QUICK, LONG)}


@dataclasses.dataclass(frozen=True)
class _ContainerKeeper:
    """A worker whose films keep their container: the window plays every one, which browsers do not."""

    worker: Worker

    def run(self, task: Task, report: Report, stopped: Callable[[], bool]) -> Outcome:
        return self.worker.run(dataclasses.replace(task, keep_container=True), report, stopped)

    def close(self) -> None:
        self.worker.close()


class Session:
    """Opens, colours and removes files.

    Args:
        folder: of everything that is made; removed at the end.
        workers: what colours, by queue.

    Attributes:
        folder: see above.
    """

    def __init__(self, folder: Path, workers: dict[str, Worker]):
        self.folder = folder
        self._store = Store(folder)
        self._workers = workers
        keeping: dict[str, Worker] = {queue: _ContainerKeeper(worker) for queue, worker in workers.items()}
        self._jobs = JobQueue(self._store, keeping, input_files.LIMITS)
        self._originals: dict[str, Path] = {}
        self._batch: list[str] = []
        self._began = 0.0

    def start(self) -> None:
        """Starts the workers; the model is opened meanwhile, so that the first picture need not wait for it."""
        self._jobs.start()
        quick = self._workers[QUICK]
        if isinstance(quick, ProcessWorker):
            quick.start()

    def close(self) -> None:
        """Ends the work and removes everything that was not saved."""
        self._jobs.events.close()
        self._jobs.close()
        self._store.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # === Files ===

    def open(self, path: Path) -> FileRecord:
        """Opens a file.

        Raises:
            RequestError: it cannot be coloured.
        """
        kind = input_files.identify(path)
        record = FileRecord(
            id=secrets.token_urlsafe(9),
            user=_OWNER,
            name=path.name,
            kind=kind.kind,
            suffix=kind.suffix,
            created=time.time(),
            language=language.current(),
            state=READY,
            frames=kind.frames,
        )
        with self._store.incoming() as upload:
            input_files.link(path, upload)
            self._store.add(upload, record)
        self._originals[record.id] = path.absolute()
        self._jobs.events.publish(_OWNER)
        return record

    def items(self) -> list[Item]:
        """Returns all files, in the order in which they were opened."""
        every = reversed(self._store.all_of(_OWNER))
        return [Item(record, self._jobs.live(record.id)) for record in every]

    def get(self, identity: str) -> Item | None:
        """Returns a file."""
        record = self._store.get(identity)
        return None if record is None else Item(record, self._jobs.live(identity))

    def original(self, record: FileRecord) -> Path:
        """Returns where the file was opened from."""
        return self._originals[record.id]

    def made(self, record: FileRecord, name: str) -> Path:
        """Returns the path of what was made of the file: "before.jpg", "after.jpg", "preview.jpg" ..."""
        return self._store.folder(record) / name

    def result(self, record: FileRecord) -> Path | None:
        """Returns the coloured file, or None."""
        path = self.made(record, record.result)
        return path if record.result and path.is_file() else None

    def scan(self, record: FileRecord) -> Path | None:
        """Returns a picture of all of the scan, whatever is cropped of it; None before it was coloured."""
        views = (self.made(record, name) for name in ("whole.jpg", "before.jpg"))
        return next((path for path in views if path.is_file()), None)

    def split(self, identity: str) -> list[str]:
        """Makes a file of each page, or of each photograph on a scan, and colours them; the file itself stays.

        Returns:
            Their identities; none where there is one photograph only.
        """
        scan = self._store.get(identity)
        if scan is None or not splitting.count(scan):
            return []
        made = splitting.split(self._store, self._jobs, scan)
        self._begin()
        for record in made:
            self._originals[record.id] = self._originals[scan.id]
            self._batch.append(record.id)
        return [record.id for record in made]

    def with_result(self) -> list[FileRecord]:
        """Returns the files that have been coloured, wholly or in part."""
        return [item.record for item in self.items() if self.result(item.record) is not None]

    def remove(self, identities: Iterable[str]) -> None:
        """Removes files from the session, also those that are being coloured; the originals stay."""
        for identity in list(identities):
            record = self._store.get(identity)
            if record is not None:
                self._jobs.stop(record)
                self._store.delete(record)
                self._originals.pop(identity, None)
        self._jobs.events.publish(_OWNER)

    # === Colouring ===

    def color(self, identities: Iterable[str]) -> None:
        """Asks for files to be coloured; those that are being worked on already are left alone."""
        self._begin()
        for identity in identities:
            record = self._store.get(identity)
            if record is None or record.state in BUSY:
                continue
            self._batch += [] if identity in self._batch else [identity]
            self._submit(record)

    def change_settings(self, identity: str, **values: object) -> None:
        """Changes how a file is to be coloured, by the names of `JobSettings`; one that has colours is coloured again.

        The network runs again only where it sees another picture: for the quality and the crop, not for the strength.
        """
        record = self._store.get(identity)
        if record is not None:
            self._change(record, records.changed_settings(record.settings, values), bool(values.get("force")))

    def set_hints(self, identity: str, hints: tuple[Hint, ...]) -> None:
        """Gives a file these hints in place of those that it has."""
        record = self._store.get(identity)
        if record is not None:
            self._change(record, dataclasses.replace(record.settings, hints=hints))

    def draft(self, identity: str, hints: tuple[Hint, ...], frame: int = 0) -> bytes | None:
        """Returns a JPEG of a picture, or of a frame, as it would be with these hints; None while there is other work.

        The colours that are likely in a frame are kept by this too.
        """
        record = self._store.get(identity)
        if record is None:
            return None
        return self._jobs.draft(record, dataclasses.replace(record.settings, hints=hints), frame)

    def give_reference(self, identity: str, path: Path) -> None:
        """Lets a file take the colours of a picture for what is alike.

        Raises:
            RequestError: the picture cannot be read, or is grey.
        """
        record = self._store.get(identity)
        if record is None:
            return
        input_files.identify(path)
        name = references.take(path, self._store.folder(record), input_files.LIMITS)
        self._change(record, dataclasses.replace(record.settings, reference=name))

    def _change(self, record: FileRecord, settings: JobSettings, force: bool = False) -> None:
        if settings == record.settings:
            return
        identity = record.id
        changed = self._store.update(identity, lambda old: dataclasses.replace(old, settings=settings))
        if changed is None:
            return
        if changed.state == records.WORKING:
            self._jobs.repeat(changed)
        elif changed.result or force:
            self.color([identity])

    def stop(self) -> None:
        """Stops all work. What is finished is kept, of a film also what was done until now."""
        for item in reversed(self.items()):
            if item.record.state in BUSY:
                self._jobs.stop(item.record)
        self._jobs.events.publish(_OWNER)

    def batch(self) -> tuple[list[Item], float]:
        """Returns the files that were asked for since the program was last idle, and seconds since then."""
        return self._asked(), time.monotonic() - self._began

    def wait(self, last: int, seconds: float) -> int:
        """Waits until something is newer than `last`; returns its number, or `last` after `seconds`."""
        return self._jobs.events.wait(_OWNER, last, seconds)

    @property
    def closed(self) -> bool:
        """Whether the program ends."""
        return self._jobs.events.closed

    def _begin(self) -> None:
        """Begins a new batch, unless the last one is still being worked on."""
        if not any(item.record.state in BUSY for item in self._asked()):
            self._batch, self._began = [], time.monotonic()

    def _asked(self) -> list[Item]:
        every = (self.get(identity) for identity in self._batch)
        return [item for item in every if item is not None]

    def _submit(self, record: FileRecord) -> None:
        waiting = self._store.update(
            record.id, lambda old: dataclasses.replace(old, state=records.WAITING, note="", in_colour=False)
        )
        if waiting is not None:
            self._jobs.submit(waiting)
