"""The command as a whole: a real model in a process of its own, a real server in between, and a clean end."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import exported_models
import made_uploads
import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow


def call(address, token=None, data=None, method=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers, method=method), timeout=60) as answer:
        return json.load(answer)


def started(*arguments):
    """Starts a command and returns it with the first line that it prints."""
    process = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline()


def colour(address):
    token = call(f"{address}/api/users", data=b"")["token"]
    photo = (made_uploads.SAMPLES / "patio.jpg").read_bytes()
    call(f"{address}/api/files?name=patio.jpg", token, photo)
    while True:  # a stream ends after a minute
        request = urllib.request.Request(f"{address}/api/events", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    for file in json.loads(line.removeprefix(b"data: "))["files"]:
                        if file["state"] not in ("waiting", "working"):
                            return file


def test_the_site_colours_with_a_model_and_ends_at_once_on_sigterm(tmp_path):
    model = exported_models.folder("unet")
    process, line = started("serving.web", "--port=0", f"--model={model}", f"--data={tmp_path / 'data'}")
    try:
        assert str(model) in line
        assert (file := colour(re.search(r"http://[\w.:]+", line)[0]))["state"] == "done", file["note"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_site_colours_with_a_server(tmp_path):
    model = exported_models.folder("unet")
    server, line = started("serving.server", "--port=0", "--model_name=colorgan", f"--model_base_path={model}")
    port = re.search(r":(\d+) ", line)[1]
    arguments = ["--port=0", f"--server=127.0.0.1:{port}", f"--data={tmp_path / 'data'}"]
    process, line = started("serving.web", *arguments)
    try:
        assert (file := colour(re.search(r"http://[\w.:]+", line)[0]))["state"] == "done", file["note"]
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        server.terminate()
        server.wait(60)
