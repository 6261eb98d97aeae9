"""Turns an exported model's signatures into ONNX files, one for each, for onnxruntime in programs and in browsers."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorgan_tf.errors import InputError
from colorgan_tf.export.description import describe
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA
from colorgan_tf.inference.onnx_backend import HINTS_SUFFIX, INSTALL
from colorgan_tf.inference.saved_model_backend import SavedModelBackend
from colorgan_tf.version import __version__
from pipelines.media import writing

if TYPE_CHECKING:  # an extra
    from onnx import ModelProto

# What the file of a signature is called after the model's name. A model may lack those after the first.
SIGNATURES = {LUMA_TO_CHROMA: "", HINTS_TO_CHROMA: HINTS_SUFFIX}
OPSET = 17  # of 2022: old runtimes read it too
SIDES = ("N", "height", "width")  # names of the dimensions that are free


class Converter:
    """Converts one SavedModel.

    Args:
        path: of the SavedModel, as `SavedModelBackend` takes it.
        licence: of the model, for the metadata; an SPDX identifier.

    Raises:
        InputError: if there is no such model at the path, or the packages of the extra `onnx` are not installed.
    """

    def __init__(self, path: str | Path, licence: str):
        folder = model_files.version_folder(path)  # before anything slow
        try:
            import tf2onnx  # noqa: F401
        except ImportError as error:
            raise InputError(f"tf2onnx must be installed: {INSTALL}. Received: {error}.") from error
        import tensorflow as tf

        logging.getLogger("tf2onnx").setLevel(logging.ERROR)
        self.backend = SavedModelBackend(path)
        self._licence = licence
        self._model = tf.saved_model.load(str(folder))

    @property
    def signatures(self) -> list[str]:
        """Those of `SIGNATURES` that the model has."""
        return [name for name in SIGNATURES if name in self._model.signatures]

    def convert(self, name: str) -> "ModelProto":
        """Returns the ONNX model of a signature, with its settings as metadata."""
        import tensorflow as tf
        import tf2onnx
        from onnx import helper

        signature = self._model.signatures[name]
        inputs = list(signature.structured_input_signature[1].values())

        def network(*tensors: tf.Tensor) -> Any:
            return signature(**{spec.name: tensor for spec, tensor in zip(inputs, tensors, strict=True)})

        function = tf.function(network, input_signature=inputs, autograph=False)
        model, _ = tf2onnx.convert.from_function(function, input_signature=inputs, opset=OPSET)
        for tensor in (*model.graph.input, *model.graph.output):
            for dimension, side in zip(tensor.type.tensor_type.shape.dim, SIDES, strict=False):
                dimension.dim_param = side
        model.producer_name, model.producer_version = "ColorGAN TF", __version__
        model.doc_string = model.graph.doc_string = f"ColorGAN: {name.replace('_', ' ')}"
        texts = {key: text if isinstance(text, str) else json.dumps(text) for key, text in self.settings().items()}
        helper.set_model_props(model, texts)
        return model

    def settings(self) -> dict[str, Any]:
        """Returns what a program must know to use the files."""
        return {**describe(self.backend, "float32", (None, None), batch=None), "license": self._licence}


def export(model: str | Path, output: str | Path, licence: str) -> list[Path]:
    """Converts a model; writes `NAME.onnx`, with hints `NAME_hints.onnx`, and the settings beside them as `NAME.json`.

    Args:
        model: path of the SavedModel.
        output: folder for the files.
        licence: of the model, for the metadata; an SPDX identifier.

    Returns:
        The .onnx files.

    Raises:
        InputError: if there is no such model, the packages of the extra `onnx` are not installed, or `output` cannot be
            written.
    """
    converter = Converter(model, licence)
    stem = Path(output) / model_files.name(model)
    paths = []
    try:
        for signature in converter.signatures:
            path = stem.with_name(f"{stem.name}{SIGNATURES[signature]}.onnx")
            data = converter.convert(signature).SerializeToString()
            if signature != LUMA_TO_CHROMA and not _runs(data):
                continue  # tf2onnx 1.17 loses an axis of the attention to hints
            writing.write_bytes(path, data)
            paths.append(path)
        writing.write_text(stem.with_suffix(".json"), json.dumps(converter.settings(), indent=2) + "\n")
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {error}.") from error
    return paths


def _runs(data: bytes) -> bool:
    """Tells whether onnxruntime can run a file."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it thinks of the file is known by the exception
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    try:
        session.run(
            None, {each.name: np.zeros((1, 32, 32, each.shape[-1]), np.float32) for each in session.get_inputs()}
        )
    except Exception:  # onnxruntime's errors share no root of their own
        return False
    return True
