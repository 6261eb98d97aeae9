"""Finds the photographs on a scan that shows several of them on an even background."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipelines.stills.crop import Crop

_SIDE = 800  # pixels of the longer side at which is looked
_BORDER = 0.015  # of the longer side: what must be background
_EVEN = 0.85  # part of the border that must be like its median
_LEAST_CONTRAST, _NOISE = 0.05, 5.0
_LEAST_PART, _MOST_PART = 0.02, 0.85  # of the scan's area
_STRAIGHT = 0.85  # part of its frame that a photograph fills
_INSET = 0.004  # of the longer side: a photograph's edge is no part of it


def photographs(luma: NDArray[np.float32]) -> list[Crop]:
    """Returns a frame for each photograph, in reading order; none where there are not at least two.

    What differs from the background, which the scan's border shows, is a photograph where it is large and rectangular.

    Args:
        luma: `[H, W, 1]` float32 in [0, 1], upright.
    """
    height, width = luma.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.float32)
    difference = np.abs(small - _background(small))
    rim = max(2, round(_BORDER * max(size)))
    border = np.ones(small.shape, bool)
    border[rim:-rim, rim:-rim] = False
    limit = max(_LEAST_CONTRAST, _NOISE * float(np.median(difference[border])))
    if np.mean(difference[border] < limit) < _EVEN:
        return []
    frames = [frame for frame in _frames((difference > limit).astype(np.uint8), rim) if frame is not None]
    found = [_crop(frame, size) for frame in frames]
    return _in_reading_order(found) if len(found) > 1 else []


def _background(small: NDArray[np.float32]) -> float:
    return float(np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])))


def _frames(mask: NDArray[np.uint8], rim: int) -> list[cv2.typing.RotatedRect | None]:
    """Frames of the large and rectangular parts of a mask."""
    kernel = np.ones((rim | 1, rim | 1), np.uint8)  # of an even size, it would move what it closes
    clean = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outlines, _ = cv2.findContours(
        cv2.morphologyEx(clean, cv2.MORPH_CLOSE, kernel), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    found: list[cv2.typing.RotatedRect | None] = []
    for outline in outlines:
        frame = cv2.minAreaRect(outline)
        area = frame[1][0] * frame[1][1]
        filled = cv2.contourArea(outline) / max(area, 1)
        large = _LEAST_PART * mask.size < area < _MOST_PART * mask.size
        found.append(frame if large and filled > _STRAIGHT else None)
    return found


def _crop(frame: cv2.typing.RotatedRect, size: tuple[int, int]) -> Crop:
    (x, y), (width, height), angle = frame
    while angle > 45:  # OpenCV names one of the four sides; the one that lies nearest to level is meant
        angle, width, height = angle - 90, height, width
    while angle < -45:
        angle, width, height = angle + 90, height, width
    inset = 2 * _INSET * max(size)
    return Crop(
        x=(x + 0.5) / size[0],
        y=(y + 0.5) / size[1],
        width=(width - inset) / size[0],
        height=(height - inset) / size[1],
        angle=round(angle, 2),
    )


def _in_reading_order(found: list[Crop]) -> list[Crop]:
    """Row by row; two are in one row where the centre of the one is between top and bottom of the other."""
    ordered: list[Crop] = []
    left = sorted(found, key=lambda crop: crop.y)
    while left:
        row = [crop for crop in left if abs(crop.y - left[0].y) < left[0].height / 2]
        ordered += sorted(row, key=lambda crop: crop.x)
        left = [crop for crop in left if crop not in row]
    return ordered
