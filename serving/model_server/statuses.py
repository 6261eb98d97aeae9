"""The error statuses of TensorFlow Serving: the code and the text of each case, word for word.

One function for each case builds a `ServingError`; the gRPC and REST front ends turn it into their own form.
Texts follow tensorflow/serving 2.20 (server_core.cc, predict_util.cc, basic_manager.cc, shared_batch_scheduler.h, ...).
"""

import re
from collections.abc import Iterable

from grpc import StatusCode

from colorgan_tf.errors import ServingError

# grpc_status_util.cc: longer texts do not fit into an HTTP/2 header.
MAX_TEXT = 1024

# http_server.cc, ToHTTPStatusCode.
HTTP_STATUS = {
    StatusCode.OK: 200,
    StatusCode.CANCELLED: 499,
    StatusCode.UNKNOWN: 500,
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.DEADLINE_EXCEEDED: 504,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.ABORTED: 409,
    StatusCode.OUT_OF_RANGE: 400,
    StatusCode.UNIMPLEMENTED: 501,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DATA_LOSS: 500,
    StatusCode.UNAUTHENTICATED: 401,
}
_BY_NUMBER = {code.value[0]: code for code in StatusCode}


def truncated(text: str) -> str:
    """Returns `text`, cut where TensorFlow Serving cuts it."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "...TRUNCATED"


def invalid_argument(text: str) -> ServingError:
    """Returns an INVALID_ARGUMENT with any text."""
    return ServingError(StatusCode.INVALID_ARGUMENT, text)


def failed_precondition(text: str) -> ServingError:
    """Returns a FAILED_PRECONDITION with any text."""
    return ServingError(StatusCode.FAILED_PRECONDITION, text)


def not_found(text: str) -> ServingError:
    """Returns a NOT_FOUND with any text."""
    return ServingError(StatusCode.NOT_FOUND, text)


def unavailable(text: str) -> ServingError:
    """Returns an UNAVAILABLE with any text."""
    return ServingError(StatusCode.UNAVAILABLE, text)


# === Which model ===


def missing_model_spec() -> ServingError:
    """The request names no model at all."""
    return invalid_argument("Missing ModelSpec")


def no_model_name() -> ServingError:
    """The request's model name is empty."""
    return invalid_argument("ModelSpec has no name specified.")


def servable_not_found(model: str, version: int | None = None) -> ServingError:
    """No available version answers the request."""
    which = f"Latest({model})" if version is None else f"Specific({model}, {version})"
    return not_found(f"Servable not found for request: {which}")


def still_loading(model: str) -> ServingError:
    """A model on the way to its first version.

    TensorFlow Serving opens its port only when that is loaded, so its callers meet UNAVAILABLE too, and try again.
    """
    return unavailable(f"Model {model} is still loading its first version")


def unknown_label(label: str) -> ServingError:
    """The configuration has no such label."""
    return invalid_argument(f"Unrecognized servable version label: {label}")


def label_not_ready(label: str) -> ServingError:
    """The label's version is not loaded yet."""
    return unavailable(f"Model labels does not init yet.{label}")


def no_versions(model: str) -> ServingError:
    """Status of a model that is not known."""
    return not_found(f"Could not find any versions of model {model}")


def no_such_version(model: str, version: int) -> ServingError:
    """Status of a version that is not known."""
    return not_found(f"Could not find version {version} of model {model}")


# === Signature, names and tensors ===


def signature_not_found(signature: str) -> ServingError:
    """Predict over gRPC with an unknown signature."""
    return failed_precondition(f'Serving signature key "{signature}" not found.')


def signature_not_found_rest(signature: str) -> ServingError:
    """Predict over REST with an unknown signature."""
    return invalid_argument(f'Serving signature name: "{signature}" not found in signature def')


