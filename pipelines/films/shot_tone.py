"""Whether a shot is grey, toned (sepia, tinted) or already in colour, from the chroma of its first visible frames."""

from typing import TYPE_CHECKING

import numpy as np

from pipelines.films import pixel_formats
from pipelines.media import tone
from pipelines.media.tone import Tone

if TYPE_CHECKING:
    import av

_DARK = 0.04
_SIZE = (72, 128)
# Frames looked at, from the first one that shows anything. Things of one colour alone, as under a stage's red light,
# look toned in a single frame: what moves in between tells them apart.
_FRAMES, _STEP = 9, 4


class ShotTone:
    """What a shot is: `tone` is "dark" until frames show anything, then a `Tone`."""

    def __init__(self, tone: str = "dark"):
        self.tone = tone
        self._seen = 0
        self._samples: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def settled(self) -> bool:
        """Whether later frames change nothing."""
        return self.tone != "dark"

    @property
    def looking(self) -> bool:
        """Whether frames have shown something, and more are wanted before the shot is judged."""
        return self._seen > 0 and not self.settled

    def update(self, frame: "av.VideoFrame", pixel_format: pixel_formats.PixelFormat, luma: np.ndarray) -> None:
        """Looks at one more frame; `luma` is its reduced luma."""
        if pixel_format.log2_chroma is None:
            self.tone = Tone.GREY
        elif self._seen or (luma.mean() > _DARK and luma.std() > _DARK / 2):
            if self._seen % _STEP == 0:
                codes = pixel_formats.plane(frame, 0, pixel_format.dtype)
                chroma = pixel_formats.to_chroma(frame, pixel_format, _SIZE)
                self._samples.append((pixel_formats.to_luma(codes, pixel_format, _SIZE), chroma))
            self._seen += 1
            if self._seen == _FRAMES:
                self.settle()

    def settle(self) -> None:
        """Judges by the frames that were looked at; a shot that has shown nothing stays dark."""
        if self.looking:
            lumas, chromas = zip(*self._samples, strict=True)
            self.tone = tone.judge(np.stack(lumas), np.stack(chromas), tone.FILM)
            self._samples.clear()
