"""Whether a shot is grey, toned (sepia, tinted) or already in colour, from a frame's own chroma."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.films import pixel_formats

if TYPE_CHECKING:
    import av

# In U and V. Compression leaves about 0.004 of noise in a grey film; a sepia tone is a curve over luma.
_TONED = 0.012
_COLOURED = 0.022
_COLOURED_SHARE = 0.02
_BINS = 16
_DARK = 0.04


class Verdict:
    """Settles, within the first frames of a shot that show anything, what the shot is.

    `kind` is "dark" as long as nothing was to be seen, then "grey", "toned" or "coloured".
    """

    def __init__(self, kind: str = "dark"):
        self.kind = kind

    @property
    def settled(self) -> bool:
        """Whether later frames change nothing."""
        return self.kind != "dark"

    def look(self, frame: "av.VideoFrame", pixel_format: pixel_formats.PixelFormat, luma: np.ndarray) -> None:
        """Looks at one more frame; `luma` is its reduced, upright luma."""
        if pixel_format.log2_chroma is None:
            self.kind = "grey"
        elif luma.mean() > _DARK and luma.std() > _DARK / 2:
            size = (72, 128)
            codes = pixel_formats.plane(frame, 0, pixel_format.dtype)
            chroma = pixel_formats.to_chroma(frame, pixel_format, size)
            self.kind = judge(pixel_formats.to_luma(codes, pixel_format, size), chroma)


def judge(luma: np.ndarray, chroma: np.ndarray) -> str:
    """Tells "grey", "toned" or "coloured" from a luma `[height, width]` and its chroma `[height, width, 2]`.

    Toned stock has one colour for each luma: what is left after the mean chroma of each luma band is taken away is
    noise. In a picture with colours it is not.
    """
    band = np.minimum((luma * _BINS).astype(int), _BINS - 1).ravel()
    flat = chroma.reshape(-1, 2)
    count = np.maximum(np.bincount(band, minlength=_BINS), 1)
    mean = np.stack([np.bincount(band, flat[:, axis], _BINS) / count for axis in (0, 1)], axis=-1)
    left = np.linalg.norm(flat - mean[band], axis=-1)
    if float((left > _COLOURED * 2).mean()) > _COLOURED_SHARE and float(np.sqrt((left**2).mean())) > _COLOURED / 2:
        return "coloured"
    strength = float(np.linalg.norm(flat, axis=-1).mean())
    return "toned" if strength > _TONED else "grey"
