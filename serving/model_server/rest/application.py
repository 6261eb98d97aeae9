"""The REST front end: TensorFlow Serving's /v1/models URLs and the metrics page, as one WSGI application.

Paths, codes and texts follow http_rest_api_util.cc and http_rest_api_handler.cc. Two attacks
that crash the original do no harm here: endlessly nested JSON (CVE-2025-0649) and gzip bombs.
"""

import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import numpy as np
from absl import logging
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from colorgan_tf.errors import ServingError
from serving.model_server import statuses
from serving.model_server.inference.predict import Call
from serving.model_server.rest import json_examples, json_tensors
from serving.model_server.servables.saved_model import DEFAULT_SIGNATURE, LoadedVersion
from serving.model_server.server_core import SIGNATURE_DEF, ServerCore

_MODEL = r"(?P<model>[^/:]+)(?:(?:/versions/(?P<version>\d+))|(?:/labels/(?P<label>[^/:]+)))?"
_SERVED = re.compile(r"/v1/.*", re.I | re.S)
_RUN = re.compile(rf"/v1/models/{_MODEL}:(?P<method>classify|regress|predict)", re.I | re.A)
_QUERY = re.compile(rf"/v1/models(?:/{_MODEL})?(?P<metadata>/metadata)?", re.I | re.A)
_HOST = re.compile(r"^https?://[^/?]*", re.I)
_ORIGIN = re.compile(r"https?://.+", re.I)
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}
_MAX_VERSION = 2**63 - 1


@dataclass(frozen=True)
class RestOptions:
    """Settings of the REST front end.

    Attributes:
        connections: connections that may wait for their next request.
        threads: requests that are worked on at once; others wait.
        timeout_seconds: deadline of each answer.
        max_body_bytes: largest body, also once unpacked.
        cors: answer with CORS headers.
        prometheus_path: path of the metrics page; None for no such page.
    """

    connections: int = 4000
    threads: int = 4 * (os.cpu_count() or 1)
    timeout_seconds: float = 30.0
    max_body_bytes: int = 256 * 2**20
    cors: bool = False
    prometheus_path: str | None = None


