"""The colour finish: each step alone, on small made pictures."""

import cv2
import numpy as np
import pytest

from colorgan_tf import color
from colorgan_tf.inference import finish


def soft_noise(seed, height, width, channels, sigma=4.0):
    noise = np.random.default_rng(seed).standard_normal((height, width, channels)).astype(np.float32)
    return cv2.GaussianBlur(noise, (0, 0), sigma).reshape(height, width, channels) * np.float32(sigma)


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (256, 512, (256, 512)),
        (1080, 1920, (256, 448)),  # 455 rounds to 14 * 32
        (1920, 1080, (448, 256)),
        (1, 1, (256, 256)),
        (100, 90000, (256, 2048)),  # bounded
        (3, 2, (384, 256)),
    ],
)
def test_input_shape_keeps_the_aspect_in_whole_multiples(height, width, expected):
    assert finish.input_shape(height, width, 256, 32) == expected


def test_input_shape_is_never_smaller_than_one_multiple():
    assert finish.input_shape(5, 5, 8, 32) == (32, 32)


def test_shrinking_takes_the_mean_of_what_a_pixel_covers():
    stripes = np.tile(np.array([0.0, 1.0], np.float32), (8, 32))[..., None]
    np.testing.assert_allclose(finish.resize(stripes, 4, 16), 0.5, atol=1e-6)


def test_resize_keeps_a_single_channel():
    assert finish.resize(np.zeros((4, 6, 1), np.float32), 9, 3).shape == (9, 3, 1)


def test_flip_averages_the_picture_and_its_mirror_image():
    def position(luma):  # U is the column, whatever is in the picture
        columns = np.arange(luma.shape[2], dtype=np.float32)
        return np.broadcast_to(columns[None, None, :, None], (*luma.shape[:3], 2))

    np.testing.assert_allclose(finish.predict(np.zeros((1, 2, 5, 1), np.float32), position, flip=True), 2.0)


def test_average_is_at_the_size_of_the_largest():
    mean = finish.average([np.full((2, 3, 2), 0.1, np.float32), np.full((4, 6, 2), 0.3, np.float32)])
    assert mean.shape == (4, 6, 2)
    np.testing.assert_allclose(mean, 0.2, atol=1e-6)


def test_saturation_gain_fades_towards_black_and_white():
    chroma, luma = np.full((3, 2), 0.1, np.float32), np.array([[0.0], [0.5], [1.0]], np.float32)
    np.testing.assert_allclose(finish.saturate(chroma, luma, 1.5)[:, 0], [0.1, 0.15, 0.1], atol=1e-6)
    np.testing.assert_array_equal(finish.saturate(chroma, luma, 0.0), 0)


def test_guided_enlarging_gives_back_a_chroma_that_is_linear_in_luma():
    luma = np.clip(0.5 + 0.3 * soft_noise(0, 128, 192, 1, 1.5), 0, 1)
    chroma = luma * np.array([0.3, -0.2], np.float32) + 0.05
    small_luma, small_chroma = finish.resize(luma, 32, 48), finish.resize(chroma, 32, 48)
    guidance = finish.guide(small_chroma, small_luma, downscale=1, blur=0.0, radius=2, epsilon=1e-6)
    guided = finish.enlarge(small_chroma, guidance, luma)
    bilinear = finish.enlarge(small_chroma, None, luma)
    assert np.abs(guided - chroma).max() < 2e-3 < np.abs(bilinear - chroma).max() / 5


def test_guided_enlarging_moves_a_blurred_edge_onto_the_luma_edge():
    side = (np.arange(256) >= 120).astype(np.float32)
    luma = np.tile(0.2 + 0.6 * side, (64, 1))[..., None]
    chroma = np.concatenate([0.2 * luma - 0.1, 0.1 - 0.3 * luma], -1)
    # What a network that works at a quarter of the size would know.
    network = finish.resize(cv2.GaussianBlur(finish.resize(chroma, 16, 64), (0, 0), 1.0), 64, 256)
    steps = finish.Finish()
    guidance = finish.guide(network, luma, steps.guide_downscale, steps.blur, steps.radius, steps.epsilon)
    error = np.square(finish.enlarge(network, guidance, luma) - chroma).mean()
    assert error < 0.35 * np.square(finish.enlarge(network, None, luma) - chroma).mean()


def test_flat_luma_leaves_the_network_chroma_alone():
    chroma = soft_noise(1, 32, 32, 2) * 0.1
    guidance = finish.guide(chroma, np.full((32, 32, 1), 0.4, np.float32), 4, 1.0, 2, 0.01)
    full = np.full((96, 64, 1), 0.4, np.float32)
    np.testing.assert_allclose(finish.enlarge(chroma, guidance, full), finish.enlarge(chroma, None, full), atol=1e-6)


@pytest.mark.parametrize("guided", [False, True])
def test_bands_give_the_same_as_the_whole_picture(guided):
    luma = np.clip(0.5 + 0.3 * soft_noise(2, 150, 70, 1), 0, 1)
    chroma, small = soft_noise(3, 32, 16, 2) * 0.1, finish.resize(luma, 32, 16)
    guidance = finish.guide(chroma, small, 4, 1.0, 2, 0.01) if guided else None
    whole = finish.enlarge(chroma, guidance, luma)
    bands = [finish.enlarge(chroma, guidance, luma[top : top + 64], top, 150) for top in (0, 64, 128)]
    np.testing.assert_allclose(np.concatenate(bands), whole, atol=1e-5)


@pytest.mark.parametrize("levels", [255, 65535])
def test_rounding_moves_luma_by_less_than_a_level_for_any_colour(levels):
    random = np.random.default_rng(4)
    luma = random.integers(0, levels + 1, (200_000, 1)).astype(np.float32) / levels
    chroma = (random.uniform(-1, 1, (200_000, 2)) * color.CHROMA_MAX).astype(np.float32)
    rgb = finish.quantize(luma, chroma, levels).astype(np.float64)
    moved = np.abs(rgb @ [0.299, 0.587, 0.114] / levels - luma[:, 0])
    assert moved.max() * levels <= 0.51


def test_unknown_quality_and_negative_saturation_are_refused():
    with pytest.raises(ValueError, match="`quality` must be one of fast, good, best. Received: quality=superb"):
        finish.of_quality("superb")
    with pytest.raises(ValueError, match="`saturation` must be 0 or more"):
        finish.of_quality("good", float("nan"))
