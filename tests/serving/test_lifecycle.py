"""Versions on disk, policies, labels, swaps, failures, reloads, warm-up, health and the end of the process.

Mirrors file_system_storage_path_source_test, availability_preserving_policy_test, server_core_test,
saved_model_warmup_util_test.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from protocol import predict_request, stub
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_log_pb2,
)

from colorgan_tf.command import InputError
from serving import config_files, errors, saved_model, versions
from serving.core import Loading
from serving.lifecycle import Lifecycle, State
from serving.model_server import ModelServer, ServerOptions
from serving.predict import Call
from serving.versions import Policy, aspired, parse_versions

Code = errors.StatusCode
FAST = {"poll_wait_seconds": 0.05, "load_retry_interval_seconds": 0.01}


def models_of(text: str):
    return config_files.parse(f"model_config_list {{ {text} }}", "ModelServerConfig", "test")


def entry(base_path: str, name: str = "m", more: str = "") -> str:
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "tensorflow" {more} }}'


def state(server: ModelServer, version: int, name: str = "m") -> State | None:
    try:
        return server.core.servables.statuses(name, version)[0].state
    except errors.ServingError:
        return None


def becomes(server: ModelServer, version: int, wanted: State, name: str = "m") -> None:
    assert server.core.servables.wait_for(lambda: state(server, version, name) == wanted, 30), (
        f"version {version} is {state(server, version, name)}"
    )


def answer(server: ModelServer, **spec) -> int:
    """Returns the version that answers."""
    return stub(server).Predict(predict_request(x=[1.0], **spec)).model_spec.version.value


def code_of(server: ModelServer, **spec) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        answer(server, **spec)
    return caught.value.code(), caught.value.details()


# === What is a version, and which are wanted ===


def test_version_names():
    names = ["1", "00000123", "+5", "-1", "1.tmp", "writing", "", "٣", "7/", "99999999999999999999"]
    assert parse_versions(names) == {1: "1", 123: "00000123", 7: "7"}


def test_the_last_of_two_names_of_one_version_counts():
    assert parse_versions(["7", "007"]) == {7: "7"}


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (Policy(), [9]),
        (Policy(latest=Policy.Latest(num_versions=2)), [9, 5]),
        (Policy(latest=Policy.Latest(num_versions=7)), [9, 5, 1]),
        (Policy(all=Policy.All()), [9, 5, 1]),
        (Policy(specific=Policy.Specific(versions=[1, 5, 7])), [5, 1]),
    ],
)
def test_policies(policy, wanted):
    assert aspired([5, 9, 1], policy) == wanted


# === Versions come and go ===


def test_files_appear_after_start(serve, copy_model, tmp_path):
    server = serve(str(tmp_path / "models" / "m"), wait=False)
    assert code_of(server) == (Code.NOT_FOUND, "Servable not found for request: Latest(m)")
    copy_model(1)
    becomes(server, 1, State.AVAILABLE)
    assert answer(server) == 1


def test_while_the_first_version_loads_callers_are_told_to_come_again(serve, copy_model, monkeypatch):
    go, load = threading.Event(), saved_model.load
    monkeypatch.setattr(saved_model, "load", lambda *arguments: go.wait(20) and load(*arguments))
    server = serve(copy_model(1), wait=False)
    loading = (Code.UNAVAILABLE, "Model m is still loading its first version")
    assert (code_of(server), code_of(server, version=1)) == (loading, loading)
    go.set()
    becomes(server, 1, State.AVAILABLE)
    assert code_of(server, version=2) == (Code.NOT_FOUND, "Servable not found for request: Specific(m, 2)")


def test_a_newer_version_takes_over_and_the_old_one_goes(serve, copy_model):
    server = serve(copy_model(1))
    copy_model(2)
    becomes(server, 1, State.END)
    assert answer(server) == 2
    assert state(server, 2) == State.AVAILABLE
    assert code_of(server, version=1) == (Code.NOT_FOUND, "Servable not found for request: Specific(m, 1)")


def test_policy_all_serves_each_version(serve, copy_model):
    copy_model(1)
    path = copy_model(2)
    server = serve(config=models_of(entry(path, more="model_version_policy { all {} }")))
    becomes(server, 1, State.AVAILABLE)
    assert (answer(server), answer(server, version=1), answer(server, version=2)) == (2, 1, 2)


def test_the_last_version_stays_when_the_disk_is_emptied(serve, copy_model):
    path = copy_model(1)
    server = serve(path)
    shutil.move(path, path + ".away")
    other = copy_model(1, name="other")
    # The poll that finds the new model looks at the old one as well.
    server.core.servables.reload(models_of(entry(path) + entry(other, "other")), 30)
    assert state(server, 1) == State.AVAILABLE
    assert answer(server) == 1


def test_polling_once_sees_nothing_new(serve, copy_model):
    server = serve(copy_model(1), lifecycle=Lifecycle(poll_wait_seconds=0))
    copy_model(2)
    path = copy_model(1, name="other")
    server.core.servables.reload(models_of(entry(path.replace("/other", "/m")) + entry(path, "other")), 30)
    becomes(server, 2, State.AVAILABLE)  # a new configuration looks at the disk again


def test_swaps_under_load_lose_no_request(serve, copy_model):
    path = copy_model(1)
    server = serve(path)
    over, seen = threading.Event(), set()
    predict = stub(server)

    def caller():
        while not over.is_set():
            seen.add(predict.Predict(predict_request(x=[1.0]), timeout=30).model_spec.version.value)

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(caller) for _ in range(4)]
        for version in range(2, 8):
            copy_model(version)
            becomes(server, version - 1, State.END)
        over.set()
        for done in callers:
            done.result(30)
    assert max(seen) == 7


def test_a_version_in_use_is_not_unloaded(serve, copy_model):
    server = serve(copy_model(1))
    spec = predict_request().model_spec
    with server.core.servables.use(spec) as version:
        copy_model(2)
        becomes(server, 1, State.UNLOADING)
        assert answer(server) == 2
        assert version.run("serving_default", {"x": np.array([1.0], np.float32)})["y"] == [2.5]
    becomes(server, 1, State.END)


# === Failures ===


def corrupt(path: str, version: int) -> None:
    folder = os.path.join(os.path.dirname(path), f"{version}.writing")
    os.makedirs(folder)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(b"no saved model")
    os.replace(folder, os.path.join(path, str(version)))


def test_a_corrupt_version_is_tried_again_and_reported_while_the_old_one_serves(serve, copy_model):
    path = copy_model(1)
    server = serve(path, lifecycle=Lifecycle(**FAST, max_num_load_retries=2))
    corrupt(path, 2)
    becomes(server, 2, State.END)
    assert answer(server) == 1
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "m"
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    found = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request).model_version_status
    assert [(status.version, status.state) for status in found] == [(2, State.END), (1, State.AVAILABLE)]
    assert found[0].status.error_code == Code.DATA_LOSS.value[0]
    assert "Can't parse" in found[0].status.error_message
    copy_model(3)
    becomes(server, 3, State.AVAILABLE)


def test_a_failed_version_that_is_mended_loads(serve, copy_model):
    path = copy_model(1)
    server = serve(path, lifecycle=Lifecycle(**FAST, max_num_load_retries=10_000))
    corrupt(path, 2)
    becomes(server, 2, State.LOADING)
    shutil.copy(os.path.join(path, "1", "saved_model.pb"), os.path.join(path, "2", "saved_model.pb"))
    shutil.copytree(os.path.join(path, "1", "variables"), os.path.join(path, "2", "variables"))
    becomes(server, 2, State.AVAILABLE)
    assert server.core.servables.statuses("m", 2)[0].error is None


def test_an_empty_version_folder_is_reported(serve, copy_model):
    path = copy_model(1)
    server = serve(path, lifecycle=Lifecycle(**FAST, max_num_load_retries=0))
    os.makedirs(os.path.join(path, "2"))
    becomes(server, 2, State.END)
    error = server.core.servables.statuses("m", 2)[0].error
    assert error is not None
    assert error.text.startswith("Could not find SavedModel .pb or .pbtxt at supplied export directory path: ")


# === Labels ===

BOTH = "model_version_policy { all {} }"


def test_labels(serve, copy_model):
    copy_model(1)
    path = copy_model(2)
    label = 'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    server = serve(config=models_of(entry(path, more=f"{BOTH} {label}")))
    becomes(server, 1, State.AVAILABLE)
    assert (answer(server, label="stable"), answer(server, label="canary")) == (1, 2)
    assert code_of(server, label="nope") == (Code.INVALID_ARGUMENT, "Unrecognized servable version label: nope")
    server.core.servables.configure(models_of(entry(path, more=f"{BOTH} {label.replace('value: 1', 'value: 2')}")))
    assert answer(server, label="stable") == 2


def test_a_label_of_a_version_still_to_come(serve, copy_model):
    path = copy_model(1)
    server = serve(config=models_of(entry(path, more='version_labels { key: "next" value: 2 }')))
    assert code_of(server, label="next") == (Code.UNAVAILABLE, "Model labels does not init yet.next")


def test_labels_point_to_available_versions_only(serve, copy_model):
    path = copy_model(1)
    server = serve(config=models_of(entry(path, more='version_labels { key: "stable" value: 1 }')))
    with pytest.raises(errors.ServingError) as caught:
        server.core.servables.configure(models_of(entry(path, more='version_labels { key: "stable" value: 7 }')))
    assert str(caught.value) == (
        "FAILED_PRECONDITION: Request to assign label to version 7 of model m, "
        "which is not currently available for inference"
    )
    assert answer(server, label="stable") == 1


def test_new_labels_for_unavailable_versions_by_flag(serve, copy_model):
    path = copy_model(1)
    lifecycle = Lifecycle(**FAST, allow_labels_for_unavailable=True)
    server = serve(config=models_of(entry(path, more='version_labels { key: "old" value: 1 }')), lifecycle=lifecycle)
    both = 'version_labels { key: "old" value: 1 } version_labels { key: "new" value: 7 }'
    server.core.servables.configure(models_of(entry(path, more=both)))
    moved = 'version_labels { key: "old" value: 7 }'
    with pytest.raises(errors.ServingError, match="not currently available"):
        server.core.servables.configure(models_of(entry(path, more=moved)))


# === Reload ===


def reload(server: ModelServer, config, metrics=()):
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    request = model_management_pb2.ReloadConfigRequest(config=config, metric_names=metrics)
    return model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest(request, timeout=30)


def test_reload_waits_for_new_models_and_drops_old_ones(serve, copy_model):
    server = serve(copy_model(1))
    other = copy_model(4, "half_plus_three", "other")
    response = reload(server, models_of(entry(other, "other")), ["/tensorflow/serving/request_count"])
    assert response.status.error_code == 0
    assert response.metric[0].int64_value_increase == 0
    assert answer(server, model="other") == 4
    becomes(server, 1, State.END)
    assert code_of(server) == (Code.NOT_FOUND, "Servable not found for request: Latest(m)")


def test_reload_reports_what_does_not_load(serve, copy_model, tmp_path):
    path = copy_model(1)
    server = serve(path, lifecycle=Lifecycle(**FAST, max_num_load_retries=0))
    bad = copy_model(1, name="bad")
    os.remove(os.path.join(bad, "1", "saved_model.pb"))
    empty = tmp_path / "models" / "empty"
    empty.mkdir()
    for config, code, text in (
        (entry(bad, "bad"), Code.UNKNOWN, "1 model(s) did not become available: {{{name: bad version: 1} due to error"),
        (entry(str(empty), "empty"), Code.NOT_FOUND, "Did you forget to name your leaf directory as a number"),
        (entry("/no/such/place", "x"), Code.NOT_FOUND, "Could not find base path /no/such/place for servable x with"),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            reload(server, models_of(entry(path) + config))
        assert (caught.value.code(), text in caught.value.details()) == (code, True), caught.value.details()
        assert answer(server) == 1


def test_a_model_that_is_dropped_and_taken_back(serve, copy_model):
    path, other = copy_model(1), copy_model(1, name="other")
    server = serve(path)
    for _ in range(2):
        reload(server, models_of(entry(other, "other")))
        becomes(server, 1, State.END)
        reload(server, models_of(entry(path)))
        assert answer(server) == 1


def test_config_file_is_read_again(copy_model, serve, tmp_path):
    from serving.config_watcher import ConfigWatcher

    path, other = copy_model(1), copy_model(4, name="other")
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entry(path)} }}")
    first = config_files.read_models(str(file))
    server = serve(config=first)
    tried = threading.Event()

    def apply(config):
        server.core.servables.configure(config)
        tried.set()

    watcher = ConfigWatcher(str(file), 0.02, first, apply)
    watcher.start()
    file.write_text("nonsense {")
    (tmp_path / "next").write_text(f"model_config_list {{ {entry(path)} {entry(other, 'other')} }}")
    os.replace(tmp_path / "next", file)
    assert tried.wait(20)
    becomes(server, 4, State.AVAILABLE, "other")
    watcher.stop()
    assert (answer(server), answer(server, model="other")) == (1, 4)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("nonsense {", "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:"),
        ("\xff", "Error parsing text-format tensorflow.serving.ModelServerConfig"),
    ],
)
def test_wrong_config_files(tmp_path, text, match):
    file = tmp_path / "models.config"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=match):
        config_files.read_models(str(file))


def test_monitoring_and_tls_files(tmp_path):
    file = tmp_path / "file"
    file.write_text('prometheus_config { enable: true path: "/metrics" }')
    assert config_files.read_prometheus_path(str(file)) == "/metrics"
    file.write_text("prometheus_config { enable: true }")
    assert config_files.read_prometheus_path(str(file)) == "/monitoring/prometheus/metrics"
    file.write_text("")
    assert config_files.read_prometheus_path(str(file)) is None
    with pytest.raises(InputError, match="must have `server_key` and `server_cert`"):
        config_files.read_tls(str(file))


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


def test_a_port_in_use_is_told(serve, copy_model):
    path = copy_model(1)
    server = serve(path, rest_port=0)
    for more, text in (
        ({"port": server.port}, "The address must be free"),
        ({"port": 0, "rest_port": server.rest_port}, "`rest_api_port` must be free"),
    ):
        with pytest.raises(InputError, match=text):
            ModelServer(versions.single_model("m", path), ServerOptions(host="127.0.0.1", **more))


def test_requests_that_run_end_during_the_drain(serve, copy_model, monkeypatch):
    server = serve(copy_model(1), rest_port=0)
    entered, go = threading.Semaphore(0), threading.Event()
    run = server.core.predictor.run

    def held(*arguments):
        entered.release()
        assert go.wait(20)
        return run(*arguments)

    monkeypatch.setattr(server.core.predictor, "run", held)
    with ThreadPoolExecutor(3) as pool:
        by_grpc = pool.submit(answer, server)
        url = f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict"
        by_rest = pool.submit(requests.post, url, json={"instances": [1.0]}, timeout=30)
        assert entered.acquire(timeout=10)
        assert entered.acquire(timeout=10)
        stopping = pool.submit(server.stop, 20)
        while not server._stopped:
            pass
        go.set()
        assert by_grpc.result(20) == 1
        assert by_rest.result(20).json() == {"predictions": [2.5]}
        stopping.result(20)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.rest_port))


@pytest.mark.parametrize("batching", [None, config_files.Batching()])
def test_a_past_deadline_is_told(serve, copy_model, batching):
    server = serve(copy_model(1), batching=batching)
    inputs, late = {"x": np.array([1.0], np.float32)}, Call(deadline=time.monotonic() - 1)
    use = server.core.servables.use(predict_request().model_spec)
    with use as version, pytest.raises(errors.ServingError) as caught:
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
        "--tensorflow_inter_op_parallelism=1",
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
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ((), "--model_base_path or --model_config_file must be given"),
        (("--model_base_path=x", "--batching_parameters_file=x"), "must come with --enable_batching"),
        (("--model_base_path=x", "--rest_api_enable_tls"), "must come with --ssl_config_file"),
        (("--model_config_file={bad}",), "Error parsing text-format tensorflow.serving.ModelServerConfig"),
        (("--model_config_file={relative}",), "Failed to start server. Error: INVALID_ARGUMENT: Expected model m to"),
    ],
)
def test_the_command_refuses_bad_flags_in_one_line(tmp_path, capsys, flags, text):
    from absl import flags as absl_flags

    from colorgan_tf import command as commands
    from serving import server

    (tmp_path / "bad").write_text("nonsense {")
    (tmp_path / "relative").write_text("model_config_list { " + entry("x") + " }")
    values = [flag.format(bad=tmp_path / "bad", relative=tmp_path / "relative") for flag in flags]
    absl_flags.FLAGS(["server", "--port=0", *values])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(commands.InputError) as caught:
            server.main(["server"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        absl_flags.FLAGS.unparse_flags()
        for flag in absl_flags.FLAGS.get_key_flags_for_module(server):
            flag.unparse()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
