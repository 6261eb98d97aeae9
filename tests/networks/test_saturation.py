"""Saturation: what gain, gamma and uncertainty exponent do to strong and to weak colours."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks import saturation


def two_colours(weak: float, strong: float) -> np.ndarray:
    """A picture, half of it of a weak colour and half of a strong one of another hue."""
    picture = np.zeros((1, 4, 6, 2), np.float32)
    picture[:, :, :3, 0], picture[:, :, 3:, 1] = weak, strong
    return picture


def test_without_gamma_it_is_a_gain():
    picture = two_colours(0.05, -0.2)
    np.testing.assert_allclose(saturation.strengthen(picture, 1.5), 1.5 * picture, rtol=1e-6)


def test_strong_colours_gain_and_weak_ones_lose_by_the_power_of_their_relative_strength():
    made = saturation.strengthen(two_colours(0.03, 0.15), 1.0, 1.5).numpy()
    # With the floor of 0.01 they are 0.04 and 0.16 strong, their mean is 0.10.
    np.testing.assert_allclose(made, two_colours(0.03 * 0.4**0.5, 0.15 * 1.6**0.5), rtol=1e-5)


def test_the_hue_stays():
    picture = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 5, 7, 2)).astype(np.float32)
    made = saturation.strengthen(picture, 1.2, 1.7).numpy()
    np.testing.assert_allclose(np.arctan2(*made.T), np.arctan2(*picture.T), atol=1e-5)


def test_each_picture_has_its_own_mean():
    pictures = np.concatenate([two_colours(0.01, 0.02), two_colours(0.1, 0.3)])
    together = saturation.strengthen(pictures, 1.0, 1.5)
    alone = [saturation.strengthen(pictures[number : number + 1], 1.0, 1.5)[0] for number in range(2)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_picture_of_uncertain_colours_gains_as_a_whole():
    picture = two_colours(0.05, -0.2)
    variance = np.zeros((1, 4, 6, 1), np.float32)
    variance[:, :, :3] = 0.1  # half of the picture: 0.05 in the mean, and the floor's 0.0001
    made = saturation.strengthen(picture, 1.5, 1.0, variance, 0.5)
    np.testing.assert_allclose(made, 1.5 * picture * (0.0501**0.5 / 0.08) ** 0.5, rtol=1e-5)
    np.testing.assert_allclose(saturation.strengthen(picture, 1.5, 1.0, None, 0.5), 1.5 * picture, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.2])
def test_a_plain_picture_only_has_the_gain(value):
    """Grey stays grey, without a division by zero."""
    picture = tf.fill([1, 3, 3, 2], value)
    np.testing.assert_allclose(saturation.strengthen(picture, 1.1, 1.5), 1.1 * picture, rtol=1e-5)
