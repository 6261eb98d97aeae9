"""The start page: where files are dropped or chosen."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from serving.desktop import texts
from serving.desktop.widgets.images import rounded
from serving.jobs.limits import picture_kinds

TILE = QSize(160, 110)
_PATH = Qt.ItemDataRole.UserRole


class StartPage(QWidget):
    """Offers to open files.

    Args:
        private: whether nothing leaves this computer, which is then said.

    Signals:
        choose_files, choose_folder: the user wants to choose.
        back: the user wants to see the files that are open.
        opened: the user has chosen a file of the tiles (a Path).
    """

    choose_files = Signal()
    choose_folder = Signal()
    back = Signal()
    opened = Signal(object)

    def __init__(self, private: bool, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("page")
        title = QLabel(texts.TAGLINE)
        title.setObjectName("title")
        title.setWordWrap(True)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.to_files = QPushButton(texts.TO_FILES)
        self.to_files.setObjectName("flat")
        self.to_files.clicked.connect(self.back)
        self.to_files.hide()
        self._drop = _DropFrame(private)
        self._drop.files.clicked.connect(self.choose_files)
        self._drop.folder.clicked.connect(self.choose_folder)
        self._heading = QLabel(texts.RECENT)
        self._heading.setObjectName("heading")
        self.tiles = Tiles()
        self.tiles.itemActivated.connect(self._activated)
        self.tiles.itemClicked.connect(self._activated)
        kinds = _small(texts.KINDS.format(pictures=", ".join(picture_kinds())))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 28, 48, 18)
        layout.setSpacing(16)
        layout.addWidget(self.to_files, 0, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(title)
        layout.addWidget(self._drop, 1)
        layout.addWidget(kinds)
        layout.addWidget(self._heading)
        layout.addWidget(self.tiles)
        layout.addWidget(_small(texts.PROVENANCE))

    def show_tiles(self, paths: list[Path], recent: bool) -> None:
        """Offers files to open.

        Args:
            paths: the files.
            recent: whether they were opened before; sample pictures otherwise.
        """
        self._heading.setText(texts.RECENT if recent else texts.SAMPLES)
        self.tiles.fill(paths)
        self._heading.setVisible(bool(paths))
        self.tiles.setVisible(bool(paths))

    def set_over(self, over: bool) -> None:
        """Shows that files are held over the window."""
        self._drop.set_over(over)

    def _activated(self, item: QListWidgetItem) -> None:
        self.opened.emit(item.data(_PATH))


class Tiles(QListWidget):
    """A row of small pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("tiles")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setIconSize(TILE)
        self.setGridSize(QSize(TILE.width() + 22, TILE.height() + 48))
        self.setFixedHeight(TILE.height() + 58)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName(texts.RECENT)

    def fill(self, paths: list[Path]) -> None:
        """Shows other files; their pictures come by `picture`."""
        self.clear()
        for path in paths:
            item = QListWidgetItem(QIcon(rounded(None, TILE)), path.stem.replace("_", " "))
            item.setData(_PATH, path)
            item.setToolTip(str(path))
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
            self.addItem(item)

    def picture(self, path: Path, image: QImage) -> None:
        """Shows how a file previews."""
        for number in range(self.count()):
            if self.item(number).data(_PATH) == path:
                self.item(number).setIcon(QIcon(rounded(image, TILE)))

    @property
    def paths(self) -> list[Path]:
        """What is shown."""
        return [self.item(number).data(_PATH) for number in range(self.count())]


def _small(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("quiet")
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label


class _DropFrame(QFrame):
    def __init__(self, private: bool) -> None:
        super().__init__()
        self.setObjectName("drop")
        self._text = QLabel(texts.DROP_HERE)
        self._text.setObjectName("large")
        self._text.setWordWrap(True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.files = QPushButton(texts.CHOOSE_FILES)
        self.files.setObjectName("primary")
        self.files.setDefault(True)
        self.folder = QPushButton(texts.CHOOSE_FOLDER)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(self.files)
        buttons.addWidget(self.folder)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addStretch(3)
        layout.addWidget(self._text)
        layout.addSpacing(18)
        layout.addLayout(buttons)
        if private:
            layout.addSpacing(18)
            layout.addWidget(_small(texts.PRIVATE))
        layout.addStretch(3)

    def set_over(self, over: bool) -> None:
        self.setProperty("over", over)
        self._text.setText(texts.LET_GO if over else texts.DROP_HERE)
        self.style().unpolish(self)
        self.style().polish(self)
