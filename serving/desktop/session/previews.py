"""Previews: files before and after, as arrays for the screen, and stronger or weaker colours at once. No Qt.

OpenCV is imported late: the window opens without it.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from pipelines.media import formats
from pipelines.media.formats import Kind
from serving.desktop.session import playback
from serving.desktop.session.playback import Rgb
from serving.jobs import preview

SIDE = preview.VIEW_SIDE
_PLAIN = ("L", "RGB")  # modes in which Pillow may reduce a JPEG while it decodes


def original(path: Path, kind: str, side: int = SIDE) -> Rgb:
    """Returns a file as it is before: the picture, or the first frame.

    Args:
        path: the file.
        kind: "picture", "animation" or "film".
        side: the most that width and height may be.

    Returns:
        `[H, W, 3]` uint8, upright.

    Raises:
        InputError: the file cannot be read.
        OSError: nor by Pillow.
    """
    if kind == Kind.FILM:
        return next(playback.frames(path, kind, side)).picture()
    if kind == Kind.ANIMATION:
        return preview.fitted(preview.animation_frame(path, 0), side)
    reduced = _reduced_jpeg(path, side)
    if reduced is not None:
        return reduced
    from pipelines.stills import still as stills

    still = stills.read(path)
    return preview.view(still.values, still.alpha, still.metadata.orientation, side)


def _reduced_jpeg(path: Path, side: int) -> Rgb | None:
    """Decodes a JPEG at about the size that is needed: much faster than at its own."""
    with formats.open_header(path, formats.READ_STILL) as image:
        if image.format != "JPEG" or image.mode not in _PLAIN:
            return None
        image.draft(image.mode, (side, side))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        return preview.fitted(np.asarray(upright), side)


def read(path: Path) -> Rgb:
    """Reads a picture that was made for the screen: `[H, W, 3]` uint8."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def saturated(rgb: Rgb, saturation: float) -> Rgb:
    """Returns a coloured picture with stronger or weaker colours, at once: about what colouring it again will give.

    Chroma is multiplied, luma stays; colours that leave the RGB cube are clipped, which colouring it again avoids.

    Args:
        rgb: `[H, W, 3]` uint8.
        saturation: 0 for grey, 1 for no change.
    """
    import cv2

    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(rgb, saturation, grey, 1.0 - saturation, 0.0), np.uint8)
