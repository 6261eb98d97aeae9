"""One loaded version of a model: its signatures and how they run."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import tensorflow as tf
from google.protobuf.message import DecodeError
from grpc import StatusCode
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from colorgan_tf.errors import InputError, ServingError
from serving.model_server import config_files, statuses, tensors
from serving.model_server.config_files import Batching

DEFAULT_SIGNATURE = "serving_default"
# bundle_factory_util.cc
_BATCHING_FILE = "batching_params.pbtxt"


@dataclass(frozen=True)
class LoadedVersion:
    """A version that can run.

    Attributes:
        name: the model's name.
        version: its number.
        path: its folder.
        signatures: the SignatureDefs of the file, by name; `__saved_model_init_op` among them, which cannot run.
        batching: how its requests are joined, None for not at all; counts on a server that batches only.
    """

    name: str
    version: int
    path: str
    signatures: dict[str, meta_graph_pb2.SignatureDef]
    _functions: dict[str, Any] = field(repr=False)
    # The loaded object owns the variables that the functions use.
    _owner: Any = field(repr=False)
    batching: Batching | None = None

    def run(self, signature: str, inputs: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """Runs a signature on checked inputs.

        Raises:
            ServingError: with the code and the text of the operation that failed.
        """
        try:
            outputs = self._functions[signature](**{alias: tensors.from_array(inputs[alias]) for alias in inputs})
            return {alias: tensors.to_array(output) for alias, output in outputs.items()}
        except tf.errors.OpError as error:
            raise statuses.from_tensorflow(error) from error

    def can_run(self, signature: str) -> bool:
        """Returns whether there is such a signature, and it can run."""
        return signature in self._functions


def _meta_graph(path: str, tags: set[str]) -> meta_graph_pb2.MetaGraphDef:
    file = os.path.join(path, "saved_model.pb")
    if not tf.io.gfile.exists(file):
        raise statuses.not_found(
            f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}. "
            "Check that the directory exists and that you have the right permissions for accessing it."
        )
    try:
        model = saved_model_pb2.SavedModel.FromString(tf.io.gfile.GFile(file, "rb").read())
    except DecodeError as error:
        raise ServingError(StatusCode.DATA_LOSS, f"Can't parse {file} as binary proto") from error
    for graph in model.meta_graphs:
        if set(graph.meta_info_def.tags) == tags:
            return graph
    raise statuses.not_found(
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(sorted(tags))} }} in {path}"
    )


def load(name: str, version: int, path: str, tags: tuple[str, ...] = ("serve",)) -> LoadedVersion:
    """Loads a SavedModel.

    Args:
        name: the model's name.
        version: its number.
        path: the version's folder.
        tags: which of its graphs.

    Raises:
        ServingError: it is not there, broken, or cannot be loaded.
    """
    graph = _meta_graph(path, set(tags))
    try:
        loaded = tf.saved_model.load(path, tags=list(tags))
    except tf.errors.OpError as error:
        raise statuses.from_tensorflow(error) from error
    except Exception as error:  # noqa: BLE001 - a broken file fails in many ways, and none may stop the server
        raise ServingError(StatusCode.UNKNOWN, f"{type(error).__name__}: {error}") from error
    return LoadedVersion(name, version, path, dict(graph.signature_def), dict(loaded.signatures), loaded)


def own_batching(path: str) -> Batching | None:
    """Reads the batching parameters that a version brings along, for --enable_per_model_batching_parameters.

    Args:
        path: the version's folder.

    Returns:
        Those of its `batching_params.pbtxt`; None, which means no batching, if there is no such file.

    Raises:
        ServingError: INVALID_ARGUMENT: the file is not right.
    """
    file = os.path.join(path, _BATCHING_FILE)
    if not tf.io.gfile.exists(file):
        return None
    try:
        return config_files.parse_batching(tf.io.gfile.GFile(file, "rb").read().decode(), file)
    except (InputError, UnicodeError) as error:
        raise statuses.invalid_argument(str(error)) from error
