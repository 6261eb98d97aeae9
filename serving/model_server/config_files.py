"""TensorFlow Serving's text-format configuration files: models, batching, monitoring and TLS.

The Python wheel has the proto of the model file only. The other three messages are described here, field by field, as
in session_bundle_config.proto, monitoring_config.proto and ssl_config.proto, and parsed by the protobuf library.
"""

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

from colorgan_tf.errors import InputError

_PACKAGE = "tensorflow.serving"
_INT, _TEXT, _FLAG = ".google.protobuf.Int64Value", ".google.protobuf.StringValue", ".google.protobuf.BoolValue"
_FIELD = descriptor_pb2.FieldDescriptorProto
# Message name -> (field name, number, type); "repeated" marks a list. The order of the messages does not matter.
_MESSAGES: dict[str, list[tuple[str, int, int | str]]] = {
    "BatchingParameters": [
        ("max_batch_size", 1, _INT),
        ("batch_timeout_micros", 2, _INT),
        ("max_enqueued_batches", 3, _INT),
        ("num_batch_threads", 4, _INT),
        ("thread_pool_name", 5, _TEXT),
        ("allowed_batch_sizes", 6, _FIELD.TYPE_INT64),
        ("pad_variable_length_inputs", 7, _FIELD.TYPE_BOOL),
        ("enable_large_batch_splitting", 8, _FLAG),
        ("max_execution_batch_size", 9, _INT),
    ],
    "PrometheusConfig": [("enable", 1, _FIELD.TYPE_BOOL), ("path", 2, _FIELD.TYPE_STRING)],
    "MonitoringConfig": [("prometheus_config", 1, f".{_PACKAGE}.PrometheusConfig")],
    "SSLConfig": [
        ("server_key", 1, _FIELD.TYPE_STRING),
        ("server_cert", 2, _FIELD.TYPE_STRING),
        ("custom_ca", 3, _FIELD.TYPE_STRING),
        ("client_verify", 4, _FIELD.TYPE_BOOL),
    ],
}
_REPEATED = {"allowed_batch_sizes"}
PROMETHEUS_PATH = "/monitoring/prometheus/metrics"


@dataclass(frozen=True)
class Batching:
    """Batching parameters (batching/README.md of TensorFlow Serving) with its defaults.

    Attributes:
        max_batch_size: most rows in one run of the model.
        batch_timeout_micros: how long a batch waits to fill, in microseconds.
        max_enqueued_batches: how many batches may wait; more are answered UNAVAILABLE.
        num_batch_threads: how many batches run at once; default the number of CPUs.
        thread_pool_name: label in the metrics.
        allowed_batch_sizes: sizes a batch is padded up to; empty for any size.
        pad_variable_length_inputs: pad unequal shapes with zeros, rather than keep them in batches of their own.
        enable_large_batch_splitting: cut a request larger than `max_execution_batch_size` in several batches.
        max_execution_batch_size: most rows in one run, if large requests are cut.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    thread_pool_name: str = "batch_threads"
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self) -> None:
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` must be at least 1. Received: {name}={getattr(self, name)}.")
        if self.batch_timeout_micros < 0:
            raise InputError(f"`batch_timeout_micros` must not be negative. Received: {self.batch_timeout_micros}.")
        sizes = self.allowed_batch_sizes
        if sizes and (list(sizes) != sorted(set(sizes)) or sizes[0] < 1 or sizes[-1] != self.execution_size):
            raise InputError(
                "`allowed_batch_sizes` must increase and end with the largest batch size. "
                f"Received: allowed_batch_sizes={list(sizes)}, largest={self.execution_size}."
            )

    @property
    def execution_size(self) -> int:
        """The most rows in one run of the model."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return self.max_execution_batch_size
        return self.max_batch_size


