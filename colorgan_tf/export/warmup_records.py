"""Writes the requests with which TensorFlow Serving warms a model up before it serves it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from colorgan_tf.export import signatures
from colorgan_tf.inference import backend

FILE = "tf_serving_warmup_requests"


def write(extra: Path, model: str, names: Iterable[str], input_resolution: int) -> None:
    """Writes one request for each signature and usual picture shape: square, 3:2 landscape, 3:2 portrait.

    Args:
        extra: the version's `assets.extra` folder.
        model: the servable's name.
        names: of the signatures that the model has.
        input_resolution: short side of the pictures, in pixels.
    """
    with tf.io.TFRecordWriter(str(extra / FILE)) as writer:
        for name in names:
            for values in inputs(name, input_resolution):
                request = predict_pb2.PredictRequest()
                request.model_spec.name = model
                request.model_spec.signature_name = name
                for alias, tensor in values.items():
                    request.inputs[alias].CopyFrom(tensor)
                log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
                writer.write(log.SerializeToString())


def inputs(name: str, input_resolution: int) -> list[dict[str, tensor_pb2.TensorProto]]:
    """Returns what to send to a signature: for each request, values by the names of the inputs."""
    if name == signatures.SETTINGS:
        return [{"names": tf.make_tensor_proto([b"input_resolution", b"multiple"])}]
    long = input_resolution * 3 // 2
    shapes = [(input_resolution, input_resolution), (input_resolution, long), (long, input_resolution)]
    if name in (backend.LUMA_TO_CHROMA, signatures.CONFIDENCE, backend.LIKELY_COLORS):
        return [{"luma": _grey(1, *shape, 1)} for shape in shapes]
    told = {backend.HINTS_TO_CHROMA: "hints", backend.REFERENCE_TO_CHROMA: "reference"}.get(name)
    if told:
        return [{"luma": _grey(1, *shape, 1), told: _grey(1, *shape, 3, value=0.0)} for shape in shapes]
    pictures = [np.full((*shape, 1), 128, np.uint8) for shape in shapes]
    return [{"image_bytes": tf.make_tensor_proto([tf.io.encode_jpeg(picture).numpy()])} for picture in pictures]


def _grey(*shape: int, value: float = 0.5) -> tensor_pb2.TensorProto:
    """One value stands for all, which keeps the file small."""
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_FLOAT, tensor_shape=tf.TensorShape(shape).as_proto(), float_val=[value]
    )
