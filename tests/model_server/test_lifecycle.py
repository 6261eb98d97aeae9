"""Versions on disk, policies, labels, swaps, failures and reloads.

Mirrors file_system_storage_path_source_test, availability_preserving_policy_test, server_core_test.
"""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from protocol import predict_request, stub
from served_versions import FAST, Code, answer, becomes, code_of, entry, models_of, state
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from colorgan_tf.errors import InputError, ServingError
from serving.model_server import config_files
from serving.model_server.servables import saved_model
from serving.model_server.servables.lifecycle import Lifecycle, State
from serving.model_server.servables.versions import Policy, aspired, parse_versions
from serving.model_server.server import ModelServer

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
    with pytest.raises(ServingError) as caught:
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
    with pytest.raises(ServingError, match="not currently available"):
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
    from serving.model_server.config_watcher import ConfigWatcher

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
