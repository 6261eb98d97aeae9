"""Runs an archive: hands tasks to actors, films first, tries again what failed, notes all in the manifest."""

import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from colorgan_tf.errors import InputError
from pipelines.archive.fleet import Actor, Fleet
from pipelines.archive.manifest import Manifest
from pipelines.archive.plan import Item
from pipelines.archive.worker import Done, Film
from pipelines.batch import State
from pipelines.films.pieces import START, Piece, Place
from pipelines.media import storage

Progress = Callable[[float, Mapping[str, int], float], None]
TRIES = 3
_MOST_STILLS = 32  # in a batch
_MOST_BYTES = 64_000_000


@dataclasses.dataclass
class FilmWork:
    """How far a film is.

    Attributes:
        item: the file.
        film: what the first look found.
        pieces: those found so far, in order.
        waiting: numbers of pieces that no actor has yet and that follow none that is not done.
        done: numbers of pieces that are coloured.
        look_on: from where to look on; None when all was seen.
        failed: whether it was given up; what is still running for it comes to nothing.
    """

    item: Item
    film: Film | None = None
    pieces: list[Piece] = dataclasses.field(default_factory=list)
    waiting: collections.deque[int] = dataclasses.field(default_factory=collections.deque)
    done: set[int] = dataclasses.field(default_factory=set)
    look_on: Place | None = START
    failed: bool = False

    def add(self, found: Sequence[Piece]) -> None:
        """Takes the pieces of a look."""
        first = len(self.pieces)
        self.pieces += found
        self.waiting.extend(number for number in range(first, len(self.pieces)) if not self.pieces[number].follows)

    def finish(self, number: int) -> None:
        """Notes that a piece is coloured."""
        self.done.add(number)
        if number + 1 < len(self.pieces) and self.pieces[number + 1].follows:
            self.waiting.appendleft(number + 1)

    @property
    def whole(self) -> bool:
        """Whether only the join is left."""
        return self.look_on is None and len(self.done) == len(self.pieces)

    @property
    def length(self) -> float:
        """Seconds of the film: as its file says, until all was seen."""
        seen = sum(piece.seconds for piece in self.pieces)
        return seen if self.film is None or self.look_on is None else max(seen, self.film.source.duration)

    @property
    def finished(self) -> float:
        """Seconds that are coloured."""
        return sum(self.pieces[number].seconds for number in self.done)


@dataclasses.dataclass
class Task:
    """What one actor is asked to do at once.

    Attributes:
        name: for the dashboard.
        method: of `Worker`.
        arguments: of the method.
        work: the film, or None for stills.
        items: the files that it is for.
        number: of the piece.
        tries: how often it failed.
    """

    name: str
    method: str
    arguments: tuple[Any, ...]
    items: tuple[Item, ...]
    work: FilmWork | None = None
    number: int = -1
    tries: int = 0


