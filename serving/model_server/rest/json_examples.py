"""JSON of REST classify and regress calls to tf.Examples, by TensorFlow Serving's rules (util/json_tensor.cc)."""

from collections.abc import Mapping
from typing import Any

from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import input_pb2

from serving.model_server import statuses
from serving.model_server.rest import json_tensors


def _feature(name: str, values: list[Any]) -> example_pb2.Example:
    feature = example_pb2.Example().features.feature[name]
    kind: str
    stored: int | float | bytes
    for value in values:
        if isinstance(value, bool | int):
            kind, stored = "int64_list", int(value)
            if not -(2**63) <= stored < 2**63:
                raise statuses.invalid_argument(f"Feature: {name} has uint64 element. Only int64 is supported.")
        elif isinstance(value, float):
            kind, stored = "float_list", value
        elif isinstance(value, str):
            kind, stored = "bytes_list", value.encode(errors="surrogatepass")
        elif json_tensors.is_base64(value):
            kind, stored = "bytes_list", json_tensors.from_base64(value)
        else:
            what = {type(None): "Null", list: "Array"}.get(type(value), "Object")
            raise statuses.invalid_argument(f"Feature: {name} has element with unexpected JSON type: {what}")
        if feature.WhichOneof("kind") not in (None, kind):
            expected = str(feature.WhichOneof("kind")).removesuffix("_list")
            raise statuses.invalid_argument(f"Unexpected element type in feature: {name} expecting type: {expected}")
        getattr(feature, kind).value.append(stored)
    return feature


def _example(value: Any, example: example_pb2.Example) -> None:
    if not isinstance(value, dict):
        raise statuses.invalid_argument(f"Example must be JSON object but got JSON {type(value).__name__}")
    for name, content in value.items():
        feature = _feature(name, content if isinstance(content, list) else [content])
        example.features.feature[name].CopyFrom(feature)


def to_input(document: Mapping[str, Any]) -> input_pb2.Input:
    """Reads `examples` and, if given, their shared `context`.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    request = input_pb2.Input()
    target = request.example_list
    if "context" in document:
        target = request.example_list_with_context
        _example(document["context"], target.context)
    examples = document.get("examples")
    if examples is None:
        raise statuses.invalid_argument("When method is classify, key 'examples' is expected and was not found")
    if not isinstance(examples, list):
        raise statuses.invalid_argument("Expecting 'examples' value to be an list/array")
    if not examples:
        raise statuses.invalid_argument("'examples' value is an empty array")
    for value in examples:
        _example(value, target.examples.add())
    return request
