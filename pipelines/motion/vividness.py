"""How much less colourful a stabilized shot is than the network meant it, and the gain that gives it back."""

import numpy as np

_MOST = 1.15
_MEMORY = 0.95  # by which a frame's weight falls with each further one
_MEAN_WEIGHT = 0.3  # of the mean colour beside its spread, as in the colourfulness of Hasler and Suesstrunk (2003)


class Vividness:
    """Compares frames of one shot before and after stabilization: averages of colours that differ are paler."""

    def __init__(self) -> None:
        self._sums = np.zeros(2)  # before, after

    @property
    def gain(self) -> np.float32:
        """Factor for the chroma of the frame at hand, from 1 up; it changes slowly."""
        before, after = self._sums
        return np.float32(np.clip(before / after, 1.0, _MOST) if after > 0 else 1.0)

    def compare(self, before: np.ndarray, after: np.ndarray) -> None:
        """Takes a frame's chroma `[height, width, 2]` float32, from the network and stabilized."""
        found = np.array([_strength(before), _strength(after)])
        # The first frame counts double, half of it as one that lost nothing, so that the next do not change much.
        self._sums = self._sums * _MEMORY + found if self._sums.any() else found + found[1]

    def state(self) -> dict[str, np.ndarray]:
        """Returns what `restore` needs, as arrays."""
        return {"sums": self._sums}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a saved state; from an empty one begins a shot."""
        self._sums = state.get("sums", np.zeros(2))


def _strength(chroma: np.ndarray) -> float:
    import cv2

    mean, spread = cv2.meanStdDev(chroma)
    return float(np.linalg.norm(spread) + _MEAN_WEIGHT * np.linalg.norm(mean))
