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
    """True pictures of one size, and the files that gave none.

    Attributes:
        pictures: uint8 RGB `[n, size, size, 3]`.
        files: the files they come from, in order.
        bad: files that could not be read, each with the reason.
    """

    pictures: np.ndarray
    files: tuple[Path, ...]
    bad: tuple[tuple[Path, str], ...]


def centre_square(image: Image.Image, size: int) -> np.ndarray:
    """Brings a picture to a short side of `size` and cuts its centre square.

    A picture that has the short side already is only cut, never resampled, so its pixels are the file's own.

    Returns:
        uint8 RGB `[size, size, 3]`.
    """
    image = ImageOps.exif_transpose(image).convert("RGB")
    if min(image.size) != size:
        scale = size / min(image.size)
        image = image.resize(
            (max(size, round(image.width * scale)), max(size, round(image.height * scale))), Image.Resampling.LANCZOS
        )
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)))


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
    squares, good, bad = [], [], []
    for path in progress(files):
        fault = pictures.read_header(path).fault
        if fault is None:
            try:
                with Image.open(path) as image:
                    squares.append(centre_square(image, size))
                good.append(path)
                continue
            except Exception as error:  # Pillow's readers raise many kinds of error on damaged data
                fault = str(error) or type(error).__name__
        bad.append((path, fault))
    if not squares:
        raise InputError(f"{folder} must hold a picture that can be read. Received: {bad[0][0]}: {bad[0][1]}")
    return Loaded(np.stack(squares), tuple(good), tuple(bad))
