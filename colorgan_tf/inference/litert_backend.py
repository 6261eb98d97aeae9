"""A .tflite file as a back end for the Colorizer, through LiteRT."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import finish, model_files
from colorgan_tf.inference.backend import (
    HINTS_TO_CHROMA,
    LIKELY_COLORS,
    LUMA_TO_CHROMA,
    REFERENCE_TO_CHROMA,
    require,
)
from colorgan_tf.tensorflow_environment import silence_native_code

_SIGNATURES = (LUMA_TO_CHROMA, HINTS_TO_CHROMA, REFERENCE_TO_CHROMA, LIKELY_COLORS)


class LiteRTBackend:
    """Runs a .tflite file; see `Backend`. `NAME.json` beside `NAME.tflite` may hold input resolution and multiple.

    Args:
        path: of the file.
        threads: that one run takes; None for what OMP_NUM_THREADS says, or one for each core.

    Raises:
        InputError: if the file is missing, is no TFLite model or does not take luma `[N, h, w, 1]` to chroma `[N, h, w,
            2]`.
    """

    def __init__(self, path: str | Path, threads: int | None = None):
        path = Path(path)
        if not path.is_file():
            raise InputError(f"A .tflite file is expected. Received: {path}, which is not a file.")
        self._interpreter = _interpreter(path, threads or _threads())
        self._lock = threading.Lock()  # an interpreter holds one set of tensors
        self._input = self._interpreter.get_input_details()[0]
        signature = self._input.get("shape_signature", self._input["shape"])
        self._fixed = (int(signature[1]), int(signature[2])) if min(signature[1:3]) > 0 else None
        self._batches = signature[0] <= 0
        self.signatures = frozenset({LUMA_TO_CHROMA, *self._interpreter.get_signature_list()} & {*_SIGNATURES})
        settings = model_files.settings(path.with_suffix(".json"))
        self.input_resolution = min(self._fixed) if self._fixed else int(settings["input_resolution"])
        self.multiple = int(settings["multiple"])
        self.identity = model_files.identity(path)

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """See `Backend`."""
        size = luma.shape[1:3]
        if self._fixed:
            luma = np.stack([finish.resize(each, *self._fixed) for each in luma])
        batches = [luma] if self._batches else np.split(luma, len(luma))
        with self._lock:
            chroma = np.concatenate([self._run(batch) for batch in batches])
        return np.stack([finish.resize(each, *size) for each in chroma]) if self._fixed else chroma

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """See `Backend`."""
        require(self, signature)
        if signature == LUMA_TO_CHROMA:
            return self.luma_to_chroma(inputs["luma"])
        each_of_inputs = [dict(zip(inputs, each, strict=True)) for each in zip(*inputs.values(), strict=True)]
        return np.stack([self._of_one(signature, each) for each in each_of_inputs])

    def _of_one(self, signature: str, inputs: dict[str, Floats]) -> Floats:
        """Runs a signature for one picture; likely colours are on the file's own grid."""
        height, width = inputs["luma"].shape[:2]
        if self._fixed:
            inputs = {name: finish.resize(each, *self._fixed) for name, each in inputs.items()}
        with self._lock:
            run = self._interpreter.get_signature_runner(signature)
            outputs = run(**{name: each[None] for name, each in inputs.items()})
        result: Floats = outputs[min(outputs)][0]
        return finish.resize(result, height, width) if self._fixed and signature != LIKELY_COLORS else result

    def _run(self, luma: Floats) -> Floats:
        if tuple(self._input["shape"]) != luma.shape:
            self._interpreter.resize_tensor_input(self._input["index"], luma.shape)
            self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]
        self._interpreter.set_tensor(self._input["index"], _quantized(luma, self._input))
        self._interpreter.invoke()
        output = self._interpreter.get_output_details()[0]
        return _dequantized(self._interpreter.get_tensor(output["index"]), output)


def _threads() -> int:
    if wanted := os.environ.get("OMP_NUM_THREADS", "").strip():
        return max(1, int(wanted.split(",")[0]))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _interpreter(path: Path, threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter  # late: --help needs none

    try:
        with silence_native_code():
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"A TFLite model is expected. Received: {path}: {reason}") from error
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    if len(inputs) != 1 or len(inputs[0]["shape"]) != 4 or inputs[0]["shape"][-1] != 1 or outputs[0]["shape"][-1] != 2:
        shapes = [detail["shape"].tolist() for detail in (*inputs, *outputs)]
        raise InputError(f"The model must take [N, h, w, 1] to [N, h, w, 2]. Received: {path} with shapes {shapes}.")
    return interpreter


def _quantized(values: Floats, tensor: dict[str, Any]) -> npt.NDArray[Any]:
    dtype = tensor["dtype"]
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    scale, zero = tensor["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / scale) + zero, limits.min, limits.max).astype(dtype)


def _dequantized(values: npt.NDArray[Any], tensor: dict[str, Any]) -> Floats:
    if not np.issubdtype(values.dtype, np.integer):
        return values.astype(np.float32)
    scale, zero = tensor["quantization"]
    return ((values.astype(np.float32) - zero) * scale).astype(np.float32)
