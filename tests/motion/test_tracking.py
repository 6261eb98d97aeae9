"""Shots and flow followed together: no flow across a shot boundary, none where it is not wanted, and a saved state."""

import math

import numpy as np
import pytest

from pipelines.motion.tracking import MotionTracker
from tests.motion.test_shots import scene


def lumas():
    return [luma for seed in (1, 2) for luma in scene(seed, 6)]


@pytest.mark.parametrize(("backward", "forward"), [(False, 0), (True, 0), (True, math.inf), (True, 3)])
def test_flow_is_given_inside_shots_and_in_the_directions_that_are_wanted(backward, forward):
    tracker = MotionTracker(backward, forward)
    motions = [tracker.push(luma) for luma in lumas()]
    assert [number for number, motion in enumerate(motions) if motion.boundary is not None] == [0, 6]
    inside = [number for number in range(12) if number not in (0, 6)]
    assert [n for n, motion in enumerate(motions) if motion.backward is not None] == (inside if backward else [])
    ahead = [n for n in inside if n % 6 < forward]
    assert [n for n, motion in enumerate(motions) if motion.forward is not None] == (ahead if backward else [])


def test_luma_is_halved_unless_the_search_is_fine():
    luma = next(scene(1, 1))
    assert MotionTracker().push(luma).luma.shape == (luma.shape[0] // 2, luma.shape[1] // 2)
    assert np.array_equal(MotionTracker(fine=True).push(luma).luma, luma)


def test_state_goes_on_where_it_was():
    whole, first, second = MotionTracker(), MotionTracker(), MotionTracker()
    expected = [whole.push(luma) for luma in lumas()][3]
    for luma in lumas()[:3]:
        first.push(luma)
    second.restore(first.state())
    found = second.push(lumas()[3])
    assert found.boundary is None and np.array_equal(found.backward.flow, expected.backward.flow)
