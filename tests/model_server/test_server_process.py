"""Warm-up, health and the end of the embedded server, and its command.

Mirrors saved_model_warmup_util_test and server_core_test.
"""

import os
import re
import signal
import subprocess
import sys
import time

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from protocol import predict_request
from served_versions import FAST, Code, answer, becomes, entry, state
from tensorflow_serving.apis import (
    prediction_log_pb2,
)

from colorgan_tf.errors import InputError, ServingError
from serving.model_server import config_files
from serving.model_server.inference.predict import Call
from serving.model_server.servables import versions
from serving.model_server.servables.lifecycle import Lifecycle, State
from serving.model_server.server import ModelServer, ServerOptions
from serving.model_server.server_core import Loading

# === Warm-up ===


def write_warmup(version_path: str, records: list[bytes]) -> None:
    os.makedirs(os.path.join(version_path, "assets.extra"))
    with tf.io.TFRecordWriter(os.path.join(version_path, "assets.extra", "tf_serving_warmup_requests")) as writer:
        for record in records:
            writer.write(record)


def predict_log(signature: str = "", **inputs) -> bytes:
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request(signature=signature, **(inputs or {"x": [1.0]})))
    return log.SerializeToString()


def warm(serve, copy_model, records, **options) -> ModelServer:
    write_warmup(os.path.join(copy_model(1), "1"), records)
    path = os.path.dirname(copy_model(1, name="other")) + "/m"
    lifecycle = Lifecycle(**FAST, max_num_load_retries=0)
    server = serve(path, wait=False, lifecycle=lifecycle, **options)
    assert server.core.servables.wait_for(lambda: state(server, 1) in (State.AVAILABLE, State.END), 30)
    return server


def test_warm_up_requests_run_before_the_version_serves(serve, copy_model):
    server = warm(serve, copy_model, [predict_log(), predict_log(signature="two", a=[1.0], b=[2.0])])
    assert state(server, 1) == State.AVAILABLE
    found = server.core.metrics.registry.get_sample_value
    labels = {"model_name": "m", "API": "Predict", "runtime": "TF2"}
    assert found(":tensorflow:serving:runtime_latency_count", labels) == 2
    assert ':tensorflow:serving:model_warmup_latency_count{model_path="' in server.core.metrics.page().decode()


def test_an_empty_warm_up_file_is_fine(serve, copy_model):
    assert state(warm(serve, copy_model, []), 1) == State.AVAILABLE


def session_run() -> bytes:
    log = prediction_log_pb2.PredictionLog()
    log.session_run_log.request.model_spec.name = "m"
    return log.SerializeToString()


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([b"no record"], "Failed to parse warmup record: "),
        ([predict_log()] * 1001, "Number of warmup records exceeds the maximum (1000) at "),
        ([predict_log(signature="nope")], 'Serving signature key "nope" not found.'),
        ([session_run()], "Unsupported log_type for warmup: session_run_log"),
    ],
)
def test_a_bad_warm_up_fails_the_load(serve, copy_model, records, text):
    server = warm(serve, copy_model, records)
    (status,) = server.core.servables.statuses("m")
    assert status.state == State.END
    assert status.error is not None
    assert status.error.text.startswith(text)


def test_a_warm_up_file_that_is_no_tfrecord_fails_the_load(serve, copy_model):
    path = copy_model(1)
    write_warmup(os.path.join(path, "1"), [])
    with open(os.path.join(path, "1", "assets.extra", "tf_serving_warmup_requests"), "wb") as file:
        file.write(b"no TFRecord at all, and longer than a header")
    server = serve(path, wait=False, lifecycle=Lifecycle(**FAST, max_num_load_retries=0))
    becomes(server, 1, State.END)
    error = server.core.servables.statuses("m")[0].error
    assert error is not None
    assert error.code == Code.DATA_LOSS
    assert error.text.endswith(". Please verify your warmup data is in TFRecord format.")


def test_warm_up_can_be_switched_off(serve, copy_model):
    server = warm(serve, copy_model, [b"no record"], loading=Loading(warm_up=False))
    assert state(server, 1) == State.AVAILABLE


# === Health and the end ===


def health(server: ModelServer, service: str = "") -> int:
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service)).status


def test_overall_health_waits_for_a_version(serve, copy_model, tmp_path):
    server = serve(str(tmp_path / "models" / "m"), wait=False)
    assert health(server) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert health(server, "PredictionService") == health_pb2.HealthCheckResponse.SERVING
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
    assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
    copy_model(1)
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    watched.cancel()


