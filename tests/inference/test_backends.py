"""Back ends on tiny models that the tests make: SavedModel and TFLite give what the model computes."""

import json

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.errors import InputError
from colorgan_tf.inference import backends, litert_backend, model_files
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.litert_backend import LiteRTBackend


class Tiny(tf.Module):
    """Chroma is luma times (0.3, -0.2), times a factor."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = tf.Variable([0.3 * factor, -0.2 * factor])

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")])
    def luma_to_chroma(self, luma):
        return {"chroma": luma * self.factor}


def save(folder, factor=1.0, settings=None):
    model = Tiny(factor)
    tf.saved_model.save(model, str(folder), signatures={"luma_to_chroma": model.luma_to_chroma})
    if settings:
        (folder / "assets.extra").mkdir()
        (folder / "assets.extra" / "colorgan.json").write_text(json.dumps(settings))


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save(folder / "2", factor=2.0)
    save(folder / "10", factor=1.0, settings={"input_resolution": 96, "multiple": 16})
    (folder / "notes").mkdir()
    return folder


@pytest.fixture(scope="module")
def flexible(tmp_path_factory):
    """A .tflite of any input size."""
    return convert(tmp_path_factory.mktemp("lite") / "any.tflite", [None, None, None, 1])


def convert(path, shape):
    model = Tiny()
    function = tf.function(lambda luma: luma * model.factor).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], model).convert())
    return path


LUMA = np.random.default_rng(0).random((2, 7, 5, 1), dtype=np.float32)
CHROMA = LUMA * np.array([0.3, -0.2], np.float32)


def test_the_largest_version_is_loaded_with_its_settings(versions):
    backend = backends.load(versions)
    np.testing.assert_allclose(backend.luma_to_chroma(LUMA), CHROMA, rtol=1e-6)
    assert (backend.input_resolution, backend.multiple) == (96, 16)


def test_one_version_folder_can_be_named(versions):
    backend = backends.load(str(versions / "2"))
    np.testing.assert_allclose(backend.luma_to_chroma(LUMA), 2 * CHROMA, rtol=1e-6)
    assert (backend.input_resolution, backend.multiple) == (256, 32)


def test_models_are_told_apart_by_their_identity(versions, flexible):
    one, other, lite = (backends.load(path).identity for path in (versions, versions / "2", flexible))
    assert len({one, other, lite}) == 3
    assert backends.load(versions).identity == one == model_files.identity(versions)


def test_tflite_takes_any_size_in_any_order(flexible):
    backend = backends.load(flexible)
    for size in ((2, 7, 5), (1, 1, 1), (2, 7, 5), (1, 64, 32)):
        luma = np.random.default_rng(1).random((*size, 1), dtype=np.float32)
        np.testing.assert_allclose(backend.luma_to_chroma(luma), luma * [[[[0.3, -0.2]]]], rtol=1e-5)


def test_tflite_of_fixed_size_resizes_luma_to_it(tmp_path):
    backend = backends.load(convert(tmp_path / "fixed.tflite", [1, 32, 48, 1]))
    assert backend.input_resolution == 32
    chroma = backend.luma_to_chroma(np.full((3, 100, 60, 1), 0.5, np.float32))
    assert chroma.shape == (3, 100, 60, 2)
    np.testing.assert_allclose(chroma, np.broadcast_to([0.15, -0.1], chroma.shape), rtol=1e-5)


@pytest.mark.parametrize("name", ["input_resolution", "working_size"])
def test_tflite_settings_stand_beside_the_file(flexible, tmp_path, name):
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(flexible.read_bytes())
    (tmp_path / "copy.json").write_text(json.dumps({name: 128, "multiple": 8}))
    backend = LiteRTBackend(copy)
    assert (backend.input_resolution, backend.multiple) == (128, 8)


def test_saved_model_and_tflite_colour_alike(versions, flexible):
    luma = np.random.default_rng(2).random((1, 50, 70, 1), dtype=np.float32)
    saved, lite = backends.load(versions), backends.load(flexible)
    lite.input_resolution, lite.multiple = saved.input_resolution, saved.multiple
    np.testing.assert_allclose(Colorizer(saved).chroma(luma), Colorizer(lite).chroma(luma), atol=1e-6)


def test_integer_tensors_are_scaled():
    tensor = {"dtype": np.int8, "quantization": (1 / 255, -128)}
    values = np.array([0.0, 0.6, 1.0, 2.0], np.float32)
    np.testing.assert_array_equal(litert_backend._quantized(values, tensor), [-128, 25, 127, 127])
    np.testing.assert_allclose(litert_backend._dequantized(np.array([-128, 127], np.int8), tensor), [0, 1])


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(InputError, match="must be a SavedModel folder.*gone, which does not exist"):
        backends.load(tmp_path / "gone")


def test_a_folder_without_a_model_is_refused(tmp_path):
    (tmp_path / "1").mkdir()
    with pytest.raises(InputError, match="must be a SavedModel folder"):
        backends.load(tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(InputError, match="A TFLite model is expected"):
        backends.load(tmp_path / "text.tflite")
    (tmp_path / "text.txt").write_text("no model")
    with pytest.raises(InputError, match="must be a SavedModel folder"):
        backends.load(tmp_path / "text.txt")


def test_a_model_of_another_kind_is_refused(tmp_path):
    model = Tiny()
    tf.saved_model.save(model, str(tmp_path), signatures={"serve": model.luma_to_chroma})
    with pytest.raises(InputError, match="must have the signature luma_to_chroma. Received: .* with serve"):
        backends.load(tmp_path)


def test_a_training_run_is_known_by_its_configuration_and_checkpoints(tmp_path, monkeypatch):
    from colorgan_tf.inference import training_run

    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "checkpoints").mkdir()
    monkeypatch.setattr(training_run, "RunBackend", lambda path: f"run in {path}")
    assert backends.load(tmp_path) == f"run in {tmp_path}"
