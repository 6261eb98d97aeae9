"""Clients that only hold connections: 500 that send nothing, and 500 that send half a request."""

import contextlib
import socket
import time
from collections.abc import Iterator

import requests


@contextlib.contextmanager
def connected(port: int, data: bytes = b"", count: int = 500) -> Iterator[None]:
    """Holds connections that sent some bytes."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            each = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            each.sendall(data)
        yield


def seconds_beside_them(address: str) -> float:
    """Returns how long the next client waits for an answer at best of three, since tests may run side by side."""
    port = int(address.partition("//")[2].partition("/")[0].rpartition(":")[2])
    with connected(port), connected(port, b"GET / HTTP/1.1\r\nHost: x"):
        found = []
        for _ in range(3):
            began = time.monotonic()
            assert requests.get(address, timeout=20).status_code == 200
            found.append(time.monotonic() - began)
    return min(found)
