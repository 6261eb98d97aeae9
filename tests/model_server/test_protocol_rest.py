"""TensorFlow Serving's own cases over REST, against the embedded server or, by COLORGAN_REST, a real one.

Mirrors tensorflow_model_server_test.py, http_rest_api_handler_test, json_tensor_test, prometheus_exporter_test.
"""

import base64
import gzip
import io
import json
import math

import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import Image
from tiny_models import VERSION

from colorgan_tf.errors import ServingError
from serving.model_server.rest import json_tensors

MODEL = "half_plus_two"
RUN = f"/v1/models/{MODEL}:predict"


@pytest.fixture
def predict(rest):
    def run(body, path=RUN):
        return rest("POST", path, **({"data": body} if isinstance(body, str | bytes) else {"json": body}))

    return run


def png(size=(5, 4), value=10) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (value,) * 3).save(file, "PNG")
    return file.getvalue()


# === Predict ===


@pytest.mark.parametrize("place", ["", f"/versions/{VERSION}", f"/VERSIONS/000{VERSION}"])
def test_row_form(predict, place):
    response = predict({"instances": [1.0, 2.0]}, f"/v1/models/{MODEL}{place}:predict")
    assert response.json() == {"predictions": [2.5, 3.0]}
    assert response.headers["Content-Type"] == "application/json"


def test_row_form_of_lists(predict):
    assert predict({"instances": [[1.0, 2.0], [3.0, 4.0]]}).json() == {"predictions": [[2.5, 3.0], [3.5, 4.0]]}


def test_columnar_form(predict):
    assert predict({"inputs": [3.0, 4.0]}).json() == {"outputs": [3.5, 4.0]}
    assert predict({"inputs": {"x": [3.0, 4.0]}}).json() == {"outputs": [3.5, 4.0]}
    assert predict({"signature_name": "serving_default", "inputs": 3.0}).json() == {"outputs": 3.5}


def test_named_tensors(predict):
    row = {"signature_name": "two", "instances": [{"a": 5, "b": 3}, {"a": 1, "b": 1}]}
    expected = [{"sum": 8.0, "difference": 2.0}, {"sum": 2.0, "difference": 0.0}]
    assert predict(row).json() == {"predictions": expected}
    columns = {"signature_name": "two", "inputs": {"a": [5, 1], "b": [3, 1]}}
    assert predict(columns).json() == {"outputs": {"sum": [8.0, 2.0], "difference": [2.0, 0.0]}}


def test_float32_prints_short(predict):
    text = predict({"instances": [0.2]}).text
    assert json.loads(text) == {"predictions": [2.1]}
    assert "2.0999" not in text


