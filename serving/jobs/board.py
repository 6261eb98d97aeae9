"""Telling pages of changes: who has seen what, and how many listen at once."""

import contextlib
import threading
from collections.abc import Callable


class Board:
    """Where changes are announced: each has a number, and whoever waits is woken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._last: dict[str, int] = {}
        self.closed = False

    def announce(self, visitor: str) -> None:
        """Tells that something of a visitor's has changed."""
        with self._changed:
            self._number += 1
            self._last[visitor] = self._number
            self._changed.notify_all()

    def close(self) -> None:
        """Wakes everybody, once and for all: the website ends."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wait(self, visitor: str, seen: int, seconds: float) -> int:
        """Waits until something of a visitor's is newer than `seen`; returns its number, or `seen` after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._last.get(visitor, 0) > seen, seconds)
            return max(seen, self._last.get(visitor, 0))


class Streams:
    """Counts progress streams: each keeps a thread of the web server busy.

    Args:
        most: streams at once.
    """

    def __init__(self, most: int):
        self._free = threading.BoundedSemaphore(most)

    def take(self) -> Callable[[], None] | None:
        """Takes a place; returns what gives it back (once, however often it is called), or None where none is left."""
        if not self._free.acquire(blocking=False):
            return None
        places = [self._free]

        def give_back() -> None:
            with contextlib.suppress(IndexError):
                places.pop().release()

        return give_back
