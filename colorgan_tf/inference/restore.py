"""What was trained, opened again as a generator: a run, or an exported model."""

from pathlib import Path
from typing import TYPE_CHECKING

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files, run_files, training_run
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.tensorflow_environment import silence_tensorflow

if TYPE_CHECKING:  # TensorFlow is imported when a model is opened
    from colorgan_tf.networks.generator import Generator


def trained(path: str | Path, weights: str = "best") -> "Generator":
    """Opens a run's folder (see `training_run`) or an exported SavedModel (see `exported`), whichever `path` is.

    Raises:
        InputError: if it is neither.
    """
    return training_run.generator(path, weights) if (Path(path) / run_files.CONFIG).is_file() else exported(path)


def exported(path: str | Path) -> "Generator":
    """Builds the generator that was exported as a SavedModel, with its weights.

    Args:
        path: of the servable, or of one of its versions.

    Returns:
        A generator in float32.

    Raises:
        InputError: if there is no SavedModel of `colorgan_tf.export` at the path.
    """
    folder = model_files.version_folder(path)
    settings = model_files.settings(folder / model_files.SETTINGS)
    if "config" not in settings:
        raise InputError(f"The model must be one of colorgan_tf.export's. Received: {folder} without a configuration.")
    silence_tensorflow()
    import tensorflow as tf

    from colorgan_tf.networks.generator import Generator

    generator = Generator(config_lib.from_dict(settings["config"]))
    loaded = tf.saved_model.load(str(folder))  # a signature alone does not keep its variables alive
    names = [HINTS_TO_CHROMA, REFERENCE_TO_CHROMA] if generator.hints else [LUMA_TO_CHROMA]  # which use all weights
    variables = [variable for name in names for variable in loaded.signatures[name].variables]
    generator.assign({variable.name.removesuffix(":0"): variable.numpy() for variable in variables}, path)
    return generator
