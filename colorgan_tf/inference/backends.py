"""Back ends for the Colorizer: a SavedModel through TensorFlow, a .tflite file through LiteRT, a training run.

TensorFlow and LiteRT are imported by the function that needs them: the module itself costs nothing.
"""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np

from colorgan_tf.errors import InputError
from colorgan_tf.inference.backend import Backend
from colorgan_tf.inference.quality import Quality
from colorgan_tf.tensorflow_environment import silence_tensorflow

SIGNATURE = "luma_to_chroma"
SHIPPED = Path(__file__).parents[2] / "saved_models" / "colorgan"
# Used where a model does not say what it was trained for.
INPUT_RESOLUTION = 256
MULTIPLE = 32
EXPECTED = "a SavedModel folder (NAME/1/saved_model.pb or NAME/saved_model.pb), a .tflite file or a training run"


def default_path(quality: str = Quality.GOOD) -> Path:
    """Returns where the model that comes with the project is: a SavedModel, or its int8 copy for LiteRT.

    The copy is for `fast`, and stands in where there is no SavedModel, as in the desktop's executable.
    """
    small = SHIPPED.with_suffix(".tflite")
    return small if small.is_file() and (quality == Quality.FAST or not SHIPPED.exists()) else SHIPPED


def load(path: str | Path) -> Backend:
    """Opens a model by what its path is: a SavedModel folder, a .tflite file or a training run's folder.

    Raises:
        InputError: if the path is missing or is none of them.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"The model must be {EXPECTED}. Received: {path}, which does not exist.")
    if path.is_file() and path.suffix == ".tflite":
        return tflite(path)
    if _is_run(path):
        from colorgan_tf.inference import training_run  # late: the desktop's executable opens no runs

        return training_run.RunBackend(path, identity(path))
    return saved_model(path)


def identity(path: str | Path) -> str:
    """Returns a short text that differs between models: a film is resumed only by the model that began it."""
    path = Path(path)
    if path.is_dir():
        path = path / "best.json" if _is_run(path) else version_folder(path) / "fingerprint.pb"
    data = path.read_bytes() if path.is_file() else str(path.resolve()).encode()
    return hashlib.sha256(data).hexdigest()[:16]


def _is_run(path: Path) -> bool:
    return (path / "config.json").is_file() and (path / "checkpoints").is_dir()


def version_folder(path: str | Path) -> Path:
    """Returns the folder of the SavedModel that `path` stands for: itself, or its version of the largest number.

    Args:
        path: NAME/ with version folders, or one version folder.

    Raises:
        InputError: if there is no SavedModel at the path.
    """
    path = Path(path)
    if (path / "saved_model.pb").is_file():
        return path
    versions = [each for each in path.glob("[0-9]*") if each.name.isdigit() and (each / "saved_model.pb").is_file()]
    if not versions:
        raise InputError(f"The model must be {EXPECTED}. Received: {path}.")
    return max(versions, key=lambda each: int(each.name))


def saved_model(path: str | Path) -> Backend:
    """Opens a SavedModel through TensorFlow.

    Args:
        path: NAME/ with version folders (the largest number is taken, as TF Serving does), or one version folder.

    Raises:
        InputError: if there is no SavedModel at the path, or it lacks the signature `luma_to_chroma`.
    """
    folder = version_folder(path)
    silence_tensorflow()
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))
    if SIGNATURE not in model.signatures:
        names = ", ".join(model.signatures) or "none"
        raise InputError(f"The SavedModel must have the signature {SIGNATURE}. Received: {folder} with {names}.")
    return _SavedModel(model, settings(folder / "assets.extra" / "colorgan.json"), identity(folder))


def tflite(path: str | Path, threads: int = 2) -> Backend:
    """Opens a .tflite file through LiteRT. `NAME.json` beside `NAME.tflite` may hold its input resolution and
    multiple.

    Raises:
        InputError: if the file is missing, is no TFLite model or does not take luma `[N, h, w, 1]` to chroma `[N, h, w,
            2]`.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"A .tflite file is expected. Received: {path}, which is not a file.")
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"A TFLite model is expected. Received: {path}: {str(error).strip().splitlines()[0]}"
        ) from error
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(inputs[0]["shape"]) != 4 or inputs[0]["shape"][-1] != 1 or outputs[0]["shape"][-1] != 2:
        shapes = [detail["shape"].tolist() for detail in (*inputs, *outputs)]
        raise InputError(f"The model must take [N, h, w, 1] to [N, h, w, 2]. Received: {path} with shapes {shapes}.")
    return _TFLite(interpreter, settings(path.with_suffix(".json")), identity(path))


def settings(path: Path) -> dict[str, Any]:
    """Reads what an export says of its model; an empty dictionary where there is no such file.

    Older exports call the input resolution "working_size"; it is returned under its present name.

    Raises:
        InputError: if the file is not a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        values = dict(json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise InputError(f"The model's settings must be a JSON object. Received: {path}: {error}") from error
    if "working_size" in values:
        values.setdefault("input_resolution", values.pop("working_size"))
    return values


class _SavedModel:
    def __init__(self, model: Any, settings: dict[str, Any], identity: str):
        self._model = model  # a signature alone does not keep its variables alive
        self._signature = model.signatures[SIGNATURE]
        self.input_resolution = int(settings.get("input_resolution", INPUT_RESOLUTION))
        self.identity = identity
        self.multiple = int(settings.get("multiple", MULTIPLE))

    def luma_to_chroma(self, luma: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        return self._signature(luma=tf.constant(luma, tf.float32))["chroma"].numpy()


class _TFLite:
    def __init__(self, interpreter: Any, settings: dict[str, Any], identity: str):
        self._interpreter = interpreter
        self._lock = threading.Lock()  # an interpreter holds one set of tensors
        self._input = interpreter.get_input_details()[0]
        signature = self._input.get("shape_signature", self._input["shape"])
        self._fixed = tuple(int(side) for side in signature[1:3]) if min(signature[1:3]) > 0 else None
        self._batches = signature[0] <= 0
        resolution = int(settings.get("input_resolution", INPUT_RESOLUTION))
        self.input_resolution = min(self._fixed) if self._fixed else resolution
        self.identity = identity
        self.multiple = int(settings.get("multiple", MULTIPLE))

    def luma_to_chroma(self, luma: np.ndarray) -> np.ndarray:
        from colorgan_tf.inference import finish

        size = luma.shape[1:3]
        if self._fixed:
            luma = np.stack([finish.resize(each, *self._fixed) for each in luma])
        batches = [luma] if self._batches else np.split(luma, len(luma))
        with self._lock:
            chroma = np.concatenate([self._run(batch) for batch in batches])
        return np.stack([finish.resize(each, *size) for each in chroma]) if self._fixed else chroma

    def _run(self, luma: np.ndarray) -> np.ndarray:
        if tuple(self._input["shape"]) != luma.shape:
            self._interpreter.resize_tensor_input(self._input["index"], luma.shape)
            self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]
        self._interpreter.set_tensor(self._input["index"], _quantized(luma, self._input))
        self._interpreter.invoke()
        output = self._interpreter.get_output_details()[0]
        return _dequantized(self._interpreter.get_tensor(output["index"]), output)


def _quantized(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    dtype = tensor["dtype"]
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    scale, zero = tensor["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / scale) + zero, limits.min, limits.max).astype(dtype)


def _dequantized(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    if not np.issubdtype(values.dtype, np.integer):
        return values.astype(np.float32)
    scale, zero = tensor["quantization"]
    return ((values.astype(np.float32) - zero) * scale).astype(np.float32)
