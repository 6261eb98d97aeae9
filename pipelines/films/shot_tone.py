"""Whether a shot is grey, toned (sepia, tinted) or already in colour, from the chroma of its first visible frame."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.films import pixel_formats
from pipelines.media import tone
from pipelines.media.tone import Tone

if TYPE_CHECKING:
    import av

_DARK = 0.04


class ShotTone:
    """What a shot is: `tone` is "dark" until a frame shows anything, then a `Tone`."""

    def __init__(self, tone: str = "dark"):
        self.tone = tone

    @property
    def settled(self) -> bool:
        """Whether later frames change nothing."""
        return self.tone != "dark"

    def update(self, frame: "av.VideoFrame", pixel_format: pixel_formats.PixelFormat, luma: np.ndarray) -> None:
        """Judges one more frame; `luma` is its reduced luma."""
        if pixel_format.log2_chroma is None:
            self.tone = Tone.GREY
        elif luma.mean() > _DARK and luma.std() > _DARK / 2:
            size = (72, 128)
            codes = pixel_formats.plane(frame, 0, pixel_format.dtype)
            chroma = pixel_formats.to_chroma(frame, pixel_format, size)
            self.tone = tone.judge(pixel_formats.to_luma(codes, pixel_format, size), chroma, tone.FILM)
