"""Images for widgets: arrays as Qt's images, and images fitted into a size."""

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPixmap

from serving.desktop.session.playback import Rgb


def from_rgb(rgb: Rgb) -> QImage:
    """Returns `[H, W, 3]` uint8 as an image with pixels of its own."""
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def rounded(image: QImage | None, size: QSize) -> QPixmap:
    """Fits an image whole into a size with round corners; a grey area where there is none."""
    pixmap = QPixmap(size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    path = QPainterPath()
    path.addRoundedRect(0, 0, size.width(), size.height(), 8, 8)
    painter.setClipPath(path)
    painter.fillPath(path, QColor(128, 128, 128, 60) if image is not None else Qt.GlobalColor.gray)
    if image is not None and not image.isNull():
        smooth = Qt.TransformationMode.SmoothTransformation
        full = image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, smooth)
        painter.drawImage((size.width() - full.width()) // 2, (size.height() - full.height()) // 2, full)
    painter.end()
    return pixmap
