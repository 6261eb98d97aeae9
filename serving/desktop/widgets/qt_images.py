"""Arrays as Qt's images."""

import numpy as np
from PySide6.QtGui import QImage


def from_rgb(rgb: np.ndarray) -> QImage:
    """Returns `[H, W, 3]` uint8 as an image with pixels of its own."""
    rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    return QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
