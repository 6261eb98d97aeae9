"""The queue: which file is worked on next, how far it is, and who waits to hear of it."""

import contextlib
import dataclasses
import logging
import threading
import time
from collections import OrderedDict, deque

from colorgan_tf.errors import InputError, RequestError
from serving.jobs import records
from serving.jobs.board import Board
from serving.jobs.records import FILM, FileRecord
from serving.jobs.store import Store
from serving.jobs.work import Finished, Progress, Task
from serving.jobs.worker import Runner
from serving.web import texts
from serving.web.metrics import Metrics
from serving.web.settings import Limits

# Two lanes, so that a picture need not wait for a film.
QUICK, LONG = "quick", "long"


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


class Jobs:
    """Works on files: pictures and animations in one lane, films in another, one at a time in each.

    Visitors take turns, so that one with fifty files does not keep another waiting.

    Args:
        store: of the files.
        runners: what does the work, by lane.
        limits: of the queue.
        metrics: counts.
    """

    def __init__(self, store: Store, runners: dict[str, Runner], limits: Limits, metrics: Metrics):
        self.board = Board()
        self._store, self._runners, self._limits, self._metrics = store, runners, limits, metrics
        self._changed = threading.Condition()
        self._waiting: dict[str, OrderedDict[str, deque[str]]] = {lane: OrderedDict() for lane in runners}
        self._current: dict[str, str] = {}
        self._stopping: set[str] = set()
        self._repeating: set[str] = set()
        self._live: dict[str, Live] = {}
        self._closed = False
        self._threads = [threading.Thread(target=self._work, args=(lane,), daemon=True) for lane in runners]

    def start(self) -> None:
        """Takes up what an earlier run of the website left undone, and begins to work."""
        for record in self._store.unfinished():
            self._enqueue(self._changed_record(record.id, state=records.WAITING) or record)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ends the work; what is unfinished goes on at the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for runner in self._runners.values():
            runner.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def check_room(self, visitor: str) -> None:
        """Checks that one more file can wait.

        Raises:
            RequestError: too many are waiting.
        """
        with self._changed:
            each = sum(len(lane.get(visitor, ())) for lane in self._waiting.values())
        if each >= self._limits.waiting_each:
            raise RequestError(texts.BUSY_EACH, 429)
        if self.waiting() >= self._limits.waiting:
            raise RequestError(texts.BUSY, 503)

    def waiting(self) -> int:
        """Returns how many files wait."""
        with self._changed:
            return sum(len(names) for lane in self._waiting.values() for names in lane.values())

    def submit(self, record: FileRecord) -> None:
        """Puts a file at the end of its visitor's queue."""
        self._enqueue(record)
        self.board.announce(record.visitor)

    def repeat(self, record: FileRecord) -> None:
        """Colours a file again with its present wishes; work under older ones is stopped."""
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
            self.board.announce(record.visitor)

    def live(self, identity: str) -> Live:
        """Returns how far the work on a file is."""
        with self._changed:
            return self._live.get(identity, Live())

    def place(self, record: FileRecord) -> int:
        """Returns how many files of the same visitor come before this one."""
        with self._changed:
            names = self._waiting[_lane(record)].get(record.visitor, ())
            return names.index(record.id) if record.id in names else 0

    def _enqueue(self, record: FileRecord) -> None:
        with self._changed:
            names = self._waiting[_lane(record)].setdefault(record.visitor, deque())
            if record.id not in names:
                names.append(record.id)
            self._changed.notify_all()

    def _remove(self, record: FileRecord) -> bool:
        names = self._waiting[_lane(record)].get(record.visitor, deque())
        with contextlib.suppress(ValueError):
            names.remove(record.id)
            return True
        return False

    def _next(self, lane: str) -> str | None:
        """Waits for a file and takes it; its visitor goes to the end of the line. None when the website closes."""
        waiting = self._waiting[lane]
        with self._changed:
            while True:
                if self._closed:
                    return None
                for visitor in list(waiting):
                    names = waiting.pop(visitor)
                    if names:
                        identity = names.popleft()
                        waiting[visitor] = names
                        self._current[lane] = identity
                        self._live[identity] = Live()
                        return identity
                self._changed.wait()

    def _work(self, lane: str) -> None:
        while (identity := self._next(lane)) is not None:
            record = self._changed_record(identity, state=records.WORKING, note="")
            try:
                if record is not None:
                    self.board.announce(record.visitor)
                    self._do(record, self._runners[lane])
            finally:
                with self._changed:
                    self._current.pop(lane, None)
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
        self.board.announce(record.visitor)

    def _do(self, record: FileRecord, runner: Runner) -> None:
        began = time.monotonic()
        folder = self._store.folder(record)
        task = Task(folder, self._store.original(record), record.kind, record.wishes, self._limits)

        def tell(progress: Progress) -> None:
            seconds = time.monotonic() - began
            left = seconds / progress.done * (progress.total - progress.done) if progress.done else None
            with self._changed:
                previews = self._live[record.id].previews + progress.preview
                total = max(progress.total, progress.done) if progress.total else 0
                self._live[record.id] = Live(progress.done, total, left if progress.total else None, previews)
            self.board.announce(record.visitor)

        note = ""
        try:
            finished = runner.run(task, tell, lambda: self._closed or record.id in self._stopping)
        except InputError as error:
            # Messages name the file by its place here: a visitor knows it by its own name.
            note = str(error).replace(str(task.original), record.name).replace(f"{folder}/", "")
        except Exception as error:  # whatever one file does, the next one is still coloured
            logging.warning("%s: %s: %s", record.id, type(error).__name__, error)
            note = texts.CRASHED
        if note:
            if not self._closed:
                self._changed_record(record.id, state=records.FAILED, note=note)
                self._metrics.finished(record.kind, records.FAILED, time.monotonic() - began)
            return
        if not (self._closed and finished.stopped):
            self._finish(record, finished, time.monotonic() - began)

    def _finish(self, record: FileRecord, finished: Finished, seconds: float) -> None:
        state = records.STOPPED if finished.stopped else records.DONE
        kept = finished.result
        if not kept and record.result and (self._store.folder(record) / record.result).exists():
            kept = record.result  # what was done under earlier wishes is still there
        self._changed_record(
            record.id,
            state=records.DONE if finished.stopped and record.kind != FILM and kept else state,
            note=finished.note,
            in_colour=finished.in_colour,
            result=kept,
            frames=finished.frames if finished.result else record.frames,
            size=finished.size if finished.result else record.size,
            version=record.version + 1,
            seconds=round(seconds, 3),
        )
        self._metrics.finished(record.kind, state, seconds)

    def _changed_record(self, identity: str, **values) -> FileRecord | None:
        return self._store.update(identity, lambda record: dataclasses.replace(record, **values))


def _lane(record: FileRecord) -> str:
    return LONG if record.kind == FILM else QUICK
