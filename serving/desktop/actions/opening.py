"""Opens files, in a thread: the window stays responsive however many there are."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from colorgan_tf.errors import RequestError
from pipelines.media import names
from pipelines.media.formats import Kind
from serving.desktop import texts
from serving.desktop.actions.background import BackgroundTasks
from serving.desktop.preferences import Preferences
from serving.desktop.session import input_files
from serving.desktop.session.session import Session
from serving.language import gettext


class Opener(QObject):
    """Opens files.

    Signals:
        opened: identities of the files that were opened, in a list.
        refused: why others were not; a sentence for the user.
    """

    opened = Signal(list)
    refused = Signal(str)

    def __init__(
        self, session: Session, preferences: Preferences, background: BackgroundTasks, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._preferences, self._background = session, preferences, background

    def open(self, paths: list[Path]) -> None:
        """Opens files, and those in folders."""
        self._background.do(lambda: self._open(paths), self._report)

    @staticmethod
    def kind(path: Path) -> str:
        """Returns a file's kind by its content: "picture", "animation", "film"; "picture" where it is none of them."""
        try:
            return input_files.identify(path).kind
        except RequestError:
            return Kind.PICTURE

    def from_clipboard(self) -> list[Path]:
        """Returns the files in the clipboard, or the picture in it as a file; reports it where there is neither."""
        clipboard = QGuiApplication.clipboard()
        data = clipboard.mimeData()  # None where the clipboard is empty
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data else []
        if paths:
            return paths
        image = clipboard.image()
        if image.isNull():
            self.refused.emit(texts.NO_CLIPBOARD)
            return []
        path = names.free(self._session.folder / f"{texts.PASTED}.png")
        image.save(str(path))
        return [path]

    def _open(self, paths: list[Path]) -> tuple[list[str], list[tuple[str, str]]]:
        """Returns identities, and what was refused: name and reason."""
        files, empty = input_files.find(paths)
        identities: list[str] = []
        opened: list[Path] = []
        faults = [(folder.name, "") for folder in empty]
        for path in files:
            try:
                identities.append(self._session.open(path).id)
                opened.append(path.absolute())
            except RequestError as error:
                faults.append((path.name, gettext(error.text)))
            except OSError:
                faults.append((path.name, texts.UNREADABLE))
        self._preferences.add_recent([path for path in opened if self._session.folder not in path.parents])
        return identities, faults

    def _report(self, outcome: object) -> None:
        if not isinstance(outcome, tuple):
            self.refused.emit(texts.UNREADABLE)
            return
        identities, faults = outcome
        if identities:
            self.opened.emit(identities)
        if faults:
            self.refused.emit(_sentence(faults))


def _sentence(faults: list[tuple[str, str]]) -> str:
    name, reason = faults[0]
    if not reason:
        return texts.NO_FILES.format(name=name)
    if len(faults) == 1:
        return texts.REFUSED.format(name=name, reason=reason)
    return texts.SEVERAL_REFUSED.format(count=len(faults), name=name, reason=reason)