def _set(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def input_size(sent: set[str], wanted: set[str]) -> ServingError:
    """Too many or too few inputs."""
    return invalid_argument(
        f"input size does not match signature: {len(sent)}!={len(wanted)} len({_set(sent)}) != len({_set(wanted)}). "
        f"Sent extra: {_set(sent - wanted)}. Missing but required: {_set(wanted - sent)}."
    )


def input_missing(alias: str, feed: str, sent: Iterable[str], defaults: Iterable[str]) -> ServingError:
    """As many inputs as the signature has, but one of them under another name."""
    return invalid_argument(
        f"Signature input alias: {alias}(feed name: {feed}) not found in request and no default value provided. "
        f"Inputs expected to be in the request {_set(sent)}, or default input alias set: {','.join(sorted(defaults))}"
    )


def input_name(used: Iterable[str], sent: Iterable[str]) -> ServingError:
    """An input the signature does not know, beside ones it knows."""
    return invalid_argument(
        f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
        f"request input: {','.join(sorted(sent))}"
    )


def tensor_parsing(alias: str) -> ServingError:
    """A tensor whose content does not fit its shape or type."""
    return invalid_argument(f"tensor parsing error: {alias}")


def wrong_dtype(index: int, wanted: str, sent: str) -> ServingError:
    """A tensor of another type than the signature's (TensorFlow's own text)."""
    return invalid_argument(f"Expects arg[{index}] to be {wanted} but {sent} is provided")


def output_unknown(alias: str, outputs: Iterable[str]) -> ServingError:
    """An `output_filter` entry the signature does not have."""
    return invalid_argument(
        f"output tensor alias not found in signature: {alias} Outputs expected to be in the set {_set(outputs)}."
    )


def output_duplicate(alias: str) -> ServingError:
    """An `output_filter` entry that comes twice."""
    return invalid_argument(f"duplicate output tensor alias: {alias}")


# === Batching ===


def batch_too_large(size: int, limit: int) -> ServingError:
    """More rows in one request than a batch may have."""
    return invalid_argument(f"Task size {size} is larger than maximum input batch size {limit}")


def batch_queue_full(size: int, queued: int, limit: int) -> ServingError:
    """More waiting batches than allowed."""
    return unavailable(
        "The batch scheduling queue to which this task was submitted is full; "
        f"task size is {size} (num_enqueued_batches={queued}, max_enqueued_batches={limit})"
    )


def batch_scalar() -> ServingError:
    """A scalar cannot be cut into rows."""
    return invalid_argument("Batching Run() input tensors must have at least one dimension")


def batch_rows_differ() -> ServingError:
    """The inputs of one request do not have the same number of rows."""
    return invalid_argument("Batching Run() input tensors must have equal 0th-dimension size")


def batch_output_rows() -> ServingError:
    """The model does not give one output row for each input row."""
    return failed_precondition(
        "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input tensors"
    )


def deadline_exceeded() -> ServingError:
    """The caller's deadline passed before the model ran."""
    return ServingError(StatusCode.DEADLINE_EXCEEDED, "Run() timeout exceeded while waiting in batching queue")


def answer_too_late() -> ServingError:
    """The deadline of a REST request passed before its answer was there."""
    return ServingError(StatusCode.DEADLINE_EXCEEDED, "Timed out waiting for the answer")


def cancelled() -> ServingError:
    """The caller went away."""
    return ServingError(StatusCode.CANCELLED, "RPC cancelled")


# === TensorFlow's own errors ===

_TRACE = re.compile(r"^Graph execution error:\s*Detected at node .*?(<stack traces unavailable>|\n(?=\S))\s*", re.S)
_NODE = re.compile(r"(\s*\[\[\{\{.*|\s*\[Op:\w+\].*)$", re.S)
_PLACE = re.compile(r"^\{\{function_node [^}]*\}\}\s*")


def from_tensorflow(error: Exception) -> ServingError:
    """Converts a `tf.errors.OpError`: the same code, its text without the graph's inner names and stack traces."""
    code = _BY_NUMBER.get(getattr(error, "error_code", None), StatusCode.INTERNAL)
    text = str(getattr(error, "message", error))
    plain = _PLACE.sub("", _NODE.sub("", _TRACE.sub("", text))).strip()
    return ServingError(code, plain or text)
