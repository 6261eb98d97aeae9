"""Shows a picture before and after, one over the other with a line between them, or side by side."""

from PySide6.QtCore import Property as QtProperty
from PySide6.QtCore import QPointF, QPropertyAnimation, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from serving.desktop import texts
from serving.desktop.widgets import overlay

_STEP, _CROSS_STEP = 0.05, 0.02
_MAX_ZOOM = 16.0
_GAP = 10
_REVEAL_MS = 900


class Viewer(QWidget):
    """The picture.

    Signals:
        space_pressed: the space bar was pressed.
        picked: while things are pointed at, a spot of the picture: x and y, in [0, 1].

    Attributes:
        draft: shown in place of the picture in colour while things are pointed at, where there is one.
    """

    space_pressed = Signal()
    picked = Signal(float, float)

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self._before: QImage | None = None
        self._after: QImage | None = None
        self.draft: QImage | None = None
        self._split = 0.5
        self._side_by_side = False
        self._picking = False
        self._pins: list[overlay.Pin] = []
        self._cross: tuple[float, float] | None = None
        self._zoom = 1.0
        self._offset = QPointF()  # of the picture's centre from the widget's, in widget pixels
        self._dragged: str | None = None
        self._last = QPointF()
        self._scaled: dict[str, tuple[tuple[int, int, int, float], QPixmap]] = {}
        self._reveal = QPropertyAnimation(self, b"split", self)
        self._reveal.setDuration(_REVEAL_MS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setMouseTracking(True)
        self.setAccessibleName(texts.VIEWER)
        self.setToolTip(texts.VIEWER_TIP)

    def sizeHint(self) -> QSize:  # noqa: N802
        """See QWidget."""
        return QSize(760, 560)

    # === What is shown ===

    def show_images(self, before: QImage | None, after: QImage | None) -> None:
        """Shows other pictures of the same file, such as the next frame; zoom and line stay."""
        self._before, self._after, self.draft = before, after, None
        self.update()

    def show_new(self, before: QImage | None, after: QImage | None) -> None:
        """Shows another file: whole, with the line in the middle."""
        self._reveal.stop()
        self._split = 0.5
        self.zoom_whole()
        self.show_images(before, after)

    def reveal(self) -> None:
        """Lets the colours come in from the right, up to the middle."""
        self._reveal.stop()
        self._reveal.setStartValue(1.0)
        self._reveal.setEndValue(0.5)
        self._reveal.start()

    @property
    def images(self) -> tuple[QImage | None, QImage | None]:
        """What is shown: before and after."""
        return self._before, self._after

    def get_split(self) -> float:
        """Returns where the line is, as a part of the width."""
        return self._split

    def set_split(self, split: float) -> None:
        """Moves the line."""
        self._split = min(1.0, max(0.0, split))
        self.update()

    split = QtProperty(float, get_split, set_split)

    def set_side_by_side(self, wanted: bool) -> None:
        """Chooses between side by side and one over the other."""
        self._side_by_side = wanted
        self.update()

    # === Pointing at things ===

    def set_picking(self, wanted: bool) -> None:
        """Lets clicks, or the arrow keys and Return, point at things; all of the picture is then shown in colour."""
        self._picking = wanted
        self.setCursor(Qt.CursorShape.CrossCursor if wanted else Qt.CursorShape.ArrowCursor)
        self.update()

    def show_pins(self, pins: list[overlay.Pin], cross: tuple[float, float] | None) -> None:
        """Marks spots with their colours, and one with a cross."""
        self._pins, self._cross = pins, cross
        self.update()

    def show_draft(self, draft: QImage | None) -> None:
        """Shows the picture as it would be with other colours, while things are pointed at; None ends that."""
        self.draft = draft
        self.update()

    def _picks(self) -> bool:
        return self._picking and self._after is not None

    def _pick(self, at: QPointF) -> None:
        rect = self.picture_rect()
        x, y = (at.x() - rect.left()) / rect.width(), (at.y() - rect.top()) / rect.height()
        if 0 <= x <= 1 and 0 <= y <= 1:
            self.picked.emit(x, y)

    # === Zoom ===

    def zoom_whole(self) -> None:
        """Shows the whole picture."""
        self._zoom, self._offset = 1.0, QPointF()
        self.update()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Comes closer, or goes farther away.

        Args:
            factor: of the size.
            at: what stays where it is; the middle where None.
        """
        old = self._zoom
        self._zoom = min(_MAX_ZOOM, max(1.0, old * factor))
        point = (at or QPointF(self.rect().center())) - QPointF(self.rect().center())
        self._offset = point + (self._offset - point) * (self._zoom / old)
        self._keep_inside()
        self.update()

    def _keep_inside(self) -> None:
        area = self._areas()[0]
        picture = self._picture_size(area) * self._zoom
        for axis in ("X", "Y"):
            size, room = (picture.width(), area.width()) if axis == "X" else (picture.height(), area.height())
            most = max(0.0, (size - room) / 2)
            value = getattr(self._offset, axis.lower())()
            getattr(self._offset, f"set{axis}")(min(most, max(-most, value)))

    # === Areas ===

    def _areas(self) -> list[QRectF]:
        """The parts of the widget that hold a picture: one, or two side by side."""
        whole = QRectF(self.rect())
        if not self._side_by_side or self._after is None or self._picking:
            return [whole]
        width = (whole.width() - _GAP) / 2
        return [QRectF(0, 0, width, whole.height()), QRectF(width + _GAP, 0, width, whole.height())]

    def _picture_size(self, area: QRectF) -> QSizeF:
        image = self._after if self._before is None else self._before
        size = (image.size() if image else QSize(4, 3)).toSizeF()
        size.scale(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return size

    def picture_rect(self, area: QRectF | None = None) -> QRectF:
        """Returns where the picture is, in the first area or a given one; larger than that where it is zoomed."""
        area = area or self._areas()[0]
        size = self._picture_size(area) * self._zoom
        rect = QRectF(0, 0, size.width(), size.height())
        rect.moveCenter(area.center() + self._offset)
        return rect

    def _line(self) -> float:
        """The line's x in the widget: it moves over the visible part of the picture."""
        visible = self.picture_rect().intersected(QRectF(self.rect()))
        return visible.left() + self._split * visible.width()

    # === Painting ===

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """See QWidget."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        before, after = self._before, self._after
        areas = self._areas()
        if before is None and after is None:
            return
        if before is None or after is None:
            self._draw(painter, "before", before or after, areas[0])
            return
        if self._picks():
            self._draw(painter, "draft" if self.draft else "after", self.draft or after, areas[0])
            overlay.pins(painter, self.picture_rect(), self._pins, self._cross)
        elif self._side_by_side:
            self._draw(painter, "before", before, areas[0])
            self._draw(painter, "after", after, areas[1])
            for text, area in zip((texts.BEFORE, texts.AFTER), areas, strict=True):
                overlay.label(painter, text, self.picture_rect(area).intersected(area), right=False)
        else:
            self._draw_over(painter, before, after)
        if self.hasFocus():
            pen = painter.pen()
            pen.setColor(self.palette().highlight().color())
            pen.setWidthF(2)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    def _draw_over(self, painter: QPainter, before: QImage, after: QImage) -> None:
        line, whole = self._line(), QRectF(self.rect())
        left = QRectF(0, 0, line, whole.height())
        right = QRectF(line, 0, whole.width() - line, whole.height())
        for name, image, part in (("before", before, left), ("after", after, right)):
            painter.save()
            painter.setClipRect(part)
            self._draw(painter, name, image, whole)
            painter.restore()
        visible = self.picture_rect().intersected(whole)
        if line - visible.left() > 110:
            overlay.label(painter, texts.BEFORE, visible, right=False)
        if visible.right() - line > 110:
            overlay.label(painter, texts.AFTER, visible, right=True)
        overlay.line(painter, line, visible)

    def _draw(self, painter: QPainter, name: str, image: QImage | None, area: QRectF) -> None:
        assert image is not None
        rect = self.picture_rect(area)
        painter.save()
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        if self._zoom > 1:
            painter.drawImage(rect, image)
        else:
            pixmap = self._fitted(name, image, rect.size().toSize())
            painter.drawPixmap(rect.topLeft(), pixmap)
        painter.restore()

    def _fitted(self, name: str, image: QImage, size: QSize) -> QPixmap:
        """Reduces an image once for each size; only then is moving the line cheap."""
        ratio = self.devicePixelRatioF()
        key = (image.cacheKey(), size.width(), size.height(), ratio)
        kept = self._scaled.get(name)
        if kept is None or kept[0] != key:
            pixels = QSize(max(1, round(size.width() * ratio)), max(1, round(size.height() * ratio)))
            smooth = Qt.TransformationMode.SmoothTransformation
            pixmap = QPixmap.fromImage(image.scaled(pixels, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
            pixmap.setDevicePixelRatio(ratio)
            kept = self._scaled[name] = (key, pixmap)
        return kept[1]

    # === Mouse and keyboard ===

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Takes the line, or the zoomed picture."""
        self._last = event.position()
        if self._picks() and event.button() == Qt.MouseButton.LeftButton:
            self._pick(event.position())
            return
        near = abs(event.position().x() - self._line()) < 40
        slides = self._after is not None and not self._side_by_side
        if event.button() == Qt.MouseButton.LeftButton and slides and (near or self._zoom == 1):
            self._dragged = "line"
            self._reveal.stop()
            self._move_line(event.position().x())
        else:
            self._dragged = "picture"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drags what was taken."""
        if self._dragged == "line":
            self._move_line(event.position().x())
        elif self._dragged == "picture":
            self._offset += event.position() - self._last
            self._keep_inside()
            self.update()
        if self._picks():
            self._last = event.position()
            return
        near = self._dragged == "line" or abs(event.position().x() - self._line()) < 24
        slides = self._after is not None and self._before is not None and not self._side_by_side
        self.setCursor(Qt.CursorShape.SplitHCursor if slides and near else Qt.CursorShape.ArrowCursor)
        self._last = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Lets go."""
        self._dragged = None

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zooms at the pointer."""
        self.zoom(1.0015 ** event.angleDelta().y(), event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Moves the line, or the cross."""
        if self._picks() and self._key_picks(Qt.Key(event.key())):
            return
        moves = {Qt.Key.Key_Left: self._split - _STEP, Qt.Key.Key_Right: self._split + _STEP}
        moves |= {Qt.Key.Key_Home: 0.0, Qt.Key.Key_End: 1.0}
        key = Qt.Key(event.key())
        if key in moves and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._reveal.stop()
            self.set_split(moves[key])
        elif key == Qt.Key.Key_Space:
            self.space_pressed.emit()
        else:
            super().keyPressEvent(event)

    def _key_picks(self, key: Qt.Key) -> bool:
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        x, y = self._cross or (0.5, 0.5)
        if key in steps:
            right, down = (_CROSS_STEP * step for step in steps[key])
            self.show_pins(self._pins, (min(1.0, max(0.0, x + right)), min(1.0, max(0.0, y + down))))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.picked.emit(x, y)
        return key in steps or key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keeps a zoomed picture in sight."""
        self._keep_inside()

    def _move_line(self, x: float) -> None:
        visible = self.picture_rect().intersected(QRectF(self.rect()))
        if visible.width() > 0:
            self.set_split((x - visible.left()) / visible.width())
