"""The list of items: thumbnail, name, and how far each is."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
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
from serving.desktop.session.item import BUSY, Item
from serving.desktop.widgets.images import rounded
from serving.jobs import records

THUMBNAIL = QSize(88, 66)
# Without it, Qt selects as if Ctrl or Shift were held, when it believes that they are.
_ALONE = QItemSelectionModel.SelectionFlag.ClearAndSelect
_IDENTITY, _ITEM, _THUMBNAIL, _THUMBNAIL_NAME = (Qt.ItemDataRole.UserRole + number for number in range(4))


class ItemList(QListWidget):
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
        self.setAccessibleName(texts.FILES)
        self._rows: dict[str, QListWidgetItem] = {}  # by identity
        self.currentItemChanged.connect(self._changed)

    def refresh(self, items: list[Item]) -> None:
        """Shows the items as they are now."""
        for identity in self._rows.keys() - {item.record.id for item in items}:
            self.takeItem(self.row(self._rows.pop(identity)))
        for item in items:
            row = self._rows.get(item.record.id)
            if row is None:
                row = self._rows[item.record.id] = QListWidgetItem()
                row.setData(_IDENTITY, item.record.id)
                self.addItem(row)
            if row.data(_ITEM) != item:
                row.setData(_ITEM, item)
                row.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.record.name}: {state_text(item)}")
                row.setToolTip(item.record.name)
        if self.currentItem() is None and self.count():
            self.setCurrentRow(0, _ALONE)

    @property
    def current(self) -> str:
        """Identity of the one that is shown; empty where there is none."""
        row = self.currentItem()
        return "" if row is None else str(row.data(_IDENTITY))

    @property
    def selected(self) -> list[str]:
        """Identities of those that are selected; of the one that is shown, where none is."""
        return [row.data(_IDENTITY) for row in self.selectedItems()] or [each for each in (self.current,) if each]

    def choose(self, identity: str) -> None:
        """Shows one."""
        if identity in self._rows:
            self.setCurrentItem(self._rows[identity], _ALONE)

    def step(self, rows: int) -> None:
        """Goes to the next one, or the one before."""
        if self.count():
            self.setCurrentRow(min(self.count() - 1, max(0, self.currentRow() + rows)), _ALONE)

    def lacks_thumbnail(self, identity: str, name: str) -> bool:
        """Tells whether the thumbnail of that name is neither shown nor expected yet."""
        row = self._rows.get(identity)
        return row is not None and row.data(_THUMBNAIL_NAME) != name

    def expect_thumbnail(self, identity: str, name: str) -> None:
        """Notes that a thumbnail is being made."""
        self._rows[identity].setData(_THUMBNAIL_NAME, name)

    def show_thumbnail(self, identity: str, name: str, image: QImage) -> None:
        """Shows a thumbnail, unless a newer one is expected."""
        row = self._rows.get(identity)
        if row is not None and row.data(_THUMBNAIL_NAME) == name:
            row.setData(_THUMBNAIL, rounded(image, THUMBNAIL))

    def _changed(self, current: QListWidgetItem | None) -> None:
        self.chosen.emit("" if current is None else current.data(_IDENTITY))


def state_text(item: Item) -> str:
    """Says how far an item is."""
    record, live = item.record, item.live
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
        item: Item | None = index.data(_ITEM)
        if item is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, rect = option.palette, option.rect.adjusted(2, 2, -2, -2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.alternateBase())
            painter.drawRoundedRect(rect, 9, 9)
        picture = index.data(_THUMBNAIL)
        area = QRect(rect.left() + 8, rect.top() + 7, THUMBNAIL.width(), THUMBNAIL.height())
        painter.drawPixmap(area, picture if isinstance(picture, QPixmap) else rounded(None, THUMBNAIL))
        left = area.right() + 12
        width = rect.right() - left - 8
        self._text(painter, option, item, QRect(left, rect.top() + 7, width, THUMBNAIL.height()))
        if item.record.state in BUSY:
            self._bar(painter, option, item.fraction, QRect(left, rect.bottom() - 13, width, 6))
        painter.restore()

    def _text(self, painter: QPainter, option: QStyleOptionViewItem, item: Item, area: QRect) -> None:
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(option.palette.text().color())
        metrics = painter.fontMetrics()
        name = metrics.elidedText(item.record.name, Qt.TextElideMode.ElideMiddle, area.width())
        line = QRect(area.left(), area.top(), area.width(), metrics.height())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(option.font)
        painter.setPen(option.palette.placeholderText().color())
        state = painter.fontMetrics().elidedText(state_text(item), Qt.TextElideMode.ElideRight, area.width())
        line.translate(0, metrics.height() + 4)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, state)

    def _bar(self, painter: QPainter, option: QStyleOptionViewItem, fraction: float, area: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.mid())
        painter.drawRoundedRect(area, 3, 3)
        if fraction > 0:
            painter.setBrush(option.palette.highlight())
            painter.drawRoundedRect(QRect(area.left(), area.top(), round(area.width() * fraction), area.height()), 3, 3)