def test_a_port_in_use_is_an_input_error(serve, copy_model):
    path = copy_model(1)
    server = serve(path, rest_port=0)
    for more, text in (
        ({"port": server.port}, "The address must be free"),
        ({"port": 0, "rest_port": server.rest_port}, "`rest_api_port` must be free"),
    ):
        with pytest.raises(InputError, match=text):
            ModelServer(versions.single_model("m", path), ServerOptions(host="127.0.0.1", **more))


def test_requests_that_run_end_during_the_drain(serve, copy_model, drain):
    server = serve(copy_model(1), rest_port=0)
    url = f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict"
    by_grpc, by_rest = drain(
        server, lambda: answer(server), lambda: requests.post(url, json={"instances": [1.0]}, timeout=30)
    )
    assert by_grpc == 1
    assert by_rest.json() == {"predictions": [2.5]}


@pytest.mark.parametrize("batching", [None, config_files.Batching()])
def test_a_past_deadline_is_reported(serve, copy_model, batching):
    server = serve(copy_model(1), batching=batching)
    inputs, late = {"x": np.array([1.0], np.float32)}, Call(deadline=time.monotonic() - 1)
    use = server.core.servables.use(predict_request().model_spec)
    with use as version, pytest.raises(ServingError) as caught:
        server.core.predictor.run(version, "", inputs, late)
    assert caught.value.code == Code.DEADLINE_EXCEEDED


# === The command ===


def command(*flags: str, **more) -> subprocess.Popen:
    arguments = [sys.executable, "-m", "serving.server", "--host=127.0.0.1", "--port=0", *flags]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_the_command_serves_and_drains_on_sigterm(copy_model, tmp_path):
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }")
    path = os.path.relpath(copy_model(1))
    process = command(
        "--rest_api_port=-1",
        "--model_name=m",
        f"--model_base_path={path}",
        f"--monitoring_config_file={monitoring}",
        "--enable_batching",
        "--grpc_channel_arguments=grpc.max_concurrent_streams=64",
        "--tensorflow_session_parallelism=1",
        "--num_load_threads=4",
        "--per_process_gpu_memory_fraction=0.5",
        "--platform_config_file=platform.config",
        "--flush_filesystem_caches=false",
    )
    assert process.stdout
    try:
        grpc_line, rest_line = process.stdout.readline(), process.stdout.readline()
        assert grpc_line.startswith("Running gRPC ModelServer at 127.0.0.1:")
        assert rest_line.startswith("Exporting HTTP/REST API at:127.0.0.1:")
        rest = "http://127.0.0.1:" + rest_line.split(":")[-1].split()[0]
        from serving.client import Client

        with Client("127.0.0.1:" + grpc_line.split(":")[-1].split()[0], "m") as client:
            client.wait_until_available(30)
        answered = requests.post(f"{rest}/v1/models/m:predict", json={"instances": [1.0]}, timeout=30)
        assert answered.json() == {"predictions": [2.5]}
        assert "# TYPE" in requests.get(f"{rest}/monitoring/prometheus/metrics", timeout=30).text
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log
        assert "Traceback" not in log
        assert "--num_load_threads has no effect: each model loads in a thread of its own" in log
        assert log.count("has no effect") == 4
    finally:
        process.kill()
        process.communicate()


def test_the_version_is_printed_as_by_tensorflow_serving():
    printed, log = command("--version").communicate(timeout=60)
    assert re.fullmatch(r"ColorGAN TF model server: [\d.]+\nTensorFlow Library: [\d.]+\n", printed), log


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ((), "--model_base_path or --model_config_file must be given"),
        (("--model_base_path=x", "--batching_parameters_file=x"), "must come with --enable_batching"),
        (("--model_base_path=x", "--rest_api_enable_tls"), "must come with --ssl_config_file"),
        (("--model_base_path=x", "--use_alts_credentials"), "must be off; --ssl_config_file encrypts"),
        (("--model_config_file={bad}",), "Error parsing text-format tensorflow.serving.ModelServerConfig"),
        (("--model_config_file={relative}",), "Failed to start server. Error: INVALID_ARGUMENT: Expected model m to"),
    ],
)
def test_the_command_refuses_bad_flags_in_one_line(tmp_path, capsys, flags, text):
    from absl import flags as absl_flags

    from serving import server
    from serving.model_server import server_flags

    if "rest_api_port" not in absl_flags.FLAGS:
        server_flags.define_flags()
    (tmp_path / "bad").write_text("nonsense {")
    (tmp_path / "relative").write_text("model_config_list { " + entry("x") + " }")
    values = [flag.format(bad=tmp_path / "bad", relative=tmp_path / "relative") for flag in flags]
    absl_flags.FLAGS(["server", "--port=0", *values])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(InputError) as caught:
            server.main(["server"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        absl_flags.FLAGS.unparse_flags()
        for flag in absl_flags.FLAGS.get_key_flags_for_module(server_flags):
            flag.unparse()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
