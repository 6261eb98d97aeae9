"""TensorFlow Lite files of small exported models: what they hold and compute, and when int8 is kept back."""

import functools
import json
import subprocess
import sys

import exported_models
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from colorgan_tf import export_tflite
from colorgan_tf.errors import InputError
from colorgan_tf.evaluation.true_pictures import load_pictures
from colorgan_tf.export import tflite, tflite_files, tflite_report
from colorgan_tf.export.tflite import Converter, Variant
from colorgan_tf.inference import backends
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer

SHAPE = (256, 256)
LUMAS = [np.random.default_rng(seed).random((40, 60, 1), np.float32) for seed in range(4)]


NETWORKS = pytest.mark.parametrize("network", ["efficient_unet", "unet"])


@functools.cache
def converter_of(network):
    return Converter(exported_models.folder(network))


@functools.cache  # a conversion takes seconds
def converted(network, variant):
    return converter_of(network).convert(variant, LUMAS)


def opened(network, variant, folder):
    converter = converter_of(network)
    path = folder / f"{variant.name}.tflite"
    path.write_bytes(converted(network, variant))
    path.with_suffix(".json").write_text(json.dumps(converter.settings(variant)))
    return backends.load(path), converter.backend


@NETWORKS
@pytest.mark.parametrize(("precision", "largest"), [("float32", 2), ("float16", 4)])
def test_files_of_any_size_colour_as_the_saved_model_does(network, tmp_path, precision, largest):
    backend, saved_model = opened(network, Variant(precision, None), tmp_path)
    assert (backend.input_resolution, backend.multiple) == (saved_model.input_resolution, saved_model.multiple)
    for size in ((120, 90), (90, 200)):
        luma = np.random.default_rng(1).random((*size, 1), np.float32)
        pictures = [Colorizer(each).picture(luma).astype(int) for each in (backend, saved_model)]
        assert np.abs(pictures[0] - pictures[1]).max() <= largest


@NETWORKS
def test_files_of_one_size_colour_as_the_saved_model_does_at_that_size(network, tmp_path):
    backend, saved_model = opened(network, Variant("float32", SHAPE), tmp_path)
    luma = np.random.default_rng(1).random((1, *SHAPE, 1), np.float32)
    np.testing.assert_allclose(backend.luma_to_chroma(luma), saved_model.luma_to_chroma(luma), atol=1e-4)


@pytest.mark.parametrize(("variant", "largest"), [(Variant("float32", None), 1e-4), (Variant("float16", SHAPE), 0.01)])
def test_float_files_take_hints_as_the_saved_model_does(tmp_path, variant, largest):
    backend, saved_model = opened("efficient_unet", variant, tmp_path)
    for height, width in [variant.shape] if variant.shape else [(96, 128), (64, 160)]:
        luma = np.random.default_rng(1).random((2, height, width, 1), np.float32)
        hints = np.zeros((2, height, width, 3), np.float32)
        hints[0, 10:17, 20:27] = 0.2, -0.1, 1.0
        hints[1, 40:47, 60:67] = -0.1, 0.3, 0.5
        inputs = {"luma": luma, "hints": hints}
        ours, theirs = (each.predict(HINTS_TO_CHROMA, inputs) for each in (backend, saved_model))
        np.testing.assert_allclose(ours, theirs, atol=largest)
        plain = backend.luma_to_chroma(luma)  # before and after hints, the first signature is as it was
        np.testing.assert_allclose(plain, saved_model.luma_to_chroma(luma), atol=largest)
        assert np.abs(ours - plain).max() > 0.05
    interpreter = Interpreter(model_path=str(tmp_path / f"{variant.name}.tflite"))
    assert [each["shape"][-1] for each in interpreter.get_input_details()] == [1]  # what runs by default


