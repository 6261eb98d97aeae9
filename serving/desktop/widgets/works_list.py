"""The list of works: a small picture, the name, how far it is."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QImage, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from serving.desktop import texts
from serving.desktop.session.session import BUSY, Work
from serving.desktop.widgets.start_page import rounded
from serving.jobs import records

THUMBNAIL = QSize(88, 66)
_IDENTITY, _WORK, _PICTURE, _LOOK = (Qt.ItemDataRole.UserRole + number for number in range(4))


class WorksList(QListWidget):
    """All files.

    Signals:
        chosen: another one is to be shown; its identity, empty where there is none.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setItemDelegate(_Delegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setAccessibleName(texts.WORKS)
        self._items: dict[str, QListWidgetItem] = {}  # by identity
        self.currentItemChanged.connect(self._changed)

    def refresh(self, works: list[Work]) -> None:
        """Shows the works as they are now."""
        for identity in self._items.keys() - {work.record.id for work in works}:
            self.takeItem(self.row(self._items.pop(identity)))
        for work in works:
            item = self._items.get(work.record.id)
            if item is None:
                item = self._items[work.record.id] = QListWidgetItem()
                item.setData(_IDENTITY, work.record.id)
                self.addItem(item)
            if item.data(_WORK) != work:
                item.setData(_WORK, work)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{work.record.name}: {state_text(work)}")
                item.setToolTip(work.record.name)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(0)

    @property
    def current(self) -> str:
        """Identity of the one that is shown; empty where there is none."""
        item = self.currentItem()
        return "" if item is None else item.data(_IDENTITY)

    @property
    def selected(self) -> list[str]:
        """Identities of those that are marked."""
        return [item.data(_IDENTITY) for item in self.selectedItems()]

    def choose(self, identity: str) -> None:
        """Shows one."""
        if identity in self._items:
            self.setCurrentItem(self._items[identity])

    def step(self, rows: int) -> None:
        """Goes to the next one, or the one before."""
        if self.count():
            self.setCurrentRow(min(self.count() - 1, max(0, self.currentRow() + rows)))

    def lacking_look(self, identity: str, look: str) -> bool:
        """Tells whether the small picture of that name is neither shown nor expected yet."""
        item = self._items.get(identity)
        return item is not None and item.data(_LOOK) != look

    def expect_look(self, identity: str, look: str) -> None:
        """Notes that a small picture is on its way."""
        self._items[identity].setData(_LOOK, look)

    def show_look(self, identity: str, look: str, image: QImage) -> None:
        """Shows how a file looks, unless a newer look is expected."""
        item = self._items.get(identity)
        if item is not None and item.data(_LOOK) == look:
            item.setData(_PICTURE, rounded(image, THUMBNAIL))

    def _changed(self, current: QListWidgetItem | None) -> None:
        self.chosen.emit("" if current is None else current.data(_IDENTITY))


def state_text(work: Work) -> str:
    """Says how far a work is."""
    record, live = work.record, work.live
    if record.state == records.WORKING and live.total > 1:
        return texts.FRAMES.format(done=live.done, total=live.total)
    if record.state == records.DONE and record.in_colour:
        return texts.LEFT_ALONE
    if record.state == records.STOPPED and record.result:
        return texts.STOPPED_FILM
    return texts.STATES[record.state]


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return QSize(200, THUMBNAIL.height() + 18)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        work: Work | None = index.data(_WORK)
        if work is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, rect = option.palette, option.rect.adjusted(2, 2, -2, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.alternateBase())
            painter.drawRoundedRect(rect, 9, 9)
        picture = index.data(_PICTURE)
        place = QRect(rect.left() + 8, rect.top() + 7, THUMBNAIL.width(), THUMBNAIL.height())
        painter.drawPixmap(place, picture if isinstance(picture, QPixmap) else rounded(None, THUMBNAIL))
        left = place.right() + 12
        width = rect.right() - left - 8
        self._text(painter, option, work, QRect(left, rect.top() + 7, width, THUMBNAIL.height()))
        if work.record.state in BUSY:
            self._bar(painter, option, work.fraction, QRect(left, rect.bottom() - 13, width, 6))
        painter.restore()

    def _text(self, painter: QPainter, option: QStyleOptionViewItem, work: Work, area: QRect) -> None:
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(option.palette.text().color())
        metrics = painter.fontMetrics()
        name = metrics.elidedText(work.record.name, Qt.TextElideMode.ElideMiddle, area.width())
        line = QRect(area.left(), area.top(), area.width(), metrics.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(option.font)
        painter.setPen(option.palette.placeholderText().color())
        state = painter.fontMetrics().elidedText(state_text(work), Qt.TextElideMode.ElideRight, area.width())
        line.translate(0, metrics.height() + 4)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, state)

    def _bar(self, painter: QPainter, option: QStyleOptionViewItem, fraction: float, area: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.mid())
        painter.drawRoundedRect(area, 3, 3)
        if fraction > 0:
            painter.setBrush(option.palette.highlight())
            painter.drawRoundedRect(QRect(area.left(), area.top(), round(area.width() * fraction), area.height()), 3, 3)
