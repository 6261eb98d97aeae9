"""Classify, Regress and MultiInference: tf.Examples in, labels, scores or values out (classifier.cc, regressor.cc).

ColorGAN's own signatures are for Predict; these answer them with TensorFlow Serving's texts, and serve other models.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from grpc import StatusCode
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis import classification_pb2, inference_pb2, input_pb2, regression_pb2

from colorgan_tf.errors import ServingError
from serving.model_server import statuses, tensors
from serving.model_server.batching import Tensors
from serving.model_server.inference.predict import Call, Predictor
from serving.model_server.metrics import Metrics
from serving.model_server.servables.saved_model import DEFAULT_SIGNATURE, LoadedVersion

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"
INPUTS, CLASSES, SCORES, OUTPUTS = "inputs", "classes", "scores", "outputs"


def _signature(version: LoadedVersion, name: str) -> SignatureDef:
    name = name or DEFAULT_SIGNATURE
    if not version.can_run(name):
        raise statuses.invalid_argument(f"No signature was found with the name: {name}")
    return version.signatures[name]


def _check_classify(signature: SignatureDef) -> None:
    if len(signature.inputs) != 1:
        raise statuses.invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise statuses.invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if INPUTS not in signature.inputs:
        raise statuses.invalid_argument(f"No classification inputs found in SignatureDef: {signature}")
    if not {CLASSES, SCORES} & set(signature.outputs):
        raise statuses.invalid_argument(
            f'Expected classification signature outputs to contain at least one of "{CLASSES}" or "{SCORES}". '
            f"Signature was: {signature}"
        )


def _check_regress(signature: SignatureDef) -> None:
    if len(signature.inputs) != 1:
        raise statuses.invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise statuses.invalid_argument("Expected one output Tensor.")
    for alias, found, kind in ((INPUTS, signature.inputs, "inputs"), (OUTPUTS, signature.outputs, "outputs")):
        if alias not in found:
            raise statuses.invalid_argument(f"No regression {kind} found in SignatureDef: {signature}")


def _examples(request: input_pb2.Input) -> npt.NDArray[Any]:
    """Returns the serialized examples `[n]`, each with the shared context merged in."""
    kind = request.WhichOneof("kind")
    if kind is None or not getattr(request, kind).examples:
        raise statuses.invalid_argument("Input is empty.")
    chosen = getattr(request, kind)
    # Serialized protos that are joined end to end parse as their merger.
    context = chosen.context.SerializeToString() if kind == "example_list_with_context" else b""
    return np.array([context + example.SerializeToString() for example in chosen.examples], object)


def _classifications(outputs: Tensors, count: int) -> classification_pb2.ClassificationResult:
    for alias, dtype in ((CLASSES, tf.string), (SCORES, tf.float32)):
        if alias not in outputs:
            continue
        found = outputs[alias]
        if found.ndim != 2:
            raise statuses.invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {found.shape}")
        if tensors.dtype_of(found) != dtype:
            got = tensors.type_name(tensors.dtype_of(found).as_datatype_enum)
            raise statuses.invalid_argument(
                f"Expected {alias} Tensor of DT_{dtype.name.upper()}. Got: DT_{got.upper()}"
            )
        if found.shape[0] != count:
            raise statuses.invalid_argument(f"Expected {alias} output batch size of {count}. Got: {found.shape[0]}")
    labels = outputs.get(CLASSES)
    scores = outputs.get(SCORES)
    if labels is not None and scores is not None and labels.shape != scores.shape:
        raise statuses.invalid_argument(
            f"Tensors class and score should match in dim_size(1). Got {labels.shape[1]} vs. {scores.shape[1]}"
        )
    result = classification_pb2.ClassificationResult()
    width = (labels if labels is not None else scores).shape[1]  # type: ignore[union-attr]
    for row in range(count):
        row_classes = result.classifications.add().classes
        for column in range(width):
            entry = row_classes.add()
            if labels is not None:
                entry.label = labels[row, column].decode(errors="replace")
            if scores is not None:
                entry.score = float(scores[row, column])
    return result


def _regressions(outputs: Tensors, count: int) -> regression_pb2.RegressionResult:
    values = outputs[OUTPUTS]
    if values.ndim != 1 and not (values.ndim == 2 and values.shape[1] == 1):
        raise statuses.invalid_argument(
            f"Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got {values.shape}"
        )
    if values.shape[0] != count:
        raise statuses.invalid_argument(
            f"Input batch size did not match output batch size: {count} vs. {values.shape[0]}"
        )
    if values.dtype != np.float32:
        got = tensors.type_name(tensors.dtype_of(values).as_datatype_enum).upper()
        raise statuses.invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: DT_{got}")
    result = regression_pb2.RegressionResult()
    for value in values.ravel().tolist():
        result.regressions.add(value=value)
    return result


class ExampleInference:
    """Answers Classify, Regress and MultiInference on a loaded version."""

    def __init__(self, predictor: Predictor, metrics: Metrics):
        self._predictor = predictor
        self._metrics = metrics

    def _run(self, version: LoadedVersion, name: str, request: input_pb2.Input, call: Call) -> tuple[Tensors, int]:
        examples = _examples(request)
        count = len(examples)
        self._metrics.example_counts.labels(version.name).observe(count)
        self._metrics.example_total.labels(version.name).inc(count)
        return self._predictor.run(version, name, {INPUTS: examples}, call), count

    def classify(
        self, version: LoadedVersion, signature_name: str, request: input_pb2.Input, call: Call
    ) -> classification_pb2.ClassificationResult:
        """Returns classes and scores of each example.

        Raises:
            ServingError: INVALID_ARGUMENT: the signature is no classifier, the input is empty, ...
        """
        _check_classify(_signature(version, signature_name))
        return _classifications(*self._run(version, signature_name, request, call))

    def regress(
        self, version: LoadedVersion, signature_name: str, request: input_pb2.Input, call: Call
    ) -> regression_pb2.RegressionResult:
        """Returns one value for each example.

        Raises:
            ServingError: INVALID_ARGUMENT: the signature is no regressor, the input is empty, ...
        """
        _check_regress(_signature(version, signature_name))
        return _regressions(*self._run(version, signature_name, request, call))

    def multi(
        self, version: LoadedVersion, request: inference_pb2.MultiInferenceRequest, call: Call
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several classifications and regressions of one model on the same examples (multi_inference.cc).

        Raises:
            ServingError: INVALID_ARGUMENT, or UNIMPLEMENTED for another method.
        """
        seen: set[str] = set()
        for task in request.tasks:
            name = task.model_spec.signature_name or DEFAULT_SIGNATURE
            if not task.model_spec.name:
                raise statuses.invalid_argument("Found ModelSpec with an empty model name.")
            if task.model_spec.name != version.name:
                raise statuses.invalid_argument(
                    "All ModelSpecs in a MultiInferenceRequest must access the same model name."
                )
            if name in seen:
                raise statuses.invalid_argument(f"Duplicate evaluation of signature: {name}")
            seen.add(name)
            if not version.can_run(name):
                raise statuses.invalid_argument(f"Requested signature not found in model graph: {name}")
        response = inference_pb2.MultiInferenceResponse()
        for task in request.tasks:
            name, result = task.model_spec.signature_name, response.results.add()
            if task.method_name == CLASSIFY:
                result.classification_result.CopyFrom(self.classify(version, name, request.input, call))
            elif task.method_name == REGRESS:
                result.regression_result.CopyFrom(self.regress(version, name, request.input, call))
            else:
                raise ServingError(StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}")
            result.model_spec.name = version.name
            result.model_spec.signature_name = name or DEFAULT_SIGNATURE
            result.model_spec.version.value = version.version
        return response