class Run:
    """One run over an archive.

    Args:
        items: files to do.
        manifest: notes what becomes of them.
        fleet: does it.
        progress: is called after each task: bytes that are done, files by state, seconds of film that are coloured.
    """

    def __init__(self, items: Sequence[Item], manifest: Manifest, fleet: Fleet, progress: Progress):
        largest = sorted(items, key=lambda item: -item.size)
        self._looks = collections.deque(FilmWork(item) for item in largest if item.film)
        self._stills = collections.deque((item, 0) for item in largest if not item.film)
        self._again: collections.deque[Task] = collections.deque()
        self._joins: collections.deque[FilmWork] = collections.deque()
        self._open: list[FilmWork] = []
        self._manifest, self._fleet, self._progress = manifest, fleet, progress
        self._running: dict[Any, tuple[Actor, Task]] = {}
        self._bytes = self._film_seconds = 0.0
        self.counts: collections.Counter[str] = collections.Counter()

    def run(self) -> None:
        """Does everything; each file is coloured or has failed then."""
        import ray

        try:
            while True:
                self._manifest.seen()
                self._fleet.adjust()
                self._hand_out()
                if not self._running and not self._left():
                    return
                waited = [*self._running, *self._fleet.starting()]
                if not waited:
                    time.sleep(1.0)  # no machine is left: another may come
                    continue
                ended, _ = ray.wait(waited, num_returns=1, timeout=1.0)
                for reference in ended:
                    if reference in self._running:
                        self._take(reference)
                    else:
                        self._fleet.started(reference)
        finally:
            self._fleet.close()

    def _left(self) -> bool:
        return bool(self._looks or self._stills or self._again or self._joins or self._open)

    def _hand_out(self) -> None:
        busy = {id(actor) for actor, _ in self._running.values()}
        for actor in self._fleet.actors:
            if id(actor) in busy or actor.starting is not None:
                continue
            task = self._next()
            if task is None:
                return
            method = getattr(actor.handle, task.method)
            self._running[method.options(name=task.name).remote(*task.arguments)] = (actor, task)

    def _next(self) -> Task | None:
        """The next task: what ends a film first; a film is opened only while there are fewer pieces than actors."""
        if self._again:
            return self._again.popleft()
        if self._joins:
            work = self._joins.popleft()
            return Task(f"join {work.item.source}", "join", (work.film, work.pieces), (work.item,), work)
        ready = sum(len(work.waiting) for work in self._open)
        if self._looks and ready < len(self._fleet.actors):
            work = self._looks.popleft()
            return Task(f"look at {work.item.source}", "look", (work.item, work.film, work.look_on), (work.item,), work)
        for work in self._open:
            if work.waiting:
                number = work.waiting.popleft()
                piece = work.pieces[number]
                before = work.pieces[number - 1] if piece.follows else None
                name = f"piece {number + 1} of {work.item.source}"
                return Task(name, "piece", (work.film, piece, before), (work.item,), work, number)
        return self._batch() if self._stills else None

    def _batch(self) -> Task:
        """A batch of stills, smaller towards the end, so that all actors end together; a file that failed is alone."""
        most = max(1, min(_MOST_STILLS, len(self._stills) // (4 * len(self._fleet.actors))))
        item, tries = self._stills.popleft()
        items, size = [item], item.size
        while tries == 0 and self._stills and len(items) < most and self._stills[0][1] == 0 and size < _MOST_BYTES:
            items.append(self._stills.popleft()[0])
            size += items[-1].size
        return Task(f"{len(items)} stills from {item.source}", "stills", (items,), tuple(items), tries=tries)

    def _take(self, reference: Any) -> None:
        """Takes what a task came to."""
        import ray

        actor, task = self._running.pop(reference)
        try:
            done = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            self._failed(task, " ".join(str(error.cause).split()))
        except ray.exceptions.RayError as error:  # the actor, or its machine, is gone
            self._fleet.drop(actor)
            self._failed(task, f"the actor that did it was lost on {actor.machine}: {type(error).__name__}")
        else:
            self._done(task, done)

    def _done(self, task: Task, done: Done) -> None:
        work = task.work
        if work is not None and work.failed:
            return
        if work is None:
            self._ended(task, done)
        elif task.method == "join":
            self._open.remove(work)
            self._manifest.film(work.item.source, work.length, work.finished, "", 0.0)
            self._ended(task, done)
            if work.film is not None:
                # Not by the actor: one that was given up may join the film a second time.
                with contextlib.suppress(InputError):  # a store that is away now; `leftovers` come back to it
                    storage.remove(work.film.folder)
        else:
            if task.method == "look" and done.outcomes:  # copied, since it is in colour
                self._ended(task, done)
                self._tell()
                return
            if task.method == "look":
                if work.film is None:
                    self._open.append(work)
                work.film, work.look_on = done.film, done.look_on
                work.add(done.pieces)
                if work.look_on is not None:
                    self._looks.appendleft(work)
            else:
                work.finish(task.number)
                self._film_seconds += work.pieces[task.number].seconds
            if work.whole:
                self._joins.append(work)
            self._manifest.film(work.item.source, work.length, work.finished, done.machine, done.seconds)
        self._tell()

    def _ended(self, task: Task, done: Done) -> None:
        by_source = {item.source: item for item in task.items}
        rows = []
        for source, state, note, seconds in done.outcomes:
            if state == State.FAILED and task.tries + 1 < TRIES:
                self._stills.append((by_source[source], task.tries + 1))
            else:
                rows.append((source, state, note, done.machine, seconds))
                self._count(by_source[source], state)
        self._manifest.record(rows)

    def _failed(self, task: Task, reason: str) -> None:
        if task.work is not None and task.work.failed:
            return
        if task.work is None:
            # Which of several took the actor along is not known: each is tried by itself.
            for item in task.items:
                if task.tries + 1 < TRIES:
                    self._stills.append((item, task.tries + 1))
                else:
                    self._give_up(item, reason)
        elif task.tries + 1 < TRIES:
            self._again.append(dataclasses.replace(task, tries=task.tries + 1))
        else:
            task.work.failed = True
            self._open = [work for work in self._open if not work.failed]
            self._looks = collections.deque(work for work in self._looks if not work.failed)
            self._again = collections.deque(each for each in self._again if each.work is None or not each.work.failed)
            self._give_up(task.work.item, reason)
        self._tell()

    def _give_up(self, item: Item, reason: str) -> None:
        self._manifest.record([(item.source, State.FAILED, reason, "", 0.0)])
        self._count(item, State.FAILED)

    def _count(self, item: Item, state: str) -> None:
        self.counts[state] += 1
        self._bytes += item.size

    def _tell(self) -> None:
        part = sum(work.item.size * work.finished / work.length for work in self._open if work.length)
        self._progress(self._bytes + part, self.counts, self._film_seconds)
