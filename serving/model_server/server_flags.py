"""The flags of tensorflow_model_server, under its names, and the models and settings that they stand for.

TensorFlow is imported by the functions, so that `--help` answers at once.
"""

import os
from importlib import metadata
from typing import TYPE_CHECKING

from absl import flags, logging
from tensorflow_serving.config import model_server_config_pb2

from colorgan_tf.errors import InputError
from colorgan_tf.version import __version__

if TYPE_CHECKING:
    from serving.model_server.server import ServerOptions

_FLAGS = flags.FLAGS
# Flags of tensorflow_model_server without effect here, their defaults, and why: its command lines go on working.
_WITHOUT_EFFECT: dict[str, tuple[str | int | float | bool, str]] = {
    "num_load_threads": (0, "each model loads in a thread of its own"),
    "num_unload_threads": (0, "each model unloads in a thread of its own"),
    "flush_filesystem_caches": (True, "the system keeps these caches"),
    "tensorflow_session_config_file": ("", "models run without a session"),
    "platform_config_file": ("", "models are SavedModels, which run in TensorFlow"),
    "per_process_gpu_memory_fraction": (0.0, "TensorFlow takes memory of a GPU as it needs it"),
    "remove_unused_fields_from_bundle_metagraph": (True, "TensorFlow reads the whole model"),
    "prefer_tflite_model": (False, "models run in TensorFlow"),
    "num_tflite_pools": (0, "models run in TensorFlow"),
    "num_tflite_interpreters_per_pool": (0, "models run in TensorFlow"),
    "enable_signature_method_name_check": (False, "method names are not looked at"),
    "xla_cpu_compilation_enabled": (False, "a model itself says whether it is compiled"),
    "xla_gpu_compilation_enabled": (False, "a model itself says whether it is compiled"),
    "enable_profiler": (False, "there is no profiler service"),
    "thread_pool_factory_config_file": ("", "TensorFlow has its own threads"),
    "mixed_precision": ("", "a model itself says what it computes in"),
    "skip_initialize_tpu": (False, "there is no TPU"),
}


