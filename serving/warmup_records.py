"""Writes the requests with which TensorFlow Serving warms a model up before it serves it."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.signatures import LUMA_TO_CHROMA

FILE = "tf_serving_warmup_requests"


def write(extra: Path, model: str, working_size: int) -> None:
    """Writes one request for each signature and usual picture shape.

    Args:
        extra: the version's `assets.extra` folder.
        model: the servable's name.
        working_size: short side of the pictures, in pixels.
    """
    long = working_size * 3 // 2
    with tf.io.TFRecordWriter(str(extra / FILE)) as writer:
        for height, width in ((working_size, working_size), (working_size, long), (long, working_size)):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model
            request.model_spec.signature_name = LUMA_TO_CHROMA
            luma = np.full((1, height, width, 1), 0.5, np.float32)
            request.inputs["luma"].CopyFrom(tf.make_tensor_proto(luma))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
