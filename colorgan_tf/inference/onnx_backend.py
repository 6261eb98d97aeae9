"""An .onnx file as a back end for the Colorizer, through onnxruntime."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA, require

# What the file of a signature is called after the model's name; a model may lack those after the first.
SUFFIXES = {LUMA_TO_CHROMA: "", HINTS_TO_CHROMA: "_hints", REFERENCE_TO_CHROMA: "_reference"}
INSTALL = "pip install 'colorgan-tf[onnx]'"


class OnnxBackend:
    """Runs an .onnx file; see `Backend`. The file's metadata may tell input resolution and multiple.

    Where NAME_hints.onnx or NAME_reference.onnx lies beside NAME.onnx, hints or a reference are taken.

    Args:
        path: of the file.

    Raises:
        InputError: if onnxruntime is not installed, or the file is missing, is no ONNX model or does not take luma
            `[N, h, w, 1]` to chroma `[N, h, w, 2]`.
    """

    def __init__(self, path: str | Path):
        path = Path(path)
        if not path.is_file():
            raise InputError(f"An .onnx file is expected. Received: {path}, which is not a file.")
        session = _session(path)
        settings = model_files.with_defaults(session.get_modelmeta().custom_metadata_map)
        self.input_resolution, self.multiple = int(settings["input_resolution"]), int(settings["multiple"])
        self.identity = model_files.identity(path)
        paths = {signature: path.with_stem(path.stem + suffix) for signature, suffix in SUFFIXES.items()}
        self._paths = {signature: each for signature, each in paths.items() if each.is_file()}
        self.signatures = frozenset(self._paths)
        self._input = session.get_inputs()[0].name
        self._sessions = {LUMA_TO_CHROMA: session}  # each may run in several threads at once
        self._opening = threading.Lock()

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """See `Backend`."""
        return self.predict(LUMA_TO_CHROMA, {self._input: luma})

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """See `Backend`. The file of a signature is opened when it is first asked for.

        Raises:
            InputError: if there is no such file, or it is no ONNX model or of other shapes.
        """
        require(self, signature)
        with self._opening:
            if signature not in self._sessions:
                self._sessions[signature] = _session(self._paths[signature], 3)
        chroma: Floats = self._sessions[signature].run(None, dict(inputs))[0]
        return chroma


def _session(path: Path, *further: int) -> Any:
    """Opens a file that takes luma, and further pictures of so many channels."""
    try:
        import onnxruntime  # late: an extra
    except ImportError as error:
        raise InputError(f"onnxruntime must be installed for .onnx files: {INSTALL}. Received: {error}.") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; they arrive as exceptions all the same
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no root of their own
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"An ONNX model is expected. Received: {path}: {reason}") from error
    tensors = [*session.get_inputs(), *session.get_outputs()]
    shapes = [each.shape for each in tensors]
    channels = sorted((shape[-1] if len(shape) == 4 else 0 for shape in shapes), key=str)
    if channels != sorted([1, 2, *further], key=str):
        raise InputError(f"The model must take [N, h, w, 1] to [N, h, w, 2]. Received: {path} with shapes {shapes}.")
    return session
