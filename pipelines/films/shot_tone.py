"""Whether a shot is grey, toned (sepia, tinted) or already in colour, from a frame's own chroma."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.films import pixel_formats
from pipelines.media import tone
from pipelines.media.tone import Tone

if TYPE_CHECKING:
    import av

_DARK = 0.04


class Verdict:
    """Settles, within the first frames of a shot that show anything, what the shot is.

    `kind` is "dark" as long as nothing was to be seen, then a `Tone`.
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
            self.kind = Tone.GREY
        elif luma.mean() > _DARK and luma.std() > _DARK / 2:
            size = (72, 128)
            codes = pixel_formats.plane(frame, 0, pixel_format.dtype)
            chroma = pixel_formats.to_chroma(frame, pixel_format, size)
            self.kind = tone.judge(pixel_formats.to_luma(codes, pixel_format, size), chroma, tone.FILM)
