"""Where shots begin, found from luma alone: cuts, fades and dissolves, frame by frame, with a fixed small memory.

Temporal stabilization uses it to keep colour from crossing a shot boundary.
"""

import dataclasses
from collections import deque

import numpy as np

# Size at which luma is compared: large enough for composition, small enough to forgive motion and grain.
THUMBNAIL = (36, 64)
_BINS = 32
# How far two frames are apart, 0 to 1; set on clips joined at known places and on hand-held, fast-moving ones.
_CUT = 0.32
_CUT_OVER_USUAL = 2.5  # a cut stands out from the motion just before it
_DISSOLVE_FRAMES = 24
_DISSOLVE = 0.34
_DISSOLVE_RESIDUAL = 0.45  # left over when the middle frame is explained as a mix of the outer two
_DARK = 0.045
_FLAT = 0.02


@dataclasses.dataclass(frozen=True)
class Boundary:
    """The first frame of a shot, and what led to it: "start", "cut", "fade" or "dissolve"."""

    frame: int
    kind: str


def thumbnail(luma: np.ndarray) -> np.ndarray:
    """Reduces a luma `[height, width]` (or `[..., 1]`) in [0, 1] to the size at which frames are compared."""
    import cv2

    luma = luma[..., 0] if luma.ndim == 3 else luma
    return cv2.resize(luma, THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)


def distance(before: np.ndarray, after: np.ndarray) -> float:
    """Measures how different two thumbnails are, 0 (the same picture) to about 1.

    One third is the overlap of histograms, which forgives motion. Two thirds are what is left when each block of 9 x 8
    pixels is matched within a small shift, in pictures brought to one mean and spread, which forgives exposure.
    """
    histograms = [_histogram(frame) / frame.size for frame in (before, after)]
    # Neighbouring bins count as half equal, so that a slow change of exposure is no change of picture.
    smooth = [np.convolve(histogram, (0.25, 0.5, 0.25), "same") for histogram in histograms]
    overlap = 1.0 - np.minimum(*smooth).sum()
    first, second = (_normalized(frame) for frame in (before, after))
    return float((overlap + 2.0 * _unmatched(first, second)) / 3.0)


def _histogram(frame: np.ndarray) -> np.ndarray:
    bins = np.clip(frame.ravel() * _BINS, 0, _BINS - 1).astype(np.intp)
    return np.bincount(bins, minlength=_BINS)


def _normalized(frame: np.ndarray) -> np.ndarray:
    spread = float(frame.std())
    return (frame - frame.mean()) / max(spread, 0.02)


def _unmatched(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the second picture's structure that the first, shifted a little block by block, does not explain."""
    import cv2

    height, width = THUMBNAIL
    padded = cv2.copyMakeBorder(first, 3, 3, 3, 3, cv2.BORDER_REPLICATE)
    # All 7 x 7 shifts below each other: one call of many rows takes a fifth of the time of many calls.
    shifted = np.lib.stride_tricks.sliding_window_view(padded, THUMBNAIL)
    errors = np.subtract(shifted, second, order="C")
    np.square(errors, out=errors)
    blocks = cv2.resize(errors.reshape(49 * height, width), (8, 49 * 4), interpolation=cv2.INTER_AREA)
    best = blocks.reshape(49, 4, 8).min(axis=0)
    # Two unrelated pictures of unit spread differ by 2 in the mean square.
    return float(np.clip(best.mean(dtype=np.float64), 0.0, 1.0))


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Tells whether two neighbouring frames, seen alone, are of different shots; `ShotDetector` knows more.

    Args:
        before: luma `[height, width]` float32 in [0, 1], any size.
        after: the same, of the frame after it.
    """
    return distance(thumbnail(before), thumbnail(after)) > _CUT


class ShotDetector:
    """Reports a boundary at the frame that begins a new shot, without looking ahead.

    A dissolve is reported at its end, when it is known to have been one; a fade when the picture comes back.
    """

    def __init__(self) -> None:
        self._frame = 0
        self._opening = "start"  # what the first frame is
        self._recent: deque[np.ndarray] = deque(maxlen=_DISSOLVE_FRAMES + 1)
        self._steps: deque[float] = deque(maxlen=12)
        self._dark = False

    def push(self, luma: np.ndarray) -> Boundary | None:
        """Takes the next frame.

        Args:
            luma: `[height, width]` or `[height, width, 1]` float32 in [0, 1], any size.

        Returns:
            The boundary that this frame is, or None.
        """
        small = thumbnail(luma)
        kind = self._kind(small)
        if kind is not None:
            self._recent.clear()
            self._steps.clear()
        self._recent.append(small)
        self._frame += 1
        return Boundary(self._frame - 1, kind) if kind is not None else None

    def _kind(self, small: np.ndarray) -> str | None:
        dark = bool(small.mean() < _DARK or small.std() < _FLAT)
        was_dark, self._dark = self._dark, dark
        if not self._recent:
            return self._opening
        if dark:
            return None
        if was_dark:
            return "fade"
        step = distance(self._recent[-1], small)
        usual = float(np.median(self._steps)) if self._steps else 0.0
        self._steps.append(step)
        if step > _CUT and step > _CUT_OVER_USUAL * usual:
            return "cut"
        return "dissolve" if self._dissolved(small) else None

    def _dissolved(self, small: np.ndarray) -> bool:
        """A dissolve has just ended: far from the frame a second ago, the middle a mix of both, and now at rest."""
        if len(self._recent) <= _DISSOLVE_FRAMES // 2:
            return False
        for back in (_DISSOLVE_FRAMES // 2, _DISSOLVE_FRAMES):
            if len(self._recent) < back:
                continue
            before, middle = self._recent[-back], self._recent[-(back // 2)]
            if np.abs(before - small).mean() < 0.06 or distance(before, small) < _DISSOLVE:
                continue
            # The share of the new picture in the middle frame, by least squares, and what the mix leaves over.
            change, so_far = (small - before).ravel(), (middle - before).ravel()
            share = float(change @ so_far / (change @ change))
            residual = float(np.linalg.norm(so_far - share * change) / np.linalg.norm(change))
            if 0.2 < share < 0.8 and residual < _DISSOLVE_RESIDUAL * min(share, 1 - share):
                # Still under way as long as the next steps go the same way.
                last = (small - self._recent[-1]).ravel()
                pace = float(last @ change) / float(change @ change)
                return pace < 0.25 / back
        return False

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `restore` needs, as arrays."""
        recent = np.stack(self._recent) if self._recent else np.zeros((0, *THUMBNAIL), np.float32)
        counters = np.array([self._frame, int(self._dark)], np.int64)
        steps = np.array(self._steps, np.float64)
        return {"recent": recent, "steps": steps, "counters": counters, "opening": np.array(self._opening)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a saved state."""
        self._recent.extend(state["recent"])
        self._steps.extend(state["steps"].tolist())
        self._frame, dark = (int(value) for value in state["counters"])
        self._dark = bool(dark)
        self._opening = str(state["opening"])


def state_at(boundary: Boundary) -> dict[str, np.ndarray]:
    """Returns the state of a detector whose next frame is that boundary: nothing before it matters."""
    detector = ShotDetector()
    detector._frame, detector._opening = boundary.frame, boundary.kind
    return detector.state()
