"""Each step of the finish gives inside a graph what `colorgan_tf.inference.finish` gives with numpy and OpenCV."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import color
from colorgan_tf.export import graph_finish
from colorgan_tf.inference import finish

STEPS = finish.of_quality("good")


def values(*shape, low=0.0, high=1.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


@pytest.mark.parametrize(
    "size", [(1, 1), (270, 300), (300, 270), (1, 5000), (96, 144), (95, 97), (3000, 4000), (7, 64)]
)
@pytest.mark.parametrize(("working", "multiple"), [(256, 32), (224, 32), (100, 32), (256, 256)])
def test_input_shapes_are_the_colorizers(size, working, multiple):
    shape = graph_finish.input_shape(tf.constant(size[0]), tf.constant(size[1]), working, multiple)
    assert tuple(shape.numpy()) == finish.input_shape(*size, working, multiple)


@pytest.mark.parametrize("before", [(270, 300), (64, 64), (32, 200), (200, 32), (1, 1), (64, 96)])
def test_pictures_are_reduced_by_area_and_enlarged_bilinearly(before):
    picture = values(*before, 2)
    np.testing.assert_allclose(
        graph_finish.resize(tf.constant(picture), tf.constant([64, 96])), finish.resize(picture, 64, 96), atol=1e-5
    )


@pytest.mark.parametrize("size", [(64, 96), (32, 32), (34, 37)])
def test_the_guide_is_the_colorizers(size):
    chroma, luma = values(*size, 2, low=-0.4, high=0.4), values(*size, 1, seed=1)
    expected = finish.guide(chroma, luma, STEPS.guide_downscale, STEPS.blur, STEPS.radius, STEPS.epsilon)
    np.testing.assert_allclose(graph_finish.guide(tf.constant(chroma), tf.constant(luma)), expected, atol=1e-5)


def test_merging_stays_inside_the_cube_as_the_colorizer_does():
    luma, chroma = values(40, 50, 1), values(40, 50, 2, low=-0.7, high=0.7, seed=1)
    luma[0], luma[1], chroma[2] = 0.0, 1.0, 0.0
    merged = graph_finish.merge(tf.constant(luma), tf.constant(chroma)).numpy()
    np.testing.assert_allclose(merged, color.merge(luma, chroma), atol=1e-6)
    np.testing.assert_allclose(color.luma(merged), luma, atol=1e-5)


@pytest.mark.parametrize("height", [1, graph_finish.BAND - 1, graph_finish.BAND, 2 * graph_finish.BAND + 5])
def test_bands_join_to_the_whole_picture(height):
    picture = np.round(values(height, 90, 1) * 255).astype(np.uint8)
    chroma, luma = values(32, 64, 2, low=-0.2, high=0.2), values(32, 64, 1, seed=1)
    guidance = finish.guide(chroma, luma, STEPS.guide_downscale, STEPS.blur, STEPS.radius, STEPS.epsilon)
    own = picture.astype(np.float32) / 255
    expected = finish.quantize(own, finish.enlarge(chroma, guidance, own), 255)
    got = graph_finish.rgb(tf.constant(picture), tf.constant(chroma), tf.constant(luma)).numpy()
    assert np.abs(got.astype(int) - expected).max() <= 1
