"""The losses against numbers computed by hand and against the formulas written out in plain Python."""

import math

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import color, config
from colorgan_tf.networks import bins, heads
from colorgan_tf.training import losses


def logits(*values):
    return tf.constant(values, tf.float32, (1, 1, len(values), 1))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_pixel_loss_is_the_mean_square_over_pixels_and_channels():
    colour = tf.constant([[[[1.0, 0.0], [0.0, 0.0]]]])
    target = tf.constant([[[[0.0, 0.0], [0.0, 3.0]]]])
    assert float(losses.pixel_loss(colour, target)) == (1 + 9) / 4


def test_pixel_loss_is_the_sum_of_the_patent():
    rng = np.random.default_rng(0)
    colour, target = rng.normal(size=(2, 1, 4, 6, 2)).astype(np.float32)
    total = 0.0
    for row in range(4):
        for column in range(6):
            for channel in range(2):
                total += (colour[0, row, column, channel] - target[0, row, column, channel]) ** 2
    assert float(losses.pixel_loss(colour, target)) == pytest.approx(total / (2 * 6 * 4), rel=1e-5)


def test_bin_cross_entropy_equals_a_plain_numpy_cross_entropy():
    generator = np.random.default_rng(0)
    count = bins.BinHead().channels
    logits = generator.normal(size=(2, 3, 4, count)).astype(np.float32)
    chroma = generator.uniform(-0.2, 0.2, (2, 3, 4, 2)).astype(np.float32)
    indices, shares = (each.numpy() for each in bins.nearest_bins(tf.constant(chroma.reshape(-1, 2))))
    rows = logits.reshape(-1, count).astype(np.float64)
    log_p = rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))
    weights = bins.bin_weights(0.5)
    expected = np.mean(
        [
            sum(weights[i] * s for i, s in zip(own, part, strict=True))
            * -sum(s * log_p[row, i] for i, s in zip(own, part, strict=True))
            for row, (own, part) in enumerate(zip(indices, shares, strict=True))
        ]
    )
    luma = tf.ones((2, 3, 4, 1))
    loss = losses.bin_cross_entropy(tf.constant(logits), luma, tf.constant(chroma), 0.5)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_a_pixel_of_the_colour_of_skin_counts_as_often_as_asked():
    count = bins.BinHead().channels
    # Cb 108 and Cr 148 of 8 bit, on middle grey and on black; and grey itself.
    skin = [-20 / 255 * 2 * 0.436, 20 / 255 * 2 * 0.615]
    luma = tf.constant([0.5, 0.1, 0.5], shape=(1, 1, 3, 1))
    chroma = tf.constant([skin, skin, [0.0, 0.0]], shape=(1, 1, 3, 2))
    np.testing.assert_array_equal(losses.skin_like(luma, chroma)[0, 0, :, 0], [1.0, 0.0, 0.0])
    # Without rebalancing, logits that are all alike lose ln(bins) at each pixel: 3 + 1 + 1 times as much in place of 3.
    loss = losses.bin_cross_entropy(tf.zeros((1, 1, 3, count)), luma, chroma, rebalance=1.0, skin_weight=3.0)
    assert float(loss) == pytest.approx(5 / 3 * math.log(count), rel=1e-5)


@pytest.mark.parametrize(
    ("cb", "cr", "luma", "skin"),
    [(77.5, 133.5, 0.16, 1), (126.5, 172.5, 0.94, 1), (76.5, 150, 0.5, 0), (100, 173.5, 0.5, 0), (100, 150, 0.96, 0)],
)
def test_the_range_of_skin_is_that_of_chai_and_ngan(cb, cr, luma, skin):
    u, v = (cb - 128) / 255 * 2 * 0.436, (cr - 128) / 255 * 2 * 0.615
    assert float(losses.skin_like(tf.constant([luma]), tf.constant([u, v]))[0]) == skin


@pytest.fixture
def yuv():
    return color.rgb_to_yuv(np.random.default_rng(0).random((1, 8, 8, 3), np.float32))


