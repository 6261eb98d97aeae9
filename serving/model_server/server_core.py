"""What the gRPC and the REST front end share: the models, what runs them, their status and metadata."""

import contextlib
import dataclasses
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from colorgan_tf.errors import ServingError
from serving.model_server import statuses
from serving.model_server.batching import BatchScheduler
from serving.model_server.config_files import Batching
from serving.model_server.inference.example_inference import ExampleInference
from serving.model_server.inference.predict import Call, Limits, Predictor
from serving.model_server.metrics import Metrics
from serving.model_server.servables import saved_model, warmup
from serving.model_server.servables.lifecycle import Lifecycle
from serving.model_server.servables.manager import Servables
from serving.model_server.servables.saved_model import LoadedVersion

SIGNATURE_DEF = "signature_def"


@dataclass(frozen=True)
class Loading:
    """How a version is loaded.

    Attributes:
        tags: tags of the graph within the SavedModel.
        warm_up: run the requests that a version brings along.
        iterations: how often each of them runs.
        own_batching: take a version's batching parameters from its folder, not the server's.
    """

    tags: tuple[str, ...] = ("serve",)
    warm_up: bool = True
    iterations: int = 1
    own_batching: bool = False


class ServerCore:
    """The models of a server, and what answers for them."""

    def __init__(self, limits: Limits, batching: Batching | None, lifecycle: Lifecycle, loading: Loading):
        self.metrics = Metrics()
        self._loading, self._batching = loading, batching
        self.scheduler = BatchScheduler(batching, self.metrics) if batching else None
        self.predictor = Predictor(limits, self.scheduler, self.metrics)
        self.inference = ExampleInference(self.predictor, self.metrics)
        # Warm-up runs unbatched, so that it is not mixed with other callers' requests.
        self._warm_predictor = Predictor(limits, None, self.metrics)
        self._warm_inference = ExampleInference(self._warm_predictor, self.metrics)
        self.servables = Servables(self._load, lifecycle)

    def _load(self, name: str, number: int, path: str) -> LoadedVersion:
        version = saved_model.load(name, number, path, self._loading.tags)
        if self._batching:
            own = self._loading.own_batching
            version = dataclasses.replace(version, batching=saved_model.own_batching(path) if own else self._batching)
        if not self._loading.warm_up:
            return version
        call, predictor, inference = Call(), self._warm_predictor, self._warm_inference
        handlers = {
            "predict_log": lambda r: predictor.predict(
                version, r.model_spec.signature_name, r.inputs, r.output_filter, call
            ),
            "classify_log": lambda r: inference.classify(version, r.model_spec.signature_name, r.input, call),
            "regress_log": lambda r: inference.regress(version, r.model_spec.signature_name, r.input, call),
            "multi_inference_log": lambda r: inference.multi(version, r, call),
        }
        start, status = time.monotonic(), "OK"
        try:
            count = warmup.run(path, handlers, self._loading.iterations)
            self.metrics.warmup_records.labels(path).inc(count)
        except ServingError as error:
            status = error.code.name
            raise
        finally:
            self.metrics.warmup_latency.labels(path, status).observe((time.monotonic() - start) * 1e6)
        return version

    @contextlib.contextmanager
    def observed(self, model: str, api: str, entry: str) -> Iterator[None]:
        """Counts and times a request.

        Args:
            model: the name in the request. Names that are not configured are counted as one, so that clients cannot
                fill the memory with them.
            api: `Predict`, `Classify`, ...
            entry: `GRPC` or `REST`.
        """
        start, status = time.monotonic(), "OK"
        try:
            yield
        except ServingError as error:
            status = error.code.name
            raise
        except Exception:
            status = "INTERNAL"
            raise
        finally:
            name = model if self.servables.is_configured(model) else "unknown"
            self.metrics.request_count.labels(name, status).inc()
            self.metrics.request_latency.labels(name, api, entry).observe((time.monotonic() - start) * 1e6)

    def counters(self, names: Iterable[str]) -> dict[str, float]:
        """Returns the sums of counters by TensorFlow Serving's names, such as `/tensorflow/serving/request_count`."""
        sums = dict.fromkeys(names, 0.0)
        for metric in self.metrics.registry.collect():
            for sample in metric.samples:
                name = sample.name.replace(":", "/")
                if name in sums:
                    sums[name] += sample.value
        return sums

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Answers GetModelStatus (get_model_status_impl.cc).

        Raises:
            ServingError: INVALID_ARGUMENT without a model, NOT_FOUND for an unknown one.
        """
        if not request.HasField("model_spec"):
            raise statuses.missing_model_spec()
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        response = get_model_status_pb2.GetModelStatusResponse()
        for found in self.servables.statuses(spec.name, version):
            entry = response.model_version_status.add(version=found.version, state=int(found.state))
            entry.status.error_code = found.error.code.value[0] if found.error else 0
            entry.status.error_message = statuses.truncated(found.error.text) if found.error else ""
        return response

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Answers GetModelMetadata (get_model_metadata_impl.cc).

        Raises:
            ServingError: INVALID_ARGUMENT without a model or for an unknown field, NOT_FOUND for an unknown model.
        """
        if not request.HasField("model_spec"):
            raise statuses.missing_model_spec()
        if not request.metadata_field:
            raise statuses.invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise statuses.invalid_argument(f"Metadata field {field} is not supported")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self.servables.use(request.model_spec) as version:
            response.model_spec.name = version.name
            response.model_spec.version.value = version.version
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, definition in version.signatures.items():
                signatures.signature_def[name].CopyFrom(definition)
            response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response

    def stop(self) -> None:
        """Ends the threads, after all that waits in the batches has run."""
        self.servables.stop()
        if self.scheduler:
            self.scheduler.stop()
