"""Measures of people: are faces natural, and is skin left grey?

Faces and skin are found in the true picture, never in the coloured one, so that no model can move the judge. Pictures
are RGB `[height, width, 3]` in [0, 1].
"""

import dataclasses
import enum
import functools

import cv2
import cv2.data
import numpy as np

from colorgan_tf import color

# A face is natural if its mean chroma has this part of the true face's, and its hue.
NATURAL_CHROMA = (0.6, 1.4)
NATURAL_HUE = 15.0  # degrees
# Skin is left grey where it has less than this part of the true chroma.
GREY_SKIN = 0.35
# What the cascade finds is a face only if at least this part of it has the colour of skin: it takes folds of cloth for
# faces too, and a toned print, a painted face or one under coloured light says nothing of skin.
_LEAST_SKIN = 0.5
# Chai and Ngan, "Face segmentation using skin-color map in videophone applications", 1999: Cb and Cr of 8 bit.
_SKIN_CB = (77, 127)
_SKIN_CR = (133, 173)
# OpenCV's frontal-face cascade (Viola and Jones 2001): how many overlapping finds make a face, and the least side.
_NEIGHBOURS = 5
_LEAST_SIDE = 32


class FaceLabel(enum.StrEnum):
    """What a coloured face looks like beside the true one."""

    NATURAL = "natural"
    ORANGE = "orange"  # more chroma than a natural face
    GREY = "grey"  # less of it
    OTHER_HUE = "other hue"


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle in a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


def find_faces(truth: np.ndarray) -> list[Box]:
    """Finds the frontal faces of a true picture that have the colour of skin there."""
    grey = np.round(255.0 * color.luma(truth)[..., 0]).clip(0, 255).astype(np.uint8)
    found = _cascade().detectMultiScale(grey, 1.1, _NEIGHBOURS, minSize=(_LEAST_SIDE, _LEAST_SIDE))
    boxes = [Box(*(int(number) for number in each)) for each in found]
    skin = skin_like(truth)
    return [box for box in boxes if _ellipse(skin, box).mean() >= _LEAST_SKIN]


def face_label(shown: np.ndarray, truth: np.ndarray, box: Box) -> FaceLabel:
    """Judges one face by the mean chroma of the ellipse in its box.

    Args:
        shown: the coloured picture.
        truth: the true picture, same shape.
        box: from `find_faces` of the true picture.
    """
    seen, true = _mean_chroma(shown, box), _mean_chroma(truth, box)
    strength = np.linalg.norm(seen) / np.linalg.norm(true)
    if strength > NATURAL_CHROMA[1]:
        return FaceLabel.ORANGE
    if strength < NATURAL_CHROMA[0]:
        return FaceLabel.GREY
    turn = np.arctan2(seen[0] * true[1] - seen[1] * true[0], seen @ true)
    return FaceLabel.NATURAL if abs(np.degrees(turn)) <= NATURAL_HUE else FaceLabel.OTHER_HUE


def skin_like(truth: np.ndarray) -> np.ndarray:
    """Returns where a true picture has the colour of skin, bool `[height, width]`; sand and wood pass as well."""
    cb, cr = np.moveaxis(255.0 * color.rgb_to_yuv(truth)[..., 1:] / (2.0 * color.CHROMA_MAX) + 128.0, -1, 0)
    return (_SKIN_CB[0] <= cb) & (cb <= _SKIN_CB[1]) & (_SKIN_CR[0] <= cr) & (cr <= _SKIN_CR[1])


def grey_skin(shown: np.ndarray, truth: np.ndarray) -> tuple[int, int]:
    """Counts skin-like pixels that are left grey, and all skin-like pixels."""
    skin = skin_like(truth)
    seen, true = (np.linalg.norm(color.rgb_to_yuv(picture)[skin][:, 1:], axis=-1) for picture in (shown, truth))
    return int(np.count_nonzero(seen < GREY_SKIN * true)), int(np.count_nonzero(skin))


def _mean_chroma(picture: np.ndarray, box: Box) -> np.ndarray:
    return color.rgb_to_yuv(_ellipse(picture, box))[:, 1:].mean(axis=0, dtype=np.float64)


def _ellipse(picture: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of the ellipse that fills a box, `[pixels, ...]`."""
    y, x = np.ogrid[: box.height, : box.width]
    inside = ((x + 0.5) / box.width - 0.5) ** 2 + ((y + 0.5) / box.height - 0.5) ** 2 <= 0.25
    return picture[box.top : box.top + box.height, box.left : box.left + box.width][inside]


@functools.cache
def _cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml")
