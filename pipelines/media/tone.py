"""Is a picture grey, toned (sepia, cyanotype) or in colour? Told from its chroma alone."""

import cv2
import numpy as np

from colorgan_tf import color

# In U and V units, on a picture reduced to `_SIDE`, where compression noise has averaged out. Of 4,443 colour
# photographs these thresholds take 10 for toned, near-monochrome ones all of them; of JPEG-compressed sepia pictures
# they miss 1 in 50.
_SIDE = 128
_GREY = 0.012
_TONED = 0.035  # what is left of a toned picture's chroma when its curve over luma is taken away
_LINE = 0.012  # how far a toned picture's chroma leaves its one hue line
_OTHER_SIDE = 0.004  # and how far it may lie on the complementary side of grey
_STRONGEST = 0.25  # no toning bath colours more than this


def judge(rgb: np.ndarray) -> str:
    """Returns "grey", "toned" or "colour".

    A toned picture has one colour for each luma (also with different colours in shadows and lights), or all its colours
    on one line from grey (unevenly faded paper).

    Args:
        rgb: `[H, W, 3]`, uint8 or uint16.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32) / np.iinfo(rgb.dtype).max
    yuv = color.rgb_to_yuv(small).reshape(-1, 3).astype(np.float64)
    luma, chroma = yuv[:, 0], yuv[:, 1:]
    strength = np.percentile(np.linalg.norm(chroma, axis=1), 99)
    if strength < _GREY:
        return "grey"
    if strength > _STRONGEST:
        return "colour"
    return "toned" if _follows_luma(luma, chroma) or _on_one_line(chroma) else "colour"


def _follows_luma(luma: np.ndarray, chroma: np.ndarray) -> bool:
    powers = np.stack([luma**power for power in range(5)], axis=1)
    curve = powers @ np.linalg.lstsq(powers, chroma, rcond=None)[0]
    return float(np.percentile(np.linalg.norm(chroma - curve, axis=1), 99)) <= _TONED


def _on_one_line(chroma: np.ndarray) -> bool:
    across, along = (chroma @ np.linalg.eigh(chroma.T @ chroma)[1]).T
    along = along * np.sign(along.sum())
    return float(np.percentile(np.abs(across), 99)) < _LINE and float(np.percentile(along, 1)) > -_OTHER_SIDE
