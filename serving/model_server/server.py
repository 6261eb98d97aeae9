"""The embedded server put together: models, gRPC and REST front ends, health. For the command and for tests."""

import os
import threading
from concurrent import futures
from dataclasses import dataclass, field

import grpc
from absl import logging
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2

from colorgan_tf.errors import InputError
from serving.http import HttpServer
from serving.model_server.config_files import Batching, Tls
from serving.model_server.grpc_services import ModelService, PredictionService
from serving.model_server.inference.predict import Limits
from serving.model_server.rest.application import RestApplication, RestOptions
from serving.model_server.servables.lifecycle import Lifecycle
from serving.model_server.server_core import Loading, ServerCore

_INT_MAX = 2**31 - 1
# TensorFlow Serving's short names, and the full ones that gRPC's own documentation recommends.
_HEALTH_NAMES = (
    "ModelService",
    "PredictionService",
    "tensorflow.serving.ModelService",
    "tensorflow.serving.PredictionService",
)
_MOST_THREADS = 256


@dataclass(frozen=True)
class ServerOptions:
    """Settings of the server.

    Attributes:
        host: address to listen at.
        port: gRPC port; 0 for any free one.
        rest_port: REST port; 0 for any free one, None for no REST.
        socket_path: unix socket for gRPC beside the port; empty for none.
        grpc_threads: requests that run or wait in a batch at once; 0 chooses (see `threads`).
        max_concurrent_rpcs: requests that are running or waiting; more are answered RESOURCE_EXHAUSTED.
        max_message_bytes: largest gRPC message.
        channel_arguments: further gRPC arguments.
        tls: key and certificates of the gRPC port.
        rest_tls: use them for the REST port too.
        rest: settings of the REST front end.
        health: answer grpc.health.v1.
        tensor_content: answer with `tensor_content` rather than typed lists.
        batching: parameters of request batching; None for no batching.
        limits: what one request may ask for.
        lifecycle: how versions are found and loaded again.
        loading: how a version is loaded.
    """

    host: str = "0.0.0.0"
    port: int = 8500
    rest_port: int | None = None
    socket_path: str = ""
    grpc_threads: int = 0
    max_concurrent_rpcs: int = 1024
    max_message_bytes: int = _INT_MAX
    channel_arguments: tuple[tuple[str, str | int], ...] = ()
    tls: Tls | None = None
    rest_tls: bool = False
    rest: RestOptions = field(default_factory=RestOptions)
    health: bool = True
    tensor_content: bool = False
    batching: Batching | None = None
    limits: Limits = field(default_factory=Limits)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    loading: Loading = field(default_factory=Loading)

    @property
    def threads(self) -> int:
        """Threads of the gRPC front end: 4 for each CPU, as TensorFlow Serving.

        With batching each waiting request holds one, so there are enough to fill the queues: beyond them the answer
        is UNAVAILABLE at once, and nothing waits unseen in front of the queue.
        """
        if self.grpc_threads:
            return self.grpc_threads
        least = 4 * (os.cpu_count() or 1)
        if self.batching is None:
            return least
        if self.loading.own_batching:  # the versions' own parameters are not known yet
            return _MOST_THREADS
        batches = self.batching.max_enqueued_batches + self.batching.num_batch_threads
        return max(least, min(_MOST_THREADS, self.batching.max_batch_size * batches + least))


class ModelServer:
    """A running server, from `start` to `stop`."""

    def __init__(self, config: model_server_config_pb2.ModelServerConfig, options: ServerOptions):
        """Binds the ports; answers and loads from `start` on.

        Args:
            config: the models.
            options: the settings.

        Raises:
            ServingError: the configuration is not valid.
            InputError: a port or the socket cannot be used, or the certificates are not right.
        """
        encryption = options.tls.context() if options.tls else None  # gRPC does not report what is wrong with it
        self.core = ServerCore(options.limits, options.batching, options.lifecycle, options.loading)
        self.core.servables.configure(config, first=True)
        self._health = health.HealthServicer(
            experimental_non_blocking=True, experimental_thread_pool=futures.ThreadPoolExecutor(max_workers=1)
        )
        self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
        for name in _HEALTH_NAMES:
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._drain = threading.Lock()
        self._stopped = False
        self.core.servables.on_change(self._show_health)
        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(options.threads, "grpc"),
            maximum_concurrent_rpcs=options.max_concurrent_rpcs,
            options=[
                ("grpc.max_receive_message_length", options.max_message_bytes),
                ("grpc.max_send_message_length", options.max_message_bytes),
                ("grpc.so_reuseport", 0),  # a second server on the same port is a mistake
                *options.channel_arguments,
            ],
        )
        prediction = PredictionService(self.core, options.tensor_content)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(prediction, self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(self.core), self._grpc)
        if options.health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        self.host = options.host
        self.port = self._bind(f"{options.host}:{options.port}", options.tls)
        if options.socket_path:
            self._bind(f"unix:{options.socket_path}", None)
        self._rest: HttpServer | None = None
        if options.rest_port is not None:
            try:
                self._rest = HttpServer(
                    RestApplication(self.core, options.rest),
                    options.host,
                    options.rest_port,
                    max_body_bytes=options.rest.max_body_bytes,
                    max_connections=options.rest.connections,
                    tls=encryption if options.rest_tls else None,
                    name="ModelServer",
                )
            except InputError as error:
                raise InputError(f"`rest_api_port` must be free. {error}") from error

    def _bind(self, address: str, tls: Tls | None) -> int:
        try:
            if tls is None:
                return self._grpc.add_insecure_port(address)
            credentials = grpc.ssl_server_credentials(
                [(tls.server_key, tls.server_cert)],
                root_certificates=tls.custom_ca,
                require_client_auth=tls.client_verify,
            )
            return self._grpc.add_secure_port(address, credentials)
        except RuntimeError as error:
            self._grpc.stop(None)
            raise InputError(f"The address must be free to listen at. Received: {address}.") from error

    @property
    def rest_port(self) -> int | None:
        """The REST port, None without REST."""
        return self._rest.port if self._rest else None

    def _show_health(self, ready: bool) -> None:
        with self._drain:
            if ready and not self._stopped:
                self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    def start(self) -> None:
        """Begins to answer and to load."""
        self.core.servables.start()
        self._grpc.start()
        if self._rest:
            self._rest.start()

    def wait_until_available(self, timeout: float | None = None) -> bool:
        """Waits until each model has an available version; returns False when the time is over."""
        return self.core.servables.wait_for(self.core.servables.ready, timeout)

    def stop(self, grace_seconds: float = 30.0) -> None:
        """Takes no new requests, lets the running ones end, then ends all threads.

        Args:
            grace_seconds: after so long, running requests are cut off.
        """
        with self._drain:
            if self._stopped:
                return
            self._stopped = True
        logging.info("Draining: new requests are refused, running ones end within %s s", grace_seconds)
        self._health.enter_graceful_shutdown()
        grpc_ended = self._grpc.stop(grace_seconds)
        if self._rest:
            self._rest.stop(grace_seconds)
        grpc_ended.wait()
        self.core.stop()
