"""A real S3 server on loopback (moto), in front of which faults can be put."""

import contextlib
import os
import threading
import time
import uuid

import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class S3Server:
    """An S3 server with one bucket.

    Attributes:
        url: of the bucket.
        variables: of the environment, for programs that use it.
        fault: what the next answers to GET are: "error" (500), "cut" (half of the body), "slow".
        faults: how many of them.
        every: each so many requests of any kind one of these befalls, in turn; 0 for never.
        befell: how many faults there were.
        sent: bytes sent as answers to GET.
    """

    def __init__(self):
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        self._application = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.fault, self.faults, self.sent = "", 0, 0
        self.every = self.befell = self._asked = 0
        self.variables = KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.port}"}
        self.url = f"s3://{uuid.uuid4().hex}"

    def _answer(self, environment, start_response):
        get = environment["REQUEST_METHOD"] == "GET" and environment["PATH_INFO"].count("/") > 1
        fault = self._next_fault(environment["REQUEST_METHOD"])
        if fault == "error":
            start_response("500 Internal Server Error", [("Content-Length", "0")])
            return [b""]
        if fault == "slow":
            time.sleep(0.5)
        parts = self._application(environment, start_response)
        body = b"".join(parts)
        if get:
            self.sent += len(body)
        return [body[: len(body) // 2]] if fault == "cut" and len(body) > 1000 else [body]

    def _next_fault(self, method):
        self._asked += 1
        if self.faults > 0 and method in ("GET", "HEAD"):
            self.faults -= 1
            fault = self.fault
        elif self.every and self._asked % self.every == 0:
            fault = ("error", "cut", "slow")[self.befell % 3]
        else:
            return ""
        self.befell += 1
        return fault

    def close(self):
        """Ends the server."""
        self._server.shutdown()
        self._thread.join()


@contextlib.contextmanager
def running():
    """Yields a server, with the environment set for it."""
    pytest.importorskip("moto.moto_server", reason="moto's server is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = S3Server()
    before = dict(os.environ)
    os.environ.update(server.variables)
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        s3fs.S3FileSystem().mkdir(server.url)
        yield server
    finally:
        os.environ.clear()
        os.environ.update(before)
        s3fs.S3FileSystem.clear_instance_cache()
        server.close()
