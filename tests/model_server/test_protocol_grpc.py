"""TensorFlow Serving's own cases over gRPC, against the embedded server or, by COLORGAN_SERVER, a real one.

Mirrors tensorflow_model_server_test.py, predict_impl_test, predict_util_test, get_model_status_impl_test,
get_model_metadata_impl_test.
"""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from protocol import predict_request
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)
from tiny_models import VERSION

MODEL = "half_plus_two"
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def refused(call, request, code, text):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=20)
    assert (caught.value.code(), text in caught.value.details()) == (code, True), caught.value.details()


def floats(*values):
    return tf.make_tensor_proto(list(values), tf.float32)


# === Predict ===


def test_predict_answers_typed_list_and_model_spec(prediction):
    response = prediction.Predict(predict_request(MODEL, x=floats(2.0)))
    assert response.outputs["y"].dtype == types_pb2.DT_FLOAT
    assert list(response.outputs["y"].float_val) == [3.0]
    assert not response.outputs["y"].tensor_content
    assert response.model_spec.name == MODEL
    assert response.model_spec.version.value == VERSION
    assert response.model_spec.signature_name == "serving_default"


def test_predict_with_output_filter(prediction):
    request = predict_request(MODEL, signature="two", a=floats(5.0), b=floats(3.0))
    assert set(prediction.Predict(request).outputs) == {"sum", "difference"}
    request.output_filter.append("difference")
    outputs = prediction.Predict(request).outputs
    assert set(outputs) == {"difference"}
    assert list(outputs["difference"].float_val) == [2.0]


def test_predict_of_a_given_version(prediction):
    response = prediction.Predict(predict_request(MODEL, version=VERSION, x=floats(1.0)))
    assert list(response.outputs["y"].float_val) == [2.5]


def test_predict_of_several_models(prediction):
    response = prediction.Predict(predict_request("half_plus_three", x=floats(1.0)))
    assert list(response.outputs["y"].float_val) == [3.5]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 2, 2, 2)])
def test_predict_keeps_shape(prediction, shape):
    x = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    y = tf.make_ndarray(prediction.Predict(predict_request(MODEL, x=x)).outputs["y"])
    np.testing.assert_array_equal(y, x / 2 + 2)


def test_large_typed_list_is_exact(prediction):
    x = np.random.default_rng(1).normal(size=100_000).astype(np.float32)
    y = prediction.Predict(predict_request(MODEL, x=x)).outputs["y"]
    assert len(y.float_val) == x.size
    np.testing.assert_array_equal(tf.make_ndarray(y), x * np.float32(0.5) + np.float32(2))


def test_fewer_values_than_the_shape_repeat_the_last(prediction):
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[2.0, 4.0])
    proto.tensor_shape.dim.add().size = 4
    y = prediction.Predict(predict_request(MODEL, x=proto)).outputs["y"]
    assert list(y.float_val) == [3.0, 4.0, 4.0, 4.0]


def test_missing_model_spec(prediction):
    request = predict_pb2.PredictRequest()
    request.inputs["x"].CopyFrom(floats(1.0))
    refused(prediction.Predict, request, INVALID, "Missing ModelSpec")


def test_empty_model_name(prediction):
    refused(prediction.Predict, predict_request("", x=floats(1.0)), INVALID, "ModelSpec has no name specified.")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"model": "intentionally_missing_model"}, "for request: Latest(intentionally_missing_model)"),
        ({"model": MODEL, "version": 7}, f"for request: Specific({MODEL}, 7)"),
    ],
)
def test_unknown_servable(prediction, more, text):
    request = predict_request(x=floats(1.0), **more)
    refused(prediction.Predict, request, grpc.StatusCode.NOT_FOUND, f"Servable not found {text}")


def test_unknown_label(prediction):
    request = predict_request(MODEL, label="nope", x=floats(1.0))
    refused(prediction.Predict, request, INVALID, "Unrecognized servable version label: nope")