def test_nan_and_infinity(predict):
    values = json.loads(predict('{"instances": [NaN, Infinity, -Infinity]}').text)["predictions"]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def test_bytes_by_base64(predict):
    encoded = base64.b64encode(png(value=10)).decode()
    for body, unwrap in (
        ({"instances": [{"b64": encoded}]}, lambda answer: answer["predictions"][0]),
        ({"instances": [{"image_bytes": {"b64": encoded}}]}, lambda answer: answer["predictions"][0]),
        ({"inputs": {"image_bytes": [{"b64": encoded}]}}, lambda answer: answer["outputs"][0]),
    ):
        answer = predict(body, "/v1/models/pictures:predict").json()
        picture = Image.open(io.BytesIO(base64.b64decode(unwrap(answer)["b64"])))
        assert picture.size == (5, 4)
        assert picture.getpixel((0, 0)) == (245, 245, 245)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("instances = [1, 2]", "JSON Parse error: Invalid value"),
        ('{"instances": [1]} x', "JSON Parse error: The document root must not be followed by other values."),
        ("[1]", "Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        ('{"instances": [1], "inputs": [1]}', "expecting only one of 'inputs' or 'instances' keys to exist"),
        ('{"instances": 1}', "Excepting 'instances' to be an list/array"),
        ('{"instances": []}', "No values in 'instances' array"),
        ('{"signature_name": 5, "instances": [1]}', "'signature_name' key must be a string value."),
        ('{"signature_name": "nope", "instances": [1]}', 'Serving signature name: "nope" not found in signature def'),
        ('{"instances": ["x", "y"]}', 'JSON Value: "x" Type: String is not of expected type: float'),
        ('{"instances": [[1, 2], [3]]}', "Expecting tensor size: 2 but got: 1"),
        ('{"instances": [[[1, 2]], [[1], [2]]]}', "Expecting shape [1,2] but got: [2,1]"),
        ('{"instances": [[[1, 2], [3]]]}', "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
        ('{"inputs": [[1], 2]}', "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ('{"inputs": [1, [2]]}', "Encountered list at unexpected level: 1 expected < 1"),
        ('{"instances": [{"x": 1}, 2]}', "Expecting object but got list at item 1 of input list"),
        ('{"instances": [1, {"x": 1}]}', "Expecting value/list but got object at item 1 of input list"),
        ('{"instances": [{"z": 1}]}', "JSON object: does not have named input: z"),
        ('{"instances": [16777217]}', "to float without loss of precision."),
        ('{"inputs": {"z": 1}}', "Missing named input: x in 'inputs' object."),
        ('{"signature_name": "two", "instances": [1]}', "instances is a plain list, but expecting list of objects"),
        ('{"signature_name": "two", "inputs": [1]}', "inputs is a plain value/list, but expecting an object"),
        ('{"signature_name": "two", "instances": [{"a": 1}]}', "keys must be equal to: a,b"),
    ],
)
def test_predict_refusals(predict, body, text):
    response = predict(body)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"
    assert text in response.json()["error"]


def test_bad_base64(predict):
    response = predict({"instances": [{"b64": "!"}]}, "/v1/models/pictures:predict")
    assert (response.status_code, "Unable to base64 decode" in response.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v1/models/foo:predict", 404, "Servable not found for request: Latest(foo)"),
        ("/v1/models/foo/versions/50:predict", 404, "Servable not found for request: Specific(foo, 50)"),
        (f"/v1/models/{MODEL}/versions/99:predict", 404, f"Servable not found for request: Specific({MODEL}, 99)"),
        (f"/v1/models/{MODEL}/labels/nope:predict", 400, "Unrecognized servable version label: nope"),
    ],
)
def test_unknown_servable(predict, path, status, text):
    response = predict({"instances": [1]}, path)
    assert (response.status_code, response.json()["error"]) == (status, text)


# === URLs ===


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("GET", "/v1/foo", "Malformed request: GET /v1/foo"),
        ("POST", "/v1/foo", "Malformed request: POST /v1/foo"),
        ("GET", "/v1/models", "Missing model name in request."),
        ("POST", "/v1/models", "Malformed request: POST /v1/models"),
        ("GET", "/v1/models/foo:predict", "Malformed request: GET /v1/models/foo:predict"),
        ("GET", "/v1/models/foo/version/50:predict", "Malformed request"),
        ("POST", "/v1/models/foo/version/50:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/HELLO:regress", "Malformed request"),
        ("POST", "/v1/models/foo/versions/1/labels/a:regress", "Malformed request"),
        ("POST", "/v1/models/foo:nope", "Malformed request"),
        ("PUT", "/v1/models/foo:predict", "Malformed request: PUT /v1/models/foo:predict"),
        ("DELETE", "/v1/models/foo", "Malformed request"),
        ("POST", f"/v1/models/foo/versions/{2**64 - 1}:regress", "Failed to convert version: 18446744073709551615 to"),
        ("GET", f"/v1/models/foo/versions/{2**64 - 1}", "Failed to convert version: 18446744073709551615 to numeric."),
    ],
)
def test_malformed_requests(rest, method, path, text):
    response = rest(method, path)
    assert response.status_code == 400
    assert text in response.json()["error"]


@pytest.mark.parametrize("path", ["/", "/index", "/statuspage", "/v2/models/x"])
def test_other_paths_are_not_found(rest, path):
    assert rest("GET", path).status_code == 404


def test_paths_ignore_case(rest):
    assert rest("GET", f"/V1/Models/{MODEL}").status_code == 200


# === Status and metadata ===