def define_flags() -> None:
    """Defines the flags."""
    flags.DEFINE_string("host", "0.0.0.0", "Address to listen at; 127.0.0.1 for this machine only.")
    flags.DEFINE_integer("port", 8500, "Port of the gRPC front end; 0 for any free one.")
    flags.DEFINE_string("grpc_socket_path", "", "Unix socket for gRPC, beside the port.")
    flags.DEFINE_integer("rest_api_port", 0, "Port of the REST front end; 0 for no REST, -1 for any free port.")
    flags.DEFINE_integer("rest_api_num_threads", 0, "Threads of the REST front end; 0 for 4 for each CPU.")
    flags.DEFINE_integer("rest_api_max_connections", 4000, "REST connections that may wait for their next request.")
    flags.DEFINE_integer("rest_api_timeout_in_ms", 30000, "Deadline of each REST answer.")
    flags.DEFINE_integer("rest_api_max_body_bytes", 256 * 2**20, "Largest body of a REST request.")
    flags.DEFINE_bool(
        "rest_api_enable_tls", False, "TLS for REST too, by --ssl_config_file; TensorFlow Serving has none."
    )
    flags.DEFINE_bool("rest_api_enable_cors_support", False, "Answer REST requests with CORS headers.")
    flags.DEFINE_string("model_name", "default", "Name of the model, without --model_config_file.")
    flags.DEFINE_string("model_base_path", "", "Folder that holds the model's version folders (1, 2, ...).")
    flags.DEFINE_string(
        "model_config_file", "", "Text-format ModelServerConfig, for several models, policies and labels."
    )
    flags.DEFINE_integer("model_config_file_poll_wait_seconds", 0, "Read that file again every so often; 0 for never.")
    flags.DEFINE_float("file_system_poll_wait_seconds", 1, "Look for versions every so often; 0 for once.")
    flags.DEFINE_bool(
        "allow_version_labels_for_unavailable_models", False, "New labels may point to unloaded versions."
    )
    flags.DEFINE_integer("max_num_load_retries", 5, "How often a failed load is tried again.")
    flags.DEFINE_integer("load_retry_interval_micros", 60_000_000, "Time between those tries.")
    flags.DEFINE_string("saved_model_tags", "serve", "Comma-separated tags of the graph to load.")
    flags.DEFINE_bool("enable_model_warmup", True, "Run the warm-up requests that a version brings along.")
    flags.DEFINE_integer("num_request_iterations_for_warmup", 1, "How often each warm-up request runs.")
    flags.DEFINE_bool("enable_batching", False, "Join requests of many callers in batches.")
    flags.DEFINE_string("batching_parameters_file", "", "Text-format BatchingParameters.")
    flags.DEFINE_bool(
        "enable_per_model_batching_parameters",
        False,
        "Batch by batching_params.pbtxt in each version's folder; without it not at all. The file of the server gives "
        "the threads only.",
    )
    flags.DEFINE_string("monitoring_config_file", "", "Text-format MonitoringConfig.")
    flags.DEFINE_string("ssl_config_file", "", "Text-format SSLConfig: TLS for gRPC.")
    flags.DEFINE_string("grpc_channel_arguments", "", "Comma-separated gRPC arguments, key=value.")
    flags.DEFINE_integer(
        "grpc_max_threads", 0, "Threads of the gRPC front end; 0 for 4 for each CPU, more with batching."
    )
    flags.DEFINE_integer("grpc_max_concurrent_rpcs", 1024, "More requests than this are answered RESOURCE_EXHAUSTED.")
    flags.DEFINE_integer("grpc_max_message_bytes", 2**31 - 1, "Largest gRPC message, either way.")
    flags.DEFINE_bool("enable_grpc_healthcheck_service", True, "Answer grpc.health.v1; on unless switched off.")
    flags.DEFINE_bool("enable_serialization_as_tensor_content", False, "Answer with tensor_content, not typed lists.")
    flags.DEFINE_integer("tensorflow_intra_op_parallelism", 0, "Threads within an operation; 0 lets TensorFlow choose.")
    flags.DEFINE_integer("tensorflow_inter_op_parallelism", 0, "Operations at once; 0 lets TensorFlow choose.")
    flags.DEFINE_integer("tensorflow_session_parallelism", 0, "Both of these, where they are 0.")
    flags.DEFINE_bool("use_alts_credentials", False, "Refused: use --ssl_config_file.")
    flags.DEFINE_bool("version", False, "Print the version and exit.")
    for name, (default, why) in _WITHOUT_EFFECT.items():
        _define(name, default, f"No effect: {why}.")
    flags.DEFINE_integer("max_pixels", 64_000_000, "Largest width times height of a picture file.")
    flags.DEFINE_integer("max_tensor_bytes", 128 * 2**20, "Largest decoded input tensor.")
    flags.DEFINE_float("shutdown_grace_seconds", 30, "How long running requests may take after SIGTERM.")


def _define(name: str, default: str | int | float | bool, text: str) -> None:
    if isinstance(default, bool):
        flags.DEFINE_bool(name, default, text)
    elif isinstance(default, int):
        flags.DEFINE_integer(name, default, text)
    elif isinstance(default, float):
        flags.DEFINE_float(name, default, text)
    else:
        flags.DEFINE_string(name, default, text)


def report_without_effect() -> None:
    """Logs which of the flags that were given have no effect."""
    for name, (_, why) in _WITHOUT_EFFECT.items():
        if _FLAGS[name].present:
            logging.info("--%s has no effect: %s", name, why)


def version() -> str:
    """Returns what `--version` prints."""
    return f"ColorGAN TF model server: {__version__}\nTensorFlow Library: {metadata.version('tensorflow')}"


def models() -> model_server_config_pb2.ModelServerConfig:
    """Returns the models to serve.

    Raises:
        InputError: neither a model nor a file of them is given, or the file is not right.
    """
    from serving.model_server import config_files
    from serving.model_server.servables import versions

    if _FLAGS.model_config_file:
        return config_files.read_models(_FLAGS.model_config_file)
    base_path = _FLAGS.model_base_path
    if not base_path:
        raise InputError("--model_base_path or --model_config_file must be given. Received: neither.")
    return versions.single_model(_FLAGS.model_name, base_path if "://" in base_path else os.path.abspath(base_path))


