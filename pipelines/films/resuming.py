"""Resuming a film: finished chunks of packets and the state after each, kept beside the output until it is whole."""

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from colorgan_tf.errors import InputError
from pipelines.films import encoding
from pipelines.films.encoding import StoredPacket
from pipelines.films.stages import ChunkEnd
from pipelines.media import writing
from pipelines.motion.tracking import State


@dataclasses.dataclass(frozen=True)
class ResumePoint:
    """Where to go on.

    Attributes:
        chunk: number of the next chunk.
        frames: frames done before it.
        last_pts: of the last frame done.
        state: that of the stages after that frame.
    """

    chunk: int
    frames: int
    last_pts: int
    state: State


@contextlib.contextmanager
def alone(output: str) -> Iterator[None]:
    """Keeps other programs, and other threads of this one, from writing the same output meanwhile.

    The lock is a file beside the output; it ends with the program, however that ends.

    Raises:
        InputError: another is writing it.
    """
    try:
        import fcntl
    except ImportError:  # Windows opens no file twice for writing
        yield
        return
    path = str(writing.hidden(Path(output).absolute(), "lock"))
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same_file(path, file):
                break
        except BlockingIOError as error:
            os.close(file)
            raise InputError(f"One program at a time must write this. Received: {output}, in work.") from error
        os.close(file)  # the one before removed it just now
    try:
        yield
    finally:
        os.remove(path)
        os.close(file)


def in_work(output: str) -> bool:
    """Tells whether a program, on whichever machine, keeps an output to itself by `alone`."""
    try:
        import fcntl

        file = os.open(writing.hidden(Path(output).absolute(), "lock"), os.O_RDONLY)
    except (ImportError, FileNotFoundError):
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _same_file(path: str, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


class ChunkStore:
    """A folder beside the output that holds what is done.

    Everything is written under a temporary name and renamed, chunk last: a chunk that is there is whole, and its state
    with it. A folder that was made with other settings, or from another file, is emptied.
    """

    def __init__(self, output: str, settings: dict[str, Any], resume: bool = True):
        self.folder = str(writing.hidden(Path(output).absolute(), "parts"))
        text = json.dumps(settings, sort_keys=True, default=str)
        path = os.path.join(self.folder, "settings.json")
        if not resume or _read(path) != text:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder, exist_ok=True)
        if not os.path.exists(path):
            writing.write_text(path, text)

    def _chunk(self, number: int) -> str:
        return os.path.join(self.folder, f"{number:06d}.packets")

    def _state(self, number: int) -> str:
        return os.path.join(self.folder, f"{number:06d}.state.npz")

    def resume_point(self) -> ResumePoint | None:
        """Returns where to go on, or None where nothing (or nothing usable) is done."""
        done = 0
        while os.path.exists(self._chunk(done)):
            done += 1
        # The last state may be unreadable after a power cut: the one before it is kept for that.
        for number in (done - 1, done - 2):
            with contextlib.suppress(OSError, ValueError, KeyError, EOFError):
                with np.load(self._state(number), allow_pickle=False) as file:
                    state = {name: file[name] for name in file.files}
                frames, last_pts = (int(value) for value in state.pop("clock"))
                for extra in range(number + 1, done):
                    os.remove(self._chunk(extra))
                return ResumePoint(number + 1, frames, last_pts, state)
        return None

    @contextlib.contextmanager
    def writing(self, number: int) -> Iterator[BinaryIO]:
        """Opens a chunk file under its temporary name."""
        with open(self._chunk(number) + ".tmp", "wb") as file:
            yield file

    def finish(self, number: int, end: ChunkEnd) -> None:
        """Makes a written chunk count: its state first, then the chunk itself, each by a rename."""
        with writing.beside(self._state(number)) as partial:
            np.savez(partial, clock=np.array([end.frames, end.last_pts], np.int64), **end.state)
        os.replace(self._chunk(number) + ".tmp", self._chunk(number))
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._state(number - 2))

    def packets(self) -> Iterator[StoredPacket]:
        """Reads the packets of all finished chunks, in order."""
        number = 0
        while os.path.exists(self._chunk(number)):
            yield from encoding.read_packets(self._chunk(number))
            number += 1

    def clean(self) -> None:
        """Deletes what is half-written, and the folder if no chunk is done."""
        if self.resume_point() is None:
            self.remove()
            return
        for name in os.listdir(self.folder):
            if name == "joined" or name.endswith(".tmp"):
                os.remove(os.path.join(self.folder, name))

    def remove(self) -> None:
        """Deletes the folder; the film is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None
