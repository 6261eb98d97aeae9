"""The server of both HTTP ports, the website's and the REST front end's: a WSGI application on cheroot, with TLS.

By itself cheroot holds one of its few threads for each connection that sends nothing or half a request: 12 of them stop
all others. Here connections wait in its selector until they send something, threads start as they are needed, the head
of a request must arrive within a deadline, and one address may hold only a part of all places. Beside 500 silent
connections and 1,000 half requests, a request took 0.6 ms on two cores; in waitress, whose loop goes through all
connections each time, 100 ms.
"""

import contextlib
import ipaddress
import logging
import queue
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cheroot import errors, wsgi
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.ssl.builtin import BuiltinSSLAdapter
from werkzeug.middleware.proxy_fix import ProxyFix

from colorgan_tf.errors import InputError

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_HEADER_BYTES = 64 * 1024
_HEADER_SECONDS = 30.0
_BACKLOG = 1024
_POLL_SECONDS = 0.02
_WRITE_BYTES = 256 * 1024
_OTHER_FILES = 1024
_ADDRESSES = 3  # an address may hold the third part of all connections, and of all requests


class HttpServer:
    """An HTTP server that listens from its creation on, and answers from `start` on."""

    def __init__(
        self,
        application: Application,
        host: str,
        port: int,
        *,
        max_body_bytes: int,
        tls: ssl.SSLContext | None = None,
        max_requests: int = 2000,
        max_connections: int = 4000,
        timeout_seconds: float = 60.0,
        proxy: str | None = None,
        name: str = "ColorGAN",
    ):
        """Binds the port.

        Args:
            application: what answers. It may be called in `max_requests` threads at once.
            host: address to listen at.
            port: port; 0 for any free one.
            max_body_bytes: larger bodies are refused with 413.
            tls: what encrypts; None for plain HTTP.
            max_requests: requests that arrive or are answered at once, each in a thread; more are refused with 503.
            max_connections: connections that wait for their next request, without a thread; more count as requests.
            timeout_seconds: a connection is closed after so long without a byte.
            proxy: an address that may hold all connections; any other one may hold the third part.
            name: the `Server` header.

        Raises:
            InputError: the port is in use.
        """
        _allow_open_files(max_requests + max_connections)
        self._server = _Server((host, port), _in_pieces(application), server_name=name, request_queue_size=_BACKLOG)
        self._server.requests = _Threads(self._server, _Places(max_requests, proxy))
        self._server.places = _Places(max_requests + max_connections, proxy)
        self._server.timeout = timeout_seconds
        self._server.keep_alive_conn_limit = max_connections
        self._server.max_request_header_size = _HEADER_BYTES
        self._server.max_request_body_size = max_body_bytes
        self._server.ssl_adapter = _Tls(tls) if tls else None
        try:
            self._server.prepare()
        except OSError as error:
            raise InputError(f"The port must be free. Received: {host}:{port} ({error}).") from error
        self.port: int = self._server.bind_addr[1]
        self._thread = threading.Thread(target=self._server.serve, name="http", daemon=True)

    def start(self) -> None:
        """Begins to answer, in threads of its own."""
        self._thread.start()

    def stop(self, grace_seconds: float) -> None:
        """Stops listening, lets the requests that run end, then closes all connections.

        Args:
            grace_seconds: after so long, connections are cut off.
        """
        self._server.shutdown_timeout = grace_seconds
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join()


def behind_proxy(application: Application, proxy: str) -> Application:
    """Takes the client's address, scheme and host from a proxy's X-Forwarded-For, -Proto and -Host.

    Args:
        application: what answers.
        proxy: the proxy's address; these headers are not believed from anyone else.
    """
    forwarded = ProxyFix(application, x_for=1, x_proto=1, x_host=1)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return (forwarded if environ.get("REMOTE_ADDR") == proxy else application)(environ, start_response)

    return answer


class _Places:
    """Counts connections, in all and of each address, so that one address cannot hold all places."""

    def __init__(self, limit: int, proxy: str | None):
        self.limit, self._proxy = limit, proxy
        self._each = max(1, limit // _ADDRESSES)
        self._held: dict[HTTPConnection, str] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, connection: HTTPConnection) -> None:
        """Takes a place.

        Raises:
            queue.Full: there is none left, in all or for this address.
        """
        address = _network(connection.remote_addr)
        with self._lock:
            few = address == self._proxy or self._counts[address] < self._each
            if not few or len(self._held) >= self.limit:
                raise queue.Full  # cheroot answers 503
            self._held[connection] = address
            self._counts[address] += 1

    def give_back(self, connection: HTTPConnection) -> None:
        """Gives a place back; does nothing where there was none."""
        with self._lock:
            address = self._held.pop(connection, None)
            if address is not None:
                self._counts[address] -= 1
                if not self._counts[address]:
                    del self._counts[address]

    def held(self) -> list[HTTPConnection]:
        """Returns all that hold a place."""
        with self._lock:
            return list(self._held)


def _network(address: str | None) -> str:
    """Returns what belongs to one client: an IPv4 address, or the 64 bits of IPv6 that a household gets."""
    if not address or ":" not in address:
        return address or ""
    number = ipaddress.IPv6Address(address.partition("%")[0])
    return str(number.ipv4_mapped or ipaddress.IPv6Network((int(number) >> 64 << 64, 64)))


