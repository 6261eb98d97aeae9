"""Measures what telling colours is worth: PSNR by the number of true colours that are told at random places."""

from collections.abc import Callable, Iterable

import numpy as np

from colorgan_tf import color
from colorgan_tf.color import Floats
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Hint
from colorgan_tf.metrics.pictures import psnr

COUNTS = (0, 1, 5, 10, 50)
RADIUS = 3  # pixels: a hint is the mean colour of a square of 7 x 7


def true_hints(yuv: Floats, seed: int) -> tuple[Hint, ...]:
    """Returns the true colours of 50 squares at random places, always the same ones for a seed.

    Args:
        yuv: `[height, width, 3]`, the true picture.
        seed: of the places.
    """
    height, width = yuv.shape[:2]
    drawn = np.random.default_rng(seed)
    sides = np.array([height, width])
    hints = []
    for y, x in drawn.integers(RADIUS + 1, sides - RADIUS - 1, (max(COUNTS), 2)).tolist():
        square = yuv[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1, 1:]
        u, v = square.mean(axis=(0, 1)).tolist()
        hints.append(Hint((x + 0.5) / width, (y + 0.5) / height, (u, v), RADIUS / min(height, width)))
    return tuple(hints)


def hint_curve(
    pictures: np.ndarray, colorizer: Colorizer, progress: Callable[[Iterable], Iterable] = iter
) -> dict[int, float]:
    """Returns the mean PSNR in dB by the number of hints, of `COUNTS`.

    Args:
        pictures: uint8 RGB `[n, height, width, 3]`; grey ones, which are right before anything is told, do not count.
        colorizer: of a model that takes hints.
        progress: wraps the iteration over the pictures.

    Raises:
        InputError: if the model takes none.
    """
    rows = []
    for number, picture in enumerate(progress(pictures)):
        true = picture.astype(np.float32) / 255
        yuv = color.rgb_to_yuv(true)
        luma = np.clip(yuv[..., :1], 0, 1)
        hints = true_hints(yuv, number)
        chroma = [colorizer.telling(hints[:count]).chroma(luma[None])[0] for count in COUNTS]
        rows.append([psnr(color.merge(luma, each), true) for each in chroma])
    finite = [row for row in rows if np.isfinite(row).all()]
    return dict(zip(COUNTS, np.mean(finite, axis=0).tolist(), strict=True))
