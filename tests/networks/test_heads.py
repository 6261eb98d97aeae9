"""Heads: what the generator's output means as colour, and that truth and guess are measured in the same units."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import color, config
from colorgan_tf.networks import heads


@pytest.fixture
def yuv():
    rgb = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    return color.rgb_to_yuv(rgb)


@pytest.mark.parametrize(("name", "channels"), [("yuv", 2), ("rgb", 3)])
def test_the_configuration_names_the_head(name, channels):
    head = heads.build(config.Model(head=name), config.Decoding(), 0.5)
    assert (head.channels, head.colour_channels) == (channels, channels)


@pytest.mark.parametrize("head", [heads.YuvHead(), heads.RgbHead()])
def test_the_true_colour_has_the_true_chroma(head, yuv):
    luma, chroma = yuv[..., :1], yuv[..., 1:]
    target = head.target(luma, chroma)
    assert target.shape[-1] == head.colour_channels
    assert np.abs(target).max() <= 1
    np.testing.assert_allclose(head.chroma(target), chroma, atol=2e-4)  # saturated colours are clipped to the cube
    output = np.arctanh(np.clip(target, -0.999999, 0.999999))
    np.testing.assert_allclose(head.colour(output), target, atol=1e-5)


@pytest.mark.parametrize("head", [heads.YuvHead(), heads.RgbHead()])
def test_a_regression_knows_of_one_colour_only(head):
    assert head.variance(tf.zeros((1, 2, 2, head.channels))) is None


def test_rgb_throws_the_generated_luma_away():
    head = heads.RgbHead()
    colour = tf.constant([[[[0.1, 0.3, -0.2]]]])
    np.testing.assert_allclose(head.chroma(colour), head.chroma(colour + 0.4), atol=1e-6)
    np.testing.assert_allclose(head.chroma(tf.ones((1, 1, 1, 3))), 0, atol=1e-6)


def test_chroma_never_leaves_its_range():
    for head in (heads.YuvHead(), heads.RgbHead()):
        output = tf.constant(np.random.default_rng(0).normal(0, 50, (1, 20, 20, head.channels)), tf.float32)
        assert (np.abs(head.chroma(head.colour(output))) <= np.array([0.4361, 0.6151])).all()
