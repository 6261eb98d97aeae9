"""ONNX files of small exported models: they colour as the SavedModel does, say what they are, and are checked."""

import functools
import json
import shutil
import subprocess
import sys

import exported_models
import numpy as np
import pytest

from colorgan_tf.errors import InputError
from colorgan_tf.inference import backends, model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Hint, Reference

onnx = pytest.importorskip("onnx", reason="requirements-extras.txt brings it")
onnxruntime = pytest.importorskip("onnxruntime", reason="requirements-extras.txt brings it")
pytest.importorskip("tf2onnx", reason="requirements-extras.txt brings it")

from colorgan_tf.export import onnx as onnx_export  # noqa: E402


def luma(*shape):
    return np.random.default_rng(1).random((*shape, 1), np.float32)


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """Returns a small SavedModel by its network, and the files that the command makes of it."""

    @functools.cache
    def converted(network):
        model = exported_models.folder(network)
        return model, onnx_export.export(model, tmp_path_factory.mktemp("onnx"), "MIT")

    return converted


@pytest.fixture(scope="module", params=["efficient_unet", "unet"])
def exported(request, convert):
    """A SavedModel, and its file from luma to chroma."""
    model, (path, *_) = convert(request.param)
    return model, path


@pytest.fixture(scope="module")
def telling(convert):
    """The same of one that takes hints and references."""
    model, paths = convert("efficient_unet")
    assert [path.name for path in paths] == ["tiny.onnx", "tiny_hints.onnx", "tiny_reference.onnx"]
    return model, paths[0]


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
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tiny_hints.onnx").write_text("of an older model")
    done = subprocess.run([*command, model], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'out' / 'tiny.onnx'}: ")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"tiny.onnx", "tiny.json"}
    done = subprocess.run([*command, f"--model={tmp_path}"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("export_onnx: The model must be a SavedModel folder") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("shape", [(1, 40, 60), (2, 33, 50), (1, 96, 64)])
@pytest.mark.parametrize("count", [0, 1, 40])
def test_any_number_of_hints_goes_at_any_size(telling, shape, count):
    rng = np.random.default_rng(count)
    hints = np.zeros((*shape, 3), np.float32)
    for _ in range(count):
        y, x = rng.integers(0, np.subtract(shape[1:], 5))
        hints[:, y : y + 6, x : x + 6] = *rng.choice([-0.3, 0.3], 2), 1.0
    given = {"luma": luma(*shape), "hints": hints}
    saved, converted = map(backends.load, telling)
    made = converted.predict(HINTS_TO_CHROMA, given)
    np.testing.assert_allclose(made, saved.predict(HINTS_TO_CHROMA, given), atol=1 / 255)
    if count:
        assert np.abs(made - converted.luma_to_chroma(given["luma"])).max() > 0.02
    else:
        np.testing.assert_allclose(made, converted.luma_to_chroma(given["luma"]), atol=1e-5)


def test_what_is_told_colours_as_the_saved_model_does(telling):
    reference = Reference.of_rgb(luma(50, 70) * np.float32([1, 0.5, 0.3]))
    hints = (Hint(0.3, 0.5, (0.2, -0.2), 0.1), Hint(0.8, 0.2, (-0.1, 0.3), 0.05))
    for told in (hints, reference):
        pictures = [Colorizer(backends.load(path)).telling(told).picture(luma(120, 90)).astype(int) for path in telling]
        assert np.abs(pictures[0] - pictures[1]).max() <= 2
        assert np.abs(pictures[1] - Colorizer.load(telling[1]).picture(luma(120, 90)).astype(int)).max() > 10


def test_without_the_file_beside_nothing_can_be_told(telling, tmp_path):
    alone = shutil.copy(telling[1], tmp_path)
    with pytest.raises(InputError, match="must have the signature luma_and_hints_to_chroma"):
        Colorizer.load(alone).telling((Hint(0.5, 0.5, (0.1, 0.1)),))
    with pytest.raises(InputError, match=r"must take \[N, h, w, 1\] to \[N, h, w, 2\]. Received: .*tiny_hints.onnx"):
        backends.load(telling[1].with_name("tiny_hints.onnx"))
