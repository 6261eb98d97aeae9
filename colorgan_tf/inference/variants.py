"""Versions of a picture that differ where the network is in doubt: another likely colour there, told as a hint."""

import cv2
import numpy as np

from colorgan_tf.color import Floats
from colorgan_tf.inference.backend import LIKELY_COLORS, require
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Hint

_HINTS = 3  # regions that are given another colour
_AREA = 0.04  # of the short side: regions smaller than this are no reason for another version
_LEAST = 0.004  # chroma times share that another colour must matter by
_CHANGED = 0.02  # chroma by which a region counts as settled
_STRONGEST = 0.15  # chroma of what is told: single colours of a distribution are more vivid than most things are


def variants(colorizer: Colorizer, luma: Floats, count: int) -> list[tuple[Hint, ...]]:
    """Returns what to tell the network for each version; nothing for the first, which is its own.

    The second version gives the largest doubtful regions the second likeliest of their colours, and so on. A region is
    what changes with the hint.

    Args:
        colorizer: what colours.
        luma: `[H, W, 1]` float32 in [0, 1].
        count: versions.

    Raises:
        InputError: the model takes no hints, or does not say which colours are likely.
    """
    require(colorizer.backend, LIKELY_COLORS)
    versions: list[tuple[Hint, ...]] = [()]
    small, own = (batch[0] for batch in colorizer.telling(()).coarse(luma[None]))
    likely = colorizer.backend.predict(LIKELY_COLORS, {"luma": small[None]})[0]
    for number in range(1, min(count, likely.shape[2])):
        versions.append(_version(colorizer, luma, own, likely[:, :, number]))
    return versions


def _version(colorizer: Colorizer, luma: Floats, own: Floats, other: Floats) -> tuple[Hint, ...]:
    """Returns hints that give the regions where `other` `[h, w, 3]` (U, V, share) matters most that colour."""
    height, width = other.shape[:2]
    now = cv2.resize(own, (width, height), interpolation=cv2.INTER_AREA)
    matters = np.linalg.norm(other[..., :2] - now, axis=-1) * other[..., 2]
    here = matters >= _LEAST  # not beside a region only
    matters = here * cv2.GaussianBlur(matters, (0, 0), _AREA * min(height, width))
    hints: tuple[Hint, ...] = ()
    while len(hints) < _HINTS:
        row, column = divmod(int(matters.argmax()), width)
        if matters[row, column] < _LEAST:
            break
        told = other[row, column, :2]
        u, v = (told * min(1.0, _STRONGEST / max(float(np.linalg.norm(told)), 1e-6))).tolist()
        hints += (Hint((column + 0.5) / width, (row + 0.5) / height, (u, v)),)
        shown = colorizer.telling(hints).coarse(luma[None])[1][0]
        change = np.linalg.norm(cv2.resize(shown - own, (width, height), interpolation=cv2.INTER_AREA), axis=-1)
        matters[change > _CHANGED] = 0.0
        matters[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3] = 0.0
    return hints
