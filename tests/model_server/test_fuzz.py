"""Random and mutated requests: never a crash, never an unlisted code.

COLORGAN_FUZZ sets how many for each test; the long run, with other requests each time, is

    COLORGAN_FUZZ=20000 python -m pytest -m "slow or not slow" tests/model_server/test_fuzz.py
"""

import io
import json
import os

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from protocol import predict_request, stub
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from serving.model_server.servables import versions
from serving.model_server.server import ModelServer, ServerOptions

SHORT = 150
EXAMPLES = int(os.environ.get("COLORGAN_FUZZ", SHORT))
LONG = EXAMPLES > SHORT
LISTED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not LONG)
pytestmark = [pytest.mark.usefixtures("embedded_only"), pytest.mark.timeout(0 if LONG else 600)]


def check(prediction, request) -> None:
    try:
        prediction.Predict(request, timeout=60)
    except grpc.RpcError as error:
        assert error.code() in LISTED, f"{error.code()}: {error.details()}\n{request}"


def encoded(form: str) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (24, 17, 3), np.uint8)
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


SEEDS = [encoded(form) for form in ("PNG", "JPEG", "BMP", "GIF")]


@st.composite
def mutated_pictures(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    start = draw(st.integers(0, 2))
    return bytes(data[start * draw(st.integers(0, 8)) : len(data) - draw(st.sampled_from([0, 0, 0, 1, 10, 200]))])


@fuzzed
@given(st.lists(mutated_pictures(), max_size=3), st.sampled_from(["serving_default", "colorize_jpeg"]))
def test_mutated_pictures(prediction, pictures, signature):
    proto = tf.make_tensor_proto(pictures, tf.string, [len(pictures)])
    check(prediction, predict_request("pictures", signature, image_bytes=proto))


@pytest.fixture(scope="module")
def exported():
    """A server of an exported model, whose signatures look at the pictures themselves."""
    import exported_models

    folder = str(exported_models.folder("efficient_unet"))
    server = ModelServer(versions.single_model("pictures", folder), ServerOptions(host="127.0.0.1", port=0))
    server.start()
    assert server.wait_until_available(120)
    yield stub(server)
    server.stop(1)


@pytest.mark.slow
@fuzzed
@given(st.lists(mutated_pictures(), max_size=3), st.sampled_from(["serving_default", "colorize_jpeg"]))
def test_mutated_pictures_on_an_exported_model(exported, pictures, signature):
    proto = tf.make_tensor_proto(pictures, tf.string, [len(pictures)])
    check(exported, predict_request("pictures", signature, image_bytes=proto))


@st.composite
def mutated_messages(draw):
    image = predict_request("pictures", "colorize_jpeg", image_bytes=[draw(st.sampled_from(SEEDS))])
    luma = predict_request("pictures", "luma_to_chroma", luma=np.zeros((1, 2, 2, 1), np.float32))
    data = bytearray(draw(st.sampled_from([image, luma])).SerializeToString())
    for _ in range(draw(st.integers(0, 6))):
        # Names, lengths and shapes are at the ends, the picture's own bytes between them.
        place = draw(st.one_of(st.integers(0, 60), st.integers(-60, -1), st.integers(0, len(data) - 1)))
        data[max(-len(data), min(place, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: len(data) - draw(st.sampled_from([0, 0, 0, 1, 20]))])


@fuzzed
@given(st.one_of(mutated_messages(), st.binary(max_size=60)))
def test_mutated_messages(channel, message):
    method = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")  # bytes as they are
    try:
        predict_pb2.PredictResponse.FromString(method(message, timeout=60))
    except grpc.RpcError as error:
        # gRPC's own answer to what is no PredictRequest, before any of our code.
        no_message = error.code() == grpc.StatusCode.INTERNAL and "deserializing" in error.details()
        assert no_message or error.code() in LISTED, f"{error.code()}: {error.details()}"


@st.composite
def tensor_protos(draw):
    proto = tensor_pb2.TensorProto(dtype=draw(st.sampled_from(types_pb2.DataType.values())))
    for size in draw(st.lists(st.sampled_from([-1, 0, 1, 2, 3, 4, 2**31, 2**62]), max_size=5)):
        proto.tensor_shape.dim.add().size = size
    proto.tensor_shape.unknown_rank = draw(st.sampled_from([False, False, False, True]))
    proto.float_val.extend(draw(st.lists(st.floats(width=32), max_size=4)))
    proto.int_val.extend(draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4)))
    proto.string_val.extend(draw(st.lists(st.binary(max_size=8), max_size=4)))
    proto.half_val.extend(draw(st.lists(st.integers(-5, 70_000), max_size=2)))
    proto.tensor_content = draw(st.one_of(st.just(b""), st.just(b""), st.binary(max_size=64)))
    return proto


@fuzzed
@given(
    st.sampled_from(["half_plus_two", "pictures", "nope", ""]),
    st.sampled_from(
        ["", "two", "pairs", "total", "luma_to_chroma", "classify_x_to_y", "__saved_model_init_op", "nope"]
    ),
    st.dictionaries(st.sampled_from(["x", "a", "b", "luma", "image_bytes", "inputs", ""]), tensor_protos(), max_size=2),
    st.lists(st.sampled_from(["y", "sum", "chroma", "nope"]), max_size=2),
)
def test_random_tensors(prediction, model, signature, inputs, output_filter):
    request = predict_request(model, signature, **inputs)
    request.output_filter.extend(output_filter)
    check(prediction, request)


# Each signature with inputs of its own names, so that more than the names is tried.
@fuzzed
@given(
    st.sampled_from(
        [
            ("half_plus_two", "", "x"),
            ("half_plus_two", "pairs", "x"),
            ("half_plus_two", "total", "x"),
            ("half_plus_two", "regress_x_to_y", "inputs"),
            ("pictures", "luma_to_chroma", "luma"),
            ("pictures", "", "image_bytes"),
        ]
    ),
    tensor_protos(),
)
def test_random_tensors_under_the_right_names(prediction, where, proto):
    model, signature, alias = where
    check(prediction, predict_request(model, signature, **{alias: proto}))


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.builds(lambda text: {"b64": text}, st.sampled_from(["", "YQ==", "!", "é", "YQ"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["x", "a", "b", "b64", "z"]), inner, max_size=3)
    ),
    max_leaves=12,
)
bodies = st.dictionaries(
    st.sampled_from(["instances", "inputs", "signature_name", "examples", "context"]), values, max_size=3
)


@fuzzed
@given(
    st.one_of(bodies.map(lambda body: json.dumps(body).encode()), st.binary(max_size=30)),
    st.sampled_from(["half_plus_two:predict", "half_plus_two:classify", "half_plus_two:regress", "pictures:predict"]),
)
def test_random_json(rest, body, call):
    response = rest("POST", f"/v1/models/{call}", data=body)
    assert response.status_code in (200, 400, 404, 503), response.text
    assert "error" in response.json() or response.status_code == 200


@fuzzed
@given(st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]), st.text(max_size=30))
def test_random_paths(rest, method, path):
    for start in ("/v1/models/", "/v1/", "/"):
        response = rest(method, start + path.replace("#", ""))
        assert response.status_code in (200, 400, 404), response.text