def test_unknown_signature(prediction):
    request = predict_request(MODEL, signature="nope", x=floats(1.0))
    refused(prediction.Predict, request, grpc.StatusCode.FAILED_PRECONDITION, 'Serving signature key "nope" not found.')


def test_no_inputs(prediction):
    refused(
        prediction.Predict,
        predict_request(MODEL),
        INVALID,
        "input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.",
    )


def test_too_many_inputs(prediction):
    refused(
        prediction.Predict,
        predict_request(MODEL, x=floats(1.0), z=floats(1.0)),
        INVALID,
        "input size does not match signature: 2!=1 len({x,z}) != len({x}). Sent extra: {z}. Missing but required: {}.",
    )


def test_wrong_input_name(prediction):
    # Servers from 2.16 on answer with the first text, older ones with the second.
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(predict_request(MODEL, z=floats(1.0)))
    assert caught.value.code() == INVALID
    assert any(
        text in caught.value.details()
        for text in (
            "Signature input alias: x(feed name: serving_default_x:0) not found in request and no default value "
            "provided. Inputs expected to be in the request {z}, or default input alias set: ",
            "input tensor alias not found in signature: z. Inputs expected to be in the set {x}.",
        )
    )


def test_unknown_output(prediction):
    request = predict_request(MODEL, x=floats(1.0))
    request.output_filter.append("z")
    text = "output tensor alias not found in signature: z Outputs expected to be in the set {y}."
    refused(prediction.Predict, request, INVALID, text)


def test_duplicate_output(prediction):
    request = predict_request(MODEL, x=floats(1.0))
    request.output_filter.extend(["y", "y"])
    refused(prediction.Predict, request, INVALID, "duplicate output tensor alias: y")


@pytest.mark.parametrize("value", [[b"text"], [1], [True], [1.5 + 2j]])
def test_wrong_type_is_an_invalid_argument(prediction, value):
    refused(prediction.Predict, predict_request(MODEL, x=tf.make_tensor_proto(value)), INVALID, "")


def unparsable():
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=b"123")
    proto.tensor_shape.dim.add().size = 3
    yield proto
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    proto.tensor_shape.dim.add().size = -1
    yield proto
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0])
    proto.tensor_shape.unknown_rank = True
    yield proto
    yield tensor_pb2.TensorProto()
    yield tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE)
    yield tensor_pb2.TensorProto(dtype=9999)


@pytest.mark.parametrize("proto", unparsable())
def test_unparsable_tensor(prediction, proto):
    refused(prediction.Predict, predict_request(MODEL, x=proto), INVALID, "tensor parsing error: x")


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("dtype", [types_pb2.DT_FLOAT, types_pb2.DT_STRING])
@pytest.mark.parametrize("shape", [(2**40,), (0, 2**62)])
def test_small_proto_of_an_enormous_tensor_is_refused(prediction, dtype, shape):
    proto = tensor_pb2.TensorProto(dtype=dtype, float_val=[1.0], string_val=[b"x" * 1000])
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    refused(prediction.Predict, predict_request(MODEL, x=proto), INVALID, "must decode to at most")


@pytest.mark.usefixtures("embedded_only")
@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 2, 2), ()])
def test_wrong_shape_is_refused_before_the_graph_runs(prediction, shape):
    request = predict_request(MODEL, signature="pairs", x=np.zeros(shape, np.float32))
    refused(prediction.Predict, request, INVALID, "Input `x` must have shape [?,2]. Received: [")


@pytest.mark.usefixtures("embedded_only")
def test_wrong_rank_for_a_network_is_refused(prediction):
    request = predict_request("pictures", signature="luma_to_chroma", luma=np.zeros((8, 8), np.float32))
    refused(prediction.Predict, request, INVALID, "Input `luma` must have shape [?,?,?,1]. Received: [8,8].")


