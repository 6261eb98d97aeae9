"""The event bus: whoever shows files waits here for changes of them."""

import threading


class EventBus:
    """Where changes are published: each has a number, and whoever waits is woken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._last: dict[str, int] = {}
        self.closed = False

    def publish(self, user: str) -> None:
        """Reports that a file of a user has changed."""
        with self._changed:
            self._number += 1
            self._last[user] = self._number
            self._changed.notify_all()

    def close(self) -> None:
        """Wakes everybody, once and for all: the program ends."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wait(self, user: str, seen: int, seconds: float) -> int:
        """Waits for a change that is newer than `seen`; returns its number, or `seen` after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._last.get(user, 0) > seen, seconds)
            return max(seen, self._last.get(user, 0))
