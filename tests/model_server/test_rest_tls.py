"""REST behind TLS: the same answers, clients without TLS kept out, and the drain at the end."""

import socket

import pytest
import requests

from colorgan_tf.errors import InputError
from serving.model_server.config_files import Tls

PREDICT = "/v1/models/m:predict"


@pytest.fixture
def files(certificate, tmp_path) -> tuple[str, str]:
    """Paths of key and certificate."""
    paths = (str(tmp_path / "key.pem"), str(tmp_path / "cert.pem"))
    for path, text in zip(paths, certificate, strict=True):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return paths


@pytest.fixture
def encrypted(serve, copy_model, certificate):
    """Starts a server with TLS on both ports; returns it and the REST address."""

    def start(client_verify: bool = False):
        key, cert = (text.encode() for text in certificate)
        server = serve(copy_model(1), rest_port=0, tls=Tls(key, cert, cert, client_verify), rest_tls=True)
        return server, f"https://localhost:{server.rest_port}"

    return start


def test_requests_of_any_size_are_answered_on_one_connection(encrypted, files):
    _, address = encrypted()
    with requests.Session() as session:
        for values in ([1.0, 2.0], [4.0] * 300_000):
            answered = session.post(address + PREDICT, json={"instances": values}, verify=files[1], timeout=60)
            assert answered.json() == {"predictions": [value / 2 + 2 for value in values]}
        assert session.get(address + "/v1/models/nope", verify=files[1], timeout=30).status_code == 404


def test_a_client_without_tls_gets_nothing_and_disturbs_nobody(encrypted, files):
    _, address = encrypted()
    port = int(address.rsplit(":", 1)[1])
    with socket.create_connection(("localhost", port)):  # sends nothing at all
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://localhost:{port}/v1/models/m", timeout=30)
        with pytest.raises(requests.exceptions.SSLError):  # trusts other authorities only
            requests.get(f"{address}/v1/models/m", timeout=30)
        assert requests.get(f"{address}/v1/models/m", verify=files[1], timeout=30).status_code == 200


def test_clients_show_their_certificate_on_demand(encrypted, files):
    key, cert = files
    _, address = encrypted(client_verify=True)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/v1/models/m", verify=cert, timeout=30)
    assert requests.get(f"{address}/v1/models/m", verify=cert, cert=(cert, key), timeout=30).status_code == 200


def test_requests_that_run_end_during_the_drain(encrypted, files, drain):
    server, address = encrypted()
    (answered,) = drain(
        server, lambda: requests.post(address + PREDICT, json={"instances": [1.0]}, verify=files[1], timeout=30)
    )
    assert answered.json() == {"predictions": [2.5]}


def test_an_idle_connection_does_not_hold_up_the_end(encrypted, files):
    server, address = encrypted()
    with requests.Session() as session:
        assert session.get(f"{address}/v1/models/m", verify=files[1], timeout=30).status_code == 200
        server.stop(600)


def test_texts_that_are_no_certificates_are_refused(serve, copy_model, certificate):
    path = copy_model(1)
    key, cert = (text.encode() for text in certificate)
    for tls in (Tls(b"no key", cert, None, False), Tls(key, cert, b"no authority", False)):
        with pytest.raises(InputError, match="An SSLConfig must hold PEM texts that go together"):
            serve(path, rest_port=0, tls=tls, rest_tls=True)


def test_without_the_flag_rest_stays_plain_as_in_tensorflow_serving(serve, copy_model, certificate):
    key, cert = (text.encode() for text in certificate)
    server = serve(copy_model(1), rest_port=0, tls=Tls(key, cert, None, False))
    assert requests.get(f"http://localhost:{server.rest_port}/v1/models/m", timeout=30).status_code == 200
