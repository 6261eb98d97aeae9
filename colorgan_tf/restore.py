"""A finished (or unfinished) training run, opened for use: its networks with averaged weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorgan_tf import config as config_lib
from colorgan_tf import run_files
from colorgan_tf.command import InputError, silence_tensorflow

if TYPE_CHECKING:
    from colorgan_tf.colorizer import Backend


def model(workdir: str | Path, weights: str = "best"):
    """Builds a run's ColorGAN and loads its averaged generator weights.

    Args:
        workdir: of the run.
        weights: "best" (smallest Frechet distance to the watched pictures) or "last".

    Returns:
        A `gan.ColorGAN` in float32.

    Raises:
        InputError: if the folder holds no run, or the run has not reached its first checkpoint.
    """
    workdir = Path(workdir)
    if not (workdir / run_files.CONFIG).is_file():
        raise InputError(f"`workdir` must be the folder of a training run. Received: {workdir} without config.json.")
    path = workdir / {"best": run_files.BEST, "last": run_files.LAST}[weights]
    if not path.is_file():
        raise InputError(f"The run must have reached its first checkpoint. Received: {workdir} without {path.name}.")
    silence_tensorflow()
    from colorgan_tf.gan import ColorGAN

    gan = ColorGAN(config_lib.load(workdir / run_files.CONFIG))
    gan.generator.load_weights(path)
    return gan


def backend(workdir: str | Path) -> "Backend":
    """Opens a run as a back end for the Colorizer."""
    gan = model(workdir)
    import tensorflow as tf

    network = tf.function(gan.call, input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
    return _Run(network, working_size(gan.config), gan.multiple)


def working_size(config: config_lib.Config) -> int:
    """Returns the short side, in pixels, at which a whole picture shows things at the scale of the training windows.

    Windows that are cut from a part of a picture (`data.zoom`) show them larger than the window's own size tells.
    """
    part = sum(config.data.zoom) / 2 if config.data.zoom else 1.0
    return max(32, round(min(config.data.window) / part / 32) * 32)


class _Run:
    def __init__(self, network, size: int, multiple: int):
        self._network, self.working_size, self.multiple = network, size, multiple

    def luma_to_chroma(self, luma: np.ndarray) -> np.ndarray:
        return self._network(luma).numpy()
