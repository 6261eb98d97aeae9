"""Colour mathematics: the method's formulas, TensorFlow's conversion, and a merge that never moves luma."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import color


@pytest.fixture
def rgb():
    return np.random.default_rng(0).random((64, 64, 3), np.float32)


def test_yuv_is_that_of_tensorflow(rgb):
    np.testing.assert_allclose(color.rgb_to_yuv(rgb), tf.image.rgb_to_yuv(rgb), atol=1e-6)


def test_yuv_follows_the_formulas_of_bt601(rgb):
    y, u, v = np.moveaxis(color.rgb_to_yuv(rgb), -1, 0)
    r, g, b = np.moveaxis(rgb, -1, 0)
    np.testing.assert_allclose(y, 0.299 * r + 0.587 * g + 0.114 * b, atol=1e-6)
    # The standard prints 0.492 and 0.877, rounded from 0.436 / 0.886 and 0.615 / 0.701.
    np.testing.assert_allclose(u, 0.492 * (b - y), atol=2e-4)
    np.testing.assert_allclose(v, 0.877 * (r - y), atol=4e-4)
    np.testing.assert_allclose(color.luma(rgb)[..., 0], y, atol=1e-7)


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((1, 1, 1), (1, 0, 0)),
        ((0, 0, 1), (0.114, 0.436, -0.1)),
        ((1, 0, 0), (0.299, -0.147, 0.615)),
        ((1, 1, 0), (0.886, -0.436, 0.1)),
    ],
)
def test_corners_of_the_cube_reach_the_largest_chroma(rgb, yuv):
    np.testing.assert_allclose(color.rgb_to_yuv(np.array(rgb)), yuv, atol=2e-4)


def test_conversion_there_and_back_is_the_same_picture(rgb):
    np.testing.assert_allclose(color.yuv_to_rgb(color.rgb_to_yuv(rgb)), rgb, atol=1e-6)


def test_merge_keeps_the_luma_and_the_hue_of_any_chroma():
    rng = np.random.default_rng(1)
    luma = rng.random((200, 200, 1), np.float32)
    chroma = rng.uniform(-1, 1, (200, 200, 2)).astype(np.float32)
    merged = color.merge(luma, chroma)
    assert merged.dtype == np.float32
    assert merged.min() >= 0
    assert merged.max() <= 1
    yuv = color.rgb_to_yuv(merged)
    np.testing.assert_allclose(yuv[..., :1], luma, atol=1e-6)
    # The chroma is shortened, never turned: no cross product with the wanted one, no negative dot product.
    u, v = yuv[..., 1], yuv[..., 2]
    np.testing.assert_allclose(u * chroma[..., 1] - v * chroma[..., 0], 0, atol=1e-6)
    assert (u * chroma[..., 0] + v * chroma[..., 1]).min() > -1e-6
    assert (np.hypot(u, v) <= np.hypot(chroma[..., 0], chroma[..., 1]) + 1e-6).all()


def test_merge_leaves_colours_inside_the_cube_as_they_are(rgb):
    yuv = color.rgb_to_yuv(rgb)
    np.testing.assert_allclose(color.merge(yuv[..., :1], yuv[..., 1:]), rgb, atol=2e-6)


def test_merge_uses_all_the_room_there_is():
    # Half grey and far too much blue: RGB - Y is (0, -0.3946 u, 2.0321 u), so blue reaches 1 first.
    merged = color.merge(np.full((1, 1), 0.5), np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(merged, [[0.5, 0.5 - 0.5 * 0.394642 / 2.032062, 1.0]], atol=1e-4)
    black_and_white = color.merge(np.array([[0.0], [1.0]]), np.full((2, 2), 0.3))
    np.testing.assert_allclose(black_and_white, [[0] * 3, [1] * 3], atol=1e-9)
