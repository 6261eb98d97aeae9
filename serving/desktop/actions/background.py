"""Work outside the window's thread: slow functions, and waiting for changes of the items."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from serving.desktop.session.session import Session

_POLL_SECONDS = 1.0


class BackgroundTasks(QObject):
    """Runs functions one after the other in a thread.

    A function must not touch the window. What it returns, or raises, is delivered in the window's own thread.
    """

    _ended = Signal(object, object)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._ended.connect(self._deliver)

    def do(self, function: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Runs `function`, then calls `then` with what it returned, or with the exception that it raised."""

        def run() -> None:
            try:
                outcome = function()
            except Exception as error:  # whatever a file does to its reader, the window goes on
                outcome = error
            with contextlib.suppress(RuntimeError):  # the window may be gone
                self._ended.emit(then, outcome)

        with contextlib.suppress(RuntimeError):  # after `close`
            self._executor.submit(run)

    def close(self) -> None:
        """Cancels what has not begun."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    @Slot(object, object)
    def _deliver(self, then: Callable[[Any], None], outcome: Any) -> None:
        then(outcome)


class ChangeListener(QObject):
    """Waits in a thread for changes of the items.

    Signals:
        changed: an item is new, gone, or in another state.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None):
        super().__init__(parent)
        self._session = session
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def start(self) -> None:
        """Begins to listen."""
        self._thread.start()

    def _listen(self) -> None:
        last = 0
        while not self._session.closed:
            newest = self._session.wait(last, _POLL_SECONDS)
            if newest > last:
                last = newest
                try:
                    self.changed.emit()
                except RuntimeError:  # the window is gone
                    return
