"""Every measure against an independent library or a hand computation."""

import numpy as np
import pytest
import scipy.linalg
from skimage import metrics as skimage_metrics

from colorgan_tf.metrics import pictures as metrics


def _noisy_pair(seed: int = 0, shape=(48, 64, 3)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.uniform(size=shape)
    return np.clip(truth + rng.normal(0, 0.1, shape), 0, 1), truth


def test_psnr_is_that_of_scikit_image():
    picture, truth = _noisy_pair()
    expected = skimage_metrics.peak_signal_noise_ratio(truth, picture, data_range=1.0)
    assert metrics.psnr(picture, truth) == pytest.approx(expected, abs=1e-9)


def test_psnr_by_hand_and_of_equal_pictures():
    assert metrics.psnr(np.full((4, 4, 3), 0.6), np.full((4, 4, 3), 0.5)) == pytest.approx(20.0)  # MSE 0.01
    assert metrics.psnr(np.ones((4, 4, 3)), np.ones((4, 4, 3))) == float("inf")


def test_ssim_is_that_of_scikit_image():
    picture, truth = _noisy_pair()
    expected = skimage_metrics.structural_similarity(
        truth,
        picture,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=-1,
    )
    assert metrics.ssim(picture, truth) == pytest.approx(expected, abs=1e-9)
    assert metrics.ssim(truth, truth) == pytest.approx(1.0)


def test_ssim_needs_a_whole_window():
    with pytest.raises(ValueError, match=r"sides of 11 or more. Received: shape=\(10, 20, 3\)"):
        metrics.ssim(np.zeros((10, 20, 3)), np.zeros((10, 20, 3)))


def test_shapes_must_agree():
    for measure in (metrics.psnr, metrics.ssim):
        with pytest.raises(ValueError, match="must have the same shape"):
            measure(np.zeros((16, 16, 3)), np.zeros((16, 18, 3)))


def test_colorfulness_by_hand():
    # Left half pure red: rg = 255, yb = 127.5; right half grey: 0, 0. So the standard deviations are 127.5 and 63.75,
    # and so are the means: 1.3 * sqrt(127.5^2 + 63.75^2) = 1.3 * 142.549...
    picture = np.full((8, 8, 3), 0.4)
    picture[:, :4] = [1.0, 0.0, 0.0]
    assert metrics.colorfulness(picture) == pytest.approx(1.3 * 63.75 * np.sqrt(5.0))


def test_colorfulness_of_grey_is_nought():
    grey = np.repeat(np.random.default_rng(0).uniform(size=(8, 8, 1)), 3, axis=-1)
    assert metrics.colorfulness(grey) == pytest.approx(0.0, abs=1e-9)


def test_luma_error_is_the_difference_of_lumas():
    picture = np.zeros((4, 4, 3), np.float32)
    picture[0, 0] = 1.0
    error = metrics.luma_error(picture, np.zeros((4, 4, 1), np.float32))
    assert error.largest == pytest.approx(1.0)
    assert error.mean == pytest.approx(1 / 16)


@pytest.mark.parametrize("rows", [(40, 25), (8, 30), (6, 7)], ids=["full rank", "one short", "both short"])
def test_frechet_distance_is_that_of_the_matrix_root(rows):
    rng = np.random.default_rng(1)
    mix = rng.normal(size=(12, 12))
    a, b = rng.normal(size=(rows[0], 12)) @ mix, rng.normal(0.3, 1.4, size=(rows[1], 12)) @ mix.T
    root = scipy.linalg.sqrtm(np.cov(a, rowvar=False) @ np.cov(b, rowvar=False))
    expected = (
        np.sum((a.mean(0) - b.mean(0)) ** 2)
        + np.trace(np.cov(a, rowvar=False))
        + np.trace(np.cov(b, rowvar=False))
        - 2 * np.trace(root).real
    )
    # The root of a singular matrix is good to about the root of the machine's precision.
    assert metrics.frechet_distance(a, b) == pytest.approx(expected, rel=1e-5)


def test_frechet_distance_of_one_dimension_by_hand():
    # Means 1 and 4, variances 1 and 4 (n - 1): (1 - 4)^2 + (1 - 2)^2 = 10.
    a, b = np.array([[0.0], [1.0], [2.0]]), np.array([[2.0], [4.0], [6.0]])
    assert metrics.frechet_distance(a, b) == pytest.approx(10.0)


def test_frechet_distance_to_itself_is_nought_and_never_negative():
    features = np.random.default_rng(2).normal(size=(20, 1280)) * 1e3
    assert 0.0 <= metrics.frechet_distance(features, features[::-1]) < 1e-3


def test_frechet_distance_needs_two_rows():
    with pytest.raises(ValueError, match=r"Received: \(1, 3\) and \(5, 3\)"):
        metrics.frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_features_are_1280_and_do_not_depend_on_the_precision_of_training():
    import keras

    pictures = np.random.default_rng(3).uniform(size=(3, 256, 256, 3)).astype(np.float32)
    expected = metrics.FeatureExtractor()(pictures)
    assert expected.shape == (3, 1280)
    assert expected.dtype == np.float32
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        extractor = metrics.FeatureExtractor(batch=2)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(extractor(pictures), expected, rtol=1e-4, atol=1e-4)


def test_features_of_other_sizes_are_those_of_256_px():
    picture = np.full((1, 300, 400, 3), 0.5, np.float32)
    extractor = metrics.FeatureExtractor()
    np.testing.assert_allclose(extractor(picture), extractor(np.full((1, 256, 256, 3), 0.5)), rtol=1e-4, atol=1e-4)
