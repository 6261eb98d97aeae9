"""The losses against numbers computed by hand and against the formulas written out in plain Python."""

import math

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.training import losses


def logits(*values):
    return tf.constant(values, tf.float32, (1, 1, len(values), 1))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_pixel_loss_is_the_mean_square_over_pixels_and_channels():
    colour = tf.constant([[[[1.0, 0.0], [0.0, 0.0]]]])
    target = tf.constant([[[[0.0, 0.0], [0.0, 3.0]]]])
    assert float(losses.pixel_loss(colour, target)) == (1 + 9) / 4


def test_pixel_loss_is_the_sum_of_the_method():
    rng = np.random.default_rng(0)
    colour, target = rng.normal(size=(2, 1, 4, 6, 2)).astype(np.float32)
    total = 0.0
    for row in range(4):
        for column in range(6):
            for channel in range(2):
                total += (colour[0, row, column, channel] - target[0, row, column, channel]) ** 2
    assert float(losses.pixel_loss(colour, target)) == pytest.approx(total / (2 * 6 * 4), rel=1e-5)


def test_a_discriminator_that_guesses_loses_ln_2():
    guess = logits(0.0, 0.0, 0.0)
    assert float(losses.discriminator_loss(guess, guess)) == pytest.approx(math.log(2), rel=1e-6)
    assert float(losses.adversarial_loss(guess)) == pytest.approx(math.log(2), rel=1e-6)


def test_discriminator_loss_is_the_labelled_cross_entropy_over_both_halves():
    real, generated = (0.3, -1.2, 2.5), (-0.7, 0.1, 4.0)
    labelled = [(1, sigmoid(x)) for x in real] + [(0, sigmoid(x)) for x in generated]
    expected = -sum(l * math.log(d) + (1 - l) * math.log(1 - d) for l, d in labelled) / len(labelled)  # noqa: E741
    assert float(losses.discriminator_loss(logits(*real), logits(*generated))) == pytest.approx(expected, rel=1e-5)


def test_right_verdicts_cost_nearly_nothing_and_wrong_ones_much():
    # -log sigmoid(8) = log(1 + e^-8) = 0.000335; the other way round it is 8 more.
    assert float(losses.discriminator_loss(logits(8.0), logits(-8.0))) == pytest.approx(0.000335406, rel=1e-3)
    assert float(losses.discriminator_loss(logits(-8.0), logits(8.0))) == pytest.approx(8.000335406, rel=1e-5)


def test_adversarial_loss_rewards_fooling_the_discriminator():
    assert float(losses.adversarial_loss(logits(8.0))) == pytest.approx(0.000335406, rel=1e-3)
    assert float(losses.adversarial_loss(logits(-2.0, 1.0))) == pytest.approx(
        -(math.log(sigmoid(-2)) + math.log(sigmoid(1))) / 2, rel=1e-5
    )


def test_sure_verdicts_stay_finite_and_have_gradients():
    verdict = tf.Variable(logits(-1000.0))
    with tf.GradientTape() as tape:
        loss = losses.adversarial_loss(verdict)
    assert float(loss) == pytest.approx(1000)
    assert float(tape.gradient(loss, verdict)[0, 0, 0, 0]) == pytest.approx(-1)


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
