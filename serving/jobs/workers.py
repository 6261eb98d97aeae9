"""Runs tasks in a process of its own, which a damaged file may crash or a slow one block, or in the caller's thread."""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from colorgan_tf.errors import InputError
from colorgan_tf.inference.backend import Backend
from serving.jobs import tasks, texts
from serving.jobs.tasks import Outcome, Report, Task

_POLL_SECONDS = 0.2
_SERVER_SECONDS = 30.0


class Worker(Protocol):
    """What runs tasks, one at a time."""

    def run(self, task: Task, report: Report, stopped: Callable[[], bool]) -> Outcome:
        """Runs a task; see `tasks.run`."""

    def close(self) -> None:
        """Ends what was started."""


@dataclasses.dataclass(frozen=True)
class Model:
    """What colours: a path, or a server's host:port."""

    path: Path | None
    server: str | None = None

    def load(self) -> Backend:
        """Opens it.

        Raises:
            InputError: there is no such model or server.
        """
        if self.server:
            from serving.client import Client

            client = Client(self.server)
            client.wait_until_available(_SERVER_SECONDS)  # it may be starting just now
            return client
        from colorgan_tf.inference import backends, model_files

        return backends.load(self.path or model_files.default_path())


class InlineWorker:
    """Runs tasks in the caller's thread.

    Args:
        load: opens the back end; called at the first task.
    """

    def __init__(self, load: Callable[[], Backend]):
        self._load = load
        self._backend: Backend | None = None

    def run(self, task: Task, report: Report, stopped: Callable[[], bool]) -> Outcome:
        """See `Worker`."""
        if self._backend is None:
            self._backend = self._load()
        return tasks.run(task, self._backend, report, stopped)

    def close(self) -> None:
        """Does nothing."""


class ProcessWorker:
    """Runs tasks in a child process, which is started at the first task and again after it died.

    Args:
        model: what colours; loaded by the child.
        seconds: after which a task is given up and the child ended.
        load: in place of `model.load`, for tests; must be importable.
    """

    def __init__(self, model: Model, seconds: float, load: Callable[[], Backend] | None = None):
        self._load = load or model.load
        self._seconds = seconds
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None
        self._connection: Any = None
        self._stop: Any = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Starts the child, so that the first task finds the model loaded."""
        with self._lock:
            if self._process is not None and self._process.is_alive():
                return
            self._connection, theirs = self._context.Pipe()
            self._stop = self._context.Event()
            self._process = self._context.Process(target=_serve, args=(theirs, self._stop, self._load), daemon=True)
            self._process.start()
            theirs.close()

    def run(self, task: Task, report: Report, stopped: Callable[[], bool]) -> Outcome:
        """See `Worker`.

        Raises:
            InputError: the file cannot be coloured; also where the child died of it, or took too long.
        """
        self.start()
        self._stop.clear()
        end = time.monotonic() + self._seconds
        try:
            self._connection.send(task)
            while True:
                if stopped():
                    self._stop.set()
                if time.monotonic() > end:
                    self.close()
                    raise InputError(texts.TOO_SLOW)
                if self._connection.poll(_POLL_SECONDS):
                    kind, value = self._connection.recv()
                    if kind == "progress":
                        report(value)
                    elif kind == "finished":
                        assert isinstance(value, Outcome)
                        return value
                    else:
                        if kind == "broken":  # the next file tries again: a server may be back then
                            self.close()
                        raise InputError(value)
        except (EOFError, OSError) as error:
            self.close()
            raise InputError(texts.CRASHED) from error

    def close(self) -> None:
        """Ends the child."""
        with self._lock:
            if self._process is not None:
                self._connection.close()
                self._process.kill()
                self._process.join()
                self._process = None


def _serve(connection: Connection, stop: Any, load: Callable[[], Backend]) -> None:
    """The child: loads the model, then does one task after the other until its parent goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # where memory runs out, this process is to go, not its parent
    try:
        backend = load()
        _warm_up(backend)
    except InputError as error:
        with contextlib.suppress(EOFError, OSError):
            connection.recv()
            connection.send(("broken", str(error)))
            connection.recv()  # until the parent has read it
        return
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                answer = tasks.run(task, backend, lambda each: connection.send(("progress", each)), stop.is_set)
                connection.send(("finished", answer))
            except InputError as error:
                connection.send(("refused", str(error)))
            except OSError as error:
                connection.send(("refused", f"The file must be readable. Received: {error}."))
            except Exception as error:  # whatever one file does, the next one is still coloured
                print(f"{os.path.basename(task.folder)}: {type(error).__name__}: {error}", flush=True)
                connection.send(("refused", texts.CRASHED))


def _warm_up(backend: Backend) -> None:
    import numpy as np

    side = max(backend.multiple, backend.input_resolution)
    backend.luma_to_chroma(np.zeros((1, side, side, 1), np.float32))
