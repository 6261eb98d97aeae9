"""The client of TensorFlow Serving and of the embedded server: colours over the network."""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from colorgan_tf.errors import InputError, ServerError

TLS_PREFIX = "grpcs://"
# Pictures or rows in one request: no more than a server's largest batch usually is.
_ROWS = 8
# Where a model does not state what it was trained for.
_INPUT_RESOLUTION, _MULTIPLE = 256, 32
_POLL_SECONDS = 0.2
# Between two tries: a server that is back after minutes is found within seconds.
_LONGEST_PAUSE = 4.0


class Client:
    """A model on a server. A back end for the `Colorizer`."""

    def __init__(
        self,
        address: str,
        model: str = "colorgan",
        *,
        version: int | None = None,
        label: str = "",
        timeout: float = 60.0,
        retries: int = 4,
        backoff: float = 0.25,
        ca: bytes | None = None,
        key: bytes | None = None,
        certificate: bytes | None = None,
    ):
        """Creates the client; nothing is sent yet.

        Args:
            address: `host:port`, `unix:/path/of/socket`, or `grpcs://host:port` for TLS.
            model: the model's name on the server.
            version: which version; None for the newest.
            label: version label, such as `stable`; not together with `version`.
            timeout: seconds until an answer is no longer waited for, all tries together.
            retries: how often a request is sent again while the server is not available: starting, overloaded, gone.
            backoff: seconds before the first of them; each further wait is twice as long, up to 4 s, all by
                chance up to half longer or shorter, so that many clients do not come back at once. By default at most
                5.6 s in all, so that a person learns soon that there is no server.
            ca: PEM of the authority that signed the server's certificate; None for the system's. Means TLS.
            key: PEM of the client's own key and
            certificate: PEM of its certificate, if the server asks for one. Means TLS.
        """
        if version is not None and label:
            raise InputError(f"`version` and `label` must not be given together. Received: {version} and {label}.")
        self._spec = model_pb2.ModelSpec(name=model)
        if version is not None:
            self._spec.version.value = version
        if label:
            self._spec.version_label = label
        self._timeout, self._retries, self._backoff = timeout, retries, backoff
        self._address = address.removeprefix(TLS_PREFIX)
        options = [
            ("grpc.max_receive_message_length", -1),  # by default 4 MiB, less than one large photograph
            ("grpc.max_send_message_length", -1),
            ("grpc.initial_reconnect_backoff_ms", 200),  # a server that restarts is found again at once
            ("grpc.min_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 2000),
        ]
        if address.startswith(TLS_PREFIX) or ca or key:
            credentials = grpc.ssl_channel_credentials(ca, key, certificate)
            self._channel = grpc.secure_channel(self._address, credentials, options)
        else:
            self._channel = grpc.insecure_channel(self._address, options)
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._signatures: dict[str, meta_graph_pb2.SignatureDef] | None = None
        self._settings: dict[str, int] | None = None
        self._identity = f"{address} {model} {label or version}" if label or version is not None else ""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    # === Colour ===

    def colorize(self, pictures: Sequence[bytes], jpeg: bool = False) -> list[bytes]:
        """Colours picture files on the server.

        Args:
            pictures: JPEG, PNG, BMP or GIF files, each of any size.
            jpeg: answer with JPEG files rather than PNG.

        Returns:
            The coloured files, in the same order.

        Raises:
            InputError: a picture was refused, with the reason.
            ServerError: see there.
        """
        coloured: list[bytes] = []
        for start in range(0, len(pictures), _ROWS):
            part = list(pictures[start : start + _ROWS])
            proto = tf.make_tensor_proto(part, tf.string, [len(part)])
            signature = "colorize_jpeg" if jpeg else "serving_default"
            coloured += self._run(signature, {"image_bytes": proto}, start).ravel().tolist()
        return coloured

    def luma_to_chroma(self, luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Predicts chroma.

        Args:
            luma: `[batch, height, width, 1]` float32 in [0, 1].

        Returns:
            `[batch, height, width, 2]` float32, U and V.

        Raises:
            InputError: the server refused the size.
            ServerError: see there.
        """
        luma = np.asarray(luma, np.float32)
        if luma.ndim != 4 or luma.shape[-1] != 1 or not luma.size:
            raise InputError(f"`luma` must have shape [batch, height, width, 1]. Received: {list(luma.shape)}.")
        return self.predict("luma_to_chroma", {"luma": luma})

    def predict(self, signature: str, inputs: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Runs a signature of the model, a few rows at a time.

        Args:
            signature: its name.
            inputs: arrays of equal length by the names of the inputs.

        Returns:
            The rows of the signature's colour, or of its first output.

        Raises:
            InputError: the server refused an input.
            ServerError: see there.
        """
        count = len(next(iter(inputs.values())))
        parts = []
        for start in range(0, count, _ROWS):
            rows = {name: tf.make_tensor_proto(values[start : start + _ROWS]) for name, values in inputs.items()}
            parts.append(self._run(signature, rows, start))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @property
    def input_resolution(self) -> int:
        """Short side of the pictures that the network was trained for."""
        return self._read_settings()["input_resolution"]

    @property
    def multiple(self) -> int:
        """What height and width must be multiples of, to need no padding."""
        return self._read_settings()["multiple"]

    @property
    def signatures(self) -> frozenset[str]:
        """What the model can do, by the names of its signatures."""
        self._signature("luma_to_chroma")
        return frozenset(self._signatures or ())

    @property
    def identity(self) -> str:
        """Address, name, and the version that was the newest at the first call: differs between models."""
        if not self._identity:
            versions = [version for version, state in self.states().items() if state == "AVAILABLE"]
            self._identity = f"{self._address} {self._spec.name} {max(versions, default=0)}"
        return self._identity

    def _read_settings(self) -> dict[str, int]:
        """Returns what the model's signature `settings` holds, else its input's fixed sizes, else the usual ones."""
        if self._settings is None:
            shape = next(iter(self._signature("luma_to_chroma").inputs.values())).tensor_shape
            fixed = [dim.size for dim in shape.dim[1:3] if dim.size > 0]
            settings = {
                "input_resolution": max(fixed, default=_INPUT_RESOLUTION),
                "multiple": min(fixed, default=_MULTIPLE),
            }
            if "settings" in (self._signatures or {}):
                names = ["working_size", "input_resolution", "multiple"]  # the first is that of older exports
                values = self._run("settings", {"names": tf.make_tensor_proto(names)}, 0)
                given = {name: int(value) for name, value in zip(names, values, strict=True) if value > 0}
                if "working_size" in given:
                    given.setdefault("input_resolution", given.pop("working_size"))
                settings |= given
            self._settings = settings
        return self._settings

    # === Protocol ===

    def _signature(self, name: str) -> meta_graph_pb2.SignatureDef:
        if self._signatures is None:
            request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
            request.model_spec.CopyFrom(self._spec)
            response = self._send(self._prediction.GetModelMetadata, request)
            found = get_model_metadata_pb2.SignatureDefMap()
            response.metadata["signature_def"].Unpack(found)
            self._signatures = dict(found.signature_def)
        if name not in self._signatures:
            raise ServerError(f"The model {self._spec.name} at {self._address} must have a signature {name}.")
        return self._signatures[name]

    def _run(self, signature_name: str, protos: Mapping[str, tensor_pb2.TensorProto], start: int) -> npt.NDArray[Any]:
        signature = self._signature(signature_name)
        request = predict_pb2.PredictRequest()
        request.model_spec.CopyFrom(self._spec)
        request.model_spec.signature_name = signature_name
        # Other people's models may call their one input what they like.
        names = protos if len(protos) > 1 else [min(signature.inputs)]
        for name, proto in zip(names, protos.values(), strict=True):
            request.inputs[name].CopyFrom(proto)
        # A signature may have further outputs, such as a confidence: only the colour is sent over the network.
        output = next((alias for alias in ("colorized_bytes", "chroma") if alias in signature.outputs), None)
        output = output or min(signature.outputs)
        request.output_filter.append(output)
        try:
            response = self._send(self._prediction.Predict, request)
        except ServerError:
            raise
        except InputError as error:  # the server counts from the first picture of this request
            raise InputError(re.sub(r"(`\w+`\[)(\d+)", lambda m: f"{m[1]}{int(m[2]) + start}", str(error))) from error
        values: npt.NDArray[Any] = tf.make_ndarray(response.outputs[output])
        return values

    def _send(self, method: Callable[..., Any], request: Any) -> Any:
        end, delay, retries = time.monotonic() + self._timeout, self._backoff, self._retries
        while True:
            try:
                return method(request, timeout=max(end - time.monotonic(), 1e-3))
            except grpc.RpcError as error:
                pause = delay * random.uniform(0.5, 1.5)
                late = time.monotonic() + pause >= end
                if error.code() != grpc.StatusCode.UNAVAILABLE or not retries or late:
                    raise self._explained(error) from error
            time.sleep(pause)
            delay, retries = min(delay * 2, _LONGEST_PAUSE), retries - 1

    def _explained(self, error: grpc.RpcError) -> InputError:
        code, details, model = error.code(), error.details() or "", self._spec.name
        where = f"the server at {self._address}"
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            return InputError(f"Refused by {where}: {details}")
        if code == grpc.StatusCode.UNAVAILABLE:
            if "still loading" in details or "does not init yet" in details:
                return ServerError(f"Not ready yet: {where}: {details}")
            if "queue" in details or "shutting down" in details:
                return ServerError(f"Too busy just now: {where}: {details}")
            return ServerError(f"No answer from {where}: is it running, and are address and port right? ({details})")
        texts = {
            grpc.StatusCode.DEADLINE_EXCEEDED: f"No answer from {where} within {self._timeout:g} s.",
            grpc.StatusCode.NOT_FOUND: f"The model {model} must be served by {where}: {details}",
            grpc.StatusCode.FAILED_PRECONDITION: f"The model {model} of {where} does not fit: {details}",
            grpc.StatusCode.RESOURCE_EXHAUSTED: f"Too much for {where}: {details}",
            grpc.StatusCode.UNIMPLEMENTED: f"There must be a TensorFlow Serving at {self._address}: {details}",
        }
        return ServerError(texts.get(code, f"Failed at {where}: {code.name}: {details}"))

    # === State ===

    def states(self) -> dict[int, str]:
        """Returns the state of each version of the model that the server knows, such as `{3: "AVAILABLE"}`.

        Raises:
            ServerError: no server, or it does not know the model.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._spec.name
        response = self._send(self._models.GetModelStatus, request)
        names = get_model_status_pb2.ModelVersionStatus.State
        return {status.version: names.Name(status.state) for status in response.model_version_status}

    def wait_until_available(self, timeout: float = 60.0) -> None:
        """Waits until a version of the model is available.

        Raises:
            ServerError: none was within `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            try:
                if "AVAILABLE" in self.states().values():
                    return
                reason = ServerError(f"The model {self._spec.name} at {self._address} must become available.")
            except ServerError as error:
                reason = error
            if time.monotonic() >= end:
                raise reason
            time.sleep(_POLL_SECONDS)
