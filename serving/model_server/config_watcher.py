"""Reads the model configuration file again every so often, and applies what changed."""

import threading
from collections.abc import Callable

from absl import logging
from tensorflow_serving.config import model_server_config_pb2

from colorgan_tf.errors import InputError, ServingError
from serving.model_server import config_files


class ConfigWatcher:
    """Polls --model_config_file; a file that is wrong is logged, and the old configuration serves on."""

    def __init__(
        self,
        path: str,
        wait_seconds: float,
        first: model_server_config_pb2.ModelServerConfig,
        apply: Callable[[model_server_config_pb2.ModelServerConfig], object],
    ):
        """Creates the watcher.

        Args:
            path: the file.
            wait_seconds: time between two polls.
            first: the configuration that is served now.
            apply: is called with each configuration that differs from the last one.
        """
        self._path = path
        self._wait = wait_seconds
        self._last = first
        self._apply = apply
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="config_watcher", daemon=True)

    def start(self) -> None:
        """Begins to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        complaint = ""
        while not self._stopped.wait(self._wait):
            try:
                config = config_files.read_models(self._path)
                if config != self._last:
                    self._apply(config)
                    self._last = config
                    logging.info("Applied the changed %s", self._path)
                complaint = ""
            except (InputError, ServingError) as error:
                if str(error) != complaint:
                    logging.error("Kept the configuration before: %s", error)
                complaint = str(error)