def test_float_files_take_a_reference_and_tell_likely_colours_as_the_saved_model_does(tmp_path):
    backend, saved_model = opened("efficient_unet", Variant("float32", None), tmp_path)
    luma = np.random.default_rng(1).random((2, 96, 128, 1), np.float32)
    reference = np.concatenate([luma, np.full((2, 96, 128, 2), 0.2, np.float32)], -1)[:, :64]
    inputs = {"luma": luma, "reference": reference}
    ours, theirs = (each.predict(REFERENCE_TO_CHROMA, inputs) for each in (backend, saved_model))
    assert ours.shape == (2, 96, 128, 2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert np.abs(ours - backend.luma_to_chroma(luma)).max() > 0.05
    ours, theirs = (each.predict(LIKELY_COLORS, {"luma": luma}) for each in (backend, saved_model))
    assert ours.shape == (2, 24, 32, 6, 3)
    shares = theirs[..., 2:]
    np.testing.assert_allclose(ours[..., 2:], shares, atol=1e-4)
    np.testing.assert_allclose(ours[..., :2] * shares, theirs[..., :2] * shares, atol=1e-4)


def test_files_of_other_models_and_int8_take_no_hints(tmp_path):
    for network, precision in (("unet", "float32"), ("efficient_unet", "int8")):
        backend, _ = opened(network, Variant(precision, SHAPE), tmp_path)
        with pytest.raises(InputError, match="must have the signature luma_and_hints_to_chroma"):
            backend.predict(HINTS_TO_CHROMA, {})


@NETWORKS
def test_int8_is_small_close_and_float_outside(network, tmp_path):
    variant = Variant("int8", SHAPE)
    backend, saved_model = opened(network, variant, tmp_path)
    path = tmp_path / f"{variant.name}.tflite"
    luma = np.random.default_rng(1).random((1, *SHAPE, 1), np.float32)
    ours, theirs = backend.luma_to_chroma(luma), saved_model.luma_to_chroma(luma)
    assert np.abs(ours - theirs).mean() < 0.05
    interpreter = Interpreter(model_path=str(path))
    details = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    assert [detail["dtype"] for detail in details] == [np.float32, np.float32]
    # Filters of a convolution have a scale for each channel; the table of colours is not quantized.
    kernels = [
        each for each in interpreter.get_tensor_details() if each["dtype"] == np.int8 and len(each["shape"]) == 4
    ]
    assert any(len(kernel["quantization_parameters"]["scales"]) > 1 for kernel in kernels)


@NETWORKS
def test_int8_is_smaller_than_float16_is_smaller_than_float32(network):
    sizes = [len(converted(network, Variant(precision, SHAPE))) for precision in export_tflite.PRECISIONS]
    assert sizes[2] < sizes[1] < sizes[0]


def test_int8_needs_pictures():
    with pytest.raises(ValueError, match="`calibration` must hold pictures for int8"):
        converter_of("unet").convert(Variant("int8", None))


@NETWORKS
def test_the_file_says_what_it_is(network):
    variant = Variant("float16", None)
    data = converted(network, variant)
    assert tflite.metadata(data) == json.loads(json.dumps(converter_of(network).settings(variant)))
    signatures = Interpreter(model_content=data).get_signature_list()
    assert signatures["luma_to_chroma"] == {"inputs": ["luma"], "outputs": ["chroma"]}
    assert signatures.keys() == converter_of(network).backend.signatures & {
        LUMA_TO_CHROMA, HINTS_TO_CHROMA, REFERENCE_TO_CHROMA, LIKELY_COLORS,
    }  # fmt: skip


# === The command's work ===


def test_files_settings_and_report(tmp_path, photographs):
    calibration = tflite_files.read_lumas(photographs, 2)
    model, said = exported_models.folder("efficient_unet"), []
    table = tflite_files.export(model, tmp_path / "out", ["float16"], calibration, runs=1, report=said.append)
    names = [f"tiny_float16_{shape}" for shape in ("256x256", "256x512", "any")]
    wanted = {f"{name}.{suffix}" for name in names for suffix in ("json", "tflite")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == wanted | {"tflite_report.json", "tflite_report.md"}
    assert len(said) == 3
    report = json.loads((tmp_path / "out" / "tflite_report.json").read_text())
    for row in report["files"]:
        assert row["psnr"] > 50
        assert row["largest"] < 8
        assert set(row["milliseconds"]) == {"1", "2"}
    assert report["saved_model"] is None
    assert table.splitlines()[2].startswith("| tiny_float16_any.tflite | ")


def test_int8_that_loses_too_much_is_not_handed_out(tmp_path, photographs, monkeypatch):
    monkeypatch.setattr(tflite_report, "PSNR_LOSS", -100.0)
    (tmp_path / "tiny_int8_256x256.tflite").write_bytes(b"of an earlier export")
    table = tflite_files.export(
        exported_models.folder("efficient_unet") / "1",
        tmp_path,
        ["int8"],
        tflite_files.read_lumas(photographs, 2),
        load_pictures(photographs, 256, 3).pictures,
        runs=1,
        report=lambda text: None,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"tflite_report.json", "tflite_report.md"}
    assert "Not handed out: tiny_int8_any.tflite loses" in table
    assert "| SavedModel |" in table


MEASURED = {"psnr": 24.0, "frechet": 40.0, "frechet_grey": 100.0}


@pytest.mark.parametrize(
    ("ours", "reason"),
    [
        ({"psnr": 23.71, "frechet": 45.9}, ""),
        ({"psnr": 25.0, "frechet": 30.0}, ""),
        ({"psnr": 23.6, "frechet": 40.0}, "loses 0.40 dB PSNR, more than 0.3"),
        ({"psnr": 24.0, "frechet": 46.1}, "loses 10% of the Frechet gain, more than 10%"),
        ({"psnr": 24.0, "frechet": 70.0}, "loses 50% of the Frechet gain, more than 10%"),
    ],
)
def test_limits_of_int8(ours, reason):
    assert tflite_report.loss({**MEASURED, **ours}, MEASURED) == reason


def test_a_model_without_gain_has_none_to_lose():
    grey = {**MEASURED, "frechet": 100.0}
    assert tflite_report.loss(grey, grey) == ""


# === Bad input ===


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(InputError, match="The model must be"):
        tflite_files.export(tmp_path / "gone", tmp_path, ["float32"], LUMAS)


def test_the_command_says_what_is_wrong(tmp_path):
    def run(*flags):
        return subprocess.run(
            [sys.executable, "-m", "colorgan_tf.export_tflite", *flags], capture_output=True, text=True, check=False
        )

    answer = run("--model=x")
    assert (answer.returncode, answer.stderr) == (2, "export_tflite: `output` must name a folder. Received: nothing.\n")
    answer = run("--model=x", f"--output={tmp_path}", "--precision=int4,int8")
    assert answer.returncode == 2
    assert "`precision` must be of float32, float16, int8. Received: int4." in answer.stderr
