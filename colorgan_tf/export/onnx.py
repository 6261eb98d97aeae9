"""Turns an exported model's signatures into ONNX files, one for each, for onnxruntime in programs and in browsers."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorgan_tf.errors import InputError
from colorgan_tf.export.description import describe
from colorgan_tf.inference import model_files
from colorgan_tf.inference.onnx_backend import INSTALL, SUFFIXES
from colorgan_tf.inference.saved_model_backend import SavedModelBackend
from colorgan_tf.version import __version__
from pipelines.media import writing

if TYPE_CHECKING:  # an extra
    from onnx import ModelProto

OPSET = 17  # of 2022: old runtimes read it too


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
        """Those that become files and that the model has."""
        return [name for name in SUFFIXES if name in self._model.signatures]

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
            sides = ("height", "width") if tensor.name != "reference" else ("reference_height", "reference_width")
            for dimension, side in zip(tensor.type.tensor_type.shape.dim, ("N", *sides), strict=False):
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
    """Converts a model; writes `NAME.onnx` and the settings beside it as `NAME.json`.

    A model that can be told colours has `NAME_hints.onnx` and `NAME_reference.onnx` as well.

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
        for signature, suffix in SUFFIXES.items():
            path = stem.with_name(f"{stem.name}{suffix}.onnx")
            if signature in converter.signatures:
                writing.write_bytes(path, converter.convert(signature).SerializeToString())
                paths.append(path)
            else:
                path.unlink(missing_ok=True)  # of an older model: it would be taken for this one's
        writing.write_text(stem.with_suffix(".json"), json.dumps(converter.settings(), indent=2) + "\n")
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {error}.") from error
    return paths