@dataclass(frozen=True)
class Tls:
    """PEM texts of an SSLConfig: the files' contents, not their paths."""

    server_key: bytes
    server_cert: bytes
    custom_ca: bytes | None
    client_verify: bool

    def context(self) -> ssl.SSLContext:
        """Returns what encrypts HTTP, and asks clients for their certificates on demand.

        Raises:
            InputError: key, certificate and authority are no PEM texts that go together.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            with tempfile.TemporaryDirectory(prefix="tls.") as folder:  # only files are taken
                key, certificate = Path(folder, "key.pem"), Path(folder, "certificate.pem")
                key.write_bytes(self.server_key)
                certificate.write_bytes(self.server_cert)
                context.load_cert_chain(certificate, key)
            if self.custom_ca:
                context.load_verify_locations(cadata=self.custom_ca.decode())
        except (ssl.SSLError, UnicodeError) as error:
            raise InputError(f"An SSLConfig must hold PEM texts that go together. Received: {error}.") from error
        if self.client_verify:
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def _message_classes() -> dict[str, type[message.Message]]:
    """Builds the message classes that the wheel lacks, in a pool of their own."""
    file = descriptor_pb2.FileDescriptorProto(
        name="serving/config_files.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, number, kind in fields:
            label = _FIELD.LABEL_REPEATED if field in _REPEATED else _FIELD.LABEL_OPTIONAL
            entry = described.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                entry.type, entry.type_name = _FIELD.TYPE_MESSAGE, kind
            else:
                entry.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


_CLASSES = _message_classes()


def parse(text: str, kind: str, source: str) -> message.Message:
    """Parses a text proto.

    Args:
        text: the file's content.
        kind: `ModelServerConfig`, `BatchingParameters`, `MonitoringConfig` or `SSLConfig`.
        source: the file's name, for the error text.

    Raises:
        InputError: the text is not such a message; the text of the error begins as TensorFlow Serving's does.
    """
    proto = model_server_config_pb2.ModelServerConfig() if kind == "ModelServerConfig" else _CLASSES[kind]()
    try:
        return text_format.Parse(text, proto)
    except (text_format.ParseError, UnicodeError) as error:
        raise InputError(
            f"Invalid protobuf file: '{source}': Error parsing text-format {_PACKAGE}.{kind}: {error}"
        ) from error


def _read(path: str, kind: str) -> message.Message:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeError) as error:
        raise InputError(f"The {kind} file must be readable text. Received: {path} ({error}).") from error
    return parse(text, kind, path)


def read_models(path: str) -> model_server_config_pb2.ModelServerConfig:
    """Reads a --model_config_file."""
    return _read(path, "ModelServerConfig")


def read_batching(path: str) -> Batching:
    """Reads a --batching_parameters_file; what it does not set keeps its default."""
    return _batching(_read(path, "BatchingParameters"))


def parse_batching(text: str, source: str) -> Batching:
    """Parses BatchingParameters; see `parse`."""
    return _batching(parse(text, "BatchingParameters", source))


def _batching(proto: message.Message) -> Batching:
    values: dict[str, Any] = {}
    for field, value in proto.ListFields():
        if field.label == field.LABEL_REPEATED:
            values[field.name] = tuple(value)
        else:
            values[field.name] = value.value if field.message_type else value
    return Batching(**values)


def read_prometheus_path(path: str) -> str | None:
    """Reads a --monitoring_config_file; returns the path of the metrics page, None where it is switched off."""
    config = _read(path, "MonitoringConfig").prometheus_config
    return (config.path or PROMETHEUS_PATH) if config.enable else None


def read_tls(path: str) -> Tls:
    """Reads an --ssl_config_file."""
    proto = _read(path, "SSLConfig")
    key, cert, ca = (getattr(proto, name).encode() for name in ("server_key", "server_cert", "custom_ca"))
    if not key or not cert:
        raise InputError(f"An SSLConfig must have `server_key` and `server_cert`. Received: {path}.")
    return Tls(key, cert, ca or None, proto.client_verify)
