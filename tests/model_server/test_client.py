import io
import socket
import time
import types

import grpc
import numpy as np
import pytest
from PIL import Image
from protocol import predict_request
from tensorflow_serving.apis import prediction_service_pb2_grpc

from colorgan_tf.errors import InputError, ServerError
from serving import client as client_module
from serving.client import Client
from serving.model_server.inference.predict import Limits


def picture(value=10, size=(6, 4), form="PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (value,) * 3).save(file, form)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.fixture
def client(target):
    with Client(target.address, model="pictures") as client:
        yield client


def test_colorize_keeps_order_and_size(client):
    sizes = [(3 + i, 5) for i in range(11)]  # more than one request
    coloured = client.colorize([picture(i, size) for i, size in enumerate(sizes)])
    assert [opened(data).size for data in coloured] == sizes
    assert [opened(data).getpixel((0, 0))[0] for data in coloured] == [255 - i for i in range(11)]
    assert {opened(data).format for data in coloured} == {"PNG"}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF"])
def test_every_kind_of_picture(client, form):
    (coloured,) = client.colorize([picture(form=form)])
    assert opened(coloured).size == (6, 4)


def test_jpeg_on_demand(client):
    (coloured,) = client.colorize([picture()], jpeg=True)
    assert opened(coloured).format == "JPEG"


def test_colorize_nothing(client):
    assert client.colorize([]) == []


def test_luma_to_chroma(client):
    luma = np.random.default_rng(0).random((11, 32, 64, 1), np.float32)
    chroma = client.luma_to_chroma(luma)
    assert chroma.dtype == np.float32
    np.testing.assert_allclose(chroma, np.concatenate([luma * 0.25, -luma * 0.5], -1), rtol=1e-6)


def test_message_beyond_grpc_default_size(client):
    luma = np.full((1, 1088, 1920, 1), 0.5, np.float32)  # 8 MB there, 16 MB back
    assert client.luma_to_chroma(luma).shape == (1, 1088, 1920, 2)


def test_luma_of_another_shape_is_refused_at_once():
    with pytest.raises(InputError, match=r"`luma` must have shape \[batch, height, width, 1\]"):
        Client("localhost:1").luma_to_chroma(np.zeros((8, 8)))


def test_sizes_of_an_open_signature(client):
    assert (client.input_resolution, client.multiple) == (256, 32)


def test_the_identity_names_the_version(client):
    assert client.identity.endswith(" pictures 123")


def test_states(client):
    assert client.states() == {123: "AVAILABLE"}
    client.wait_until_available(1)


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("bad", [b"", b"no picture", picture()[:20]])
def test_refused_picture_is_named(client, bad):
    pictures = [picture()] * 9 + [bad]
    with pytest.raises(InputError, match=r"`image_bytes`\[9\] must be a") as caught:
        client.colorize(pictures)
    assert not isinstance(caught.value, ServerError)


@pytest.mark.usefixtures("embedded_only")
def test_truncated_picture_fails_with_a_plain_reason(client):
    with pytest.raises(InputError) as caught:
        client.colorize([picture(size=(200, 200), form="JPEG")[:-300]])
    assert "Detected at node" not in str(caught.value)
    assert "[Op:" not in str(caught.value)


def test_enormous_picture_is_refused_by_its_header(serve, tiny):
    server = serve(f"{tiny}/pictures", name="pictures", limits=Limits(max_pixels=1000, max_request_pixels=1500))
    with Client(f"127.0.0.1:{server.port}", "pictures") as client:
        with pytest.raises(InputError, match="must have at most 1000 pixels. Received: 50 x 40."):
            client.colorize([picture(size=(50, 40))])
        with pytest.raises(InputError, match="at most 1500 pixels together. Received: 1600."):
            client.colorize([picture(size=(40, 20))] * 2)
        assert len(client.colorize([picture(size=(40, 20))])) == 1


def test_missing_model_is_told(target):
    with Client(target.address, "nope") as client, pytest.raises(ServerError, match="The model nope must be served"):
        client.colorize([picture()])


def test_missing_signature_is_told(target):
    with (
        Client(target.address, "half_plus_two") as client,
        pytest.raises(ServerError, match="must have a signature colorize_jpeg"),
    ):
        client.colorize([picture()], jpeg=True)


def test_unknown_version_and_label_are_told(target):
    for more, text in (({"version": 9}, "Specific"), ({"label": "x"}, "label: x")):
        with Client(target.address, "pictures", **more) as client, pytest.raises(InputError, match=text):
            client.colorize([picture()])
    with pytest.raises(InputError, match="must not be given together"):
        Client(target.address, version=1, label="x")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_no_server_is_told():
    with (
        Client(f"127.0.0.1:{free_port()}", retries=1, backoff=0.01) as client,
        pytest.raises(ServerError, match="No answer from the server at .* is it running"),
    ):
        client.colorize([picture()])


def test_by_default_it_is_told_within_seconds_that_no_server_is_there(monkeypatch):
    pauses = []
    # In the client only: other threads sleep too.
    monkeypatch.setattr(client_module, "random", types.SimpleNamespace(uniform=lambda low, high: high))
    monkeypatch.setattr(client_module, "time", types.SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    with Client(f"localhost:{free_port()}") as client, pytest.raises(ServerError, match="Connection refused"):
        client.luma_to_chroma(np.zeros((1, 8, 8, 1)))
    # 0.25 s, doubled three times, each half longer: 5.6 s, since a refused connection itself takes no time.
    assert pauses == [0.375, 0.75, 1.5, 3.0]


class Flaky(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Fails with the given codes first, then with INTERNAL."""

    def __init__(self, codes):
        self.codes, self.calls = list(codes), 0

    def GetModelMetadata(self, request, context):  # noqa: N802
        self.calls += 1
        code = self.codes.pop(0) if self.codes else grpc.StatusCode.INTERNAL
        context.abort(code, "made to fail")


@pytest.mark.parametrize(
    ("codes", "retries", "calls", "text"),
    [
        ([grpc.StatusCode.UNAVAILABLE] * 2, 4, 3, "INTERNAL: made to fail"),
        ([grpc.StatusCode.UNAVAILABLE] * 9, 2, 3, "No answer"),
        ([grpc.StatusCode.RESOURCE_EXHAUSTED], 4, 1, "Too much"),
        ([grpc.StatusCode.DEADLINE_EXCEEDED], 4, 1, "within 60 s"),
        ([grpc.StatusCode.INVALID_ARGUMENT], 4, 1, "Refused"),
        ([grpc.StatusCode.UNIMPLEMENTED], 4, 1, "There must be a TensorFlow Serving"),
    ],
)
def test_only_unavailable_is_tried_again(codes, retries, calls, text):
    from concurrent.futures import ThreadPoolExecutor

    flaky, server = Flaky(codes), grpc.server(ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(flaky, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with Client(f"127.0.0.1:{port}", retries=retries, backoff=0.001) as client, pytest.raises(InputError, match=text):
        client.colorize([picture()])
    assert flaky.calls == calls
    server.stop(None)


def test_client_finds_a_restarted_server(serve, tiny):
    port = free_port()
    first = serve(f"{tiny}/pictures", name="pictures", host="127.0.0.1", port=port)
    with Client(f"127.0.0.1:{port}", "pictures", retries=8, backoff=0.05) as client:
        assert len(client.colorize([picture()])) == 1
        first.stop(0)
        serve(f"{tiny}/pictures", name="pictures", port=port)
        assert len(client.colorize([picture()])) == 1


def test_unix_socket(serve, tiny, tmp_path):
    path = str(tmp_path / "s")
    serve(f"{tiny}/pictures", name="pictures", socket_path=path)
    with Client(f"unix:{path}", "pictures") as client:
        assert len(client.colorize([picture()])) == 1


def test_tls(serve, tiny, tmp_path, certificate):
    from serving.model_server import config_files

    key, cert = (text.replace("\n", "\\n") for text in certificate)
    file = tmp_path / "ssl.config"
    file.write_text(f'server_key: "{key}"\nserver_cert: "{cert}"\ncustom_ca: "{cert}"\nclient_verify: true\n')
    server = serve(f"{tiny}/pictures", name="pictures", tls=config_files.read_tls(str(file)))
    own = {"ca": certificate[1].encode(), "key": certificate[0].encode(), "certificate": certificate[1].encode()}
    with Client(f"grpcs://localhost:{server.port}", "pictures", **own) as client:
        assert len(client.colorize([picture()])) == 1
    with (
        Client(f"localhost:{server.port}", "pictures", retries=0) as client,
        pytest.raises(ServerError, match="No answer"),
    ):
        client.colorize([picture()])


def test_tensor_content_is_read_as_well(serve, tiny):
    server = serve(f"{tiny}/pictures", name="pictures", tensor_content=True)
    with Client(f"127.0.0.1:{server.port}", "pictures") as client:
        assert client.luma_to_chroma(np.ones((1, 4, 4, 1), np.float32))[0, 0, 0].tolist() == [0.25, -0.5]
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    request = predict_request("pictures", "luma_to_chroma", luma=np.ones((1, 4, 4, 1), np.float32))
    chroma = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request).outputs["chroma"]
    assert len(chroma.tensor_content) == 4 * 4 * 2 * 4
    assert not chroma.float_val
