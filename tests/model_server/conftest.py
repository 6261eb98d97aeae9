import os
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import pytest
import requests
import tiny_models
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.model_server import config_files
from serving.model_server.rest.application import RestOptions
from serving.model_server.servables import versions
from serving.model_server.servables.lifecycle import Lifecycle
from serving.model_server.server import ModelServer, ServerOptions


@dataclass(frozen=True)
class Target:
    """The server the protocol tests talk to."""

    address: str
    rest: str
    embedded: bool


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> str:
    """Folder with the tiny models, for reading only."""
    folder = str(tmp_path_factory.mktemp("tiny"))
    tiny_models.write_all(folder)
    return folder


@pytest.fixture(scope="session")
def target(request):
    """A real TensorFlow Serving where COLORGAN_SERVER is set, else the embedded server on loopback."""
    if address := os.environ.get("COLORGAN_SERVER"):
        rest = os.environ.get("COLORGAN_REST", "")
        yield Target(address, f"http://{rest}" if rest else "", False)
        return
    tiny = request.getfixturevalue("tiny")
    options = ServerOptions(
        host="127.0.0.1",
        port=0,
        rest_port=0,
        rest=RestOptions(prometheus_path=config_files.PROMETHEUS_PATH, max_body_bytes=2**20),
    )
    server = ModelServer(config_files.read_models(f"{tiny}/models.config"), options)
    server.start()
    assert server.wait_until_available(60)
    yield Target(f"127.0.0.1:{server.port}", f"http://127.0.0.1:{server.rest_port}", True)
    server.stop(1)


@pytest.fixture(scope="session")
def channel(target):
    with grpc.insecure_channel(target.address) as channel:
        yield channel


@pytest.fixture(scope="session")
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


@pytest.fixture(scope="session")
def rest(target):
    if not target.rest:
        pytest.skip("COLORGAN_REST is not set")
    with requests.Session() as session:
        yield lambda method, path, **more: session.request(method, target.rest + path, timeout=30, **more)


@pytest.fixture
def embedded_only(target):
    if not target.embedded:
        pytest.skip("beyond what TensorFlow Serving does")


@pytest.fixture
def copy_model(tiny, tmp_path):
    """Publishes a copy of a tiny model as a version of `tmp_path/models/NAME`, and returns that folder."""

    def copy(version: int, source: str = "half_plus_two", name: str = "m") -> str:
        folder = tmp_path / "models" / name
        temporary = folder / f"{version}.writing"
        shutil.copytree(f"{tiny}/{source}/{tiny_models.VERSION}", temporary)
        os.replace(temporary, folder / str(version))
        return str(folder)

    return copy


@pytest.fixture
def serve():
    """Starts embedded servers in this process; they are stopped at the end."""
    running = []

    def start(base_path: str = "", config=None, name: str = "m", wait: bool = True, **options) -> ModelServer:
        options.setdefault("lifecycle", Lifecycle(poll_wait_seconds=0.05, load_retry_interval_seconds=0.05))
        options = {"host": "127.0.0.1", "port": 0} | options
        server = ModelServer(config or versions.single_model(name, base_path), ServerOptions(**options))
        running.append(server)
        server.start()
        assert not wait or server.wait_until_available(60)
        return server

    yield start
    for server in running:
        server.stop(1)


@pytest.fixture
def drain(monkeypatch):
    """Stops a server while each of `asks` has a request running there; returns what they return.

    The requests end only after the stop has begun. Afterwards the REST port is closed.
    """

    def drain(server: ModelServer, *asks) -> list:
        entered, go = threading.Semaphore(0), threading.Event()
        run = server.core.predictor.run

        def held(*arguments):
            entered.release()
            assert go.wait(20)
            return run(*arguments)

        monkeypatch.setattr(server.core.predictor, "run", held)
        with ThreadPoolExecutor(len(asks) + 1) as pool:
            answers = [pool.submit(ask) for ask in asks]
            for _ in asks:
                assert entered.acquire(timeout=10)
            stopping = pool.submit(server.stop, 20)
            while not server._stopped:
                pass
            go.set()
            results = [answer.result(20) for answer in answers]
            stopping.result(20)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.rest_port))
        return results

    return drain


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[str, str]:
    """Key and certificate of localhost, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key.read_text(), cert.read_text()
