"""The page of items: the list, the picture, the controls, and what can be done with all of it."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from serving.desktop import texts
from serving.desktop.session.progress import Overall
from serving.desktop.widgets.controls import Controls
from serving.desktop.widgets.item_list import ItemList
from serving.desktop.widgets.player import Player
from serving.desktop.widgets.player_bar import PlayerBar
from serving.desktop.widgets.viewer import Viewer

_STEPS = 1000


class ItemPage(QWidget):
    """Holds the parts; the window connects them."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("page")
        self.items = ItemList()
        self.viewer = Viewer()
        self.player = Player(self)
        self.bar = PlayerBar(self.player)
        self.controls = Controls()
        self.start = _button("←  " + texts.TO_START, "flat")
        self.add = _button(texts.ADD_MORE)
        self.clear = _button(texts.CLEAR, tip=texts.CLEAR_TIP)
        self.color = _button(texts.COLOR, "primary", texts.COLOR_TIP)
        self.cancel = _button(texts.CANCEL)
        self.save = _button(texts.SAVE)
        self.save_all = _button(texts.SAVE_ALL)
        self.over, self.beside = _button(texts.SLIDER_VIEW, "flat"), _button(texts.SIDE_VIEW, "flat")
        for button, beside in ((self.over, False), (self.beside, True)):
            button.setCheckable(True)
            button.setAutoExclusive(True)
            button.setChecked(not beside)
            button.clicked.connect(lambda _checked=False, beside=beside: self.viewer.set_side_by_side(beside))
        self.status = QLabel()
        self.progress = QProgressBar()
        self.progress.setRange(0, _STEPS)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(12)
        self._lay_out()
        self.show_progress(Overall(0, 0, 0.0, None, ""))

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        left.addWidget(self.items, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add, 1)
        buttons.addWidget(self.clear)
        left.addLayout(buttons)
        middle = QVBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        views = QHBoxLayout()
        views.addStretch(1)
        views.addWidget(self.over)
        views.addWidget(self.beside)
        views.addStretch(1)
        middle.addLayout(views)
        middle.addWidget(self.viewer, 1)
        middle.addWidget(self.bar)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(16)
        for column, share in ((left, 0), (middle, 1)):
            holder = QWidget()
            holder.setLayout(column)
            split.addWidget(holder)
            split.setStretchFactor(split.count() - 1, share)
        split.setSizes([280, 740])
        right = QScrollArea()  # with all choices open, the controls are taller than small screens
        right.setObjectName("controls")
        right.setWidget(self.controls)
        right.setWidgetResizable(True)
        right.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        right.setFixedWidth(self.controls.width() + 14)
        # Once it is laid out, what there is to choose from is scrolled to.
        show_spot = right.ensureWidgetVisible
        self.controls.choices.spot_shown.connect(lambda spot: QTimer.singleShot(0, lambda: show_spot(spot)))
        upper = QHBoxLayout()
        upper.setSpacing(16)
        upper.addWidget(split, 1)
        upper.addWidget(right)
        progress = QVBoxLayout()
        progress.setSpacing(6)
        progress.addStretch(1)
        progress.addWidget(self.status)
        progress.addWidget(self.progress)
        progress.addStretch(1)
        lower = QHBoxLayout()
        lower.setSpacing(10)
        lower.addLayout(progress, 1)
        for button in (self.cancel, self.color, self.save, self.save_all):
            lower.addWidget(button)
        lower.addStrut(self.color.sizeHint().height())  # the page must not jump when the progress appears
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 12, 18, 16)
        layout.setSpacing(14)
        layout.addLayout(upper, 1)
        layout.addLayout(lower)

    def show_next(self, waiting: bool, partly: bool, finished: bool) -> None:
        """Emphasizes the next step: Colour while anything waits for it, Save when all is done.

        Args:
            waiting: whether anything waits to be coloured.
            partly: whether all of that is partly coloured.
            finished: whether there are results, and nothing is being worked on.
        """
        self.color.setVisible(waiting)
        self.color.setText(texts.GO_ON if partly else texts.COLOR)
        name = "primary" if finished and not waiting else ""
        if self.save.objectName() != name:
            self.save.setObjectName(name)
            self.save.style().unpolish(self.save)
            self.save.style().polish(self.save)

    def show_progress(self, overall: Overall) -> None:
        """Shows how far the work is; nothing while there is none."""
        self.cancel.setVisible(overall.busy)
        self.progress.setVisible(overall.busy)
        self.status.setVisible(overall.busy)
        if overall.busy:
            known = overall.fraction > 0
            # A bar without a range shows that work goes on, while nothing is known of how far it is.
            self.progress.setRange(0, _STEPS if known else 0)
            self.progress.setValue(round(_STEPS * overall.fraction))
            status = texts.working(overall.current, overall.done, overall.total, overall.seconds_left)
            self.status.setText(status)
            self.progress.setAccessibleName(status)


def _button(text: str, name: str = "", tip: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    return button
