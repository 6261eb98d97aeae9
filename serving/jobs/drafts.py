"""Drafts: a picture for the screen, coloured with hints that are not given yet, to look at while one chooses."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from pipelines.media import writing
from serving.jobs import preview
from serving.jobs.colorizer import HintedColorizer, spot_of
from serving.jobs.records import Hint

NAME = "draft.jpg"
_SIDE = 960


def make(colorizer: HintedColorizer, hints: Iterable[Hint], folder: Path) -> None:
    """Writes a draft into the folder of a picture that has been coloured."""
    with Image.open(folder / "before.jpg") as image:
        grey = preview.fitted(np.asarray(image.convert("L"))[..., None], _SIDE)
    colorizer.spots = iter([tuple(spot_of(hint) for hint in hints)])
    rgb = colorizer.picture(grey.astype(np.float32) / np.float32(255))
    writing.write_bytes(folder / NAME, preview.jpeg(rgb.astype(np.uint8)))
