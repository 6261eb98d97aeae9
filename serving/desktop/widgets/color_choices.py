"""The panel of colours to choose from: hints at spots of the picture, versions to start from, a reference picture."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QEnterEvent, QFocusEvent, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from serving.desktop import texts
from serving.jobs.likely_colors import Rgb

_SWATCH, _THUMBNAIL = QSize(30, 26), QSize(98, 76)
_ACROSS, _VERSIONS_ACROSS = 4, 2
_REACH = 10  # steps of the slider to the usual reach


class DropButton(QPushButton):
    """A button that a file can be dropped on.

    Signals:
        dropped: the file.
    """

    dropped = Signal(Path)

    def __init__(self, text: str, parent: QWidget | None = None):
        super().__init__(text, parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Takes a file."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Passes the first file on."""
        event.acceptProposedAction()
        self.dropped.emit(next(Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()))


class Swatch(QPushButton):
    """A colour to choose.

    Signals:
        pointed: whether it is pointed at, by mouse or keyboard.
    """

    pointed = Signal(bool)

    def __init__(self, rgb: Rgb, parent: QWidget | None = None):
        pixmap = QPixmap(_SWATCH)
        pixmap.fill(QColor(*rgb))
        super().__init__(parent)
        _show_picture(self, pixmap, texts.USE_COLOUR.format(colour=QColor(*rgb).name()))

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """See QWidget."""
        super().enterEvent(event)
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """See QWidget."""
        super().leaveEvent(event)
        self.pointed.emit(False)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """See QWidget."""
        super().focusInEvent(event)
        self.pointed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """See QWidget."""
        super().focusOutEvent(event)
        self.pointed.emit(False)


