"""Padding by the edge, and networks at any size."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks import padding


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (9, 16), (17, 1)])
def test_padding_repeats_the_edge_as_numpy_does(size):
    picture = np.random.default_rng(0).random((2, *size, 3), np.float32)
    bottom, right = (-side % 8 for side in size)
    expected = np.pad(picture, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
    np.testing.assert_array_equal(padding.pad_to_multiple(picture, 8), expected)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (9, 16)])
def test_a_network_that_does_nothing_gives_the_picture_back(size):
    picture = np.random.default_rng(0).random((1, *size, 1), np.float32)

    def network(padded):
        assert padded.shape[1] % 8 == 0
        assert padded.shape[2] % 8 == 0
        return padded

    np.testing.assert_array_equal(padding.at_any_size(network, picture, 8), picture)


def test_a_coarser_output_is_enlarged_to_the_picture():
    picture = tf.ones((1, 10, 7, 1))
    output = padding.at_any_size(lambda padded: tf.nn.avg_pool2d(padded, 4, 4, "VALID"), picture, 8)
    np.testing.assert_allclose(output, picture, atol=1e-6)


def test_sizes_may_be_unknown_when_a_graph_is_traced():
    network = tf.function(
        lambda luma: padding.at_any_size(lambda padded: 2 * padded, luma, 8),
        input_signature=[tf.TensorSpec([None, None, None, 1])],
    )
    assert network(tf.ones((1, 3, 11, 1))).shape == (1, 3, 11, 1)
