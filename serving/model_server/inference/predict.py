"""Predict: every check before the model runs, then the run itself, alone or in a batch.

A tensor of the wrong rank aborts the whole process inside TensorFlow, without an exception, and a small file can decode
to gigabytes. So names, types, ranks, sizes and picture headers are checked before anything reaches a graph.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.model_server import statuses, tensors
from serving.model_server.batching import BatchScheduler, Tensors
from serving.model_server.inference import picture_headers
from serving.model_server.metrics import Metrics
from serving.model_server.servables.saved_model import DEFAULT_SIGNATURE, LoadedVersion


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Attributes:
        max_pixels: largest width times height of one picture file; 64 million is more than any photograph has.
        max_request_pixels: largest sum over a request's picture files.
        max_tensor_bytes: largest decoded tensor. A network needs about a hundred times its input.
    """

    max_pixels: int = 64_000_000
    max_request_pixels: int = 256_000_000
    max_tensor_bytes: int = 128 * 2**20


@dataclass(frozen=True)
class Call:
    """What a front end knows about a request beside its content.

    Attributes:
        deadline: `time.monotonic()` by which the run must have begun; None for no limit.
        on_cancel: is given a function to call if the caller goes away.
        api: `Predict`, `Classify`, ..., for the metrics.
    """

    deadline: float | None = None
    on_cancel: Callable[[Callable[[], object]], object] | None = None
    api: str = "Predict"


# === Checks ===


def parse_inputs(signature: SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto], limits: Limits) -> Tensors:
    """Checks the names of a request's inputs and decodes them, in the order of predict_util.cc and saved_model/util.cc.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    sent, wanted = set(inputs), set(signature.inputs)
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not signature.defaults):
        raise statuses.input_size(sent, wanted)
    decoded: Tensors = {}
    for alias in sorted(wanted):
        if alias not in sent and alias not in signature.defaults:
            raise statuses.input_missing(alias, signature.inputs[alias].name, sent, signature.defaults)
        proto = inputs[alias] if alias in sent else signature.defaults[alias]
        decoded[alias] = tensors.from_proto(alias, proto, limits.max_tensor_bytes)
    if not sent <= wanted:
        raise statuses.input_name(sent & wanted, sent)
    return decoded


def choose_outputs(signature: SignatureDef, output_filter: Iterable[str]) -> list[str]:
    """Returns the aliases of the outputs that were asked for; all, where none is named.

    Raises:
        ServingError: INVALID_ARGUMENT: an unknown alias, or one that comes twice.
    """
    chosen: list[str] = []
    for alias in output_filter:
        if alias not in signature.outputs:
            raise statuses.output_unknown(alias, signature.outputs)
        if alias in chosen:
            raise statuses.output_duplicate(alias)
        chosen.append(alias)
    return chosen or sorted(signature.outputs)


def check_inputs(signature: SignatureDef, inputs: Tensors, limits: Limits) -> None:
    """Checks type, rank and sizes of decoded inputs against the signature, and the header of each picture file.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    for index, alias in enumerate(sorted(signature.inputs)):
        wanted, values = signature.inputs[alias], inputs[alias]
        dtype = tensors.dtype_of(values)
        if dtype.as_datatype_enum != wanted.dtype:
            raise statuses.wrong_dtype(index, tensors.type_name(wanted.dtype), dtype.name)
        _check_shape(alias, wanted.tensor_shape, values.shape)
        if picture_headers.is_picture_input(alias, dtype.name):
            total = 0
            for place, data in enumerate(values.ravel()):
                total += picture_headers.check(alias, place, data, limits.max_pixels)
            if total > limits.max_request_pixels:
                raise statuses.invalid_argument(
                    f"The pictures of one request must have at most {limits.max_request_pixels} pixels together. "
                    f"Received: {total}."
                )


def _check_shape(alias: str, wanted: tensor_shape_pb2.TensorShapeProto, sizes: tuple[int, ...]) -> None:
    fits = wanted.unknown_rank or (
        len(sizes) == len(wanted.dim)
        and all(dim.size < 0 or dim.size == size for dim, size in zip(wanted.dim, sizes, strict=True))
    )
    if not fits or 0 in sizes:
        without = " without a dimension of 0" if fits else ""
        raise statuses.invalid_argument(
            f"Input `{alias}` must have shape {tensors.shape_text(wanted)}{without}. "
            f"Received: [{','.join(map(str, sizes))}]."
        )


# === Run ===


class Predictor:
    """Runs signatures of loaded versions, for all front ends."""

    def __init__(self, limits: Limits, batching: BatchScheduler | None, metrics: Metrics):
        self.limits = limits
        self._batching = batching
        self._metrics = metrics

    def signature(self, version: LoadedVersion, name: str) -> SignatureDef:
        """Returns the signature called `name`, or the default one if that is empty.

        Raises:
            ServingError: FAILED_PRECONDITION: there is none.
        """
        name = name or DEFAULT_SIGNATURE
        if not version.can_run(name):
            raise statuses.signature_not_found(name)
        return version.signatures[name]

    def predict(
        self,
        version: LoadedVersion,
        signature_name: str,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        output_filter: Iterable[str],
        call: Call,
    ) -> Tensors:
        """Answers a PredictRequest: decodes, checks and runs.

        Raises:
            ServingError: see `statuses.py`.
        """
        signature = self.signature(version, signature_name)
        decoded = parse_inputs(signature, inputs, self.limits)
        chosen = choose_outputs(signature, output_filter)
        outputs = self.run(version, signature_name, decoded, call)
        return {alias: outputs[alias] for alias in chosen}

    def run(self, version: LoadedVersion, signature_name: str, inputs: Tensors, call: Call) -> Tensors:
        """Checks decoded inputs and runs a signature on them.

        Raises:
            ServingError: see `statuses.py`.
        """
        name = signature_name or DEFAULT_SIGNATURE
        check_inputs(self.signature(version, name), inputs, self.limits)

        def timed(joined: Tensors) -> Tensors:
            start = time.monotonic()
            outputs = version.run(name, joined)
            micros = (time.monotonic() - start) * 1e6
            self._metrics.runtime_latency.labels(version.name, call.api, "TF2").observe(micros)
            return outputs

        if self._batching and version.batching:
            queue = (version.name, version.version, version.path, name)
            return self._batching.run(queue, timed, inputs, call.deadline, call.on_cancel, version.batching)
        if call.deadline is not None and call.deadline <= time.monotonic():
            raise statuses.deadline_exceeded()
        return timed(inputs)
