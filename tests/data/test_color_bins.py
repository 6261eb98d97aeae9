"""Counting colours for the bins."""

import numpy as np
import pytest

from pipelines import color_bins


def test_counts_are_spread_bilinearly_and_sum_to_one():
    points, frequency = color_bins.count([np.array([[[0.0, 0.0], [0.04, 0.0]], [[0.02, 0.01], [0.0, 0.0]]])])
    table = {tuple(np.round(point, 2)): share for point, share in zip(points, frequency, strict=True) if share}
    assert sum(table.values()) == pytest.approx(1.0)
    # Grey twice, and its part of (0.02, 0.01): half along U, three quarters along V.
    assert table[(0.0, 0.0)] == pytest.approx((2 + 0.5 * 0.75) / 4)
    assert table[(0.04, 0.04)] == pytest.approx(0.5 * 0.25 / 4)


def test_keeps_the_frequent_points_until_they_cover_enough():
    centres, frequency = color_bins.keep(np.arange(8.0).reshape(4, 2), np.array([0.1, 0.5, 0.05, 0.35]), 0.9)
    np.testing.assert_array_equal(centres, [[0, 1], [2, 3], [6, 7]])
    np.testing.assert_allclose(frequency, np.array([0.1, 0.5, 0.35]) / 0.95, rtol=1e-6)


def test_stored_bins_lie_on_the_grid_and_hold_grey():
    from colorgan_tf.networks import bins

    with np.load(bins.BINS) as archive:
        centres, frequency = archive["centres"], archive["frequency"]
    np.testing.assert_allclose(centres / bins.STEP, np.round(centres / bins.STEP), atol=1e-4)
    assert frequency.sum() == pytest.approx(1.0, abs=1e-4)
    assert frequency.argmax() == np.abs(centres).sum(axis=1).argmin()  # grey is the most frequent colour
