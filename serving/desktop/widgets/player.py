"""Plays a film or an animation, before and after in step; a thread decodes the frames."""

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from colorgan_tf.errors import InputError
from serving.desktop.session import playback, previews
from serving.desktop.session.playback import MovingFrame, Rgb
from serving.desktop.widgets.images import from_rgb

_SIDE = 1280
_QUEUED = 2  # frames that may wait to be painted


class Player(QObject):
    """Plays in a loop.

    Signals:
        shown: before (QImage), after (QImage or None) and seconds from the start.
        failed: the files cannot be played; the error's text.
        paused: it was paused, or plays on.
    """

    shown = Signal(object, object, float)
    failed = Signal(str)
    paused = Signal()
    _decoded = Signal(int, object, object, float)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._run = 0  # counts files and jumps: what an earlier one still sends is dropped
        self._files: tuple[Path, Path | None, str] | None = None
        self._wake = threading.Condition()
        self._room = threading.Semaphore(_QUEUED)
        self._paused = False
        self._awaited = False  # whether the first frame since a file was opened or a jump is still to come
        self.saturation = 1.0  # factor on the file's own
        self.seconds = 0.0
        self.length = 0.0
        self._decoded.connect(self._arrived)

    @property
    def playing(self) -> bool:
        """Whether it is not paused."""
        return self._files is not None and not self._paused

    def open(
        self, before: Path, after: Path | None, kind: str, length: float, paused: bool = False, start: float = 0.0
    ) -> None:
        """Begins to play other files from a time; with `paused`, stays at that frame."""
        self._files, self.length = (before, after, kind), length
        self._paused = paused
        self._start(start)

    def close(self) -> None:
        """Stops playing."""
        self._files = None
        self._end()

    def pause(self, paused: bool) -> None:
        """Pauses at the present frame, or plays on from it."""
        with self._wake:
            self._paused = paused
            self._wake.notify_all()
        self.paused.emit()

    def seek(self, seconds: float) -> None:
        """Goes to a time."""
        if self._files is not None:
            self._start(seconds)

    def _start(self, seconds: float) -> None:
        self._end()
        assert self._files is not None
        self._awaited = True
        self._room = threading.Semaphore(_QUEUED)
        self._thread = threading.Thread(target=self._play, args=(self._run, *self._files, seconds), daemon=True)
        self._thread.start()

    def _end(self) -> None:
        with self._wake:
            self._run += 1
            self._wake.notify_all()
        self._room.release()
        self._thread = None

    @Slot(int, object, object, float)
    def _arrived(self, run: int, before: object, after: object, seconds: float) -> None:
        if run != self._run:
            return
        self._room.release()
        if self._paused and not self._awaited:
            return  # it was on its way when the user paused at the one before, which he may have clicked on
        self._awaited = False
        self.seconds = seconds
        self.shown.emit(before, after, seconds)

    def _play(self, run: int, before: Path, after: Path | None, kind: str, start: float) -> None:
        room = self._room
        try:
            while run == self._run:
                count = 0
                for first, second in _pairs(before, after, kind, start):
                    room.acquire()
                    if not self._in_time(run, first, count):
                        continue
                    if run != self._run:
                        return
                    after_rgb = None if second is None else self._saturated(second.picture())
                    images = from_rgb(first.picture()), None if after_rgb is None else from_rgb(after_rgb)
                    self._decoded.emit(run, *images, first.seconds)
                    count += 1
                    if not self._rest(run):
                        return
                if not count:
                    return
                start = 0.0
        except (InputError, OSError, ValueError, StopIteration) as error:
            with contextlib.suppress(RuntimeError):  # the window may be gone
                self.failed.emit(str(error))
        except RuntimeError:
            return

    def _in_time(self, run: int, frame: MovingFrame, count: int) -> bool:
        """Waits for a frame's time, and while paused; False where it has passed already, and the frame is left out."""
        if count == 0 or run != self._run:
            self._zero = time.monotonic() - frame.seconds
            return True
        late = time.monotonic() - (self._zero + frame.seconds)
        if late > 0.25:
            self._zero += late  # this machine is too slow for the film: show it slower rather than not at all
        elif late > frame.lasts:
            self._room.release()
            return False
        while True:
            with self._wake:
                due = self._zero + frame.seconds - time.monotonic()
                if not self._wake.wait_for(lambda: run != self._run or self._paused, max(0.0, due)):
                    return True
            if not self._rest(run):
                return True

    def _rest(self, run: int) -> bool:
        """Waits while paused; False where the file was changed meanwhile."""
        with self._wake:
            if self._paused:
                began = time.monotonic()
                self._wake.wait_for(lambda: run != self._run or not self._paused)
                self._zero += time.monotonic() - began
        return run == self._run

    def _saturated(self, rgb: Rgb) -> Rgb:
        return rgb if self.saturation == 1.0 else previews.saturated(rgb, self.saturation)


def _pairs(
    before: Path, after: Path | None, kind: str, start: float
) -> Iterator[tuple[MovingFrame, MovingFrame | None]]:
    """Yields frames in step; both end where the shorter file ends."""
    first = playback.frames(before, kind, _SIDE, start)
    if after is None:
        for frame in first:
            yield frame, None
        return
    yield from zip(first, playback.frames(after, kind, _SIDE, start), strict=False)
