"""Stability figures against numbers worked out by hand."""

import types

import numpy as np
import pytest

from colorgan_tf.inference.flow import warp
from colorgan_tf.metrics.films import cdc, chroma_colourfulness, histograms, jensen_shannon, still_change, warp_error


def plain(value, size=(4, 6)):
    return np.full((*size, 3), value, np.uint8)


def still(size=(8, 8)):
    return types.SimpleNamespace(flow=np.zeros((*size, 2), np.float32), confidence=np.ones(size, np.float32))


def test_frames_without_a_common_colour_diverge_by_ln_2():
    assert cdc([plain(0), plain(255)]) == pytest.approx(np.log(2))


def test_equal_frames_do_not_diverge():
    assert cdc([plain(7)] * 5) == 0.0


def test_divergence_by_hand():
    # P = (1, 0), Q = (1/2, 1/2), M = (3/4, 1/4): JS = (ln(4/3) + (ln(2/3) + ln 2) / 2) / 2.
    expected = 0.5 * (np.log(4 / 3) + 0.5 * np.log(2 / 3) + 0.5 * np.log(2))
    found = jensen_shannon(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]))
    assert found == pytest.approx(expected)


def test_steps_are_averaged():
    # Alternating frames: step 1 gives ln 2, steps 2 and 4 nothing.
    clip = [plain(0), plain(255)] * 4
    assert cdc(clip) == pytest.approx(np.log(2) / 3)


def test_one_frame_has_no_divergence():
    assert cdc([plain(3)]) == 0.0
    with pytest.raises(ValueError, match="must be a uint8"):
        histograms(np.zeros((4, 4, 3)))


def test_warp_error_of_a_moved_chroma_is_nothing():
    before = np.random.default_rng(0).random((8, 12, 2)).astype(np.float32)
    after = np.roll(before, 2, axis=1)
    motion = still((8, 12))
    motion.flow[..., 0] = -2.0
    motion.confidence[:, :2] = 0.0  # came into view
    error, covered = warp_error(warp(before, motion.flow), after, motion.confidence)
    assert error == pytest.approx(0.0, abs=1e-12) and covered == pytest.approx(10 / 12)


def test_warp_error_is_the_mean_square_of_u_and_v():
    before, after = np.zeros((8, 8, 2), np.float32), np.zeros((8, 8, 2), np.float32)
    after[..., 0] = 0.2
    assert warp_error(before, after, still().confidence)[0] == pytest.approx(0.02)
    nothing = still()
    nothing.confidence[:] = 0
    assert warp_error(before, after, nothing.confidence) == (0.0, 0.0)


def test_still_change_counts_only_what_does_not_move():
    before, after = np.zeros((8, 8, 2), np.float32), np.zeros((8, 8, 2), np.float32)
    after[:, :4] = 0.1
    after[:, 4:] = 0.7
    motion = still()
    motion.flow[:, 4:, 0] = 2.0
    change, share = still_change(before, after, motion.flow, motion.confidence)
    assert change == pytest.approx(0.2) and share == 0.5
    motion.confidence[:] = 0
    assert still_change(before, after, motion.flow, motion.confidence) == (0.0, 0.0)


def test_grey_has_no_colour():
    luma = np.random.default_rng(0).random((8, 8, 1)).astype(np.float32)
    assert chroma_colourfulness(luma, np.zeros((8, 8, 2), np.float32)) == pytest.approx(0.0, abs=1e-3)