@pytest.mark.usefixtures("embedded_only")
def test_more_dimensions_than_numpy_has_are_refused(prediction):
    proto = tf.make_tensor_proto([1.0])
    proto.tensor_shape.CopyFrom(tf.TensorShape([1] * 33).as_proto())
    refused(prediction.Predict, predict_request(MODEL, x=proto), INVALID, "must have at most 32 dimensions")


@pytest.mark.usefixtures("embedded_only")
def test_empty_batch_is_refused(prediction):
    request = predict_request("pictures", signature="luma_to_chroma", luma=np.zeros((0, 8, 8, 1), np.float32))
    refused(prediction.Predict, request, INVALID, "without a dimension of 0. Received: [0,8,8,1].")


# === GetModelMetadata ===


def metadata_request(*fields, model=MODEL):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = model
    return request


def test_metadata(prediction):
    response = prediction.GetModelMetadata(metadata_request("signature_def"))
    assert (response.model_spec.name, response.model_spec.version.value) == (MODEL, VERSION)
    assert response.model_spec.signature_name == ""
    assert list(response.metadata) == ["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert signature.inputs["x"].dtype == types_pb2.DT_FLOAT
    assert signature.method_name == "tensorflow/serving/predict"


def test_metadata_refusals(prediction):
    call = prediction.GetModelMetadata
    missing = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    refused(call, missing, INVALID, "Missing ModelSpec")
    refused(call, metadata_request(), INVALID, "GetModelMetadataRequest must specify at least one metadata_field")
    refused(call, metadata_request("nope"), INVALID, "is not supported")
    unknown = metadata_request("signature_def", model="nope")
    refused(call, unknown, grpc.StatusCode.NOT_FOUND, "Servable not found for request: Latest(nope)")


# === Classify, Regress, MultiInference ===


def examples(*values):
    request = classification_pb2.ClassificationRequest()
    for value in values:
        feature = request.input.example_list.examples.add().features.feature["x"]
        feature.float_list.value.append(value)
    return request.input


def inference_request(kind, signature, inputs, model=MODEL):
    request = kind(input=inputs)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    return request


def test_classify(prediction):
    request = inference_request(classification_pb2.ClassificationRequest, "classify_x_to_y", examples(2.0, 4.0))
    response = prediction.Classify(request)
    scores = [row.classes[0].score for row in response.result.classifications]
    assert scores == [3.0, 4.0]
    assert response.model_spec.signature_name == "classify_x_to_y"
    assert response.model_spec.version.value == VERSION


def test_classify_with_context(prediction):
    request = inference_request(classification_pb2.ClassificationRequest, "classify_x_to_y", examples())
    listed = request.input.example_list_with_context
    listed.context.features.feature["x"].float_list.value.append(6.0)
    listed.examples.add()
    assert prediction.Classify(request).result.classifications[0].classes[0].score == 5.0


def test_regress(prediction):
    request = inference_request(regression_pb2.RegressionRequest, "regress_x_to_y", examples(2.0))
    response = prediction.Regress(request)
    assert [value.value for value in response.result.regressions] == [3.0]
    assert response.model_spec.name == MODEL


def multi_request(*tasks):
    request = inference_pb2.MultiInferenceRequest(input=examples(2.0))
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name, task.model_spec.signature_name = name, signature
    return request


def test_multi_inference(prediction):
    both = (MODEL, "regress_x_to_y", "regress"), (MODEL, "classify_x_to_y", "classify")
    results = prediction.MultiInference(multi_request(*both)).results
    assert results[0].regression_result.regressions[0].value == 3.0
    assert results[1].classification_result.classifications[0].classes[0].score == 3.0
    assert [result.model_spec.signature_name for result in results] == ["regress_x_to_y", "classify_x_to_y"]


def test_multi_inference_refusals(prediction):
    call, one = prediction.MultiInference, (MODEL, "regress_x_to_y", "regress")
    refused(call, multi_request(one, one), INVALID, "Duplicate evaluation of signature: regress_x_to_y")
    text = "All ModelSpecs in a MultiInferenceRequest must access the same model name."
    refused(call, multi_request(one, ("half_plus_three", "classify_x_to_y", "classify")), INVALID, text)


@pytest.mark.parametrize("kind", ["Classify", "Regress"])
def test_classify_and_regress_refuse_a_predict_signature(prediction, kind):
    request_type = {
        "Classify": classification_pb2.ClassificationRequest,
        "Regress": regression_pb2.RegressionRequest,
    }[kind]
    call = getattr(prediction, kind)
    word = {"Classify": "classification", "Regress": "regression"}[kind]
    for signature, text in (
        ("nope", "No signature was found with the name: nope"),
        ("", f"No {word} inputs found in SignatureDef: "),
    ):
        refused(call, inference_request(request_type, signature, examples(2.0), "pictures"), INVALID, text)


def test_classify_of_nothing(prediction):
    request = inference_request(classification_pb2.ClassificationRequest, "classify_x_to_y", examples())
    refused(prediction.Classify, request, INVALID, "Input is empty.")


# === ModelService ===


def status_request(model=MODEL, version=None):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    if version is not None:
        request.model_spec.version.value = version
    return request


@pytest.mark.parametrize("version", [None, VERSION])
def test_status(models, version):
    response = models.GetModelStatus(status_request(version=version))
    (status,) = response.model_version_status
    assert status.version == VERSION
    assert status.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (status.status.error_code, status.status.error_message) == (0, "")


def test_status_refusals(models):
    not_found = grpc.StatusCode.NOT_FOUND
    call = models.GetModelStatus
    refused(call, get_model_status_pb2.GetModelStatusRequest(), INVALID, "Missing ModelSpec")
    refused(call, status_request("nope"), not_found, "Could not find any versions of model nope")
    refused(call, status_request(version=9), not_found, f"Could not find version 9 of model {MODEL}")


def test_reload_takes_model_lists_only(models):
    refused(
        models.HandleReloadConfigRequest,
        model_management_pb2.ReloadConfigRequest(),
        INVALID,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. "
        "Only ModelConfigList is currently supported",
    )


@pytest.mark.parametrize(
    ("configs", "text"),
    [
        ([("a", "/x", "tensorflow")] * 2, "Illegal to list model a multiple times in config list"),
        ([("a", "x", "tensorflow")], "Expected model a to have an absolute path or URI; got base_path()=x"),
        ([(MODEL, "/x", "other")], "Illegal to change a model's platform. For model half_plus_two platform was"),
        ([(MODEL, "/x", "")], "Illegal setting neither ModelServerConfig::model_type (deprecated) nor"),
    ],
)
def test_reload_refuses_bad_lists_and_changes_nothing(models, prediction, configs, text):
    request = model_management_pb2.ReloadConfigRequest()
    for name, path, platform in configs:
        request.config.model_config_list.config.add(name=name, base_path=path, model_platform=platform)
    refused(models.HandleReloadConfigRequest, request, INVALID, text)
    assert prediction.Predict(predict_request(MODEL, x=floats(1.0))).outputs["y"].float_val[0] == 2.5


# === Health ===


@pytest.mark.parametrize("service", ["", "ModelService", "PredictionService"])
def test_health(channel, target, service):
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        response = stub.Check(health_pb2.HealthCheckRequest(service=service))
    except grpc.RpcError as error:
        if not target.embedded and error.code() == grpc.StatusCode.UNIMPLEMENTED:
            pytest.skip("the server runs without --enable_grpc_healthcheck_service")
        raise
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_an_unknown_service(channel, embedded_only):
    call = health_pb2_grpc.HealthStub(channel).Check
    refused(call, health_pb2.HealthCheckRequest(service="nope"), grpc.StatusCode.NOT_FOUND, "")
