"""Turns an exported model into TensorFlow Lite files: one for each precision and input shape.

Every file has the signature `luma_to_chroma`; those in float have the others that colour (hints, a reference, likely
colours) too, where the model has them. The attention to what is told compares features, which int8 is too coarse for.
"""

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from colorgan_tf.color import Floats
from colorgan_tf.export.description import describe
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.inference.finish import input_shape, resize
from colorgan_tf.inference.saved_model_backend import SavedModelBackend
from colorgan_tf.tensorflow_environment import silence_native_code

# Height and width of the input; None for any that the model's `multiple` divides.
SHAPES: tuple[tuple[int, int] | None, ...] = (None, (256, 256), (256, 512))
METADATA = "colorgan.json"  # name of the JSON text inside the file

# Channels of the inputs of each signature that a file may have.
_CHANNELS = {
    LUMA_TO_CHROMA: {"luma": 1},
    HINTS_TO_CHROMA: {"luma": 1, "hints": 3},
    REFERENCE_TO_CHROMA: {"luma": 1, "reference": 3},
    LIKELY_COLORS: {"luma": 1},
}

# Reading colours out of a classification is a softmax over hundreds of bins, whose probabilities lie below the steps
# of int8, and a mean; a regression ends in a tanh. All stay in float32 and cost little at a quarter of the resolution.
_FLOAT_OPS = ("SOFTMAX", "FULLY_CONNECTED", "TANH")


@dataclasses.dataclass(frozen=True)
class Variant:
    """One file to make.

    Attributes:
        precision: of weights and arithmetic: float32, float16 or int8. Input and output are float32 in all of them.
        shape: height and width of the input, or None for any multiple.
    """

    precision: str
    shape: tuple[int, int] | None

    @property
    def name(self) -> str:
        """What the file's name ends in: `int8_256x512` for 256 rows of 512 pixels, `int8_any`."""
        return f"{self.precision}_" + ("any" if self.shape is None else "x".join(map(str, self.shape)))


class Converter:
    """Converts one SavedModel.

    Args:
        path: of the SavedModel, as `SavedModelBackend` takes it.

    Raises:
        InputError: if there is no such model at the path.
    """

    def __init__(self, path: str | Path):
        self.backend = SavedModelBackend(path)
        self._model = tf.saved_model.load(str(model_files.version_folder(path)))

    def convert(self, variant: Variant, calibration: Sequence[Floats] = ()) -> bytes:
        """Returns the file of a variant.

        Args:
            variant: which.
            calibration: luma pictures `[height, width, 1]` in [0, 1] of any size, which tell int8 its ranges.

        Raises:
            ValueError: if int8 is asked for without calibration pictures.
        """
        if variant.precision == "int8" and not calibration:
            raise ValueError("`calibration` must hold pictures for int8. Received: none.")
        with silence_native_code():
            if variant.precision == "int8":
                network = self._function(LUMA_TO_CHROMA, variant)
                converter = tf.lite.TFLiteConverter.from_concrete_functions([network], self._model)
                data = _int8(converter, [resize(each, *self._sides(variant, each)) for each in calibration])
                signatures = [LUMA_TO_CHROMA]
            else:
                signatures = [name for name in _CHANNELS if name in self.backend.signatures]
                data = self._float(signatures, variant)
        return _described(data, signatures, self.settings(variant))

    def settings(self, variant: Variant) -> dict[str, Any]:
        """Returns what a program must know to use a variant: what goes in, what comes out."""
        return describe(self.backend, variant.precision, variant.shape or (None, None))

    def _float(self, signatures: Sequence[str], variant: Variant) -> bytes:
        """Converts several signatures into one file, whose weights they share."""
        module = tf.Module()
        module.model = self._model
        functions = {_key(signatures, name): self._function(name, variant) for name in signatures}
        with tempfile.TemporaryDirectory() as folder:  # several at once are taken from a SavedModel only
            tf.saved_model.save(module, folder, signatures=functions)
            converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=sorted(functions))
            if variant.precision == "float16":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.target_spec.supported_types = [tf.float16]
            return bytes(converter.convert())

    def _function(self, signature: str, variant: Variant) -> Any:
        """Returns a signature of the model for one picture of a variant's shape."""
        network = self._model.signatures[signature]
        sides = variant.shape or (None, None)
        inputs = [tf.TensorSpec([1, *sides, count], tf.float32, name) for name, count in _CHANNELS[signature].items()]

        def run(*values: tf.Tensor) -> dict[str, tf.Tensor]:
            outputs: dict[str, tf.Tensor] = network(**dict(zip(_CHANNELS[signature], values, strict=True)))
            return outputs

        return tf.function(run, input_signature=inputs, autograph=False).get_concrete_function()

    def _sides(self, variant: Variant, luma: Floats) -> tuple[int, int]:
        height, width = luma.shape[:2]
        return variant.shape or input_shape(height, width, self.backend.input_resolution, self.backend.multiple)


def metadata(data: bytes) -> dict[str, Any]:
    """Reads the JSON text inside a file that `Converter.convert` made."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(data))
    entry = next(each for each in model.metadata if each.name.decode() == METADATA)
    return json.loads(bytes(model.buffers[entry.buffer].data))


def _int8(converter: tf.lite.TFLiteConverter, lumas: Sequence[Floats]) -> bytes:
    """Quantizes weights by channel and activations by tensor to int8, except for `_FLOAT_OPS`."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([luma[None]] for luma in lumas)
    # TensorFlow's way to leave single operations in float32.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=list(_FLOAT_OPS))
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return debugger.get_nondebug_quantized_model()


def _key(signatures: Sequence[str], name: str) -> str:
    """A name for the conversion, which sorts them: programs that ask for no signature run the first."""
    return f"signature{signatures.index(name)}"


def _described(data: bytes, signatures: Sequence[str], settings: dict[str, Any]) -> bytes:
    """Writes a description, the signatures' names and the settings into a file."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(data))
    model.description = b"ColorGAN: luma to chroma"
    for each in model.signatureDefs:
        each.signatureKey = signatures[each.subgraphIndex].encode()
    text = schema.BufferT()
    text.data = list(json.dumps(settings).encode())
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA.encode(), len(model.buffers)
    model.buffers.append(text)
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
