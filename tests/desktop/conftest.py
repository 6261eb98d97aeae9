"""A desktop window in memory: made files, a network that costs nothing, and answers in place of dialogs."""

import os
import sys

import made_uploads
import pytest
from made_uploads import FakeBackend

os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture
def backend():
    return FakeBackend()


@pytest.fixture
def workers(backend):
    from serving.jobs.queue import LONG, QUICK
    from serving.jobs.workers import InlineWorker

    return {queue: InlineWorker(lambda: backend) for queue in (QUICK, LONG)}


@pytest.fixture
def session(tmp_path, workers, backend):
    """A started session that works in threads."""
    from serving.desktop.session.session import Session

    made = Session(tmp_path / "session", workers)
    made.start()
    yield made
    backend.gate.set()
    if not made.closed:
        made.close()


@pytest.fixture(scope="session")
def application():
    pytest.importorskip(
        "PySide6.QtWidgets",
        reason="PySide6 and its libraries are needed; `make desktop` installs them.",
        exc_type=ImportError,
    )
    from PySide6.QtWidgets import QApplication

    from serving.desktop import app

    return QApplication.instance() or app.make_application()


@pytest.fixture
def faults(monkeypatch):
    """What goes wrong in a slot, of which Qt itself would only print a note."""
    found = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: found.append(error))
    yield found
    assert not found


@pytest.fixture
def make_window(application, tmp_path, session, faults):
    """Makes windows that remember in the same place; all are closed at the end."""
    from desktop_user import Answers, User
    from PySide6.QtCore import QSettings

    from serving.desktop.preferences import Preferences
    from serving.desktop.window import Window

    users = []

    def make(of=None, samples=()):
        preferences = Preferences(QSettings(str(tmp_path / "preferences.ini"), QSettings.Format.IniFormat))
        window = Window(of or session, preferences, list(samples), Answers())
        window.show()
        users.append(User(window))
        return users[-1]

    yield make
    for user in users:
        user.window.dialogs.may_forget = True
        user.window.close()


@pytest.fixture
def user(make_window):
    return make_window()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    return path


@pytest.fixture
def gif(tmp_path):
    path = tmp_path / "moving.gif"
    path.write_bytes(made_uploads.animation())
    return path


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    made_uploads.film(path)
    return path


@pytest.fixture(scope="session")
def tflite_model(tmp_path_factory):
    """A .tflite model of one 1 x 1 convolution, that gives everything a warm tone."""
    import json

    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
    def luma_to_chroma(luma):
        return tf.nn.conv2d(luma, tf.constant([[[[-0.05, 0.1]]]], tf.float32), 1, "SAME")

    path = tmp_path_factory.mktemp("model") / "warm.tflite"
    converter = tf.lite.TFLiteConverter.from_concrete_functions([luma_to_chroma.get_concrete_function()])
    path.write_bytes(converter.convert())
    path.with_suffix(".json").write_text(json.dumps({"input_resolution": 64, "multiple": 32}))
    return path
