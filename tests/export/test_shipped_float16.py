"""The shipped file for LiteRT, which every command takes: a photograph gets the SavedModel's colours, told or not."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan_tf.inference import backends, model_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.quality import Quality
from colorgan_tf.inference.told import Hint, Reference

EXAMPLES = Path(__file__).parents[2] / "examples"
LUMA = np.asarray(Image.open(EXAMPLES / "bw" / "patio.jpg").convert("L"), np.float32)[..., None] / 255
# A red and a green place, in U and V.
HINTS = (Hint(0.3, 0.6, (-0.1, 0.25), 0.1), Hint(0.7, 0.8, (-0.1, -0.15), 0.1))
# The same patio in a mirror, in other colours: all of it finds its like, and nothing is at its place.
REFERENCE = Reference(LUMA[:, ::-1], (LUMA[:, ::-1] - 0.5) * np.float32([0.3, -0.2]) + np.float32([0.05, 0.05]))


@pytest.fixture(scope="module")
def networks():
    return [backends.load(each) for each in (model_files.SHIPPED, model_files.FLOAT16)]


@pytest.mark.parametrize("by", ["nothing", "hints", "reference"])
def test_it_colours_as_the_saved_model_does(networks, by):
    told = {"nothing": (), "hints": HINTS, "reference": REFERENCE}[by]
    wanted, made = (Colorizer(network).telling(told).picture(LUMA).astype(int) for network in networks)
    assert np.ptp(wanted, axis=-1).max() > 20
    assert np.abs(made - wanted).max() <= 2
    if told:
        assert np.abs(made - Colorizer(networks[1]).picture(LUMA)).max() > 20


def test_it_tells_the_likely_colours_that_the_saved_model_does(networks):
    luma = LUMA[None, :448, :640]
    wanted, made = (network.predict(LIKELY_COLORS, {"luma": luma}) for network in networks)
    assert made.shape == (1, 112, 160, 6, 3)
    differ = np.abs(made - wanted).max(axis=(-2, -1)) > 0.01  # where two colours are as likely, either may come first
    assert differ.mean() < 0.03


def test_it_is_what_colours_by_default(networks, monkeypatch, tmp_path):
    assert networks[1].signatures == {LUMA_TO_CHROMA, HINTS_TO_CHROMA, REFERENCE_TO_CHROMA, LIKELY_COLORS}
    assert networks[1].input_resolution == networks[0].input_resolution
    monkeypatch.setattr(model_files, "_GPUS", tmp_path / "none")
    by_quality = {quality: model_files.default_path(quality) for quality in Quality}
    assert by_quality == {"fast": model_files.INT8, "good": model_files.FLOAT16, "best": model_files.FLOAT16}
    monkeypatch.setattr(model_files, "_GPUS", tmp_path / "none")
    newer = tmp_path / "colorgan"
    shutil.copytree(model_files.SHIPPED, newer)
    with monkeypatch.context() as exported:
        exported.setattr(model_files, "SHIPPED", newer)
        assert model_files.default_path() == model_files.FLOAT16
        shutil.copytree(newer / "1", newer / "2")
        (newer / "2" / "fingerprint.pb").write_bytes(b"another")
        assert {model_files.default_path(quality) for quality in Quality} == {newer}
    monkeypatch.setattr(model_files, "_GPUS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    by_quality = {quality: model_files.default_path(quality) for quality in Quality}
    assert by_quality == {"fast": model_files.INT8, "good": model_files.SHIPPED, "best": model_files.SHIPPED}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # hidden
    assert model_files.default_path() == model_files.FLOAT16
