"""Where models lie and what their files say: found, told apart, and their settings read, without opening them."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colorgan_tf.errors import InputError
from colorgan_tf.inference import run_files
from colorgan_tf.inference.quality import Quality

SHIPPED = Path(__file__).parents[2] / "saved_models" / "colorgan"
FLOAT16 = SHIPPED.with_name("colorgan_float16.tflite")
INT8 = SHIPPED.with_suffix(".tflite")
_GPUS = Path("/proc/driver/nvidia/gpus")  # known without the seconds that TensorFlow takes to look
# Used where a model does not say what it was trained for.
INPUT_RESOLUTION = 256
MULTIPLE = 32
SETTINGS = Path("assets.extra", "colorgan.json")  # in the folder of a version
EXPECTED = (
    "a SavedModel folder (NAME/1/saved_model.pb or NAME/saved_model.pb), a .tflite or .onnx file or a training run"
)


def default_path(quality: str = Quality.GOOD) -> Path:
    """Returns where the model that comes with the project is.

    On a processor it is a copy for LiteRT, which starts at once and takes half of TensorFlow's time: in float16, as
    good as the SavedModel; for `fast` in int8. A machine with an NVIDIA GPU takes the SavedModel, where
    `CUDA_VISIBLE_DEVICES` does not hide it. So does everything once another model has been exported in its place.
    """
    gpu = _GPUS.exists() and os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1")
    exact = [SHIPPED, FLOAT16] if gpu else [FLOAT16, SHIPPED]
    order = [INT8, *exact] if quality == Quality.FAST else [*exact, INT8]
    return next((path for path in order if path.exists() and _is_current(path)), SHIPPED)


def _is_current(path: Path) -> bool:
    """Tells whether a copy was made of the SavedModel that is there now."""
    return (
        path == SHIPPED or not SHIPPED.exists() or settings(path.with_suffix(".json")).get("model") == identity(SHIPPED)
    )


def is_run(path: Path) -> bool:
    """Tells whether a folder is that of a training run."""
    return (path / run_files.CONFIG).is_file() and (path / run_files.CHECKPOINTS).is_dir()


def identity(path: str | Path) -> str:
    """Returns a short text that differs between models: a film is resumed only by the model that began it."""
    path = Path(path)
    if path.is_dir():
        path = path / run_files.BEST_SCORE if is_run(path) else version_folder(path) / "fingerprint.pb"
    data = path.read_bytes() if path.is_file() else str(path.resolve()).encode()
    return hashlib.sha256(data).hexdigest()[:16]


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


def name(path: str | Path) -> str:
    """Returns the servable's name, also where `path` is one of its versions."""
    path = Path(path).resolve()
    return path.parent.name if path.name.isdigit() else path.name


def settings(path: Path) -> dict[str, Any]:
    """Reads what an export says of its model; the input resolution and the multiple are always there.

    Older exports call the input resolution "working_size"; it is returned under its present name.

    Raises:
        InputError: if the file is not a JSON object.
    """
    try:
        values = dict(json.loads(path.read_text())) if path.is_file() else {}
    except (ValueError, TypeError) as error:
        raise InputError(f"The model's settings must be a JSON object. Received: {path}: {error}") from error
    return with_defaults(values)


def with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a model's settings under their present names, with those that every model has."""
    values = dict(values)
    if "working_size" in values:
        values.setdefault("input_resolution", values.pop("working_size"))
    return {"input_resolution": INPUT_RESOLUTION, "multiple": MULTIPLE} | values
