"""The shipped model as ONNX files: a photograph gets the SavedModel's colours, told some or not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("onnxruntime", reason="requirements-extras.txt brings it")
pytest.importorskip("tf2onnx", reason="requirements-extras.txt brings it")

from colorgan_tf.export import onnx  # noqa: E402
from colorgan_tf.inference import backends, model_files  # noqa: E402
from colorgan_tf.inference.colorizer import Colorizer  # noqa: E402
from colorgan_tf.inference.told import Hint, Reference  # noqa: E402

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "examples"
LUMA = np.asarray(Image.open(EXAMPLES / "bw" / "patio.jpg").convert("L"), np.float32)[..., None] / 255
# A red and a green place, in U and V.
HINTS = (Hint(0.3, 0.6, (-0.1, 0.25), 0.1), Hint(0.7, 0.8, (-0.1, -0.15), 0.1))
# The same patio in a mirror, in other colours: all of it finds its like, and nothing is at its place.
REFERENCE = Reference(LUMA[:, ::-1], (LUMA[:, ::-1] - 0.5) * np.float32([0.3, -0.2]) + np.float32([0.05, 0.05]))


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """The SavedModel, and the ONNX files made of it."""
    path, *_ = onnx.export(model_files.SHIPPED, tmp_path_factory.mktemp("onnx"), "Apache-2.0")
    return [backends.load(each) for each in (model_files.SHIPPED, path)]


@pytest.mark.parametrize("quality", ["fast", "good"])
@pytest.mark.parametrize("by", ["nothing", "hints", "reference"])
def test_the_files_colour_as_the_saved_model_does(networks, by, quality):
    told = {"nothing": (), "hints": HINTS, "reference": REFERENCE}[by]
    wanted, made = (Colorizer(network, quality).telling(told).picture(LUMA).astype(int) for network in networks)
    assert np.ptp(wanted, axis=-1).max() > 20
    assert np.abs(made - wanted).max() <= 2
    if told:
        assert np.abs(wanted - Colorizer(networks[0], quality).picture(LUMA)).max() > 20
