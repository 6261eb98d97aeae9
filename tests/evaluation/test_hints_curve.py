"""The hints curve: true colours at places of their own, and PSNR by their number."""

import numpy as np
import pytest

from colorgan_tf import color
from colorgan_tf.evaluation import hints


def test_hints_are_the_true_mean_colours_of_their_squares():
    yuv = color.rgb_to_yuv(np.random.default_rng(0).uniform(size=(40, 60, 3)).astype(np.float32))
    told = hints.true_hints(yuv, seed=4)
    assert len(told) == 50
    for hint in told:
        y, x = round(hint.y * 40 - 0.5), round(hint.x * 60 - 0.5)
        square = yuv[y - 3 : y + 4, x - 3 : x + 4, 1:]
        assert square.shape == (7, 7, 2)
        np.testing.assert_allclose(hint.chroma, square.mean((0, 1)), atol=1e-6)
    assert hints.true_hints(yuv, 4) == told != hints.true_hints(yuv, 5)


class _Halfway:
    """Knows a hundredth of the true chroma for each hint that it is told."""

    def __init__(self, chroma, told=()):
        self._chroma, self._told = chroma, told

    def telling(self, told):
        return _Halfway(self._chroma, told)

    def chroma(self, luma):
        return self._chroma[None] * len(self._told) / 100


def test_the_curve_is_the_psnr_by_number_of_hints():
    picture = np.zeros((48, 48, 3), np.uint8) + np.uint8([90, 120, 150])
    grey = np.full((48, 48, 3), 99, np.uint8)
    true = color.rgb_to_yuv(picture / np.float32(255))
    curve = hints.hint_curve(np.stack([picture, grey]), _Halfway(true[..., 1:]))
    u, v = true[0, 0, 1:].astype(float)
    # BT.601: what U and V add to R, G and B.
    added = np.array([1.13983 * v, -0.39465 * u - 0.58060 * v, 2.03211 * u])
    for count, psnr in curve.items():
        error = np.mean((added * (1 - count / 100)) ** 2)
        assert psnr == pytest.approx(-10 * np.log10(error), abs=0.02), count
