"""The program as people start it: on a screen, by Python and as the executable."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import made_uploads
import numpy as np
import pytest
import virtual_screen
from PIL import Image

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)
pytestmark = pytest.mark.slow
_SECONDS = 120


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG", width=640, height=480))
    return path


@contextlib.contextmanager
def running(program, tmp_path, **environment):
    """Runs a program with the user's folders in a place of its own."""
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(program, env=places | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_SECONDS)


def until(condition, process):
    """Waits until something is so, as long as a program runs."""
    pause = threading.Event()
    for _ in range(_SECONDS * 10):
        if condition():
            return
        assert process.poll() is None, process.stdout.read().decode()
        pause.wait(0.1)
    raise AssertionError("waited in vain")


def results(tmp_path):
    return list((tmp_path / "cache").rglob("result.png"))


def colour(picture):
    return int((np.ptp(picture.astype(int), axis=-1) > 12).sum())


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is needed: apt-get install xvfb.")
def test_the_window_colours_a_picture_on_a_screen(tmp_path, photo, tflite_model):
    program = [sys.executable, "-m", "serving.desktop", str(photo), f"--model={tflite_model}"]
    (tmp_path / "screen").mkdir()
    with virtual_screen.screen(tmp_path / "screen") as screen:
        environment = {"DISPLAY": screen.name, "PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "xcb"}
        with running(program, tmp_path, **environment) as process:
            until(lambda: results(tmp_path), process)
            # The picture fills the middle of the window; half of it is in colour when the line has come to rest.
            until(lambda: colour(screen.picture()) > 50_000, process)
            seen = screen.picture()
        assert process.returncode == 0
    Image.fromarray(seen).save(tmp_path / "screen.png")
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 500
    assert not results(tmp_path)  # what was not saved is gone with the program


@pytest.fixture(scope="module")
def executable(tmp_path_factory, tflite_model):
    """The executable, built with a small model."""
    pytest.importorskip("PyInstaller", reason="PyInstaller is needed; `make app` installs it.")
    from serving.desktop.packaging import build

    return build.build(tflite_model, tmp_path_factory.mktemp("dist")) / "colorgan"


def test_the_executable_is_small_and_carries_no_tensorflow(executable):
    from serving.desktop.packaging import build

    assert build.size(executable.parent) < 350e6
    names = {path.name for path in Path(executable).parent.rglob("*")}
    assert not {"tensorflow", "keras", "tensorboard", "torch", "scipy"} & names
    assert "colorgan.tflite" in names


def test_the_executable_colours_without_python(executable, photo, tmp_path):
    done = subprocess.run(
        [executable, photo, f"--output={tmp_path / 'out'}"],
        env={"HOME": str(tmp_path), "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert colour(np.asarray(Image.open(tmp_path / "out" / "photo.png"))) > 100_000


def test_the_executable_colours_films_and_gifs(executable, tmp_path):
    gif, film = tmp_path / "moving.gif", tmp_path / "film.mp4"
    gif.write_bytes(made_uploads.animation())
    made_uploads.film(film)
    line = [executable, gif, film, f"--output={tmp_path / 'out'}"]
    done = subprocess.run(line, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"moving.gif", "film.mp4"}


def test_the_executables_window_works_in_a_process_of_its_own(executable, photo, tmp_path):
    program = [str(executable), str(photo)]
    with running(program, tmp_path, PATH="/nonexistent", QT_QPA_PLATFORM="offscreen") as process:
        until(lambda: results(tmp_path), process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        names = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
        assert any(b"multiprocessing" in name for name in names)
        assert colour(np.asarray(Image.open(results(tmp_path)[0]))) > 100_000
    assert process.returncode == 0


def test_the_executable_tells_of_what_it_cannot_do(executable, tmp_path):
    line = [executable, "--server=localhost:8500"]
    done = subprocess.run(line, env={"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "colorgan: `--server` needs TensorFlow, which is not here. Received: localhost:8500."
    ]
