"""Which model colours: the one that was asked for, that of the project, or the one that the executable carries."""

import importlib.util
from pathlib import Path

from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files


def chosen(model: str | Path | None) -> Path:
    """Returns where the model is.

    Args:
        model: what was asked for; None for the model that came with this.

    Raises:
        InputError: there is no such model, or this program has no TensorFlow to run it with.
    """
    path = Path(model) if model else model_files.default_path()
    if not path.exists():
        hint = "" if model else " There is no model with this copy yet: give one with --model or --server."
        raise InputError(f"The model must be {model_files.EXPECTED}. Received: {path}, which does not exist.{hint}")
    if path.suffix != ".tflite" and not has_tensorflow():
        raise InputError(f"Without TensorFlow, the model must be a .tflite file. Received: {path}.")
    return path.resolve()


def has_tensorflow() -> bool:
    """Tells whether TensorFlow is installed; the executable has none."""
    return importlib.util.find_spec("tensorflow") is not None
