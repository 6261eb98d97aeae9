"""The dialog in which a scan is straightened and cropped: a frame over the picture, which turns under it."""

import dataclasses
import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from pipelines.stills.crop import WHOLE, Crop
from serving.desktop import texts

_LEAST = 0.05  # of the width or height
_NEAR = 22  # pixels: how far from a corner it is taken
_STEP = 0.01
_HALF_DEGREES = 2  # steps of the slider in a degree


class CropDialog(QDialog):
    """Asks for a frame; `crop` holds it.

    Args:
        scan: all of the picture, upright.
        crop: the present frame.
        parent: the window.
    """

    def __init__(self, scan: QImage, crop: Crop, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle(texts.CROP_TITLE)
        self.frame = FrameEditor(scan, crop)
        self.angle = QSlider(Qt.Orientation.Horizontal)
        self.angle.setRange(-45 * _HALF_DEGREES, 45 * _HALF_DEGREES)
        self.angle.setValue(round(-crop.angle * _HALF_DEGREES))
        self.angle.setAccessibleName(texts.STRAIGHTEN)
        self.angle.valueChanged.connect(lambda value: self.frame.straighten(-value / _HALF_DEGREES))
        text = QLabel(texts.CROP_TEXT)
        text.setObjectName("quiet")
        text.setWordWrap(True)
        label = QLabel(texts.STRAIGHTEN)
        label.setBuddy(self.angle)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.angle, 1)
        buttons = QDialogButtonBox()
        buttons.addButton(texts.APPLY, QDialogButtonBox.ButtonRole.AcceptRole)
        whole = buttons.addButton(texts.WHOLE_AGAIN, QDialogButtonBox.ButtonRole.ResetRole)
        buttons.addButton(texts.STAY, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        whole.clicked.connect(self._whole)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(self.frame, 1)
        layout.addLayout(row)
        layout.addWidget(buttons)
        self.resize(820, 720)

    @property
    def crop(self) -> Crop:
        """The frame that was chosen."""
        return self.frame.crop

    def _whole(self) -> None:
        self.frame.show_crop(dataclasses.replace(WHOLE, turn=self.crop.turn))
        self.angle.setValue(0)


class FrameEditor(QWidget):
    """The picture, turned back by the frame's angle, and the frame, which is level on the screen.

    Signals:
        moved: the frame is another.
    """

    moved = Signal()

    def __init__(self, scan: QImage, crop: Crop, parent: QWidget | None = None):
        super().__init__(parent)
        self._scan = scan
        self._taken: tuple[str, ...] = ()
        self._last = QPointF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(360, 300)
        self.setAccessibleName(texts.CROP_TEXT)
        self.show_crop(crop)

    def show_crop(self, crop: Crop) -> None:
        """Shows a frame."""
        self.crop = crop
        self._picture = self._scan.transformed(QTransform().rotate(90 * crop.turn))
        x, y = self._rotated(crop.x - 0.5, crop.y - 0.5, -crop.angle)
        self.frame = QRectF(0.5 + x - crop.width / 2, 0.5 + y - crop.height / 2, crop.width, crop.height)
        self._fresh = crop.width == crop.height == 1
        self.update()

    def straighten(self, angle: float) -> None:
        """Turns the frame; one around all of the picture becomes the largest without empty corners."""
        self.crop = dataclasses.replace(self.crop, angle=angle)
        if self._fresh:
            size, radians = self._picture.size(), math.radians(abs(angle))
            aspect = max(size.width() / size.height(), size.height() / size.width())
            side = 1 / (math.cos(radians) + aspect * math.sin(radians))
            self.frame = QRectF(0.5 - side / 2, 0.5 - side / 2, side, side)
        self._take()

    def move_sides(self, sides: tuple[str, ...], right: float, down: float) -> None:
        """Moves sides of the frame ("left", "top", "right", "bottom") by parts of the picture."""
        frame = QRectF(self.frame)
        if len(sides) == 4:
            right = min(1 - frame.right(), max(-frame.left(), right))
            down = min(1 - frame.bottom(), max(-frame.top(), down))
        for side in sides:
            move = right if side in ("left", "right") else down
            getattr(frame, f"set{side.title()}")(min(1.0, max(0.0, getattr(frame, side)() + move)))
        if frame.width() >= _LEAST and frame.height() >= _LEAST:
            self.frame, self._fresh = frame, False
            self._take()

    def _take(self) -> None:
        """Says the frame as a crop: it is level here, and the picture turned; there it is the other way round."""
        centre = self.frame.center()
        x, y = self._rotated(centre.x() - 0.5, centre.y() - 0.5, self.crop.angle)
        self.crop = dataclasses.replace(
            self.crop,
            x=min(1.0, max(0.0, x + 0.5)),
            y=min(1.0, max(0.0, y + 0.5)),
            width=min(1.0, self.frame.width()),
            height=min(1.0, self.frame.height()),
        )
        self.moved.emit()
        self.update()

    def _rotated(self, x: float, y: float, angle: float) -> tuple[float, float]:
        """Turns parts of width and height clockwise, as pixels turn."""
        width, height = self._picture.width(), self._picture.height()
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        right, down = x * width, y * height
        return (right * cosine - down * sine) / width, (right * sine + down * cosine) / height

    # === Screen ===

    def sizeHint(self) -> QSize:  # noqa: N802
        """See QWidget."""
        return QSize(760, 560)

    def _area(self) -> QRectF:
        size = self._picture.size().toSizeF()
        size.scale(self.rect().toRectF().size(), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRectF(QPointF(), size)
        area.moveCenter(self.rect().toRectF().center())
        return area

    def on_screen(self) -> QRectF:
        """Returns where the frame is, in the widget's pixels."""
        area, frame = self._area(), self.frame
        return QRectF(
            area.left() + frame.left() * area.width(),
            area.top() + frame.top() * area.height(),
            frame.width() * area.width(),
            frame.height() * area.height(),
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """See QWidget."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area, frame = self._area(), self.on_screen()
        painter.setClipRect(area)
        painter.save()
        painter.translate(area.center())
        painter.rotate(-self.crop.angle)
        painter.drawImage(QRectF(-area.width() / 2, -area.height() / 2, area.width(), area.height()), self._picture)
        painter.restore()
        outside = QPainterPath()
        outside.addRect(area)
        outside.addRect(frame)
        painter.fillPath(outside, QColor(0, 0, 0, 140))
        painter.setPen(QPen(Qt.GlobalColor.white, 2))
        painter.drawRect(frame)
        painter.setBrush(Qt.GlobalColor.white)
        for corner in (frame.topLeft(), frame.topRight(), frame.bottomRight(), frame.bottomLeft()):
            painter.drawEllipse(corner, 9, 9)

    # === Mouse and keyboard ===

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Takes a corner, or the whole frame."""
        frame, self._last = self.on_screen(), event.position()
        sides = [
            side
            for side, place in (("left", frame.left()), ("right", frame.right()))
            if abs(event.position().x() - place) < _NEAR
        ][:1]
        sides += [
            side
            for side, place in (("top", frame.top()), ("bottom", frame.bottom()))
            if abs(event.position().y() - place) < _NEAR
        ][:1]
        inside = frame.contains(event.position())
        self._taken = tuple(sides) or (("left", "top", "right", "bottom") if inside else ())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drags what was taken."""
        area, moved = self._area(), event.position() - self._last
        if self._taken:
            self.move_sides(self._taken, moved.x() / area.width(), moved.y() / area.height())
        self._last = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Lets go."""
        self._taken = ()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Moves the frame; with Shift, its lower right corner."""
        moves = {
            Qt.Key.Key_Left: (-_STEP, 0.0),
            Qt.Key.Key_Right: (_STEP, 0.0),
            Qt.Key.Key_Up: (0.0, -_STEP),
            Qt.Key.Key_Down: (0.0, _STEP),
        }
        key = Qt.Key(event.key())
        if key not in moves:
            super().keyPressEvent(event)
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self.move_sides(("right", "bottom") if shift else ("left", "top", "right", "bottom"), *moves[key])
