"""Runs the desktop program: application, session, window."""

import contextlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLockFile, QStandardPaths, QTimer, QTranslator
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from serving import language
from serving.desktop import texts, theme
from serving.desktop.preferences import Preferences
from serving.desktop.session.session import Session, process_workers
from serving.desktop.window import Window
from serving.jobs.workers import Model

ROOT = Path(__file__).parent.parent.parent
_LOCK = "in-use"
_SAMPLES = 5


def run(model: Model, paths: list[Path], exit_when_shown: bool = False) -> int:
    """Shows the window until it is closed.

    Args:
        model: what colours.
        paths: files and folders to open.
        exit_when_shown: print "shown" when the window can be seen, and end.

    Returns:
        The exit code.
    """
    application = make_application()
    with session_folder() as folder:
        session = Session(folder, process_workers(model))
        window = Window(session, Preferences(), samples(), private=model.server is None)
        window.show()
        _handle_signals(application, window)
        sys.excepthook = lambda kind, error, _trace: _report_fault(window, error)
        # Once the window is there: the processes that colour start behind it.
        QTimer.singleShot(0, session.start)
        if paths:
            QTimer.singleShot(0, lambda: window.open(paths))
        if exit_when_shown:
            QTimer.singleShot(0, lambda: _report_shown(window))
        return application.exec()


def make_application() -> QApplication:
    """Makes the application, in its style."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName(texts.TITLE)
    application.setWindowIcon(QIcon(str(Path(__file__).with_name("icon.svg"))))
    theme.follow_system(application)
    own = QTranslator(application)  # of Qt's dialogs, where the desktop has none
    if own.load(f"qtbase_{language.current()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(own)
    return application


def samples() -> list[Path]:
    """Returns sample pictures."""
    return sorted((ROOT / "examples" / "bw").glob("*.jpg"))[:_SAMPLES]


@contextlib.contextmanager
def session_folder() -> Iterator[Path]:
    """Yields a folder in the user's cache for what is made, and removes it at the end; also those of killed runs."""
    location = QStandardPaths.StandardLocation.GenericCacheLocation
    cache = Path(QStandardPaths.writableLocation(location) or tempfile.gettempdir()) / "colorgan-desktop"
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.iterdir():
        lock = QLockFile(str(left / _LOCK))
        if left.is_dir() and lock.tryLock(0):
            lock.unlock()
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=cache))
    lock = QLockFile(str(folder / _LOCK))
    lock.setStaleLockTime(0)  # a lock is only void when its process is gone
    lock.lock()
    try:
        yield folder
    finally:
        lock.unlock()
        shutil.rmtree(folder, ignore_errors=True)


def _handle_signals(application: QApplication, window: Window) -> None:
    """Lets Ctrl-C and SIGTERM end the program. Python handles signals only between two of Qt's events."""

    def end(*_: object) -> None:
        window.end()
        application.quit()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    timer = QTimer(application)
    timer.timeout.connect(lambda: None)
    timer.start(300)


def _report_fault(window: Window, error: BaseException) -> None:
    """Tells people that the program itself has a fault, and the terminal which one."""
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    window.message.show_message(texts.WRONG)


def _report_shown(window: Window) -> None:
    window.repaint()
    print("shown", flush=True)
    window.end()
    QApplication.quit()