class ColorChoices(QWidget):
    """The panel.

    Signals:
        hinting: whether things are pointed at now.
        pointed: the colour (red, green, blue) that is pointed at, or None.
        spot_shown: there are colours to choose from, on this widget.
        adjusted: how the spot's colour is applied was changed: how far it spreads, whether its thing is darkened.
        chosen: a colour (red, green, blue) for the spot, or None for the one that it had.
        other_wanted: the user wants to choose the colour in a dialog.
        undone, redone, cleared: of the hints.
        versions_wanted: the user wants versions.
        version_chosen: its number.
        reference_wanted: the user wants to choose a reference.
        reference_dropped: the file of a reference.
        reference_removed: the user wants none.
    """

    hinting = Signal(bool)
    pointed = Signal(object)
    spot_shown = Signal(QWidget)
    adjusted = Signal()
    chosen = Signal(object)
    other_wanted = Signal()
    undone, redone, cleared = Signal(), Signal(), Signal()
    versions_wanted = Signal()
    version_chosen = Signal(int)
    reference_wanted = Signal()
    reference_dropped = Signal(Path)
    reference_removed = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.hints = _button(texts.HINTS, self.hinting, checkable=True)
        self.hints.toggled.connect(self.hint_panel_shown)
        layout.addWidget(self.hints)
        layout.addWidget(self._hint_panel())
        self.versions = _button(texts.VERSIONS, self.versions_wanted)
        layout.addWidget(self.versions)
        self._version_panel, self.version_buttons = QWidget(), list[QPushButton]()
        grid = QGridLayout(self._version_panel)
        grid.setContentsMargins(0, 0, 0, 0)
        self.no_versions = _label(texts.NO_VERSIONS)
        layout.addWidget(self._version_panel)
        layout.addWidget(self.no_versions)
        self.reference = DropButton(texts.REFERENCE_BUTTON)
        self.reference.setToolTip(texts.REFERENCE_TIP)
        self.reference.clicked.connect(lambda: self.reference_wanted.emit())
        self.reference.dropped.connect(self.reference_dropped)
        layout.addWidget(self.reference)
        self._given = QWidget()
        given = QVBoxLayout(self._given)
        given.setContentsMargins(0, 0, 0, 0)
        self.reference_picture = QLabel()
        self.reference_picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.reference_picture.setAccessibleName(texts.REFERENCE)
        self.without = _button(texts.WITHOUT_REFERENCE, self.reference_removed)
        given.addWidget(self.reference_picture)
        given.addWidget(self.without)
        layout.addWidget(self._given)
        self.show_versions([], None)
        self.show_reference(None)

    def _hint_panel(self) -> QWidget:
        self._panel, self._spot, self._swatches = QWidget(), QWidget(), QWidget()
        self._panel.hide()
        panel, spot, swatches = QVBoxLayout(self._panel), QVBoxLayout(self._spot), QGridLayout(self._swatches)
        for each in (panel, spot, swatches):
            each.setContentsMargins(0, 0, 0, 0)
            each.setSpacing(6)
        panel.addWidget(_label(texts.HINTS_TEXT))
        self.too_light = _label(texts.TOO_LIGHT)
        self.darken = QCheckBox(texts.DARKEN)
        self.darken.setToolTip(texts.DARKEN_TIP)
        self.darken.clicked.connect(self.adjusted)
        self.swatches: list[Swatch] = []
        for part in (self.too_light, self.darken, _label(texts.LIKELY), self._swatches):
            spot.addWidget(part)
        self.other = _button(texts.OTHER_COLOUR, self.other_wanted)
        self.keep = QPushButton(texts.KEEP_COLOUR)
        self.keep.clicked.connect(lambda: self.chosen.emit(None))
        spot.addWidget(self.other)
        spot.addWidget(self.keep)
        spot.addWidget(_label(texts.REACH))
        self.spread = QSlider(Qt.Orientation.Horizontal)
        self.spread.setAccessibleName(texts.REACH)
        self.spread.setRange(4, 25)
        self.spread.setValue(_REACH)
        self.spread.setTracking(False)  # the picture is coloured again once the slider is let go of
        self.spread.valueChanged.connect(lambda: self.adjusted.emit())
        spot.addWidget(self.spread)
        panel.addWidget(self._spot)
        row = QHBoxLayout()
        self.undo = _button("↶", self.undone, name=texts.UNDO, keys="Ctrl+Z")
        self.redo = _button("↷", self.redone, name=texts.REDO, keys="Ctrl+Y")
        self.clear = _button(texts.CLEAR_HINTS, self.cleared)
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        panel.addLayout(row)
        panel.addWidget(self.clear)
        self.show_spot([], False, False)
        return self._panel

    def hint_panel_shown(self, shown: bool) -> None:
        """Shows what is there for hints, or hides it."""
        self._panel.setVisible(shown)

    @property
    def reach(self) -> float:
        """How far a colour spreads; 1 is usual."""
        return self.spread.value() / _REACH

    def show_spot(self, colours: Iterable[Rgb], too_light: bool, can_darken: bool) -> None:
        """Offers colours for a spot; nothing where there are none.

        Args:
            colours: to offer.
            too_light: whether hardly any colour can be seen there.
            can_darken: whether to offer to darken it then.
        """
        grid = self._swatches.layout()
        assert isinstance(grid, QGridLayout)
        _empty(grid)
        self.swatches = []
        for number, rgb in enumerate(colours):
            button = Swatch(rgb)
            button.pointed.connect(lambda pointed, rgb=rgb: self.pointed.emit(rgb if pointed else None))
            button.clicked.connect(lambda _checked=False, rgb=rgb: self.chosen.emit(rgb))
            grid.addWidget(button, number // _ACROSS, number % _ACROSS)
            self.swatches.append(button)
        self.too_light.setVisible(too_light)
        self.darken.setVisible(too_light and can_darken)
        self.darken.setChecked(False)
        self._spot.setVisible(bool(self.swatches))
        if self.swatches:
            self.spot_shown.emit(self._spot)

    def show_history(self, can_undo: bool, can_redo: bool, any_hints: bool) -> None:
        """Enables what can be done with the hints."""
        for button, can in ((self.undo, can_undo), (self.redo, can_redo), (self.clear, any_hints)):
            button.setEnabled(can)

    def show_versions(self, thumbnails: list[Path], current: int | None) -> None:
        """Offers versions of the picture.

        Args:
            thumbnails: of each version; none where they were not asked for.
            current: the version that is shown, or None.
        """
        grid = self._version_panel.layout()
        assert isinstance(grid, QGridLayout)
        _empty(grid)
        self.version_buttons = []
        for number, path in enumerate(thumbnails if len(thumbnails) > 1 else []):
            button = _picture_button(
                QPixmap(str(path)).scaled(_THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio),
                texts.VERSION.format(number=number + 1),
            )
            button.setCheckable(True)
            button.setChecked(number == current)
            button.clicked.connect(lambda _checked=False, number=number: self.version_chosen.emit(number))
            grid.addWidget(button, number // _VERSIONS_ACROSS, number % _VERSIONS_ACROSS)
            self.version_buttons.append(button)
        self._version_panel.setVisible(bool(self.version_buttons))
        self.no_versions.setVisible(len(thumbnails) == 1)

    def show_reference(self, path: Path | None) -> None:
        """Shows the reference that is given, or None."""
        self._given.setVisible(path is not None)
        if path is not None:
            self.reference_picture.setPixmap(QPixmap(str(path)).scaled(_THUMBNAIL, Qt.AspectRatioMode.KeepAspectRatio))


def _button(text: str, signal: SignalInstance, name: str = "", checkable: bool = False, keys: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(name or text)
    button.setToolTip(f"{name} ({keys})" if keys else "")
    button.setCheckable(checkable)
    button.setShortcut(keys)
    if checkable:
        button.toggled.connect(signal)
    else:
        button.clicked.connect(lambda: signal.emit())
    return button


def _picture_button(pixmap: QPixmap, name: str) -> QPushButton:
    button = QPushButton()
    _show_picture(button, pixmap, name)
    return button


def _show_picture(button: QPushButton, pixmap: QPixmap, name: str) -> None:
    button.setIcon(QIcon(pixmap))
    button.setObjectName("flat")
    button.setIconSize(pixmap.size())
    button.setMinimumHeight(pixmap.height() + 12)
    button.setAccessibleName(name)
    button.setToolTip(name)


class _Text(QLabel):
    """A text over several lines that keeps the height it needs, in nested layouts too."""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """See QWidget."""
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))


def _label(text: str) -> QLabel:
    label = _Text(text)
    label.setObjectName("quiet")
    label.setWordWrap(True)
    return label


def _empty(grid: QGridLayout) -> None:
    while (part := grid.takeAt(0)) is not None:
        widget = part.widget()
        if widget is not None:
            widget.deleteLater()
