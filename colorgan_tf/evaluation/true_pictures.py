"""True pictures to measure on: read from a folder, brought to one size."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from colorgan_tf.errors import InputError
from colorgan_tf.evaluation.evaluator import spread
from pipelines.data import pictures


@dataclasses.dataclass(frozen=True)
class Loaded:
    """True pictures, and the files that gave none.

    Attributes:
        pictures: their centre squares, uint8 RGB `[n, size, size, 3]`.
        whole: the same pictures uncut, short side `size`, uint8 RGB `[height, width, 3]` each.
        files: the files they come from, in order.
        bad: files that could not be read, each with the reason.
    """

    pictures: np.ndarray
    whole: tuple[np.ndarray, ...]
    files: tuple[Path, ...]
    bad: tuple[tuple[Path, str], ...]


def with_short_side(image: Image.Image, size: int) -> np.ndarray:
    """Turns a picture upright and brings it to a short side of `size`; one that has it keeps the file's own pixels.

    Returns:
        uint8 RGB `[height, width, 3]`.
    """
    image = ImageOps.exif_transpose(image).convert("RGB")
    if min(image.size) != size:
        scale = size / min(image.size)
        image = image.resize(
            (max(size, round(image.width * scale)), max(size, round(image.height * scale))), Image.Resampling.LANCZOS
        )
    return np.asarray(image)


def centre_square(picture: np.ndarray) -> np.ndarray:
    """Cuts the centre square of `[height, width, 3]`."""
    height, width = picture.shape[:2]
    size = min(height, width)
    top, left = (height - size) // 2, (width - size) // 2
    return picture[top : top + size, left : left + size]


def load_pictures(
    folder: str | Path, size: int = 256, limit: int = 0, progress: Callable[[Iterable], Iterable] = iter
) -> Loaded:
    """Reads the pictures below a folder as true pictures for an `Evaluator`.

    Args:
        folder: searched with its subfolders.
        size: side of the squares, in pixels.
        limit: most pictures, evenly spread over the sorted files; 0 for all.
        progress: wraps the iteration over the files, for example `tqdm`.

    Raises:
        InputError: if the folder is missing, or holds no picture that can be read.
    """
    files = pictures.find(folder)
    files = [files[number] for number in spread(len(files), limit)]
    whole, good, bad = [], [], []
    for path in progress(files):
        fault = pictures.read_header(path).fault
        if fault is None:
            try:
                with Image.open(path) as image:
                    whole.append(with_short_side(image, size))
                good.append(path)
                continue
            except Exception as error:  # Pillow's readers raise many kinds of error on damaged data
                fault = str(error) or type(error).__name__
        bad.append((path, fault))
    if not whole:
        raise InputError(f"{folder} must hold a picture that can be read. Received: {bad[0][0]}: {bad[0][1]}")
    squares = np.stack([centre_square(picture) for picture in whole])
    return Loaded(squares, tuple(whole), tuple(good), tuple(bad))
