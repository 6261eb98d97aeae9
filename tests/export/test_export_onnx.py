"""ONNX files of small exported models: they colour as the SavedModel does, say what they are, and are checked."""

import json
import subprocess
import sys

import exported_models
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.errors import InputError
from colorgan_tf.inference import backends, model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer

onnx = pytest.importorskip("onnx", reason="requirements-extras.txt brings it")
onnxruntime = pytest.importorskip("onnxruntime", reason="requirements-extras.txt brings it")
pytest.importorskip("tf2onnx", reason="requirements-extras.txt brings it")

from colorgan_tf.export import onnx as onnx_export  # noqa: E402


def luma(*shape):
    return np.random.default_rng(1).random((*shape, 1), np.float32)


@pytest.fixture(scope="module", params=["efficient_unet", "unet"])
def exported(request, tmp_path_factory):
    """A SavedModel, and the file that the command makes of it."""
    model = exported_models.folder(request.param)
    path, *_ = onnx_export.export(model, tmp_path_factory.mktemp("onnx"), "MIT")
    return model, path


def test_the_file_colours_as_the_saved_model_does(exported):
    saved, converted = map(backends.load, exported)
    assert (converted.input_resolution, converted.multiple) == (saved.input_resolution, saved.multiple)
    for size in ((120, 90), (90, 200)):
        pictures = [Colorizer(backend).picture(luma(*size)).astype(int) for backend in (saved, converted)]
        assert np.abs(pictures[0] - pictures[1]).max() <= 2


@pytest.mark.parametrize("shape", [(2, 33, 50), (1, 1, 1), (3, 96, 64)])
def test_any_number_and_size_of_pictures_goes(exported, shape):
    saved, converted = map(backends.load, exported)
    np.testing.assert_allclose(converted.luma_to_chroma(luma(*shape)), saved.luma_to_chroma(luma(*shape)), atol=1 / 255)


def test_the_file_says_what_it_is(exported):
    model, path = exported
    file = onnx.load(path)
    onnx.checker.check_model(file, full_check=True)
    texts = {entry.key: entry.value for entry in file.metadata_props}
    beside = json.loads(path.with_suffix(".json").read_text())
    assert beside["license"] == texts["license"] == "MIT"
    assert json.loads(texts["input"]) == beside["input"] and beside["input"]["range"] == [0, 1]
    assert json.loads(texts["output"]) == beside["output"]
    assert beside["output"]["range"] == [[-0.436, 0.436], [-0.615, 0.615]]
    session = onnxruntime.InferenceSession(path)
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("luma", ["N", "height", "width", 1])
    assert (made.name, made.shape) == ("chroma", ["N", "height", "width", 2])


class Hinted(tf.Module):
    """Chroma is the hints where there are any."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")])
    def luma_to_chroma(self, luma):
        return {"chroma": luma * [0.3, -0.2]}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 1], tf.float32, "luma"),
            tf.TensorSpec([None, None, None, 3], tf.float32, "hints"),
        ]
    )
    def luma_and_hints_to_chroma(self, luma, hints):
        return {"chroma": hints[..., 2:] * hints[..., :2] + (1 - hints[..., 2:]) * luma * [0.3, -0.2]}


def test_a_model_that_takes_hints_becomes_a_second_file(tmp_path):
    model = Hinted()
    signatures = {name: getattr(model, name) for name in ("luma_and_hints_to_chroma", "luma_to_chroma")}
    tf.saved_model.save(model, str(tmp_path / "hinted" / "1"), signatures=signatures)
    plain, hinted = onnx_export.export(tmp_path / "hinted" / "1", tmp_path / "out", "MIT")
    assert (plain.name, hinted.name) == ("hinted.onnx", "hinted_hints.onnx")
    given = {"luma": luma(1, 4, 5), "hints": np.ones((1, 4, 5, 3), np.float32)}
    (chroma,) = onnxruntime.InferenceSession(hinted).run(["chroma"], given)
    np.testing.assert_array_equal(chroma, np.ones((1, 4, 5, 2), np.float32))
    with pytest.raises(InputError, match=r"must take \[N, h, w, 1\] to \[N, h, w, 2\]. Received: .*hinted_hints.onnx"):
        backends.load(hinted)


def test_models_are_told_apart_by_their_identity(exported, tmp_path):
    _, path = exported
    assert backends.load(path).identity == model_files.identity(path)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(InputError, match="An ONNX model is expected. Received: .*text.onnx"):
        backends.load(tmp_path / "text.onnx")


@pytest.mark.parametrize(("name", "run"), [("onnxruntime", "load"), ("tf2onnx", "export")])
def test_without_the_extra_it_is_named(exported, tmp_path, monkeypatch, name, run):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"{name} must be installed.*pip install 'colorgan-tf\[onnx\]'"):
        backends.load(exported[1]) if run == "load" else onnx_export.export(exported[0], tmp_path, "MIT")


def test_an_output_that_is_a_file_is_refused(exported, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="`output` must be a folder that can be written"):
        onnx_export.export(exported[0], tmp_path / "file", "MIT")


def test_the_command(tmp_path):
    command = [sys.executable, "-m", "colorgan_tf.export_onnx", f"--output={tmp_path / 'out'}"]
    model = f"--model={exported_models.folder('unet') / '1'}"
    done = subprocess.run([*command, model], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'out' / 'tiny.onnx'}: ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"tiny.onnx", "tiny.json"}
    done = subprocess.run([*command, f"--model={tmp_path}"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("export_onnx: The model must be a SavedModel folder") and done.stderr.count("\n") == 1


def test_hints_are_taken_where_their_file_lies_beside(exported):
    saved, converted = map(backends.load, exported)
    hints = np.zeros((1, 40, 60, 3), np.float32)
    hints[:, 10:20, 20:30] = 0.2, -0.2, 1.0
    given = {"luma": luma(1, 40, 60), "hints": hints}
    if HINTS_TO_CHROMA in converted.signatures:  # a file that does not run is not written
        made = [backend.predict(HINTS_TO_CHROMA, given) for backend in (saved, converted)]
        np.testing.assert_allclose(made[1], made[0], atol=1 / 255)
