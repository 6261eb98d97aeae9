"""Optical flow between frames or pictures of one scene, how far it can be trusted, and warping along it."""

import dataclasses
import functools
from typing import Any

import numpy as np

from colorgan_tf.color import Floats

# Forward-backward check: N. Sundaram, T. Brox, K. Keutzer, "Dense point trajectories by GPU-accelerated large
# displacement optical flow", ECCV 2010, equation 5.
_CONSISTENCY_SLOPE, _CONSISTENCY_FLOOR = 0.01, 0.5
_LUMA_TOLERANCE = 0.07
_NO_MAP = np.empty(0, np.int16)  # tells OpenCV that the first map holds both coordinates
_NOWHERE = -10.0  # a luma that fits nothing


@dataclasses.dataclass(frozen=True)
class Motion:
    """How to bring one frame onto another.

    Attributes:
        flow: `[height, width, 2]` float32: for each pixel of the frame at hand, how far right and down (in pixels of
            this array) to look in the other frame.
        confidence: `[height, width]` float32 in [0, 1], 0 where the other frame does not show the same thing.
    """

    flow: Floats
    confidence: Floats


class FlowEstimator:
    """Estimates the flow between neighbouring frames by dense inverse search (OpenCV).

    Args:
        fine: search longer and down to single pixels; for measuring, and for pictures that lie further apart.
    """

    def __init__(self, fine: bool = False):
        import cv2

        self._search: Any = cv2.DISOpticalFlow.create(
            cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if fine else cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST
        )
        self._search.setFinestScale(0 if fine else 1)

    def flows(self, earlier: Floats, later: Floats) -> tuple[Floats, Floats]:
        """Returns the backward and the forward flow, `[height, width, 2]` each, unchecked; exposure is not equalised.

        Args:
            earlier: luma `[height, width]` in [0, 1].
            later: the same of another frame or picture.
        """
        first, second = (np.clip(frame * 255.0, 0, 255).astype(np.uint8) for frame in (earlier, later))
        return self._search.calc(second, first, None), self._search.calc(first, second, None)

    def estimate(self, earlier: Floats, later: Floats, both: bool = True) -> tuple[Motion, Motion | None]:
        """Compares two lumas `[height, width]` float32 in [0, 1].

        Args:
            earlier: the frame before.
            later: the frame at hand.
            both: whether the forward motion is wanted as well.

        Returns:
            The backward motion, which brings the earlier frame onto the later one, and (where wanted) the forward
            motion, which brings the later frame onto the earlier one.
        """
        # A flicker of exposure is not motion: both frames get the same mean before they are compared.
        earlier = earlier + (later.mean() - earlier.mean())
        backward, forward = self.flows(earlier, later)  # each is checked against the other
        backward_motion = Motion(backward, _confidence(backward, forward, later, earlier))
        if not both:
            return backward_motion, None
        return backward_motion, Motion(forward, _confidence(forward, backward, earlier, later))


def _confidence(flow: Floats, reverse: Floats, here: Floats, there: Floats) -> Floats:
    import cv2

    grid = _grid(flow.shape[:2]) + flow
    returned = cv2.remap(reverse, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    other = cv2.remap(
        there, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(_NOWHERE,) * 4
    )
    gap = flow + returned
    error = np.einsum("ijk,ijk->ij", gap, gap)
    length = np.einsum("ijk,ijk->ij", flow, flow) + np.einsum("ijk,ijk->ij", returned, returned)
    fits = error < _CONSISTENCY_SLOPE * length + _CONSISTENCY_FLOOR
    # Single noisy pixels do not decide: the luma is compared over a small neighbourhood.
    difference = cv2.blur(np.abs(here - other), (3, 3))
    confidence = np.exp(-((difference / _LUMA_TOLERANCE) ** 2)) * fits
    return confidence.astype(np.float32)


@functools.lru_cache(maxsize=4)  # one film uses two sizes: that of its flow, and a smaller one for its report
def _grid(size: tuple[int, ...]) -> Floats:
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    return np.stack([columns, rows], axis=-1)


def resize_motion(motion: Motion, size: tuple[int, ...]) -> Motion:
    """Brings a motion to another size: (height, width)."""
    import cv2

    height, width = motion.confidence.shape
    if (height, width) == size:
        return motion
    flow = cv2.resize(motion.flow, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    flow = flow * np.array([size[1] / width, size[0] / height], np.float32)
    confidence = cv2.resize(motion.confidence, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return Motion(flow, np.asarray(confidence, np.float32))


def warp(values: Floats, flow: Floats) -> Floats:
    """Samples `[height, width, channels]` where the flow points; pixels outside repeat the edge."""
    import cv2

    grid = _grid(flow.shape[:2]) + flow
    warped = cv2.remap(values, grid, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
