"""Runs the REST application on waitress, in a thread, with a drain at the end; behind TLS on demand."""

import contextlib
import os
import ssl
import tempfile
import threading
import time
from typing import Any

import waitress
from absl import logging
from waitress import wasyncore

from colorgan_tf.errors import InputError
from serving.model_server.rest.application import RestApplication
from serving.model_server.rest.tls import TlsFront

_POLL_SECONDS = 0.02


class RestServer:
    """An HTTP server that listens from its creation on, and answers from `start` on."""

    def __init__(
        self,
        application: RestApplication,
        host: str,
        port: int,
        threads: int,
        max_body_bytes: int,
        tls: ssl.SSLContext | None = None,
    ):
        """Binds the port.

        Args:
            application: what answers.
            host: address to listen at.
            port: port; 0 for any free one.
            threads: how many requests run at once.
            max_body_bytes: larger bodies are refused with 413.
            tls: what encrypts; None for plain HTTP.

        Raises:
            InputError: the port is in use.
        """
        self._front: TlsFront | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="rest.") if tls else None
        where: dict[str, Any] = {"host": host, "port": port}
        try:
            if tls and self._folder:
                path = os.path.join(self._folder.name, "socket")
                where = {"unix_socket": path, "unix_socket_perms": "600", "url_scheme": "https"}
                self._front = TlsFront(host, port, tls, path)
            self._server = waitress.create_server(
                application,
                threads=threads,
                max_request_body_size=max_body_bytes,
                ident="ModelServer",
                clear_untrusted_proxy_headers=True,
                **where,
            )
        except OSError as error:
            raise InputError(f"`rest_api_port` must be free. Received: {host}:{port} ({error.strerror}).") from error
        self.port: int = self._front.port if self._front else self._server.effective_port
        self._thread = threading.Thread(target=self._server.run, name="rest", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()
        if self._front:
            self._front.start()

    def stop(self, grace_seconds: float) -> None:
        """Stops to listen, waits for the requests that run, then closes all connections."""
        if self._front:
            self._front.close()
        server, dispatcher = self._server, self._server.task_dispatcher
        # waitress' sockets belong to its own thread: it runs what is handed to its trigger.
        server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(server))
        end = time.monotonic() + grace_seconds
        while time.monotonic() < end and self._busy():
            time.sleep(_POLL_SECONDS)
        dispatcher.shutdown(cancel_pending=True, timeout=1)
        with contextlib.suppress(OSError):  # without a connection left, its thread has ended and closed the trigger
            server.trigger.pull_trigger(self._close_all)
        self._thread.join(timeout=2)
        if self._thread.is_alive():
            logging.warning("The REST server did not end in time")
        if self._front and self._folder:
            self._front.stop(max(1.0, end - time.monotonic()))
            self._folder.cleanup()

    def _busy(self) -> bool:
        dispatcher = self._server.task_dispatcher
        channels = list(self._server.active_channels.values())
        return bool(dispatcher.queue or dispatcher.active_count or any(c.total_outbufs_len for c in channels))

    def _close_all(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.trigger.close()
