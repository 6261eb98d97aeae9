"""Drafts: pictures and frames for the screen, coloured with hints that are not given yet, to look at while choosing."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorgan_tf import color
from pipelines.media import writing
from pipelines.media.formats import Kind
from serving.jobs import preview
from serving.jobs.colorizer import HintedColorizer, spot_of
from serving.jobs.records import Hint

NAME = "draft.jpg"
_SIDE = 960


def of_picture(folder: Path) -> npt.NDArray[np.float32]:
    """Returns the luma `[H, W, 1]` in [0, 1] of a picture that has been coloured, by its folder."""
    with Image.open(folder / "before.jpg") as image:
        grey = np.asarray(image.convert("L"))[..., None]
    return preview.fitted(grey, _SIDE).astype(np.float32) / np.float32(255)


def of_frame(original: Path, kind: Kind, number: int) -> npt.NDArray[np.float32]:
    """Returns the luma `[H, W, 1]` in [0, 1] of a frame of an animation or film."""
    read = preview.animation_frame if kind == Kind.ANIMATION else preview.film_frame
    rgb = preview.fitted(read(original, number), _SIDE).astype(np.float32) / np.float32(255)
    return np.clip(color.luma(rgb), 0, 1)


def make(colorizer: HintedColorizer, luma: npt.NDArray[np.float32], hints: Iterable[Hint], folder: Path) -> None:
    """Writes a draft into the folder of a file.

    Args:
        colorizer: what colours.
        luma: `[H, W, 1]` in [0, 1].
        hints: on this picture, or frame.
        folder: of the file.
    """
    colorizer.spots = iter([tuple(spot_of(hint) for hint in hints)])
    writing.write_bytes(folder / NAME, preview.jpeg(colorizer.picture(luma).astype(np.uint8)))
