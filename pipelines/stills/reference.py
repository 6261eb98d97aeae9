"""A picture file as a reference, whose colours others take."""

from pathlib import Path

import numpy as np

from colorgan_tf.inference.told import Reference
from pipelines.media.orientation import upright
from pipelines.stills import still as stills


def read_reference(path: str | Path) -> Reference:
    """Reads a reference.

    Raises:
        InputError: it cannot be read, or is grey.
    """
    still = stills.read(path)
    rgb = upright(still.values, still.metadata.orientation).astype(np.float32) / np.float32(still.levels)
    return Reference.of_rgb(np.broadcast_to(rgb, (*rgb.shape[:2], 3)))
