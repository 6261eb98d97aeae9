"""One picture through every way to run a model: all of them give the same colours."""

import base64
import io
import json

import exported_models
import numpy as np
import pytest
import requests
import tensorflow as tf
from made_pictures import photograph
from PIL import Image

from colorgan_tf.export.tflite import Converter, Variant
from colorgan_tf.inference import backends
from colorgan_tf.inference.colorizer import Colorizer
from serving.client import Client
from serving.model_server.servables import versions
from serving.model_server.server import ModelServer, ServerOptions

GREY = np.asarray(Image.fromarray(photograph(3)).convert("L"))
LUMA = (GREY / np.float32(255))[..., None]
LARGEST = 2  # steps of 1/255 between any two ways; float16 may be twice as far


@pytest.fixture(scope="module", params=["efficient_unet", "unet"])
def folder(request):
    return exported_models.folder(request.param)


@pytest.fixture(scope="module")
def expected(folder):
    """What a SavedModel on this machine gives."""
    return Colorizer(backends.load(folder)).picture(LUMA).astype(int)


@pytest.fixture(scope="module")
def server(folder):
    """The embedded server; the model comes up only if it answers its warm-up requests."""
    server = ModelServer(
        versions.single_model("tiny", str(folder)), ServerOptions(host="127.0.0.1", port=0, rest_port=0)
    )
    server.start()
    assert server.wait_until_available(120)
    yield server
    server.stop(1)


@pytest.fixture
def client(server):
    with Client(f"127.0.0.1:{server.port}", "tiny") as client:
        yield client


def file():
    data = io.BytesIO()
    Image.fromarray(GREY).save(data, "PNG")
    return data.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data))).astype(int)


def apart(one, other):
    return np.abs(one - other).max()


def test_the_signature_for_files(folder, expected):
    model = tf.saved_model.load(str(folder / "1"))
    (answer,) = model.signatures["serving_default"](image_bytes=tf.constant([file()]))["colorized_bytes"].numpy()
    assert apart(pixels(answer), expected) <= LARGEST


def test_a_session_by_tensor_names(folder, expected):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(folder / "1"))
        signature = graph.signature_def["serving_default"]
        feeds = {signature.inputs["image_bytes"].name: [file()]}
        (answer,) = session.run(signature.outputs["colorized_bytes"].name, feeds)
    assert apart(pixels(answer), expected) <= LARGEST


def test_grpc_with_files(client, expected):
    (answer,) = client.colorize([file()])
    assert apart(pixels(answer), expected) <= LARGEST


def test_grpc_with_luma(client, folder, expected):
    class AtWorkingSize:
        input_resolution = backends.load(folder).input_resolution
        multiple = backends.load(folder).multiple
        luma_to_chroma = staticmethod(client.luma_to_chroma)

    assert apart(Colorizer(AtWorkingSize).picture(LUMA).astype(int), expected) <= LARGEST


def test_rest_with_files(server, expected):
    body = json.dumps({"instances": [{"b64": base64.b64encode(file()).decode()}]})
    answer = requests.post(f"http://127.0.0.1:{server.rest_port}/v1/models/tiny:predict", body, timeout=60).json()
    assert apart(pixels(base64.b64decode(answer["predictions"][0]["b64"])), expected) <= LARGEST


@pytest.mark.parametrize(("precision", "largest"), [("float32", LARGEST), ("float16", 2 * LARGEST)])
def test_tensorflow_lite(folder, expected, tmp_path, precision, largest):
    converter, variant = Converter(folder), Variant(precision, None)
    path = tmp_path / "tiny.tflite"
    path.write_bytes(converter.convert(variant))
    path.with_suffix(".json").write_text(json.dumps(converter.settings(variant)))
    assert apart(Colorizer(backends.load(path)).picture(LUMA).astype(int), expected) <= largest
