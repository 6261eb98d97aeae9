"""Marks in colour on a grey film (a channel's logo, burnt-in titles): they keep their own colours."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.films import pixel_formats
from pipelines.films.pixel_formats import PixelFormat

if TYPE_CHECKING:
    import av

# Marks are sought in means over windows of this small picture: noise of old transfers and rainbows average out there.
_SMALL, _WINDOW = (72, 128), (5, 5)
_STRONG = 0.05  # U and V of a mark, in such a mean
_WEAK = 0.02  # below that nothing is kept: compression spreads a mark's colour so far


def keep(planes: tuple[np.ndarray, ...], frame: "av.VideoFrame", source: PixelFormat, target: PixelFormat) -> None:
    """Puts the colours of marks back, in place.

    Args:
        planes: Cb and Cr of the coloured frame, in `target`.
        frame: the frame as it was, of a grey shot.
        source: its format.
        target: format of the planes.
    """
    import cv2

    found = np.linalg.norm(cv2.blur(pixel_formats.to_chroma(frame, source, _SMALL), _WINDOW), axis=-1) > _STRONG
    if not found.any():
        return
    rows, columns = planes[0].shape
    near = cv2.dilate(found.astype(np.float32), np.ones((3, 3)))
    near = cv2.resize(near, (columns, rows), interpolation=cv2.INTER_LINEAR)
    own = pixel_formats.to_chroma(frame, source, (rows, columns))
    strength = np.linalg.norm(cv2.blur(own, (3, 3)), axis=-1)
    weight = np.clip((strength - _WEAK) / (_STRONG - _WEAK), 0.0, 1.0)
    # White letters within a coloured mark belong to it.
    side = max(3, rows // 30) | 1
    weight = near * cv2.morphologyEx(weight, cv2.MORPH_CLOSE, np.ones((side, side)))
    codes = pixel_formats.chroma_codes(own, target)
    for plane, channel in zip(planes, cv2.split(codes), strict=True):
        plane[:] = np.rint(plane + weight * (channel - plane))
