"""Warm-up: the requests a version carries with it, run once before it is served."""

import os
from collections.abc import Callable, Iterator

import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError
from grpc import StatusCode
from tensorflow_serving.apis import prediction_log_pb2

from colorgan_tf.errors import ServingError
from serving.model_server import statuses

# saved_model_warmup_util.h
FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000


def read(version_path: str) -> Iterator[prediction_log_pb2.PredictionLog]:
    """Yields the warm-up requests of a version; none where there is no file, or an empty one.

    Raises:
        ServingError: INVALID_ARGUMENT for a record that is no PredictionLog or for more than 1,000 records, DATA_LOSS
            for a file that is no TFRecord.
    """
    path = os.path.join(version_path, FILE)
    if not tf.io.gfile.exists(path):
        logging.info("No warmup data file found at %s", path)
        return
    records = tf.data.TFRecordDataset(path).as_numpy_iterator()
    count = 0
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except tf.errors.DataLossError as error:
            text = f"{statuses.from_tensorflow(error).text}. Please verify your warmup data is in TFRecord format."
            raise ServingError(StatusCode.DATA_LOSS, text) from error
        count += 1
        if count > MAX_RECORDS:
            raise statuses.invalid_argument(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}")
        try:
            log = prediction_log_pb2.PredictionLog.FromString(record)
        except DecodeError as error:
            raise statuses.invalid_argument(f"Failed to parse warmup record: {record[:80]!r} from {path}") from error
        yield log


def run(version_path: str, handlers: dict[str, Callable[[object], object]], iterations: int) -> int:
    """Runs each warm-up request of a version.

    Args:
        version_path: the version's folder.
        handlers: kind of log (`predict_log`, `classify_log`, `regress_log`, `multi_inference_log`) to what runs its
            request.
        iterations: how often each request runs.

    Returns:
        Number of records.

    Raises:
        ServingError: the file is bad (see `read`), a record's kind has no handler, or a request fails.
    """
    count = 0
    for log in read(version_path):
        kind = log.WhichOneof("log_type")
        if kind not in handlers:
            raise ServingError(StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
        for _ in range(iterations):
            handlers[kind](getattr(log, kind).request)
        count += 1
    return count
