"""The Colorizer over a back end that needs no network: chroma is a simple function of luma."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colorgan_tf import color
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.finish import Finish
from colorgan_tf.inference.quality import Quality

FACTORS = np.array([0.3, -0.2], np.float32)


class LinearBackend:
    """Chroma is luma times a factor. Remembers the sizes it was asked for."""

    input_resolution, multiple, identity = 64, 32, "linear"

    def __init__(self):
        self.shapes = []

    def luma_to_chroma(self, luma):
        self.shapes.append(luma.shape)
        return luma * FACTORS


def luma_of(*shape, seed=0):
    return np.random.default_rng(seed).random((*shape, 1), dtype=np.float32)


@pytest.mark.parametrize("quality", list(Quality))
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (37, 53), (200, 150)])
def test_chroma_has_the_size_of_the_luma(quality, size):
    chroma = Colorizer(LinearBackend(), quality).chroma(luma_of(2, *size))
    assert chroma.shape == (2, *size, 2)
    assert chroma.dtype == np.float32
    assert np.isfinite(chroma).all()


@pytest.mark.parametrize(("quality", "shapes"), [
    ("fast", [(1, 64, 128, 1)]),
    ("good", [(1, 64, 128, 1)]),
    ("best", [(1, 64, 128, 1)] * 2 + [(1, 96, 192, 1)] * 2),
])  # fmt: skip
def test_the_network_sees_the_input_resolutions_of_the_quality(quality, shapes):
    backend = LinearBackend()
    Colorizer(backend, quality).chroma(luma_of(1, 150, 300))
    assert backend.shapes == shapes


@pytest.mark.parametrize("quality", list(Quality))
@pytest.mark.parametrize("size", [(1, 1), (37, 53), (150, 300)])
def test_the_input_resolution_is_the_size_of_the_coarse_chroma(quality, size):
    colorizer = Colorizer(LinearBackend(), quality)
    luma, chroma = colorizer.coarse(luma_of(1, *size))
    assert colorizer.input_resolution(*size) == luma.shape[1:3] == chroma.shape[1:3]


def test_the_identity_tells_models_and_finishes_apart():
    other = LinearBackend()
    other.identity = "another"
    given = [Colorizer(LinearBackend()), Colorizer(other), Colorizer(other, "best"), Colorizer(other, saturation=0.5)]
    assert len({colorizer.identity for colorizer in given}) == 4
    assert Colorizer(other).identity == given[1].identity


@pytest.mark.parametrize("quality", ["fast", "good", "best"])
def test_a_flat_picture_gets_one_flat_colour(quality):
    chroma = Colorizer(LinearBackend(), quality).chroma(np.full((1, 90, 70, 1), 0.5, np.float32))
    np.testing.assert_allclose(chroma, np.broadcast_to(0.5 * FACTORS, chroma.shape), atol=1e-5)


def test_pictures_of_a_batch_do_not_influence_each_other():
    luma, colorizer = luma_of(3, 40, 60), Colorizer(LinearBackend(), "best")
    np.testing.assert_allclose(colorizer.chroma(luma)[1], colorizer.chroma(luma[1:2])[0], atol=1e-6)


def test_the_halves_of_the_work_give_the_whole():
    colorizer, luma = Colorizer(LinearBackend()), luma_of(1, 80, 130)
    small, chroma = colorizer.coarse(luma)
    np.testing.assert_array_equal(colorizer.enlarge(chroma[0], small[0], luma[0]), colorizer.chroma(luma)[0])


@pytest.mark.parametrize("levels", [255, 65535])
def test_a_picture_keeps_its_own_luma(levels):
    luma = np.random.default_rng(1).integers(0, levels + 1, (600, 77, 1)).astype(np.float32) / np.float32(levels)
    rgb = Colorizer(LinearBackend(), saturation=3.0).picture(luma, levels)
    assert rgb.shape == (600, 77, 3)
    moved = np.abs(rgb.astype(np.float64) @ [0.299, 0.587, 0.114] / levels - luma[..., 0])
    assert moved.max() <= 0.51 / levels
    assert np.ptp(rgb, axis=-1).max() > levels // 10  # and it is coloured


def test_a_picture_is_chroma_and_luma_merged():
    luma, colorizer = luma_of(1, 300, 50), Colorizer(LinearBackend())
    expected = np.rint(color.merge(luma, colorizer.chroma(luma))[0] * 255)
    assert np.abs(colorizer.picture(luma[0]) - expected).max() <= 1  # bands may round the other way


def test_saturation_zero_is_grey():
    np.testing.assert_array_equal(Colorizer(LinearBackend(), saturation=0.0).chroma(luma_of(1, 20, 20)), 0)


def test_a_finish_of_ones_own_overrides_the_quality():
    backend = LinearBackend()
    Colorizer(backend, "best", finish=Finish(scales=(1.0,))).chroma(luma_of(1, 64, 64))
    assert len(backend.shapes) == 1


@pytest.mark.parametrize("wrong", [
    np.zeros((4, 4, 1), np.float32),
    np.zeros((1, 4, 4, 3), np.float32),
    np.zeros((1, 0, 4, 1), np.float32),
    np.zeros((1, 4, 4, 1), np.uint8),
])  # fmt: skip
def test_luma_of_another_kind_is_refused(wrong):
    with pytest.raises(ValueError, match=r"`luma` must be float32 \[N, H, W, 1\] and not empty. Received"):
        Colorizer(LinearBackend()).chroma(wrong)


def test_a_back_end_that_returns_another_shape_is_named():
    backend = LinearBackend()
    backend.luma_to_chroma = lambda luma: luma
    with pytest.raises(ValueError, match="The back end must return"):
        Colorizer(backend).chroma(luma_of(1, 8, 8))


def test_pictures_can_be_coloured_where_there_is_no_tensorflow():
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = sys.modules['ai_edge_litert'] = None\n"
        "import colorgan_tf.inference.colorizer, colorgan_tf.inference.backends\n"
        "import pipelines.stills.colorize, pipelines.batch"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, timeout=120)
