"""Detail and strength of colour on their way through a stabilized shot."""

import numpy as np
import pytest

from colorgan_tf.inference.flow import Motion
from pipelines.motion.carrying import CarriedDetail
from pipelines.motion.vividness import Vividness

SIZE = (32, 48)


def test_detail_arrives_sharp_after_many_steps_of_part_of_a_pixel():
    detail = np.random.default_rng(0).standard_normal((*SIZE, 2)).astype(np.float32)
    carried = CarriedDetail()
    carried.put(detail)
    step = Motion(np.full((*SIZE, 2), 0.25, np.float32), np.ones(SIZE, np.float32))
    for _ in range(4):  # in sum, the frame shows what was one pixel to the right and below
        carried.follow(step)
    assert np.allclose(carried.here()[:-2, :-2], detail[1:-1, 1:-1], atol=1e-5)


def test_detail_ends_where_the_motion_does_not_fit():
    carried = CarriedDetail()
    carried.put(np.ones((*SIZE, 2), np.float32))
    fits = np.ones((16, 24), np.float32)
    fits[:, :12] = 0
    carried.follow(Motion(np.zeros((16, 24, 2), np.float32), fits))
    assert not carried.here()[:, :20].any() and (carried.here()[:, 28:] == 1).all()


def test_lost_strength_of_colour_is_given_back_up_to_a_limit():
    own = np.random.default_rng(0).standard_normal((*SIZE, 2)).astype(np.float32)
    vividness = Vividness()
    assert vividness.gain == 1
    for _ in range(100):
        vividness.compare(own, own / 1.1)
    assert vividness.gain == pytest.approx(1.1, abs=0.01)
    again = Vividness()
    again.restore(vividness.state())
    assert again.gain == vividness.gain
    for _ in range(100):
        again.compare(own, own / 3)
    assert again.gain == pytest.approx(1.15)
    for _ in range(100):
        again.compare(own, own * 2)
    assert again.gain == 1
