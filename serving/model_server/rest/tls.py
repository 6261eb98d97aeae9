"""TLS in front of the REST door: takes encrypted connections and hands their bytes to a server on a unix socket."""

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from pathlib import Path

from absl import logging

from colorgan_tf.errors import InputError
from serving.model_server.config_files import Tls

_CHUNK = 65536
_HANDSHAKE_SECONDS = 10.0
_SHUTDOWN_SECONDS = 1.0  # for the other side's goodbye, which idle clients never say


def server_context(tls: Tls) -> ssl.SSLContext:
    """Returns what encrypts as an SSLConfig says: with its key and certificate, asking clients for theirs on demand.

    Raises:
        InputError: key, certificate and authority are no PEM texts that go together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        with tempfile.TemporaryDirectory(prefix="tls.") as folder:  # only files are taken
            key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
            key.write_bytes(tls.server_key)
            certificate.write_bytes(tls.server_cert)
            context.load_cert_chain(certificate, key)
        if tls.custom_ca:
            context.load_verify_locations(cadata=tls.custom_ca.decode())
    except (ssl.SSLError, UnicodeError) as error:
        raise InputError(f"An SSLConfig must hold PEM texts that go together. Received: {error}.") from error
    if tls.client_verify:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class TlsFront:
    """Listens for TLS from its creation on, and forwards from `start` on."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, path: str):
        """Binds the port.

        Args:
            host: address to listen at.
            port: port; 0 for any free one.
            context: what encrypts.
            path: unix socket of the server behind.

        Raises:
            OSError: the port is in use.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self.port: int = self._socket.getsockname()[1]
        self._context, self._path = context, path
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_log)
        self._connections: set[asyncio.Task] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="rest_tls", daemon=True)

    def start(self) -> None:
        """Begins to forward."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def close(self) -> None:
        """Takes no new connections; those that are there go on."""
        if self._server is None:
            self._socket.close()
        else:
            self._loop.call_soon_threadsafe(self._server.close)

    def stop(self, grace_seconds: float) -> None:
        """Waits until the server behind has closed all connections and their last bytes are out, then ends.

        Args:
            grace_seconds: after so long, connections are cut off.
        """
        self.close()
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(grace_seconds), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._connected,
            sock=self._socket,
            ssl=self._context,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=_SHUTDOWN_SECONDS,
        )

    async def _end(self, grace_seconds: float) -> None:
        if self._connections:
            _, cut = await asyncio.wait(self._connections, timeout=grace_seconds)
            for each in cut:
                each.cancel()
            await asyncio.gather(*cut, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._forward(reader, writer)
        except OSError as error:  # the other side is gone: nothing to answer, and nobody to answer to
            logging.debug("A TLS connection ended early: %s", error)
        finally:
            self._connections.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_closed, writer)
            inner_reader, inner_writer = await asyncio.open_unix_connection(self._path)
            stack.push_async_callback(_closed, inner_writer)
            requests = asyncio.create_task(_copy(reader, inner_writer))
            answers = asyncio.create_task(_copy(inner_reader, writer))
            try:
                # A client that has closed wants no answer any more. A server that reads no further still has one.
                await asyncio.wait({requests, answers}, return_when=asyncio.FIRST_COMPLETED)
                if requests.done() and requests.exception():
                    await asyncio.wait({answers})
            finally:
                requests.cancel()
                answers.cancel()
                await asyncio.gather(requests, answers, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _log(_: asyncio.AbstractEventLoop, context: dict) -> None:
    """Strangers' broken handshakes are no errors of ours."""
    logging.debug("TLS: %s", context.get("exception") or context.get("message"))
