"""The bin head: targets, weights and decoding against numbers computed by hand or by plain numpy."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.networks import bins


def test_colour_inside_the_kept_bins_is_the_mean_of_its_four_bins():
    chroma = np.array([[0.013, -0.027], [0.0, 0.0], [0.07, 0.05], [-0.11, 0.12]], np.float32)
    indices, shares = bins.nearest_bins(tf.constant(chroma))
    mean = (bins._bins()[0][indices.numpy()] * shares.numpy()[..., None]).sum(axis=1)
    np.testing.assert_allclose(mean, chroma, atol=1e-6)
    np.testing.assert_allclose(shares.numpy().sum(axis=1), 1.0, atol=1e-6)


def test_shares_are_bilinear():
    # A quarter of a step along U and three quarters along V from grey.
    _, shares = bins.nearest_bins(tf.constant([[0.01, 0.03]]))
    np.testing.assert_allclose(shares[0], [0.75 * 0.25, 0.75 * 0.75, 0.25 * 0.25, 0.25 * 0.75], atol=1e-5)


def test_colour_beyond_all_bins_goes_to_the_nearest_one():
    indices, _ = bins.nearest_bins(tf.constant([[0.436, 0.615]]))
    centres = bins._bins()[0]
    nearest = np.square(centres - [0.44, 0.60]).sum(axis=1).argmin()
    assert nearest in indices.numpy()


@pytest.mark.parametrize("rebalance", [0.0, 0.5, 1.0])
def test_weights_have_mean_one_and_favour_rare_colours(rebalance):
    weights, frequency = bins.bin_weights(rebalance), bins._bins()[1]
    assert np.sum(weights * frequency) == pytest.approx(1.0, abs=1e-5)
    if rebalance == 1.0:
        np.testing.assert_allclose(weights, 1.0, atol=1e-5)
    else:
        assert weights[frequency.argmin()] > weights[frequency.argmax()]


def test_decoding_goes_from_mean_to_mode_as_the_temperature_falls():
    centres = bins._bins()[0]
    output = np.full((1, 1, 1, len(centres)), -20.0, np.float32)
    output[..., 3], output[..., 90] = np.log(0.6), np.log(0.4)
    mean, mode = (bins.BinHead(temperature=t) for t in (1.0, 0.02))
    np.testing.assert_allclose(
        mean.chroma(mean.colour(tf.constant(output)))[0, 0, 0], 0.6 * centres[3] + 0.4 * centres[90], atol=1e-5
    )
    np.testing.assert_allclose(mode.chroma(mode.colour(tf.constant(output)))[0, 0, 0], centres[3], atol=1e-5)


def test_variance_is_the_mean_squared_distance_from_the_mean_colour():
    centres = bins._bins()[0]
    output = np.full((1, 1, 2, len(centres)), -20.0, np.float32)
    output[0, 0, 0, 3], output[0, 0, 0, 90] = np.log(0.6), np.log(0.4)
    output[0, 0, 1, 7] = 0.0  # of this pixel the head is sure
    variance = bins.BinHead(temperature=1.0).variance(tf.constant(output)).numpy()
    # Of two colours: the product of their shares times their squared distance.
    expected = 0.6 * 0.4 * np.square(centres[3] - centres[90]).sum()
    np.testing.assert_allclose(variance[0, 0, :, 0], [expected, 0.0], atol=1e-5)


def test_full_logit_adjustment_decodes_the_mean_of_the_colours_as_frequent_as_they_are():
    # A network that has learnt nothing from its input, trained to the end: the frequencies times the weights.
    centres, frequency, _ = bins._bins()
    weighted = frequency * bins.bin_weights(0.5)
    output = np.log(weighted / weighted.sum()).astype(np.float32)[None, None, None]
    kept, adjusted = (bins.BinHead(0.5, 1.0, part).colour(tf.constant(output))[0, 0, 0] for part in (0.0, 1.0))
    np.testing.assert_allclose(adjusted * CHROMA_MAX, frequency @ centres, atol=1e-4)
    np.testing.assert_allclose(kept * CHROMA_MAX, weighted @ centres / weighted.sum(), atol=1e-4)


def test_confidence_is_one_for_one_bin_and_nought_for_all_alike():
    head = bins.BinHead()
    sure = np.full((1, 1, 1, head.channels), -100.0, np.float32)
    sure[..., 7] = 100.0
    assert float(head.confidence(tf.constant(sure))) == pytest.approx(1.0, abs=1e-5)
    assert float(head.confidence(tf.zeros_like(sure))) == pytest.approx(0.0, abs=1e-5)