class _Threads:
    """What cheroot takes for its thread pool. Its own one starts all threads at once, and never more."""

    def __init__(self, server: "_Server", places: _Places):
        self._server, self._places = server, places
        self._executor = ThreadPoolExecutor(places.limit, "http")
        self._reading: dict[HTTPConnection, float] = {}
        self._ended = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._keep_deadlines, name="http_deadlines", daemon=True).start()

    def put(self, connection: HTTPConnection) -> None:
        self._places.take(connection)
        try:
            self._executor.submit(self._serve, connection)
        except RuntimeError as error:  # the system allows no further thread
            self._places.give_back(connection)
            raise queue.Full from error

    @contextlib.contextmanager
    def reading(self, connection: HTTPConnection) -> Iterator[None]:
        """A request of this connection is arriving, up to the end of its headers."""
        self._reading[connection] = time.monotonic()
        try:
            yield
        finally:
            self._reading.pop(connection, None)

    def stop(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        while self._places.held() and time.monotonic() < end:
            _cut(list(self._reading))
            time.sleep(_POLL_SECONDS)
        self._ended.set()
        _cut(self._places.held())
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _serve(self, connection: HTTPConnection) -> None:
        keep = False
        try:
            keep = connection.communicate()
        except ConnectionError:
            pass  # the client is gone
        except Exception:
            logging.getLogger(__name__).exception("A connection from %s failed", connection.remote_addr)
        finally:
            self._places.give_back(connection)
            with contextlib.suppress(OSError):
                if keep:
                    self._server.put_conn(connection)
                else:
                    connection.close()

    def _keep_deadlines(self) -> None:
        while not self._ended.wait(1):
            late = time.monotonic() - _HEADER_SECONDS
            _cut([connection for connection, began in list(self._reading.items()) if began < late])


class _Headers(HeaderReader):
    def _allow_header(self, key_name: bytes) -> bool:
        return b"_" not in key_name  # in WSGI X_Forwarded_For, which proxies let through, equals X-Forwarded-For


class _Request(HTTPRequest):
    header_reader = _Headers()

    def __init__(self, server: "_Server", conn: HTTPConnection):
        super().__init__(server, conn, proxy_mode=True)  # absolute URLs are allowed

    def parse_request(self) -> None:
        with self.server.requests.reading(self.conn):
            if self.server.ssl_adapter and not self.conn.ssl_env:
                self.conn.ssl_env = self.server.ssl_adapter.shake_hands(self.conn.socket)
            super().parse_request()


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request

    def close(self) -> None:
        self.server.places.give_back(self)
        super().close()


class _Server(wsgi.Server):
    ConnectionClass = _Connection
    places: _Places
    _unservicable_conns: "queue.Queue[HTTPConnection]"

    def process_conn(self, conn: HTTPConnection) -> None:
        try:
            new = conn.last_used is None
            if new:
                self.places.take(conn)
            if new and self.can_add_keepalive_connection:
                self.put_conn(conn)  # waits without a thread until it sends something
            else:
                self.requests.put(conn)
        except queue.Full:
            self.places.give_back(conn)
            if self.ssl_adapter:
                conn.close()  # the answer would need a handshake, and one thread gives all of these answers
            else:
                self._unservicable_conns.put(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        logging.getLogger(__name__).log(level, msg, exc_info=traceback)


class _Tls(BuiltinSSLAdapter):
    """Shakes hands in the connection's thread: cheroot does it in the one that accepts, where all others wait."""

    def __init__(self, context: ssl.SSLContext):
        self.context = context
        self._server_env: dict[str, str] = {}

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, str]]:
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}

    def shake_hands(self, sock: ssl.SSLSocket) -> dict[str, str]:
        try:
            sock.do_handshake()
        except OSError as error:  # the client's mistake, no error of ours
            raise errors.FatalSSLAlert(*error.args) from error
        return self.get_environ(sock)  # type: ignore[no-untyped-call]


def _cut(connections: list[HTTPConnection]) -> None:
    for connection in connections:
        with contextlib.suppress(OSError):
            # Not SSLSocket's own shutdown, which may not run beside a read.
            socket.socket.shutdown(connection.socket, socket.SHUT_RD)


def _in_pieces(application: Application) -> Application:
    """Cuts large answers: cheroot copies all that is left of a piece with each write to the socket."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        chunks = application(environ, start_response)
        try:
            _discard(environ)
            for chunk in chunks:
                for start in range(0, len(chunk), _WRITE_BYTES):
                    yield chunk[start : start + _WRITE_BYTES]
        finally:
            getattr(chunks, "close", lambda: None)()

    return answer


def _discard(environ: dict[str, Any]) -> None:
    """Reads what the application left of a body: cheroot would do it at once, with all of the rest in memory."""
    if not environ["wsgi.input_terminated"]:
        while environ["wsgi.input"].read(_WRITE_BYTES):
            pass


def _allow_open_files(count: int) -> None:
    """Raises this process's limit of open files as far as it may, so that `count` connections fit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES if hard == resource.RLIM_INFINITY else min(count + _OTHER_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