@pytest.mark.parametrize("place", ["", f"/versions/{VERSION}"])
def test_status(rest, place):
    assert rest("GET", f"/v1/models/{MODEL}{place}").json() == {
        "model_version_status": [
            {"version": str(VERSION), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }


def test_status_of_the_unknown(rest):
    for path, text in (
        ("/v1/models/nope", "Could not find any versions of model nope"),
        (f"/v1/models/{MODEL}/versions/9", f"Could not find version 9 of model {MODEL}"),
    ):
        response = rest("GET", path)
        assert (response.status_code, response.json()["error"]) == (404, text)


def test_metadata(rest):
    found = rest("GET", f"/v1/models/{MODEL}/metadata").json()
    assert found["model_spec"] == {"name": MODEL, "signature_name": "", "version": str(VERSION)}
    signature = found["metadata"]["signature_def"]["signature_def"]["pairs"]
    assert signature["inputs"]["x"] == {
        "dtype": "DT_FLOAT",
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""}, {"size": "2", "name": ""}],
            "unknown_rank": False,
        },
        "name": "pairs_x:0",
    }
    assert signature["method_name"] == "tensorflow/serving/predict"


# === Classify and regress ===


def test_classify(rest):
    body = {"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}, {"x": 10.0}]}
    answer = rest("POST", f"/v1/models/{MODEL}:classify", json=body).json()
    assert answer == {"results": [[["", 12.0]], [["", 7.0]]]}


def test_regress_with_context(rest):
    body = {"signature_name": "regress_x_to_y", "context": {"x": [80.0]}, "examples": [{}]}
    assert rest("POST", f"/v1/models/{MODEL}:regress", json=body).json() == {"results": [42.0]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "key 'examples' is expected and was not found"),
        ({"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON"),
        ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ({"examples": [{"x": [1.5, 2]}]}, "Unexpected element type in feature: x expecting type: "),
    ],
)
def test_classify_refusals(rest, body, text):
    response = rest("POST", f"/v1/models/{MODEL}:classify", json=body)
    assert (response.status_code, text in response.json()["error"]) == (400, True), response.text


# === Metrics ===


def test_prometheus_page(rest, predict):
    predict({"instances": [1.0]})
    predict({"instances": [1.0]}, "/v1/models/made_up_by_a_client:predict")
    response = rest("GET", "/monitoring/prometheus/metrics")
    if response.status_code == 404:
        pytest.skip("the server runs without a monitoring configuration")
    assert "# TYPE :tensorflow:serving:request_count counter" in response.text
    assert f':tensorflow:serving:request_count{{model_name="{MODEL}",status="OK"}}' in response.text
    assert "# TYPE :tensorflow:serving:request_latency histogram" in response.text
    assert ":tensorflow:serving:request_latency_bucket{" in response.text
    assert "made_up_by_a_client" not in response.text


# === Attacks that bring the original down ===


@pytest.mark.usefixtures("embedded_only")
def test_deep_nesting_is_refused(predict):
    response = predict('{"instances": ' + "[" * 100_000 + "]" * 100_000 + "}")
    assert (response.status_code, "nested too deep" in response.json()["error"]) == (400, True)


@pytest.mark.usefixtures("embedded_only")
def test_rank_beyond_tensorflow_is_refused(predict):
    response = predict('{"instances": ' + "[" * 300 + "1" + "]" * 300 + "}")
    assert response.status_code == 400


@pytest.mark.usefixtures("embedded_only")
def test_gzip_body(rest):
    body, headers = json.dumps({"instances": [1.0]}).encode(), {"Content-Encoding": "gzip"}
    assert rest("POST", RUN, data=gzip.compress(body), headers=headers).json() == {"predictions": [2.5]}
    for bad in (gzip.compress(b"\0" * 2**22), b"no gzip"):
        response = rest("POST", RUN, data=bad, headers=headers)
        assert (response.status_code, "gzip body" in response.json()["error"]) == (400, True)


@pytest.mark.usefixtures("embedded_only")
def test_large_body_is_refused(rest):
    assert rest("POST", RUN, data=b" " * (2**20 + 1)).status_code == 413


