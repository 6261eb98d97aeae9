"""What was trained, opened again: a run's networks with averaged weights, or those of an exported model."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import run_files
from colorgan_tf.tensorflow_environment import silence_tensorflow

if TYPE_CHECKING:
    from colorgan_tf.inference.backend import Backend
    from colorgan_tf.training.gan import ColorGAN


def trained(path: str | Path, weights: str = "best") -> "ColorGAN":
    """Opens a run's folder (see `model`) or an exported SavedModel (see `exported`), whichever `path` is.

    Raises:
        InputError: if it is neither.
    """
    return model(path, weights) if (Path(path) / run_files.CONFIG).is_file() else exported(path)


def exported(path: str | Path) -> "ColorGAN":
    """Builds the ColorGAN that was exported as a SavedModel, with its generator's weights.

    Args:
        path: of the servable, or of one of its versions.

    Returns:
        A `gan.ColorGAN` in float32, with a new discriminator: that is not exported.

    Raises:
        InputError: if there is no SavedModel of `colorgan_tf.export` at the path.
    """
    from colorgan_tf.inference import backends  # which needs OpenCV

    folder = backends.version_folder(path)
    settings = backends.settings(folder / "assets.extra" / "colorgan.json")
    if "config" not in settings:
        raise InputError(f"The model must be one of colorgan_tf.export's. Received: {folder} without a configuration.")
    silence_tensorflow()
    import tensorflow as tf

    from colorgan_tf.training.gan import ColorGAN

    gan = ColorGAN(config_lib.from_json(json.dumps(settings["config"])))
    loaded = tf.saved_model.load(str(folder))  # a signature alone does not keep its variables alive
    variables = loaded.signatures[backends.SIGNATURE].variables
    assign(gan, {variable.name.removesuffix(":0"): variable.numpy() for variable in variables}, path)
    return gan


def weights_of(gan: "ColorGAN") -> dict[str, np.ndarray]:
    """Returns the generator's weights by their paths."""
    return {weight.path: weight.numpy() for weight in gan.generator.weights}


def assign(gan: "ColorGAN", values: dict[str, np.ndarray], name: str | Path) -> None:
    """Gives a generator the weights of another.

    Args:
        gan: whose generator takes them.
        values: as `weights_of` returns them.
        name: of the model that they come from, for the message.

    Raises:
        InputError: if the networks differ, naming the first weight that does.
    """
    for weight in gan.generator.weights:
        found = values.get(weight.path)
        if found is None or found.shape != tuple(weight.shape):
            other = "has none of this name" if found is None else f"has {found.shape}"
            raise InputError(
                f"Models must be of one network, here with {weight.path} of shape {tuple(weight.shape)}. "
                f"Received: {name}, which {other}."
            )
        weight.assign(found)


def model(workdir: str | Path, weights: str = "best") -> "ColorGAN":
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
    from colorgan_tf.training.gan import ColorGAN

    gan = ColorGAN(config_lib.load(workdir / run_files.CONFIG))
    gan.generator.load_weights(path)
    return gan


def backend(workdir: str | Path, identity: str) -> "Backend":
    """Opens a run as a back end for the Colorizer; `identity` tells it from other models."""
    gan = model(workdir)
    import tensorflow as tf

    network = tf.function(gan.call, input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
    return _Run(network, input_resolution(gan.config), gan.multiple, identity)


def input_resolution(config: config_lib.Config) -> int:
    """Returns the short side, in pixels, at which a whole picture shows things at the scale of the training windows.

    Windows that are cut from a part of a picture (`data.zoom`) show them larger than the window's own size tells.
    """
    part = sum(config.data.zoom) / 2 if config.data.zoom else 1.0
    return max(32, round(min(config.data.window) / part / 32) * 32)


class _Run:
    def __init__(self, network, resolution: int, multiple: int, identity: str):
        self._network, self.input_resolution, self.multiple = network, resolution, multiple
        self.identity = identity

    def luma_to_chroma(self, luma: np.ndarray) -> np.ndarray:
        return self._network(luma).numpy()