@pytest.mark.parametrize("head", [heads.YuvHead(), heads.RgbHead()])
def test_the_true_colour_has_no_loss(head, yuv):
    luma, chroma = yuv[..., :1], yuv[..., 1:]
    output = np.arctanh(np.clip(head.target(luma, chroma), -0.999999, 0.999999))
    assert float(losses.reconstruction_loss(head, config.Loss(), tf.constant(output), luma, chroma)) < 1e-9


def test_a_grey_guess_loses_the_mean_square_of_the_scaled_chroma(yuv):
    luma, chroma = yuv[..., :1], yuv[..., 1:]
    expected = (((chroma[..., 0] / 0.436) ** 2).mean() + ((chroma[..., 1] / 0.615) ** 2).mean()) / 2
    loss = losses.reconstruction_loss(heads.YuvHead(), config.Loss(), tf.zeros((1, 8, 8, 2)), luma, chroma)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_a_discriminator_that_guesses_loses_ln_2():
    guess = logits(0.0, 0.0, 0.0)
    assert float(losses.discriminator_loss(guess, guess)) == pytest.approx(math.log(2), rel=1e-6)
    assert float(losses.adversarial_loss(guess)) == pytest.approx(math.log(2), rel=1e-6)


def test_discriminator_loss_is_the_labelled_cross_entropy_over_both_halves():
    real, generated = (0.3, -1.2, 2.5), (-0.7, 0.1, 4.0)
    labelled = [(1, sigmoid(x)) for x in real] + [(0, sigmoid(x)) for x in generated]
    expected = -sum(l * math.log(d) + (1 - l) * math.log(1 - d) for l, d in labelled) / len(labelled)  # noqa: E741
    assert float(losses.discriminator_loss(logits(*real), logits(*generated))) == pytest.approx(expected, rel=1e-5)


def test_right_scores_cost_nearly_nothing_and_wrong_ones_much():
    # -log sigmoid(8) = log(1 + e^-8) = 0.000335; the other way round it is 8 more.
    assert float(losses.discriminator_loss(logits(8.0), logits(-8.0))) == pytest.approx(0.000335406, rel=1e-3)
    assert float(losses.discriminator_loss(logits(-8.0), logits(8.0))) == pytest.approx(8.000335406, rel=1e-5)


def test_adversarial_loss_rewards_fooling_the_discriminator():
    assert float(losses.adversarial_loss(logits(8.0))) == pytest.approx(0.000335406, rel=1e-3)
    assert float(losses.adversarial_loss(logits(-2.0, 1.0))) == pytest.approx(
        -(math.log(sigmoid(-2)) + math.log(sigmoid(1))) / 2, rel=1e-5
    )


def test_sure_scores_stay_finite_and_have_gradients():
    score = tf.Variable(logits(-1000.0))
    with tf.GradientTape() as tape:
        loss = losses.adversarial_loss(score)
    assert float(loss) == pytest.approx(1000)
    assert float(tape.gradient(loss, score)[0, 0, 0, 0]) == pytest.approx(-1)


def test_feature_loss_is_the_squared_distance_in_units_of_the_true_variance():
    true = tf.constant([[0.0, 10.0], [2.0, 30.0]])  # variances 1 and 100
    generated = tf.constant([[1.0, 10.0], [2.0, 10.0]])  # off by 1, 0 and 0, 20
    expected = (1 / 1.001 + 0 + 0 + 400 / 100.001) / 4
    assert float(losses.feature_loss(generated, true)) == pytest.approx(expected, rel=1e-5)
    assert float(losses.feature_loss(true, true)) == 0


def test_levels_count_alike_whatever_their_size():
    levels = [tf.zeros((1, 8, 8, 1)), tf.constant([[[[4.0]]]])]
    expected = (math.log(2) + math.log1p(math.exp(-4.0))) / 2
    assert float(losses.mean_over_levels(losses.adversarial_loss, levels)) == pytest.approx(expected, rel=1e-6)
