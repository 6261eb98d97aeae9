"""Serves SavedModels over gRPC and REST as tensorflow_model_server does, in Python, with the same flag names.

    python -m serving.server --port=8500 --rest_api_port=8501 --model_name=colorgan \\
        --model_base_path=saved_models/colorgan

Waits for SIGTERM or Ctrl-C, then lets running requests end.
"""

import os
import signal
import threading

from absl import flags, logging

from colorgan_tf import command
from colorgan_tf.errors import InputError, ServingError
from serving.model_server import memory, server_flags


def main(argv: list[str]) -> None:
    """Runs the server until SIGTERM or Ctrl-C."""
    if len(argv) > 1:
        raise InputError(f"The server takes flags only. Received: {' '.join(argv[1:])}.")
    if flags.FLAGS.version:
        print(server_flags.version())
        return
    logging.set_verbosity(logging.INFO)
    server_flags.report_without_effect()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # errors are reported once, by this program

    memory.limit_heaps()
    options, models = server_flags.options(), server_flags.models()

    import tensorflow as tf

    from serving.model_server.config_watcher import ConfigWatcher
    from serving.model_server.server import ModelServer

    values = flags.FLAGS
    both = values.tensorflow_session_parallelism
    if intra := values.tensorflow_intra_op_parallelism or both:
        tf.config.threading.set_intra_op_parallelism_threads(intra)
    if inter := values.tensorflow_inter_op_parallelism or both:
        tf.config.threading.set_inter_op_parallelism_threads(inter)
    try:
        server = ModelServer(models, options)
    except ServingError as error:
        raise InputError(f"Failed to start server. Error: {error}") from error
    server.start()
    print(f"Running gRPC ModelServer at {server.host}:{server.port} ...", flush=True)
    if server.rest_port is not None:
        print(f"Exporting HTTP/REST API at:{server.host}:{server.rest_port} ...", flush=True)
    watcher = None
    if values.model_config_file and values.model_config_file_poll_wait_seconds > 0:
        wait = values.model_config_file_poll_wait_seconds
        watcher = ConfigWatcher(values.model_config_file, wait, models, server.core.servables.configure)
        watcher.start()
    end.wait()
    if watcher:
        watcher.stop()
    server.stop(values.shutdown_grace_seconds)


if __name__ == "__main__":
    server_flags.define_flags()
    flags.adopt_module_key_flags(server_flags)  # for --help
    command.run(main)
