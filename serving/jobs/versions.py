"""Versions of a picture to start from: hints that give the places where the network is in doubt another likely colour.

They are hints like those that people give, so that a version can be looked at, changed and taken back.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from colorgan_tf.inference import finish, told
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, Backend
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.variants import variants
from pipelines.media import writing
from serving.jobs import likely_colors, preview
from serving.jobs.colorizer import HintedColorizer, spot_of
from serving.jobs.records import Hint

MOST = 4


def can(backend: Backend) -> bool:
    """Tells whether the model makes versions."""
    return {HINTS_TO_CHROMA, LIKELY_COLORS} <= backend.signatures


def make(colorizer: HintedColorizer, luma: npt.NDArray[np.float32], folder: Path) -> tuple[tuple[Hint, ...], ...]:
    """Writes a thumbnail of each version into a picture's folder: version-0.jpg, version-1.jpg ...

    Args:
        colorizer: what colours.
        luma: `[H, W, 1]` of the upright picture.
        folder: of the picture.

    Returns:
        The hints of each version; the first has none. A picture without doubts has one version.
    """
    small = finish.resize(luma, *colorizer.input_resolution(*luma.shape[:2]))
    every = variants(Colorizer(colorizer.backend), small, MOST)
    made = (every[0], *(version for version in every[1:] if version))
    found = tuple(tuple(_as_hint(each, small) for each in version) for version in made)
    height, width = luma.shape[:2]
    scale = min(1.0, preview.THUMBNAIL_SIDE / max(height, width))
    for number, hints in enumerate(found):
        colorizer.spots = iter([tuple(spot_of(hint) for hint in hints)])
        rgb = preview.resized(colorizer.picture(small), max(1, round(width * scale)), max(1, round(height * scale)))
        writing.write_bytes(folder / name(number), preview.jpeg(rgb))
    return found


def name(number: int) -> str:
    """Returns the name of a version's thumbnail."""
    return f"version-{number}.jpg"


def _as_hint(hint: told.Hint, luma: npt.NDArray[np.float32]) -> Hint:
    """Returns a hint of the network's as one that a person gives: as the colour that is seen there."""
    height, width = luma.shape[:2]
    here = float(luma[min(int(hint.y * height), height - 1), min(int(hint.x * width), width - 1), 0])
    (rgb,) = likely_colors.as_rgb(np.array([hint.chroma], np.float32), float(np.clip(here, 0.2, 0.8)))
    return Hint(hint.x, hint.y, rgb)
