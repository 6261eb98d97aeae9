"""The HTTP server: clients that send nothing or half a request hold up nobody, and the limits and the drain hold."""

import contextlib
import socket
import threading

import pytest
import requests

from colorgan_tf.errors import InputError
from serving import http


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = body or environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


@pytest.fixture
def serve():
    running = []

    def start(answer=application, **settings) -> http.HttpServer:
        server = http.HttpServer(answer, "127.0.0.1", 0, **({"max_body_bytes": 2**24} | settings))
        running.append(server)
        server.start()
        return server

    yield start
    for server in running:
        server.stop(0)


@pytest.fixture
def send():
    """Opens connections that send some bytes, and keeps them open."""
    with contextlib.ExitStack() as stack:

        def send(server, data: bytes, count: int = 1, source: str = "127.0.0.1") -> list[socket.socket]:
            opened = [
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(source, 0))
                )
                for _ in range(count)
            ]
            for each in opened:
                each.sendall(data)
            return opened

        yield send


def get(server: http.HttpServer, path: str = "/a") -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=10)


@pytest.mark.parametrize(
    "data", [b"", b"GET / HTTP/1.1\r\nHost: x", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"]
)
def test_500_clients_that_send_nothing_or_half_a_request_hold_up_nobody(serve, send, data):
    server = serve()
    send(server, data, 500)
    assert get(server).text == "/a"


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_one_address_cannot_hold_all_places(serve, send, data):
    server = serve(max_connections=20, max_requests=10)
    attackers = send(server, data, 30, "127.0.0.2")
    assert sum(each.recv(12) == b"HTTP/1.1 503" for each in attackers[-20:]) == 20
    assert get(server).text == "/a"


def test_a_proxy_may_hold_all_places(serve, send):
    server = serve(max_connections=20, max_requests=10, proxy="127.0.0.2")
    send(server, b"", 25, "127.0.0.2")
    assert get(server).text == "/a"


@pytest.mark.parametrize("data", [b"", b"GET / HT", b"GET /b HTTP/1.0\r\nHost: x\r\n\r\n"])
def test_places_are_given_back(serve, send, data):
    server = serve(max_connections=3, max_requests=3)
    for _ in range(9):
        (each,) = send(server, data)
        each.close()
    while (answer := get(server)).status_code == 503:  # the server has yet to see that they are gone
        threading.Event().wait(0.01)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
    ],
)
def test_what_counts_as_one_address(address, network):
    assert http._network(address) == network


def test_a_request_that_does_not_end_is_cut_off(serve, send, monkeypatch):
    monkeypatch.setattr(http, "_HEADER_SECONDS", 0.0)
    (half,) = send(serve(), b"GET / HT")
    assert half.recv(99).startswith(b"HTTP/1.1 400") or half.recv(99) == b""


def test_an_idle_connection_is_closed(serve, send):
    (idle,) = send(serve(timeout_seconds=0.1), b"")
    assert idle.recv(9) == b""


def test_beyond_the_limits_the_answer_is_503(serve, send):
    for settings, data in (({}, b"GET / HT"), ({"max_connections": 0}, b"")):
        server = serve(max_requests=1, **settings)
        send(server, data)
        assert get(server).status_code == 503


@pytest.mark.parametrize("size", [2**24, 2**24 + 1])
def test_bodies_up_to_the_limit_come_back_and_larger_ones_are_refused(serve, size):
    answer = requests.post(f"http://127.0.0.1:{serve().port}/", data=b"x" * size, timeout=30)
    assert (answer.status_code, len(answer.content) >= size) == ((200, True) if size == 2**24 else (413, False))


def test_what_the_application_leaves_of_a_body_never_lies_in_memory(serve):
    sizes = []

    def refusing(environ, start_response):
        body = environ["wsgi.input"]
        read, body.read = body.read, lambda size=None: (sizes.append(size), read(size))[1]
        start_response("403 Forbidden", [("Content-Length", "2")])
        return [b"no"]

    address = f"http://127.0.0.1:{serve(refusing).port}/"
    with requests.Session() as session:
        for _ in range(2):  # the connection is used again
            assert session.post(address, data=b"x" * 2**22, timeout=30).text == "no"
    assert len(sizes) > 8 and max(sizes) <= 2**20


def test_a_request_in_flight_is_answered_during_the_drain_and_half_a_request_does_not_hold_it_up(serve, send):
    entered, go = threading.Event(), threading.Event()

    def slow(environ, start_response):
        entered.set()
        assert go.wait(10)
        return application(environ, start_response)

    server = serve(slow)
    send(server, b"GET / HT")
    send(server, b"")
    (whole,) = send(server, b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
    assert entered.wait(10)
    stopping = threading.Thread(target=server.stop, args=(60,))
    stopping.start()
    go.set()
    stopping.join(20)
    assert not stopping.is_alive()
    assert whole.recv(999).endswith(b"/b")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_taken_port_is_refused(serve):
    with pytest.raises(InputError, match="The port must be free"):
        http.HttpServer(application, "127.0.0.1", serve().port, max_body_bytes=1)


@pytest.mark.parametrize(("proxy", "expected"), [("127.0.0.1", "9.9.9.9 https h"), ("1.2.3.4", "127.0.0.1 http ")])
def test_forwarded_headers_are_believed_from_the_proxy_only(serve, proxy, expected):
    def who(environ, start_response):
        start_response("200 OK", [])
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']} {environ['HTTP_HOST']}".encode()]

    server = serve(http.behind_proxy(who, proxy))
    headers = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "h"}
    answer = requests.get(f"http://127.0.0.1:{server.port}/", headers=headers, timeout=10).text
    assert answer == expected if expected.endswith("h") else answer.startswith(expected)