def options() -> "ServerOptions":
    """Returns the server's settings.

    Raises:
        InputError: flags do not go together, or a file that they name is not right.
    """
    from serving.model_server import config_files
    from serving.model_server.inference.predict import Limits
    from serving.model_server.rest.application import RestOptions
    from serving.model_server.servables.lifecycle import Lifecycle
    from serving.model_server.server import ServerOptions
    from serving.model_server.server_core import Loading

    if _FLAGS.batching_parameters_file and not _FLAGS.enable_batching:
        raise InputError("--batching_parameters_file must come with --enable_batching. Received: it alone.")
    if _FLAGS.rest_api_enable_tls and not _FLAGS.ssl_config_file:
        raise InputError("--rest_api_enable_tls must come with --ssl_config_file. Received: it alone.")
    if _FLAGS.use_alts_credentials:
        raise InputError("--use_alts_credentials must be off; --ssl_config_file encrypts. Received: on.")
    batching = None
    if _FLAGS.enable_batching:
        file = _FLAGS.batching_parameters_file
        batching = config_files.read_batching(file) if file else config_files.Batching()
    monitoring, tls, rest_port = _FLAGS.monitoring_config_file, _FLAGS.ssl_config_file, _FLAGS.rest_api_port
    return ServerOptions(
        host=_FLAGS.host,
        port=_FLAGS.port,
        rest_port={0: None, -1: 0}.get(rest_port, rest_port),
        socket_path=_FLAGS.grpc_socket_path,
        grpc_threads=_FLAGS.grpc_max_threads,
        max_concurrent_rpcs=_FLAGS.grpc_max_concurrent_rpcs,
        max_message_bytes=_FLAGS.grpc_max_message_bytes,
        channel_arguments=_channel_arguments(_FLAGS.grpc_channel_arguments),
        tls=config_files.read_tls(tls) if tls else None,
        rest_tls=_FLAGS.rest_api_enable_tls,
        rest=RestOptions(
            connections=_FLAGS.rest_api_max_connections,
            threads=_FLAGS.rest_api_num_threads or 4 * (os.cpu_count() or 1),
            timeout_seconds=_FLAGS.rest_api_timeout_in_ms / 1000,
            max_body_bytes=_FLAGS.rest_api_max_body_bytes,
            cors=_FLAGS.rest_api_enable_cors_support,
            prometheus_path=config_files.read_prometheus_path(monitoring) if monitoring else None,
        ),
        health=_FLAGS.enable_grpc_healthcheck_service,
        tensor_content=_FLAGS.enable_serialization_as_tensor_content,
        batching=batching,
        limits=Limits(max_pixels=_FLAGS.max_pixels, max_tensor_bytes=_FLAGS.max_tensor_bytes),
        lifecycle=Lifecycle(
            poll_wait_seconds=_FLAGS.file_system_poll_wait_seconds,
            max_num_load_retries=_FLAGS.max_num_load_retries,
            load_retry_interval_seconds=_FLAGS.load_retry_interval_micros / 1e6,
            allow_labels_for_unavailable=_FLAGS.allow_version_labels_for_unavailable_models,
        ),
        loading=Loading(
            tags=tuple(_FLAGS.saved_model_tags.split(",")),
            warm_up=_FLAGS.enable_model_warmup,
            iterations=_FLAGS.num_request_iterations_for_warmup,
            own_batching=_FLAGS.enable_per_model_batching_parameters,
        ),
    )


def _channel_arguments(text: str) -> tuple[tuple[str, str | int], ...]:
    arguments: list[tuple[str, str | int]] = []
    for part in filter(None, text.split(",")):
        key, separator, value = part.partition("=")
        if not separator:
            raise InputError(f"`grpc_channel_arguments` must be key=value pairs. Received: {part}.")
        arguments.append((key, int(value) if value.lstrip("-").isdigit() else value))
    return tuple(arguments)
