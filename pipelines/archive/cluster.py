"""The Ray cluster that an archive runs on: this machine alone, or the one that an address names."""

import contextlib
import os
import socket
from collections.abc import Iterator

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
        raise InputError("An archive needs Ray: pip install '.[cluster]'. Received: no package ray.") from error
    if address not in (None, "auto"):
        _check_reachable(str(address))
    try:
        if address is None:
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


def _check_reachable(address: str) -> None:
    """Ray itself waits for a minute."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _CONNECT_SECONDS):
            pass
    except (OSError, ValueError) as error:
        reason = f"{address}: {error}"
        raise InputError(f"`--address` must be that of a Ray cluster's head, host:port. Received: {reason}.") from error
