"""An .onnx file as a back end for the Colorizer, through onnxruntime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA, require

HINTS_SUFFIX = "_hints"  # of the name of the file that takes hints, beside the other
INSTALL = "pip install 'colorgan-tf[onnx]'"


class OnnxBackend:
    """Runs an .onnx file; see `Backend`. The file's metadata may tell input resolution and multiple.

    Where NAME_hints.onnx lies beside NAME.onnx, hints are taken.

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
        self._session = _session(path)  # may run in several threads at once
        self._input = self._session.get_inputs()[0].name
        settings = model_files.with_defaults(self._session.get_modelmeta().custom_metadata_map)
        self.input_resolution, self.multiple = int(settings["input_resolution"]), int(settings["multiple"])
        self.identity = model_files.identity(path)
        hints = path.with_stem(path.stem + HINTS_SUFFIX)
        self._hints = _session(hints, 3) if hints.is_file() else None
        self.signatures = frozenset({LUMA_TO_CHROMA, *([HINTS_TO_CHROMA] if self._hints else [])})

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """See `Backend`."""
        chroma: Floats = self._session.run(None, {self._input: luma})[0]
        return chroma

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """See `Backend`."""
        require(self, signature)
        if signature == LUMA_TO_CHROMA or self._hints is None:
            return self.luma_to_chroma(inputs["luma"])
        chroma: Floats = self._hints.run(None, dict(inputs))[0]
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
