"""Saves results, in a thread: copying a film takes time."""

import errno
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from pipelines.media import names, writing
from pipelines.media.formats import Kind
from serving.desktop import texts
from serving.desktop.actions.background import BackgroundTasks
from serving.desktop.session import saving
from serving.desktop.session.session import Session
from serving.jobs import preview
from serving.jobs.records import FileRecord


class Saver(QObject):
    """Saves results, and copies them to the clipboard.

    Signals:
        reported: a sentence for the user, and whether it tells of success.

    Attributes:
        saved: the version of each item that was saved last, by identity.
    """

    reported = Signal(str, bool)

    def __init__(self, session: Session, background: BackgroundTasks, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._background = session, background
        self.saved: dict[str, int] = {}

    def save(self, record: FileRecord, target: Path) -> None:
        """Saves one result."""
        result = self._session.result(record)
        if result is None:
            self.reported.emit(texts.NOTHING_TO_SAVE, False)
            return

        def report(outcome: object) -> None:
            if isinstance(outcome, Path):
                self.saved[record.id] = record.version
                self.reported.emit(texts.SAVED.format(path=outcome), True)
            else:
                self.reported.emit(_sentence(outcome, target.name), False)

        self._background.do(lambda: saving.save(result, target), report)

    def save_both(self, record: FileRecord, target: Path) -> None:
        """Saves a picture before and after, beside each other, as a JPEG."""
        pair, before, after = (
            self._session.made(record, name) for name in ("before-after.jpg", "before.jpg", "after.jpg")
        )

        def save() -> Path:
            writing.write_bytes(pair, preview.side_by_side(before, after))
            return saving.save(pair, target)

        def report(outcome: object) -> None:
            good = isinstance(outcome, Path)
            self.reported.emit(texts.SAVED.format(path=outcome) if good else _sentence(outcome, target.name), good)

        self._background.do(save, report)

    def save_all(self, records: list[FileRecord], folder: Path) -> None:
        """Saves results into a folder, under names that overwrite nothing."""
        results = [(record, self._session.result(record)) for record in records]

        def save() -> dict[str, int]:
            done = {}
            for record, result in results:
                if result is not None:
                    saving.save(result, names.free(folder / record.download_name))
                    done[record.id] = record.version
            return done

        def report(outcome: object) -> None:
            if isinstance(outcome, dict):
                self.saved |= outcome
                self.reported.emit(texts.SAVED_ALL.format(count=len(outcome), folder=folder), True)
            else:
                self.reported.emit(_sentence(outcome, folder.name), False)

        self._background.do(save, report)

    def copy(self, identity: str) -> None:
        """Copies a coloured picture to the clipboard."""
        item = self._session.get(identity)
        if item is None or item.record.kind != Kind.PICTURE:
            return
        result = self._session.result(item.record)
        if result is not None:
            image = QImage(str(result))
            picture = image if not image.isNull() else QImage(str(self._session.made(item.record, "after.jpg")))
            QGuiApplication.clipboard().setImage(picture)
            self.reported.emit(texts.COPIED, True)


def _sentence(error: object, name: str) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return texts.DISK_FULL
    return texts.NOT_SAVED.format(name=name)
