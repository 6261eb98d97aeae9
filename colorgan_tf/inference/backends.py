"""Opens a model as a back end for the Colorizer, by what its path is."""

from pathlib import Path

from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import Backend
from colorgan_tf.inference.litert_backend import LiteRTBackend
from colorgan_tf.inference.onnx_backend import OnnxBackend
from colorgan_tf.inference.saved_model_backend import SavedModelBackend


def load(path: str | Path) -> Backend:
    """Opens a model by what its path is: a SavedModel folder, a .tflite or .onnx file or a training run's folder.

    Raises:
        InputError: if the path is missing or is none of them.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"The model must be {model_files.EXPECTED}. Received: {path}, which does not exist.")
    if path.is_file() and path.suffix == ".tflite":
        return LiteRTBackend(path)
    if path.is_file() and path.suffix == ".onnx":
        return OnnxBackend(path)
    if model_files.is_run(path):
        from colorgan_tf.inference import training_run  # late: the desktop's executable opens no runs

        return training_run.RunBackend(path)
    return SavedModelBackend(path)