@pytest.mark.usefixtures("embedded_only")
def test_get_with_a_body(rest):
    assert rest("GET", f"/v1/models/{MODEL}", data=b"x" * 10_000).status_code == 200


# === JSON and tensors, without a server ===


@pytest.mark.parametrize(
    ("dtype", "good", "bad"),
    [
        (tf.uint8, [0, 255], 256),
        (tf.int8, [-128, 127], -129),
        (tf.int32, [1, -1], 1.0),
        (tf.int64, [2**62], 2**63),
        (tf.uint64, [2**63], -1),
        (tf.bool, [True, False], 1),
        (tf.float32, [1, 0.5], True),
        (tf.float64, [1, 0.1], "1"),
        (tf.string, ["a", {"b64": "YQ=="}], 5),
    ],
)
def test_values_are_taken_by_type(dtype, good, bad):
    body = json_tensors.PredictBody("", False, good)
    values = json_tensors.to_tensors(body, {"x": dtype.as_datatype_enum})["x"]
    assert tf.dtypes.as_dtype(values.dtype) == dtype
    assert values.shape == (len(good),)
    with pytest.raises(ServingError, match="is not of expected type"):
        json_tensors.to_array([bad], dtype.as_datatype_enum)


def test_rows_of_unequal_outputs_cannot_be_joined():
    outputs = {"a": np.zeros(2), "b": np.zeros(3)}
    with pytest.raises(ServingError, match="Tensor name: b has inconsistent batch size: 3 expecting: 2"):
        json_tensors.predictions(outputs, row=True)
    with pytest.raises(ServingError, match="Tensor name: a has no shape information"):
        json_tensors.predictions({"a": np.array(1.0)}, row=True)


def test_strings_and_integers_are_written():
    outputs = {
        "name": np.array(["ä".encode()], object),
        "raw_bytes": np.array([b"\xff"], object),
        "n": np.array([7]),
    }
    assert json_tensors.predictions(outputs, row=True) == {
        "predictions": [{"name": "ä", "raw_bytes": {"b64": "/w=="}, "n": 7}]
    }


@pytest.mark.parametrize(
    "text",
    [
        "18446744073709551616",
        "[-9223372036854775809]",
        '{"a": 123456789012345678901234567890}',
        "[1,-99999999999999999999]",
        "[NaN, -Infinity, 1e400]",
        '["\\ud800", "ä", "\\u0000"]',
        '{"a": 1, "a": 2}',
        "[0.12345678901234567890123, 1.0, -0.0, 1E5, 9223372036854775807, 18446744073709551615]",
    ],
)
def test_json_is_read_as_python_reads_it(text):
    found, expected = json_tensors.parse(b'{"x": %s}' % text.encode())["x"], json.loads(text)
    assert repr(found) == repr(expected)


@pytest.mark.parametrize("row", [True, False])
@pytest.mark.parametrize(
    "outputs",
    [
        {"y": np.array([0.2, 1e20, 1e-7, 3.0, 16777217], np.float32)},
        {"y": np.array([np.nan, np.inf, 0.2], np.float32)},
        {"y": np.array([0.1, 1e300, 5e-324])},
        {"y": np.array([0.1, 65504], np.float16), "z": np.array([[1, 2], [3, 4]], np.uint8)},
        {"y": np.array([2**63, 1], np.uint64), "z": np.array([True, False])},
        {"y": np.arange(12, dtype=np.int32).reshape(3, 2, 2).T},
        {"a": np.array([["ä".encode(), b"\xff"]], object), "a_bytes": np.array([b"\xff"], object)},
        {"y": np.zeros((2, 0), np.float32)},
    ],
)
def test_answers_are_written_as_python_writes_them(outputs, row):
    expected = json.dumps(json_tensors.predictions(outputs, row))
    assert json.dumps(json.loads(json_tensors.encode(outputs, row))) == expected


def test_parallel_requests_do_not_mix(target, rest):
    from concurrent.futures import ThreadPoolExecutor

    def one(value):
        return requests.post(target.rest + RUN, json={"instances": [value]}, timeout=30).json()["predictions"][0]

    values = np.arange(64.0)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, values.tolist())) == (values / 2 + 2).tolist()
