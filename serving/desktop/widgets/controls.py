"""The controls beside a picture: strength, quality and choice of its colours, and notes on the file."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from pipelines.media.formats import Kind
from serving.desktop import texts
from serving.desktop.session.item import Item
from serving.desktop.widgets.color_choices import ColorChoices
from serving.jobs import records, splitting
from serving.language import gettext

_WIDTH = 270  # at least
_REST_MS = 350  # a slider that has not moved for this long has been let go of, by mouse or keyboard


class Controls(QFrame):
    """The panel.

    Signals:
        strength_moving: the slider is being moved; the strength.
        strength_chosen: the slider has come to rest; the strength.
        quality_chosen: a `Quality`.
        anyway: the user wants colours in place of those that the file has.
        turned: quarter turns clockwise.
        crop_wanted: the user wants to straighten and crop.
        stretch_chosen: whether faded tones are to be stretched.
        split_wanted: the user wants a file of each photograph on the scan.
    """

    strength_moving = Signal(float)
    strength_chosen = Signal(float)
    quality_chosen = Signal(str)
    anyway = Signal()
    turned = Signal(int)
    crop_wanted = Signal()
    stretch_chosen = Signal(bool)
    split_wanted = Signal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("card")
        self.name = QLabel()
        self.name.setObjectName("heading")
        self.name.setWordWrap(True)
        self.note = QLabel()
        self.note.setObjectName("quiet")
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.anyway_button = QPushButton(texts.ANYWAY)
        self.anyway_button.clicked.connect(self.anyway)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(8)
        layout.addWidget(self.name)
        layout.addWidget(self.note)
        layout.addWidget(self.anyway_button)
        self._add_scan(layout)
        layout.addSpacing(10)
        self._add_strength(layout)
        layout.addSpacing(10)
        self._add_quality(layout)
        layout.addSpacing(10)
        self.choices = ColorChoices()
        layout.addWidget(self.choices)
        layout.addStretch(1)
        provenance = QLabel(texts.PROVENANCE)
        provenance.setObjectName("quiet")
        provenance.setWordWrap(True)
        layout.addWidget(provenance)
        self.ensurePolished()  # its border counts too
        margins = layout.contentsMargins()
        self.setFixedWidth(max(_WIDTH, self._widest() + margins.left() + margins.right() + 2 * self.frameWidth()))

    def _widest(self) -> int:
        """Returns the width of the widest text in this language, also of what is not shown yet."""
        buttons = self.findChildren(QAbstractButton)
        for button in buttons:
            button.ensurePolished()
        return max(each.sizeHint().width() for each in [*buttons, self.scan])

    def _add_scan(self, layout: QVBoxLayout) -> None:
        self.split = QPushButton(max(texts.SPLIT, texts.SPLIT_PAGES, key=len).format(count=10))
        self.split.clicked.connect(self.split_wanted)
        layout.addWidget(self.split)
        self.scan = QWidget()
        column = QVBoxLayout(self.scan)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        for text, name, signal in (
            ("↺", texts.TURN_LEFT, lambda: self.turned.emit(-1)),
            ("↻", texts.TURN_RIGHT, lambda: self.turned.emit(1)),
            (texts.CROP, texts.CROP, self.crop_wanted.emit),
        ):
            button = QPushButton(text)
            button.setAccessibleName(name.replace("&", ""))
            button.setToolTip(name.replace("&", ""))
            button.clicked.connect(lambda _checked=False, signal=signal: signal())
            row.addWidget(button, int(text == texts.CROP))
        self.stretch = QCheckBox(texts.STRETCH)
        self.stretch.clicked.connect(self.stretch_chosen)  # only a person's choice counts
        column.addLayout(row)
        column.addWidget(self.stretch)
        layout.addWidget(self.scan)

    def _add_strength(self, layout: QVBoxLayout) -> None:
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(0, 20)
        self.strength.setPageStep(2)
        self.strength.setValue(10)
        self.strength.setAccessibleName(texts.STRENGTH)
        self._value = QLabel()
        self._value.setObjectName("quiet")
        title = QLabel(texts.STRENGTH)
        title.setObjectName("heading")
        title.setBuddy(self.strength)
        ends = QHBoxLayout()
        for text, side in ((texts.WEAKER, Qt.AlignmentFlag.AlignLeft), (texts.STRONGER, Qt.AlignmentFlag.AlignRight)):
            label = QLabel(text)
            label.setObjectName("quiet")
            ends.addWidget(label, 0, side)
            if side == Qt.AlignmentFlag.AlignLeft:
                ends.addWidget(self._value, 1, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(title)
        layout.addWidget(self.strength)
        layout.addLayout(ends)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._rested)
        self.strength.valueChanged.connect(self._strength_moved)
        self._show_strength()

    def _add_quality(self, layout: QVBoxLayout) -> None:
        title = QLabel(texts.QUALITY)
        title.setObjectName("heading")
        layout.addWidget(title)
        self.qualities: dict[str, QRadioButton] = {}
        group = QButtonGroup(self)
        for quality, text in texts.QUALITIES.items():
            button = QRadioButton(text)
            button.setAccessibleName(f"{texts.QUALITY}: {text}")
            # Only a person's choice counts, not a change by `refresh`.
            button.clicked.connect(lambda _checked=False, quality=quality: self.quality_chosen.emit(quality))
            group.addButton(button)
            layout.addWidget(button)
            self.qualities[quality] = button

    def refresh(self, item: Item | None) -> None:
        """Shows the settings of an item, and the notes on it."""
        self.setEnabled(item is not None)
        if item is None:
            return
        record = item.record
        self.name.setText(_breakable(record.name))
        note = gettext(record.note)
        if not note and record.state == records.DONE and record.size[0]:
            note = f"{record.size[0]} × {record.size[1]}"
        self.note.setText(note[:1].upper() + note[1:])
        self.note.setVisible(bool(note))
        self.scan.setVisible(record.kind == Kind.PICTURE and bool(record.result))
        self.stretch.setChecked(record.settings.stretch)
        count = splitting.count(record)
        self.split.setVisible(bool(count))
        self.split.setText((texts.SPLIT_PAGES if record.pages > 1 else texts.SPLIT).format(count=count))
        self.anyway_button.setVisible(record.state == records.DONE and record.in_colour)
        if not self.strength.isSliderDown() and not self._rest.isActive():
            self.strength.blockSignals(True)
            self.strength.setValue(round(record.settings.strength * 10))
            self.strength.blockSignals(False)
            self._show_strength()
        self.qualities[record.settings.quality].setChecked(True)

    def settle(self) -> None:
        """Takes the slider as it is, without waiting for more."""
        if self._rest.isActive():
            self._rest.stop()
            self._rested()

    def _rested(self) -> None:
        self.strength_chosen.emit(self.strength.value() / 10)

    def _strength_moved(self) -> None:
        self._show_strength()
        self._rest.start()
        self.strength_moving.emit(self.strength.value() / 10)

    def _show_strength(self) -> None:
        self._value.setText(texts.STRENGTH_VALUE.format(percent=self.strength.value() * 10))


def _breakable(name: str) -> str:
    """Lets a long name go over several lines."""
    return "".join(letter + ("\u200b" if letter in "_-." else "") for letter in name)
