"""What is drawn over a picture: the line between before and after, their labels, and the spots of hints."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF

_SHADE = QColor(0, 0, 0, 90)
_PLATE = QColor(0, 0, 0, 150)
_WHITE, _DARK = QColor("white"), QColor("#333")
Pin = tuple[float, float, tuple[int, int, int] | None]  # x and y in [0, 1], and its colour where it has one


def pins(painter: QPainter, picture: QRectF, spots: list[Pin], cross: tuple[float, float] | None) -> None:
    """Draws spots as discs of their colours, and a cross.

    Args:
        painter: draws.
        picture: where the picture is.
        spots: see `Pin`.
        cross: x and y in [0, 1].
    """
    for x, y, rgb in spots:
        centre = picture.topLeft() + QPointF(x * picture.width(), y * picture.height())
        for pen, width, brush in ((_DARK, 6, Qt.BrushStyle.NoBrush), (_WHITE, 3, QColor(*rgb) if rgb else _SHADE)):
            painter.setPen(QPen(pen, width))
            painter.setBrush(brush)
            painter.drawEllipse(centre, 10, 10)
    if cross is not None:
        centre = picture.topLeft() + QPointF(cross[0] * picture.width(), cross[1] * picture.height())
        for pen, width in ((_DARK, 4), (_WHITE, 2)):
            painter.setPen(QPen(pen, width))
            painter.drawLine(centre - QPointF(17, 0), centre + QPointF(17, 0))
            painter.drawLine(centre - QPointF(0, 17), centre + QPointF(0, 17))


def line(painter: QPainter, x: float, visible: QRectF) -> None:
    """Draws the line, with a handle to drag it by.

    Args:
        painter: draws.
        x: where it is.
        visible: the visible part of the picture.
    """
    painter.setPen(Qt.PenStyle.NoPen)
    centre = QPointF(x, visible.center().y())
    for brush, wider in ((_SHADE, 2), (_WHITE, 0)):
        width = 3 + wider
        painter.setBrush(brush)
        painter.drawRect(QRectF(x - width / 2, visible.top(), width, visible.height()))
    for brush, wider in ((_SHADE, 2), (_WHITE, 0)):
        painter.setBrush(brush)
        painter.drawEllipse(centre, 21 + wider, 21 + wider)
    painter.setBrush(_DARK)
    for side in (-1, 1):
        back = 5.5 * side
        arrow = [centre + QPointF(13 * side, 0), centre + QPointF(back, -6.5), centre + QPointF(back, 6.5)]
        painter.drawPolygon(QPolygonF(arrow))


def label(painter: QPainter, text: str, area: QRectF, right: bool) -> None:
    """Writes a name into an upper corner, white on a dark plate: readable on any picture.

    Args:
        painter: draws.
        text: the name.
        area: of the picture.
        right: whether into the right corner.
    """
    font = QFont(painter.font())
    font.setBold(True)
    painter.setFont(font)
    width = painter.fontMetrics().horizontalAdvance(text) + 22
    height = painter.fontMetrics().height() + 10
    left = area.right() - width - 12 if right else area.left() + 12
    box = QRectF(left, area.top() + 12, width, height)
    path = QPainterPath()
    path.addRoundedRect(box, height / 2, height / 2)
    painter.fillPath(path, _PLATE)
    painter.setPen(_WHITE)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
