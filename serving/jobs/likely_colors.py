"""Likely colours for a spot: those that photographs often have at its brightness, from the network's colour bins."""

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

import colorgan_tf
from colorgan_tf import color

_GREYISH = 0.05
_APART = 0.11
Rgb = tuple[int, int, int]


@functools.cache
def _bins() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Centres `[bins, 2]` in U and V, and how often each occurs."""
    with np.load(Path(colorgan_tf.__file__).parent / "networks" / "color_bins.npz") as archive:
        return archive["centres"].astype(np.float32), archive["frequency"].astype(np.float32)


def likely(rgb: npt.NDArray[np.float32], count: int = 8) -> list[Rgb]:
    """Returns colours that a spot could well have, the likeliest first, all clearly different; last a neutral grey.

    Args:
        rgb: `[3]` uint8: the spot as it is now.
        count: how many.
    """
    yuv = color.rgb_to_yuv(rgb.astype(np.float32) / 255)
    luma = float(np.clip(yuv[0], 0.08, 0.92))
    centres, frequency = _bins()
    reachable = color.rgb_to_yuv(color.merge(np.full((len(centres), 1), luma, np.float32), centres))[:, 1:]
    inside = np.abs(reachable - centres).max(axis=1) < 0.02  # else the colour does not exist at this brightness
    # Vivid colours are rare in photographs, yet what people want to point out: rarity counts by its square root.
    score = np.sqrt(frequency) * inside * (np.linalg.norm(centres, axis=1) > _GREYISH)
    chosen: list[npt.NDArray[np.float32]] = []
    for number in np.argsort(-score):
        far = all(np.linalg.norm(centres[number] - other) > _APART for other in chosen)
        if score[number] > 0 and far:
            chosen.append(centres[number])
        if len(chosen) == count - 1:
            break
    chosen.append(np.zeros(2, np.float32))
    found = color.merge(np.full((len(chosen), 1), luma, np.float32), np.stack(chosen))
    return [(int(red), int(green), int(blue)) for red, green, blue in np.rint(found * 255)]
