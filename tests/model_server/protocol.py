"""Requests and stubs of the protocol tests."""

import grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.model_server.server import ModelServer


def predict_request(model: str = "m", signature: str = "", version: int | None = None, label: str = "", **inputs):
    """Builds a PredictRequest from TensorProtos or values."""
    import tensorflow as tf

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    if label:
        request.model_spec.version_label = label
    for alias, value in inputs.items():
        if not hasattr(value, "tensor_shape"):
            value = tf.make_tensor_proto(value)
        request.inputs[alias].CopyFrom(value)
    return request


def stub(server: ModelServer):
    """Returns a PredictionService stub of an embedded server."""
    return prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(f"127.0.0.1:{server.port}"))
