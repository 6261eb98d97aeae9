"""A Ray cluster: this machine alone, or the one that an address names; and a pool of tasks on its machines."""

import concurrent.futures
import contextlib
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from typing import Any

from colorgan_tf.errors import InputError

_CONNECT_SECONDS = 10.0


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Joins a cluster for a while.

    Args:
        address: "auto" for the one that this machine is in, or host:port; None for a cluster of this machine alone,
            which ends with the block.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent away
    try:
        import ray
    except ImportError as error:
        raise InputError("A cluster needs Ray: pip install '.[cluster]'. Received: no package ray.") from error
    if address == "auto":
        _check_one()
    elif address is not None:
        _check_reachable(address)
        _check_answers(address)
    try:
        if address is None:
            # Else Ray leaves one in ~/.ray, and a later `ray start --head` asks all other machines for it.
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            # Nobody asks for the figures of such a cluster, nor for workers besides the actors.
            for name in ("RAY_enable_metrics_collection", "RAY_prestart_worker_first_driver"):
                os.environ.setdefault(name, "0")
            ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        else:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises plain ones as well
        reason = " ".join(str(error).split())
        if address is None:
            raise InputError(f"Ray must be able to start on this machine. Received: {reason}") from error
        raise InputError(f"`--address` must be that of one Ray cluster. Received: {address}: {reason}") from error
    try:
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def tasks(address: str | None) -> Iterator["TaskPool | None"]:
    """Yields a pool of tasks on the cluster that an address names, and None without an address.

    Raises:
        InputError: see `connected`.
    """
    if address is None:
        yield None
        return
    with connected(address):
        yield TaskPool()


class TaskPool(concurrent.futures.Executor):
    """Runs functions of this program on the machines of the cluster, each call on one core.

    A call that is lost with its machine is done again, three times at most; then it fails with `BrokenExecutor`.
    """

    def __init__(self) -> None:
        import ray

        self._ray = ray
        self._call = ray.remote(num_cpus=1, max_retries=3)(_call)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """See `concurrent.futures.Executor.submit`."""
        outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()
        outcome.set_running_or_notify_cancel()

        def settle(done: concurrent.futures.Future[Any]) -> None:
            error = done.exception()
            if error is None:
                outcome.set_result(done.result())
            elif isinstance(error, self._ray.exceptions.RayTaskError):
                outcome.set_exception(error.cause)
            else:
                lost = concurrent.futures.BrokenExecutor(f"the process that did it was lost: {type(error).__name__}")
                outcome.set_exception(lost)

        name = getattr(getattr(function, "func", function), "__name__", "task").strip("_")
        self._call.options(name=name).remote(function, args, kwargs).future().add_done_callback(settle)
        return outcome


def _call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)


def _check_one() -> None:
    """Ray itself takes the latest of several."""
    from ray._private import services

    found = sorted(services.find_gcs_addresses())
    if len(found) > 1 and not os.environ.get("RAY_ADDRESS"):
        raise InputError(f"`--address` must name one of the Ray clusters of this machine. Received: auto, for {found}.")


def _check_reachable(address: str) -> None:
    """Ray itself waits for a minute."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _CONNECT_SECONDS):
            pass
    except (OSError, ValueError) as error:
        reason = f"{address}: {error}"
        raise InputError(f"`--address` must be that of a Ray cluster's head, host:port. Received: {reason}.") from error


def _check_answers(address: str) -> None:
    """Ray itself repeats a warning."""
    import grpc
    from ray._private.grpc_utils import init_grpc_channel

    with init_grpc_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary("/ray.rpc.NodeInfoGcsService/GetClusterId")(b"", timeout=_CONNECT_SECONDS)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAUTHENTICATED:
                raise InputError(
                    "A cluster that asks for a token must get it: RAY_AUTH_MODE=token and the ~/.ray/auth_token of its "
                    f"head are needed on every machine. Received: {address}, another token or none."
                ) from error
            reason = " ".join(str(error.details()).split())
            raise InputError(f"`--address` must be that of one Ray cluster. Received: {address}: {reason}") from error
