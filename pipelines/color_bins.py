"""Command: counts the colours of photographs, and writes the bins of the UV plane that a bin head classifies into.

python -m pipelines.color_bins photos/ --output=colorgan_tf/networks/color_bins.npz
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags
from numpy.typing import NDArray

from colorgan_tf import command
from colorgan_tf.errors import InputError
from pipelines.media import writing

Floats = NDArray[np.floating[Any]]
STEP = 0.04  # grid of the UV plane
REDUCTION = 4  # colours are counted at the resolution that a bin head predicts


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("output", None, "File to write, .npz.")
    flags.DEFINE_float("coverage", 0.999, "Part of all pixels that the kept bins cover.")


def count(chromas: Iterable[Floats]) -> tuple[Floats, Floats]:
    """Counts colours on the grid, each spread bilinearly over the four grid points around it.

    Args:
        chromas: arrays `[..., 2]` of U and V.

    Returns:
        All grid points `[n, 2]`, and how much of the pixels falls to each, float64 `[n]`, summing to 1.
    """
    reach = round(0.64 / STEP)  # grid points on either side of grey; |V| is at most 0.615
    side = 2 * reach + 1
    counts = np.zeros((side, side))
    for chroma in chromas:
        position = chroma.reshape(-1, 2).astype(np.float64) / STEP + reach
        corner = np.floor(position).astype(int)
        part = position - corner
        for du in (0, 1):
            for dv in (0, 1):
                weight = np.abs(1 - du - part[:, 0]) * np.abs(1 - dv - part[:, 1])
                np.add.at(counts, (corner[:, 0] + du, corner[:, 1] + dv), weight)
    grid = (np.stack(np.meshgrid(*[np.arange(side)] * 2, indexing="ij"), axis=-1) - reach) * STEP
    return grid.reshape(-1, 2), counts.ravel() / counts.sum()


def keep(points: Floats, frequency: Floats, coverage: float) -> tuple[Floats, Floats]:
    """Keeps the most frequent grid points that together cover `coverage` of the pixels.

    Returns:
        Their centres `[bins, 2]` float32, and their frequency `[bins]` float32, summing to 1.
    """
    order = np.argsort(-frequency, kind="stable")
    number = int(np.searchsorted(np.cumsum(frequency[order]), coverage)) + 1
    kept = np.sort(order[:number])
    return points[kept].astype(np.float32), (frequency[kept] / frequency[kept].sum()).astype(np.float32)


def of_folder(folder: str | Path, progress: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> tuple[Floats, Floats]:
    """Counts the colours of all pictures below a folder (or in shards); see `count`."""
    import tensorflow as tf

    from colorgan_tf import config as config_lib
    from pipelines.data import dataset

    source = dataset.open_source(folder)
    data = config_lib.Data(window=(256, 256), zoom=(1.0, 1.0))
    small = dataset.validation(source, data, 16).map(
        lambda luma, chroma: tf.nn.avg_pool2d(chroma, REDUCTION, REDUCTION, "VALID")
    )
    return count(progress(small.as_numpy_iterator()))


def main(argv: list[str]) -> None:
    """Counts and writes."""
    values = flags.FLAGS
    if len(argv) != 2 or not values.output:
        raise InputError(f"One folder of pictures and --output are expected. Received: {' '.join(argv[1:])}.")
    from tqdm import tqdm

    points, frequency = of_folder(argv[1], lambda batches: tqdm(batches, unit="batch"))
    centres, kept = keep(points, frequency, values.coverage)
    with writing.beside(values.output) as partial:
        np.savez(partial, centres=centres, frequency=kept)
    print(f"{len(kept)} bins in {values.output}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