class RestApplication:
    """WSGI application on the models of a server."""

    def __init__(self, core: ServerCore, options: RestOptions):
        self._core = core
        self._options = options
        self._executor = ThreadPoolExecutor(options.threads, "rest")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request (PEP 3333)."""
        request = Request(environ)
        request.max_content_length = self._options.max_body_bytes
        # The undecoded path: a model's name may contain an encoded slash.
        path = _HOST.sub("", environ.get("REQUEST_URI", request.path)).split("?", 1)[0]
        response = self._respond(request, path)
        if self._options.cors:
            response.headers.update(_CORS)
        return response(environ, start_response)

    def _respond(self, request: Request, path: str) -> Response:
        if path == self._options.prometheus_path and request.method == "GET":
            return Response(self._core.metrics.page(), content_type="text/plain; version=0.0.4; charset=utf-8")
        if not _SERVED.fullmatch(path):
            return Response("<html><body>Not Found</body></html>", 404, content_type="text/html")
        try:
            return Response(self._answer(request, path), content_type="application/json")
        except ServingError as error:
            return _error(statuses.HTTP_STATUS[error.code], error.text)
        except HTTPException as error:  # body too large, broken transfer
            return _error(error.code or 400, error.description or str(error))
        except Exception as error:  # noqa: BLE001
            logging.exception("%s %s failed", request.method, path)
            return _error(500, f"{type(error).__name__}: {error}")

    def _answer(self, request: Request, path: str) -> str | bytes:
        if request.method == "POST" and (match := _RUN.fullmatch(path)):
            spec, api = _spec(match), match["method"].capitalize()
            with self._core.observed(spec.name, api, "REST"):
                call = Call(time.monotonic() + self._options.timeout_seconds, api=api)
                return self._in_time(spec, self._body(request), call)  # slow clients keep nobody waiting
        if request.method == "GET" and (match := _QUERY.fullmatch(path)):
            if not match["model"]:
                raise statuses.invalid_argument("Missing model name in request.")
            spec = _spec(match)
            return json.dumps(self._metadata(spec) if match["metadata"] else self._status(spec))
        if request.method == "OPTIONS" and self._options.cors and _ORIGIN.fullmatch(request.headers.get("Origin", "")):
            return "{}"
        raise statuses.invalid_argument(f"Malformed request: {request.method} {path}")

    def _body(self, request: Request) -> bytes:
        body = request.get_data(cache=False)
        if request.headers.get("Content-Encoding", "").lower() != "gzip":
            return body
        unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            unpacked = unpack.decompress(body, self._options.max_body_bytes)
        except zlib.error as error:
            raise statuses.invalid_argument("Failed to uncompress the gzip body of the request") from error
        if unpack.unconsumed_tail:
            raise statuses.invalid_argument(
                f"The gzip body of a request must unpack to at most {self._options.max_body_bytes} bytes"
            )
        return unpacked

    def _in_time(self, spec: model_pb2.ModelSpec, body: bytes, call: Call) -> bytes:
        """Runs a request in a thread of the pool, which a model that takes longer than the deadline keeps busy."""
        future = self._executor.submit(lambda: self._run(spec, json_tensors.parse(body), call))
        wait([future], None if call.deadline is None else max(0.0, call.deadline - time.monotonic()))
        if not future.done():
            future.cancel()
            raise statuses.answer_too_late()
        return future.result()

    def _run(self, spec: model_pb2.ModelSpec, document: dict[str, Any], call: Call) -> bytes:
        if call.api == "Predict":
            body = json_tensors.predict_body(document) if _has_tensors(document) else None
            name = json_tensors.signature_name(document)
            with self._core.servables.use(spec) as version:
                return self._predict(version, name, body, call)
        name, inputs = json_tensors.signature_name(document), json_examples.to_input(document)
        with self._core.servables.use(spec) as version:
            if call.api == "Classify":
                found = self._core.inference.classify(version, name, inputs, call)
                results: list[Any] = [
                    [[c.label, _shortest(c.score)] for c in row.classes] for row in found.classifications
                ]
            else:
                values = self._core.inference.regress(version, name, inputs, call).regressions
                results = [_shortest(value.value) for value in values]
            return json.dumps({"results": results}).encode()

    def _predict(self, version: LoadedVersion, name: str, body: json_tensors.PredictBody | None, call: Call) -> bytes:
        if not version.can_run(name or DEFAULT_SIGNATURE):
            raise statuses.signature_not_found_rest(name or DEFAULT_SIGNATURE)
        if body is None:
            raise statuses.invalid_argument("Missing 'inputs' or 'instances' key")
        signature = version.signatures[name or DEFAULT_SIGNATURE]
        inputs = json_tensors.to_tensors(body, {alias: info.dtype for alias, info in signature.inputs.items()})
        for alias, values in inputs.items():
            limit = self._core.predictor.limits.max_tensor_bytes
            if values.nbytes > limit:
                raise statuses.invalid_argument(f"Input `{alias}` must decode to at most {limit} bytes.")
        outputs = self._core.predictor.run(version, name, inputs, call)
        return json_tensors.encode({alias: outputs[alias] for alias in signature.outputs}, body.row)

    def _status(self, spec: model_pb2.ModelSpec) -> dict[str, Any]:
        response = self._core.status(get_model_status_pb2.GetModelStatusRequest(model_spec=spec))
        return _to_dict(response)

    def _metadata(self, spec: model_pb2.ModelSpec) -> dict[str, Any]:
        request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=[SIGNATURE_DEF])
        response = self._core.metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return {"model_spec": _to_dict(response.model_spec), "metadata": {SIGNATURE_DEF: _to_dict(signatures)}}


def _has_tensors(document: dict[str, Any]) -> bool:
    """Returns whether there are tensors: a missing key is reported only after an unknown model or signature."""
    return "instances" in document or "inputs" in document


def _spec(match: re.Match[str]) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=unquote(match["model"], errors="replace"))
    if match["version"]:
        digits = match["version"].lstrip("0") or "0"
        if len(digits) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
            raise statuses.invalid_argument(f"Failed to convert version: {match['version']} to numeric.")
        spec.version.value = int(digits)
    elif match["label"]:
        spec.version_label = unquote(match["label"], errors="replace")
    return spec


def _shortest(value: float) -> float:
    """Returns the double that prints as short as the float32 it came from."""
    return float(str(np.float32(value)))


def _to_dict(message: Message) -> dict[str, Any]:
    # The second argument, by which default values are there too, has another name from protobuf 5 on.
    found: dict[str, Any] = MessageToDict(message, True, preserving_proto_field_name=True)
    return found


def _error(status: int, text: str) -> Response:
    return Response(json.dumps({"error": text}), status, content_type="application/json")
