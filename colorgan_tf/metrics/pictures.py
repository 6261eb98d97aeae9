"""Measures of colouring on pictures: PSNR, SSIM, colourfulness, Frechet distance and luma fidelity.

Pictures are RGB `[height, width, 3]` in [0, 1]. PSNR and SSIM reward grey, so they are read beside colourfulness and
the Frechet distance, with the grey copy as a row. Everything is numpy but the Frechet distance's features.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from colorgan_tf import color

Array = npt.NDArray[Any]
SSIM_WINDOW = 11
FEATURE_SIZE = 256
FRECHET_NOTE = "on EfficientNet features; not comparable with FID"  # stands beside every figure that is shown


class LumaError(NamedTuple):
    """Absolute difference between two lumas, in units of luma, [0, 1]."""

    mean: float
    largest: float


def psnr(picture: Array, truth: Array) -> float:
    """Returns the peak signal-to-noise ratio in dB, infinite where both are equal.

    10 log10(1 / MSE), with the mean over pixels and channels.

    Args:
        picture: RGB in [0, 1].
        truth: RGB in [0, 1], same shape.

    Raises:
        ValueError: if the shapes differ.
    """
    _check_same_shape(picture, truth)
    error = np.mean(np.square(np.asarray(picture, np.float64) - truth))
    return float("inf") if error == 0 else float(-10.0 * np.log10(error))


def ssim(picture: Array, truth: Array) -> float:
    """Returns the mean structural similarity, over channels and over the pixels whose window lies inside.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
    IEEE TIP 13(4), 2004, equation 13: Gaussian window 11 x 11, sigma 1.5, K1 = 0.01, K2 = 0.03, range 1.

    Args:
        picture: `[height, width, channels]` in [0, 1].
        truth: the same shape.

    Raises:
        ValueError: if the shapes differ or a side is shorter than the window.
    """
    _check_same_shape(picture, truth)
    if min(picture.shape[:2]) < SSIM_WINDOW:
        raise ValueError(f"`picture` must have sides of {SSIM_WINDOW} or more. Received: shape={picture.shape}.")
    x, y = np.asarray(picture, np.float64), np.asarray(truth, np.float64)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    variance_x = _window_mean(x * x) - mean_x**2
    variance_y = _window_mean(y * y) - mean_y**2
    covariance: Array = _window_mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    likeness /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float(likeness.mean())


def colorfulness(picture: Array) -> float:
    """Returns the colourfulness of a picture: 0 for grey, about 40 for photographs.

    Hasler and Suesstrunk, "Measuring colourfulness in natural images", SPIE 5007, 2003, in the form this field uses:
    on 0-255 RGB, rg = |R - G|, yb = |0.5 (R + G) - B|,
    sqrt(std(rg)^2 + std(yb)^2) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2).

    Args:
        picture: `[height, width, 3]` RGB in [0, 1].
    """
    red, green, blue = np.moveaxis(np.asarray(picture, np.float64) * 255.0, -1, 0)
    rg = np.abs(red - green)
    yb = np.abs(0.5 * (red + green) - blue)
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))


def luma_error(picture: Array, luma: Array) -> LumaError:
    """Compares the luma of a picture with the luma it was made from.

    Args:
        picture: `[..., 3]` RGB in [0, 1].
        luma: `[..., 1]` in [0, 1].

    Raises:
        ValueError: if the shapes do not belong together.
    """
    own = color.luma(picture)
    _check_same_shape(own, luma)
    difference = np.abs(own - luma)
    return LumaError(float(difference.mean()), float(difference.max()))


def frechet_distance(features_a: Array, features_b: Array) -> float:
    """Returns the squared Frechet distance of the Gaussians fitted to two sets of features.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", 2017, equation
    6: |m_a - m_b|^2 + trace(C_a + C_b - 2 (C_a C_b)^(1/2)).

    With X the centred features over sqrt(n - 1), C = X'X, and the trace of the root is the sum of the singular values
    of X_a X_b'. So no root of an ill-conditioned matrix is ever taken, which matters here: a few hundred pictures span
    a small part of 1,280 dimensions.

    Args:
        features_a: `[n_a, dimensions]`, at least two rows.
        features_b: `[n_b, dimensions]`, at least two rows.

    Raises:
        ValueError: if a set has fewer than two rows or the dimensions differ.
    """
    a, b = np.asarray(features_a, np.float64), np.asarray(features_b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"features must be two matrices of two rows or more and as many columns. Received: {a.shape} and {b.shape}."
        )
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    a, b = _covariance_factor(a - mean_a), _covariance_factor(b - mean_b)
    root_trace = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    distance = np.square(mean_a - mean_b).sum() + np.square(a).sum() + np.square(b).sum() - 2.0 * root_trace
    return float(max(distance, 0.0))


class FeatureExtractor:
    """Features for the Frechet distance: the 1,280 pooled ones of EfficientNet-Lite0 on 256 px pictures.

    They stand in for Inception's, so a distance is comparable with others of this project only, on the same files.
    """

    def __init__(self, batch: int = 16):
        """Builds the network; `batch` pictures go through it at a time."""
        import keras

        from colorgan_tf.networks import efficientnet

        # The features must not depend on the precision that a training run has set.
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy("float32")
        try:
            network = efficientnet.efficientnet_lite0(include_top=True, name="frechet_backbone")
        finally:
            keras.config.set_dtype_policy(policy)
        self._network = efficientnet.pooled_features(efficientnet.load_imagenet_weights(network))
        self._preprocess = efficientnet.preprocess
        self._batch = batch

    def __call__(self, pictures: Array) -> Array:
        """Returns the features of pictures.

        Args:
            pictures: `[n, height, width, 3]` RGB in [0, 1]; brought to 256 x 256 where they are not.

        Returns:
            `[n, 1280]` float32.
        """
        pictures = np.asarray(pictures, np.float32)
        size = (FEATURE_SIZE, FEATURE_SIZE)
        if pictures.shape[1:3] != size:
            method = cv2.INTER_AREA if min(pictures.shape[1:3]) > FEATURE_SIZE else cv2.INTER_LINEAR
            pictures = np.stack([cv2.resize(picture, size, interpolation=method) for picture in pictures])
        features = self._network.predict(self._preprocess(pictures), batch_size=self._batch, verbose=0)
        return np.asarray(features, np.float32)


def _covariance_factor(centred: Array) -> Array:
    """A matrix X of as few rows as possible with X'X the covariance."""
    factor = centred / np.sqrt(len(centred) - 1.0)
    return factor if len(factor) <= factor.shape[1] else np.asarray(np.linalg.qr(factor, mode="r"))


def _window_mean(x: Array) -> Array:
    """Gaussian mean around each pixel whose whole window lies inside the picture."""
    border = SSIM_WINDOW // 2
    mean = cv2.GaussianBlur(x, (SSIM_WINDOW, SSIM_WINDOW), 1.5)
    return mean[border:-border, border:-border]


def _check_same_shape(picture: Array, truth: Array) -> None:
    if np.shape(picture) != np.shape(truth):
        raise ValueError(f"pictures must have the same shape. Received: {np.shape(picture)} and {np.shape(truth)}.")
