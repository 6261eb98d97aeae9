"""Carries fine detail of a key frame's chroma to the frames after it, through one warp, so that it does not blur."""

import numpy as np

from colorgan_tf.inference.flow import Motion, resize_motion, warp


class CarriedDetail:
    """Detail of the last key frame, and the motion from there to the frame at hand."""

    def __init__(self) -> None:
        self._detail: np.ndarray | None = None
        self._motion: Motion | None = None

    def put(self, detail: np.ndarray) -> None:
        """Takes a key frame's detail `[height, width, 2]` float32."""
        self._detail, self._motion = detail, None

    def follow(self, motion: Motion) -> None:
        """Goes on to the next frame, onto which `motion`, of any size, brings the frame before."""
        if self._motion is None:
            self._motion = motion
            return
        before = warp(np.dstack([self._motion.flow, self._motion.confidence]), motion.flow)
        self._motion = Motion(motion.flow + before[..., :2], motion.confidence * before[..., 2])

    def here(self) -> np.ndarray:
        """Returns the detail on the frame at hand: none where the motion does not fit.

        Raises:
            ValueError: there was no key frame.
        """
        if self._detail is None:
            raise ValueError("A key frame must come first.")
        if self._motion is None:
            return self._detail
        motion = resize_motion(self._motion, self._detail.shape[:2])
        return warp(self._detail, motion.flow) * motion.confidence[..., None]
