"""A shot keeps one colour for one thing: a frame of its beginning, as it was coloured, is a reference for the others.

So a thing that leaves and comes back has its colours again, and the network does not choose others along the shot.
"""

import numpy as np

from colorgan_tf.errors import InputError
from colorgan_tf.inference.backend import REFERENCE_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Reference, Told
from pipelines.motion.steady import Steady
from pipelines.motion.tracking import State

# A shot may fade in: a frame with so many times the contrast of the one that is remembered takes its place.
_CLEARER = 1.5


class ShotMemory:
    """Remembers a frame of the present shot.

    Args:
        colorizer: what colours, told nothing.
        saved: state to go on from, as `state` returns it; empty at a film's beginning.
    """

    def __init__(self, colorizer: Colorizer, saved: State):
        self._colorizer = colorizer
        self._contrast = float(saved.get("contrast", 0.0))
        self._reference = Reference(saved["luma"], saved["chroma"]) if "luma" in saved else None

    def begin(self) -> None:
        """Forgets the shot before."""
        self._reference, self._contrast = None, 0.0

    def told(self, luma: np.ndarray) -> Told:
        """Returns what the shot tells a frame; at its beginning, what the frame tells itself.

        Args:
            luma: `[h, w]` float32 in [0, 1], at input resolution.
        """
        contrast = float(luma.std())
        if contrast > _CLEARER * self._contrast:
            self._contrast = contrast
            try:
                self._reference = self._colorizer.as_reference(luma[..., None])
            except InputError:  # so dark, or so even, that it has no colours
                self._reference = None
        return self._reference or ()

    def state(self) -> State:
        """Returns what is needed to go on from here."""
        if self._reference is None:
            return {"contrast": np.array(self._contrast)}
        return {
            "contrast": np.array(self._contrast),
            "luma": self._reference.luma,
            "chroma": self._reference.chroma,
        }


def of(colorizer: Colorizer, steady: str, saved: State) -> ShotMemory | None:
    """Returns a memory where `steady` asks for one and the model takes references; it costs a multiple of the time.

    Args:
        colorizer: what colours.
        steady: one of `Steady`.
        saved: as for `ShotMemory`.
    """
    if steady != Steady.HIGH or REFERENCE_TO_CHROMA not in colorizer.backend.signatures:
        return None
    return ShotMemory(colorizer.telling(()), saved)
