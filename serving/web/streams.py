"""How many pages listen for progress at once."""

import contextlib
import threading
from collections.abc import Callable


class Streams:
    """Counts progress streams: each keeps a thread of the HTTP server busy.

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
