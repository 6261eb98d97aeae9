"""Crisp enlargement of chroma, against TensorFlow's and OpenCV's own filters."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks import enlarging


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.4, 0.4, shape).astype(np.float32)


@pytest.mark.parametrize("factor", [2, 4])
def test_without_sharpening_it_is_lanczos3_as_tensorflow_has_it(factor):
    picture = noise(2, 12, 16, 2)
    expected = tf.image.resize(picture, (12 * factor, 16 * factor), "lanczos3").numpy()
    inner = slice(3 * factor, -3 * factor)  # borders are another matter: mirrored here, left out there
    np.testing.assert_allclose(
        enlarging.enlarge(picture, factor)[:, inner, inner], expected[:, inner, inner], atol=2e-6
    )


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_sharpening_is_an_unsharp_mask_before_the_enlargement(factor):
    picture = noise(1, 12, 16, 1)
    blurred = cv2.sepFilter2D(picture[0], -1, *[np.array([0.25, 0.5, 0.25])] * 2, borderType=cv2.BORDER_REFLECT)
    masked = picture + 0.8 * (picture - blurred[None, ..., None])
    inner = slice(4 * factor, -4 * factor)
    np.testing.assert_allclose(
        enlarging.enlarge(picture, factor, 0.8)[:, inner, inner],
        enlarging.enlarge(masked, factor)[:, inner, inner],
        atol=2e-6,
    )


@pytest.mark.parametrize(("factor", "sharpen"), [(1, 0.0), (1, 2.0), (2, 0.8), (4, 0.0), (4, 4.0)])
def test_a_plain_picture_stays_as_it_is(factor, sharpen):
    picture = np.full((1, 4, 5, 2), [0.25, -0.125], np.float32)
    enlarged = enlarging.enlarge(picture, factor, sharpen)
    assert enlarged.shape == (1, 4 * factor, 5 * factor, 2)
    np.testing.assert_allclose(enlarged, np.broadcast_to([0.25, -0.125], enlarged.shape), atol=1e-5)


def test_turned_pictures_give_turned_results():
    picture = noise(1, 8, 10, 2)
    enlarged = enlarging.enlarge(picture, 4, 0.8)
    mirrored = enlarging.enlarge(picture[:, ::-1, ::-1], 4, 0.8)[:, ::-1, ::-1]
    np.testing.assert_allclose(mirrored, enlarged, atol=1e-6)


def test_an_edge_gets_steeper_with_sharpening_than_bilinear_makes_it():
    edge = np.zeros((1, 16, 16, 1), np.float32)
    edge[:, :, 8:] = 0.2
    steepness = [
        np.abs(np.diff(each[0, 32, :, 0])).max()
        for each in (
            tf.image.resize(edge, (64, 64)).numpy(),
            enlarging.enlarge(edge, 4).numpy(),
            enlarging.enlarge(edge, 4, 0.8).numpy(),
        )
    ]
    assert steepness == sorted(steepness)
    assert steepness[2] > 1.5 * steepness[0]


def test_sizes_may_be_unknown_when_a_graph_is_traced():
    network = tf.function(
        lambda chroma: enlarging.enlarge(chroma, 4, 0.8), input_signature=[tf.TensorSpec([None, None, None, 2])]
    )
    picture = noise(3, 8, 9, 2)
    np.testing.assert_allclose(network(picture), enlarging.enlarge(picture, 4, 0.8), atol=1e-6)
