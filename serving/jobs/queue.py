"""The queue: which file is worked on next, how far it is, and the events that report it."""

import contextlib
import dataclasses
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from colorgan_tf.errors import InputError, RequestError
from pipelines.media.formats import Kind
from serving.jobs import records, texts
from serving.jobs.events import EventBus
from serving.jobs.limits import Limits
from serving.jobs.records import FileRecord, JobSettings
from serving.jobs.store import Store
from serving.jobs.tasks import Outcome, Progress, Task
from serving.jobs.workers import Worker

# Two queues, so that a picture need not wait for a film.
QUICK, LONG = "quick", "long"
# Called with kind, state and seconds of each file that was worked on.
Finished = Callable[[str, str, float], None]


@dataclasses.dataclass(frozen=True)
class Live:
    """How far the work on a file is.

    Attributes:
        done: frames done.
        total: frames in all, 0 where unknown.
        seconds_left: estimated; None where unknown.
        previews: counts the frames that could be looked at.
    """

    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    previews: int = 0


class JobQueue:
    """Works on files: pictures and animations in one queue, films in another, one at a time in each.

    Users take turns, so that one with fifty files does not keep another waiting.

    Args:
        store: of the files.
        workers: what does the work, by queue.
        limits: of the queues and of each file.
        finished: called after the work on each file.
    """

    def __init__(
        self,
        store: Store,
        workers: Mapping[str, Worker],
        limits: Limits,
        finished: Finished = lambda kind, state, seconds: None,
    ):
        self.events = EventBus()
        self._store, self._workers, self._limits, self._finished = store, workers, limits, finished
        self._changed = threading.Condition()
        self._waiting: dict[str, OrderedDict[str, deque[str]]] = {queue: OrderedDict() for queue in workers}
        self._current: dict[str, str] = {}
        self._stopping: set[str] = set()
        self._repeating: set[str] = set()
        self._live: dict[str, Live] = {}
        self._closed = False
        self._in_use = {queue: threading.Lock() for queue in workers}
        self._threads = [threading.Thread(target=self._work, args=(queue,), daemon=True) for queue in workers]

    def start(self) -> None:
        """Takes up what an earlier run left undone, and begins to work."""
        for record in self._store.unfinished():
            self._enqueue(self._changed_record(record.id, state=records.WAITING) or record)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the work; what is unfinished goes on at the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers.values():
            worker.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def check_room(self, user: str) -> None:
        """Checks that one more file can wait.

        Raises:
            RequestError: too many are waiting.
        """
        with self._changed:
            each = sum(len(queue.get(user, ())) for queue in self._waiting.values())
        if each >= self._limits.waiting_each:
            raise RequestError(texts.BUSY_EACH, 429)
        if self.waiting() >= self._limits.waiting:
            raise RequestError(texts.BUSY, 503)

    def waiting(self) -> int:
        """Returns how many files wait."""
        with self._changed:
            return sum(len(names) for queue in self._waiting.values() for names in queue.values())

    def submit(self, record: FileRecord) -> None:
        """Puts a file at the end of its user's queue."""
        self._enqueue(record)
        self.events.publish(record.user)

    def repeat(self, record: FileRecord) -> None:
        """Colours a file again with its present settings; work under older ones is stopped."""
        with self._changed:
            if record.id in self._current.values():
                self._stopping.add(record.id)
                self._repeating.add(record.id)
                return
        self.submit(self._changed_record(record.id, state=records.WAITING, note="") or record)

    def stop(self, record: FileRecord) -> None:
        """Stops the work on a file; of a film, what is done is kept."""
        with self._changed:
            self._repeating.discard(record.id)
            if record.id in self._current.values():
                self._stopping.add(record.id)
                return
            waited = self._remove(record)
        if waited:
            self._changed_record(record.id, state=records.STOPPED)
            self.events.publish(record.user)

    def live(self, identity: str) -> Live:
        """Returns how far the work on a file is."""
        with self._changed:
            return self._live.get(identity, Live())

    def place(self, record: FileRecord) -> int:
        """Returns how many files of the same user come before this one."""
        with self._changed:
            names = self._waiting[_queue_of(record)].get(record.user, ())
            return names.index(record.id) if record.id in names else 0

    def draft(self, record: FileRecord, settings: JobSettings, frame: int = 0) -> bytes | None:
        """Colours a picture, or a frame, for the screen only, at once; its result and its settings stay as they are.

        Returns:
            A JPEG; None where there is other work, which goes first.
        """
        if self.waiting() or not self._in_use[QUICK].acquire(blocking=False):
            return None
        try:
            task = dataclasses.replace(self._task(record), settings=settings, draft=True, frame=frame)
            outcome = self._workers[QUICK].run(task, lambda progress: None, lambda: self._closed)
            return (task.folder / outcome.result).read_bytes()
        except (InputError, OSError, ValueError, KeyboardInterrupt):  # it was deleted, or the program ends
            return None
        finally:
            self._in_use[QUICK].release()

    def _enqueue(self, record: FileRecord) -> None:
        with self._changed:
            names = self._waiting[_queue_of(record)].setdefault(record.user, deque())
            if record.id not in names:
                names.append(record.id)
            self._changed.notify_all()

    def _remove(self, record: FileRecord) -> bool:
        names = self._waiting[_queue_of(record)].get(record.user, deque())
        with contextlib.suppress(ValueError):
            names.remove(record.id)
            return True
        return False

    def _next(self, queue: str) -> str | None:
        """Waits for a file and takes it; its user goes to the end of the line. None when the program ends."""
        waiting = self._waiting[queue]
        with self._changed:
            while True:
                if self._closed:
                    return None
                for user in list(waiting):
                    names = waiting.pop(user)
                    if names:
                        identity = names.popleft()
                        waiting[user] = names
                        self._current[queue] = identity
                        self._live[identity] = Live()
                        return identity
                self._changed.wait()

    def _work(self, queue: str) -> None:
        while (identity := self._next(queue)) is not None:
            record = self._changed_record(identity, state=records.WORKING, note="")
            try:
                if record is not None:
                    self.events.publish(record.user)
                    with self._in_use[queue]:
                        self._do(record, self._workers[queue])
            finally:
                with self._changed:
                    self._current.pop(queue, None)
                    self._stopping.discard(identity)
                    self._live.pop(identity, None)
                    again = identity in self._repeating
                    self._repeating.discard(identity)
            self._end(record, again)

    def _end(self, record: FileRecord | None, again: bool) -> None:
        if record is None:
            return
        if self._store.get(record.id) is None:  # deleted meanwhile; the work may have written into its folder since
            self._store.delete(record)
        elif again:
            self.repeat(record)
        self.events.publish(record.user)

    def _do(self, record: FileRecord, worker: Worker) -> None:
        began = time.monotonic()
        task = self._task(record)

        def report(progress: Progress) -> None:
            seconds = time.monotonic() - began
            left = seconds / progress.done * (progress.total - progress.done) if progress.done else None
            with self._changed:
                previews = self._live[record.id].previews + progress.preview
                total = max(progress.total, progress.done) if progress.total else 0
                self._live[record.id] = Live(progress.done, total, left if progress.total else None, previews)
            self.events.publish(record.user)

        note = ""
        try:
            outcome = worker.run(task, report, lambda: self._closed or record.id in self._stopping)
        except InputError as error:
            logging.info("%s: %s", record.id, error)
            note = texts.friendly(str(error))  # messages of programs name the file by its place here
        except Exception as error:  # whatever one file does, the next one is still coloured
            logging.warning("%s: %s: %s", record.id, type(error).__name__, error)
            note = texts.CRASHED
        if note:
            if not self._closed:
                self._changed_record(record.id, state=records.FAILED, note=note)
                self._finished(record.kind, records.FAILED, time.monotonic() - began)
            return
        with self._changed:
            goes_on = self._closed or record.id in self._repeating
        if not (outcome.stopped and goes_on):
            self._finish(record, outcome, time.monotonic() - began)

    def _task(self, record: FileRecord) -> Task:
        folder, original = self._store.folder(record), self._store.original(record)
        return Task(
            folder, original, record.kind, record.settings, self._limits, language=record.language, page=record.page
        )

    def _finish(self, record: FileRecord, outcome: Outcome, seconds: float) -> None:
        state = records.STOPPED if outcome.stopped else records.DONE
        kept = outcome.result
        if not kept and record.result and (self._store.folder(record) / record.result).exists():
            kept = record.result  # what was done under earlier settings is still there
        self._changed_record(
            record.id,
            state=records.DONE if outcome.stopped and record.kind != Kind.FILM and kept else state,
            note=outcome.note,
            in_colour=outcome.in_colour,
            result=kept,
            frames=outcome.frames if outcome.result else record.frames,
            size=outcome.size if outcome.result else record.size,
            parts=outcome.parts,
            pages=outcome.pages,
            offers=outcome.offers,
            versions=outcome.versions,
            version=record.version + 1,
            seconds=round(seconds, 3),
        )
        self._finished(record.kind, state, seconds)

    def _changed_record(self, identity: str, **values: Any) -> FileRecord | None:
        return self._store.update(identity, lambda record: dataclasses.replace(record, **values))


def _queue_of(record: FileRecord) -> str:
    return LONG if record.kind == Kind.FILM else QUICK
