"""The gRPC front end: PredictionService and ModelService of TensorFlow Serving. Here the gRPC answers are made."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc
from absl import logging
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from colorgan_tf.errors import ServingError
from serving.model_server import statuses, tensors
from serving.model_server.inference.predict import Call
from serving.model_server.servables.saved_model import DEFAULT_SIGNATURE, LoadedVersion
from serving.model_server.server_core import ServerCore

_Response = TypeVar("_Response", classification_pb2.ClassificationResponse, regression_pb2.RegressionResponse)


@contextlib.contextmanager
def _errors_as_statuses(context: grpc.ServicerContext, what: str) -> Iterator[None]:
    """Turns errors into gRPC statuses; whatever is unexpected becomes INTERNAL, with its trace in the log only."""
    try:
        yield
    except ServingError as error:
        context.abort(error.code, statuses.truncated(error.text))
    except Exception as error:  # noqa: BLE001
        logging.exception("%s failed", what)
        context.abort(grpc.StatusCode.INTERNAL, statuses.truncated(f"{type(error).__name__}: {error}"))


def _remaining(context: grpc.ServicerContext) -> float | None:
    """Returns the seconds to the caller's deadline, None for none: gRPC then gives centuries, too long for a lock."""
    remaining = context.time_remaining()
    return None if remaining is None or remaining > threading.TIMEOUT_MAX / 2 else remaining


def _call(context: grpc.ServicerContext, api: str) -> Call:
    remaining = _remaining(context)

    def on_cancel(cancel: Callable[[], object]) -> None:
        if not context.add_callback(cancel):  # already over
            cancel()

    return Call(None if remaining is None else time.monotonic() + remaining, on_cancel, api)


def _fill(spec: model_pb2.ModelSpec, version: LoadedVersion, signature: str) -> None:
    spec.name = version.name
    spec.version.value = version.version
    spec.signature_name = signature or DEFAULT_SIGNATURE


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict, Classify, Regress, MultiInference and GetModelMetadata."""

    def __init__(self, core: ServerCore, as_content: bool):
        """Creates the service.

        Args:
            core: the models.
            as_content: answer with `tensor_content` rather than typed lists.
        """
        self._core = core
        self._as_content = as_content

    @contextlib.contextmanager
    def _version(self, request: Any, context: grpc.ServicerContext, api: str) -> Iterator[LoadedVersion]:
        with _errors_as_statuses(context, api), self._core.observed(request.model_spec.name, api, "GRPC"):
            if not request.HasField("model_spec"):
                raise statuses.missing_model_spec()
            with self._core.servables.use(request.model_spec) as version:
                yield version

    def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature on tensors."""
        response = predict_pb2.PredictResponse()
        with self._version(request, context, "Predict") as version:
            spec = request.model_spec
            call = _call(context, "Predict")
            outputs = self._core.predictor.predict(
                version, spec.signature_name, request.inputs, request.output_filter, call
            )
            for alias, tensor in outputs.items():
                response.outputs[alias].CopyFrom(tensors.to_proto(tensor, self._as_content))
            _fill(response.model_spec, version, spec.signature_name)
        return response

    def Classify(  # noqa: N802
        self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Runs a classifier on tf.Examples."""
        response = classification_pb2.ClassificationResponse()
        return self._infer(request, context, "Classify", self._core.inference.classify, response)

    def Regress(  # noqa: N802
        self, request: regression_pb2.RegressionRequest, context: grpc.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Runs a regressor on tf.Examples."""
        response = regression_pb2.RegressionResponse()
        return self._infer(request, context, "Regress", self._core.inference.regress, response)

    def _infer(
        self, request: Any, context: grpc.ServicerContext, api: str, run: Callable[..., Any], response: _Response
    ) -> _Response:
        with self._version(request, context, api) as version:
            name = request.model_spec.signature_name
            response.result.CopyFrom(run(version, name, request.input, _call(context, api)))
            _fill(response.model_spec, version, name)
        return response

    def MultiInference(  # noqa: N802
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several classifiers and regressors of one model on the same tf.Examples."""
        with _errors_as_statuses(context, "MultiInference"):
            if not request.tasks:
                raise statuses.invalid_argument("Inference request must not have an empty task list.")
            spec = request.tasks[0].model_spec
            with (
                self._core.observed(spec.name, "MultiInference", "GRPC"),
                self._core.servables.use(spec) as version,
            ):
                return self._core.inference.multi(version, request, _call(context, "MultiInference"))

    def GetModelMetadata(  # noqa: N802
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the signatures."""
        with _errors_as_statuses(context, "GetModelMetadata"):
            return self._core.metadata(request)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus and HandleReloadConfigRequest."""

    def __init__(self, core: ServerCore):
        self._core = core

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the states of a model's versions."""
        with _errors_as_statuses(context, "GetModelStatus"):
            return self._core.status(request)

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Replaces the whole configuration."""
        with _errors_as_statuses(context, "HandleReloadConfigRequest"):
            if request.config.WhichOneof("config") != "model_config_list":
                raise statuses.invalid_argument(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                    "Only ModelConfigList is currently supported"
                )
            before = self._core.counters(request.metric_names)
            self._core.servables.reload(request.config, _remaining(context))
            response = model_management_pb2.ReloadConfigResponse()
            response.status.error_code = 0
            for name, value in self._core.counters(request.metric_names).items():
                response.metric.add(name=name, int64_value_increase=round(value - before[name]))
            return response
