"""How a picture's stored pixels are turned upright, by the EXIF orientation (EXIF 2.32, section 4.6.4)."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

T = TypeVar("T", bound=np.generic)

TAG = ExifTags.Base.Orientation
# By orientation: swap rows and columns; then reverse the rows; then reverse the columns.
TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def of(exif: Image.Exif) -> int:
    """Returns the orientation, 1 to 8; 1, upright as stored, where there is none or a wrong one."""
    orientation = exif.get(TAG, 1)
    return orientation if orientation in TURNS else 1


def upright(picture: NDArray[T], orientation: int) -> NDArray[T]:
    """Turns `[H, W, C]` stored pixels upright. A view."""
    swap, rows, columns = TURNS[orientation]
    return _flip(picture.swapaxes(0, 1) if swap else picture, rows, columns)


def as_stored(picture: NDArray[T], orientation: int) -> NDArray[T]:
    """Undoes `upright`."""
    swap, rows, columns = TURNS[orientation]
    flipped = _flip(picture, rows, columns)
    return np.ascontiguousarray(flipped.swapaxes(0, 1) if swap else flipped)


def _flip(picture: NDArray[T], rows: bool, columns: bool) -> NDArray[T]:
    return picture[:: -1 if rows else 1, :: -1 if columns else 1]
