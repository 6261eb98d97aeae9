"""The files in serving/deploy: the real parsers read them, and they agree with each other and with the server."""

import contextlib
import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import exported_models
import pytest

from benchmarks import batch_sizes
from serving.model_server import config_files
from serving.model_server.metrics import Metrics

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "serving" / "deploy"


def documents(path):
    yaml = pytest.importorskip("yaml")
    return list(yaml.safe_load_all((DEPLOY / path).read_text()))


def container():
    (deployment,) = documents("kubernetes/deployment.yaml")
    return deployment["spec"]["template"]["spec"]["containers"][0]


# === Text protos ===


def test_models_have_a_policy_and_labels_for_versions_that_it_loads():
    (model,) = config_files.read_models(str(DEPLOY / "models.config")).model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("colorgan", "/models/colorgan", "tensorflow")
    assert set(model.version_labels.values()) <= set(model.model_version_policy.specific.versions)
    assert "stable" in model.version_labels


def test_batching_takes_a_whole_request_of_our_client():
    from serving import client

    batching = config_files.read_batching(str(DEPLOY / "batching_parameters.txt"))
    assert batching.max_batch_size >= client._ROWS
    assert batching.batch_timeout_micros == 0


def test_metrics_are_collected_where_they_are_shown():
    path = config_files.read_prometheus_path(str(DEPLOY / "monitoring.config"))
    (scrape,) = documents("prometheus.yml")[0]["scrape_configs"]
    assert scrape["metrics_path"] == path
    assert scrape["static_configs"][0]["targets"] == ["serving:8501"]


def test_the_example_of_tls_is_complete():
    tls = config_files.read_tls(str(DEPLOY / "ssl.config.example"))
    assert tls.client_verify
    assert all(text.startswith(b"-----BEGIN ") for text in (tls.server_key, tls.server_cert, tls.custom_ca))


# === Compose and Kubernetes ===


def test_both_start_the_server_with_flags_it_has():
    compose = documents("docker-compose.yml")[0]["services"]["serving"]["command"]
    assert compose == container()["args"]
    server = (ROOT / "serving" / "model_server" / "server_flags.py").read_text()
    for flag in compose:
        assert f'"{flag[2:].split("=")[0]}"' in server


def test_files_that_compose_mounts_exist():
    for service in documents("docker-compose.yml")[0]["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                # A model is brought by whoever deploys.
                assert (DEPLOY / source).exists() or source.endswith("saved_models/colorgan")


def test_the_website_starts_after_the_model_is_available():
    web = documents("docker-compose.yml")[0]["services"]["web"]
    assert web["depends_on"] == {"serving": {"condition": "service_healthy"}}
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert '"--server=serving:8500"' in dockerfile
    for source in re.findall(r"^COPY (\S+) \S+$", dockerfile, re.MULTILINE):
        assert (ROOT / source).exists()


def test_the_config_map_holds_the_files():
    (config_map,) = documents("kubernetes/configmap.yaml")
    assert config_map["data"] == {name: (DEPLOY / name).read_text() for name in ("models.config", "monitoring.config")}


def test_kubernetes_parts_find_each_other():
    (deployment,) = documents("kubernetes/deployment.yaml")
    (service,) = documents("kubernetes/service.yaml")
    (volume,) = documents("kubernetes/volume.yaml")
    autoscaler, budget = documents("kubernetes/autoscaler.yaml")
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == budget["spec"]["selector"]["matchLabels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert autoscaler["spec"]["minReplicas"] == deployment["spec"]["replicas"]
    ports = {port["name"] for port in container()["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
    claims = [each["persistentVolumeClaim"]["claimName"] for each in pod["spec"]["volumes"] if "configMap" not in each]
    assert claims == [volume["metadata"]["name"]]
    assert set(container()["resources"]["limits"]) == {"cpu", "memory"}


@contextlib.contextmanager
def status_page(state):
    """A REST front end that gives every model the same state."""
    body = json.dumps({"model_version_status": [{"version": "1", "state": state}]}, indent=1).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("platform", ["compose", "kubernetes"])
@pytest.mark.parametrize(("state", "ready"), [("AVAILABLE", True), ("LOADING", False), ("END", False)])
def test_ready_is_who_has_a_version_available(platform, state, ready):
    command = (
        documents("docker-compose.yml")[0]["services"]["serving"]["healthcheck"]["test"][1:]
        if platform == "compose"
        else container()["readinessProbe"]["exec"]["command"]
    )
    with status_page(state) as port:
        probe = [part.replace("8501", str(port)) for part in command]
        assert (subprocess.run(probe, check=False).returncode == 0) == ready


# === An archive on a Ray cluster ===


def test_the_ray_job_calls_the_archive_with_flags_it_has():
    (job,) = documents("kubernetes/ray-archive.yaml")
    program, *words = job["spec"]["entrypoint"].removeprefix("python -m ").split()
    known = subprocess.run([sys.executable, "-m", program, "--help"], capture_output=True, text=True).stdout
    assert all(f"--{word[2:].split('=')[0]}" in known.replace("[no]", "") for word in words if word.startswith("--"))
    cluster = job["spec"]["rayClusterSpec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    containers = [container for pod in pods for container in pod["template"]["spec"]["containers"]]
    dockerfile = (DEPLOY / "Dockerfile.archive").read_text()
    assert {each["image"] for each in containers} == {re.search(r"docker build .* -t (\S+) \.", dockerfile)[1]}
    pinned = re.search(r"^ray\[default\]==(\S+)$", (ROOT / "requirements-cluster.txt").read_text(), re.MULTILINE)[1]
    assert cluster["rayVersion"] == pinned and f"rayproject/ray:{pinned}-" in dockerfile
    for source in re.findall(r"^COPY --chown=ray (.+) \S+$", dockerfile, re.MULTILINE):
        assert all((ROOT / each).exists() for each in source.split())


def test_the_ray_job_is_one_by_the_schema_of_kuberay():
    jsonschema = pytest.importorskip("jsonschema")
    (job,) = documents("kubernetes/ray-archive.yaml")
    schema = json.loads((ROOT / "tests" / "schemas" / "rayjob.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in check.iter_errors(job)] == []
    job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["container"] = []
    assert ["'container' was unexpected" in error.message for error in check.iter_errors(job)] == [True]


# === Monitoring ===


def test_the_dashboard_shows_metrics_that_the_server_has():
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = {name for text in expressions for name in re.findall(r":tensorflow:serving:[\w:]+", text)}
    page = Metrics().page().decode()
    assert len(names) > 4
    for name in names:
        assert f"# TYPE {name.removesuffix('_bucket')} " in page


def test_the_command_behind_the_batching_parameters_runs(monkeypatch):
    monkeypatch.setattr(batch_sizes, "SIZES", (1, 2))
    measured = batch_sizes.measure(exported_models.folder("efficient_unet"), "colorize_jpeg", rounds=1)
    assert list(measured) == [1, 2]
    assert all(wall > 0 and processor > 0 for wall, processor in measured.values())
