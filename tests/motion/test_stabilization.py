"""Steadying: flicker goes, colour stays, nothing crosses a cut or an occlusion."""

import numpy as np
import pytest

from colorgan_tf.inference.flow import FlowEstimator, Motion, resize_motion
from pipelines.motion import stabilization
from pipelines.motion.stabilization import CausalStabilizer, StabilizerInput, TwoSidedStabilizer
from tests.motion.test_shots import scene

SIZE = (48, 80)


def still(confidence=1.0, size=SIZE):
    return Motion(np.zeros((*size, 2), np.float32), np.full(size, confidence, np.float32))


def flat(u, v=0.0):
    return np.tile(np.array([u, v], np.float32), (*SIZE, 1))


def noisy(frames, seed=0, level=0.05):
    random = np.random.default_rng(seed)
    return [flat(0.1 + level * random.standard_normal(), 0.15) for _ in range(frames)]


def steadied(kind, chromas, motions=None):
    motions = motions or [None] + [still()] * (len(chromas) - 1)
    inputs = [StabilizerInput(chroma, motion, motion) for chroma, motion in zip(chromas, motions, strict=True)]
    if kind is CausalStabilizer:
        steadier = CausalStabilizer(SIZE)
        return [steadier.push(one) for one in inputs]
    steadier, out = TwoSidedStabilizer(SIZE), []
    for start in range(0, len(inputs), 8):
        out += steadier.block(inputs[start : start + 8], inputs[start + 8 : start + 16])
    return out


def change(chromas):
    return float(np.mean([np.square(b - a).mean() for a, b in zip(chromas, chromas[1:], strict=False)]))


def test_flicker_goes_and_the_two_sided_average_is_steadier():
    chromas = noisy(48)
    raw, low, high = (
        change(chromas),
        change(steadied(CausalStabilizer, chromas)),
        change(steadied(TwoSidedStabilizer, chromas)),
    )
    assert low < 0.1 * raw and high < 0.5 * low


def test_causal_average_by_hand():
    first, second, third = steadied(CausalStabilizer, [flat(0.1), flat(0.2), flat(0.4)])
    memory = stabilization.STILL_MEMORY
    assert first[0, 0, 0] == pytest.approx(0.1)
    assert second[0, 0, 0] == pytest.approx((0.2 + memory * 0.1) / (1 + memory), abs=1e-6)
    expected = (0.4 + memory * 0.2 + memory**2 * 0.1) / (1 + memory + memory**2)
    assert third[0, 0, 0] == pytest.approx(expected, abs=1e-6)


def test_two_sided_average_by_hand():
    result = steadied(TwoSidedStabilizer, [flat(0.1), flat(0.2), flat(0.4)])
    memory = stabilization.STILL_MEMORY
    assert result[1][0, 0, 0] == pytest.approx((0.2 + memory * (0.1 + 0.4)) / (1 + 2 * memory), abs=1e-6)


@pytest.mark.parametrize("kind", [CausalStabilizer, TwoSidedStabilizer])
def test_nothing_crosses_a_cut(kind):
    chromas = [flat(0.2)] * 10 + [flat(-0.2)] * 10
    motions = [None] + [still()] * 9 + [None] + [still()] * 9
    result = steadied(kind, chromas, motions)
    assert all(frame == pytest.approx(chroma, abs=1e-6) for frame, chroma in zip(result, chromas, strict=True))


@pytest.mark.parametrize("kind", [CausalStabilizer, TwoSidedStabilizer])
def test_what_does_not_fit_is_dropped(kind):
    half = still()
    half.confidence[:, 40:] = 0.0
    result = steadied(kind, [flat(0.2), flat(0.0)], [None, half])
    assert result[1][10, 60, 0] == pytest.approx(0.0, abs=1e-6)  # its own colour
    assert result[1][10, 20, 0] > 0.05  # an average


@pytest.mark.parametrize("kind", [CausalStabilizer, TwoSidedStabilizer])
def test_saturation_is_kept_when_hues_disagree(kind):
    angles = np.random.default_rng(1).uniform(-0.5, 0.5, 30)
    result = steadied(kind, [flat(0.2 * np.cos(angle), 0.2 * np.sin(angle)) for angle in angles])
    assert np.linalg.norm(result[20][0, 0]) == pytest.approx(0.2, abs=0.004)


def test_what_moves_forgets_sooner_than_what_is_still():
    moving = still()
    moving.flow[:, 40:, 0] = 2.0
    _, second = steadied(CausalStabilizer, [flat(0.1), flat(0.2)], [None, moving])
    memory = stabilization.MEMORY
    assert second[10, 60, 0] == pytest.approx((0.2 + memory * 0.1) / (1 + memory), abs=1e-5)
    assert second[10, 20, 0] < second[10, 60, 0] - 0.001


def test_frames_without_colour_take_no_weight_from_those_before():
    given = [flat(0.1), None, None, None, flat(0.2)]
    assert np.allclose(steadied(CausalStabilizer, given)[-1], steadied(CausalStabilizer, [flat(0.1), flat(0.2)])[-1])
    given = [flat(0.1), None, None, flat(0.2)]
    assert np.allclose(steadied(TwoSidedStabilizer, given)[0], steadied(TwoSidedStabilizer, [flat(0.1), flat(0.2)])[0])


@pytest.mark.parametrize("kind", [CausalStabilizer, TwoSidedStabilizer])
def test_frames_without_colour_are_carried_along(kind):
    result = steadied(kind, [flat(0.2) if number % 3 == 0 else None for number in range(12)])
    assert all(frame == pytest.approx(flat(0.2), abs=1e-4) for frame in result)


def test_uncovered_pixels_take_the_colour_around_them():
    total = np.zeros((*SIZE, 3), np.float32)
    total[:, :40] = [0.2, 0.1, 1.0]
    filled = stabilization.mean_of(total)
    assert filled[20, 45] == pytest.approx([0.2, 0.1], abs=1e-3)


def test_spots_without_a_past_are_corrected_like_their_surroundings():
    # The frame's own colour is off by 0.1 everywhere; in one spot the average knows nothing better.
    own, mean = flat(0.3), flat(0.2)
    weight = np.full(SIZE, 6.0, np.float32)
    mean[20:24, 30:34], weight[20:24, 30:34] = own[20:24, 30:34], 1.0
    spread = stabilization.spread_correction(mean, own, weight)
    assert spread[22, 32, 0] == pytest.approx(0.2, abs=0.01)
    alone = stabilization.spread_correction(own.copy(), own, np.ones(SIZE, np.float32))
    assert np.array_equal(alone, own)


def test_motion_of_a_shifted_picture_is_measured():
    luma = next(scene(3, 1, grain=0.0))
    earlier, later = luma[:, 10:138], luma[:, 6:134]  # the picture moves four pixels right
    backward, forward = FlowEstimator().estimate(np.ascontiguousarray(earlier), np.ascontiguousarray(later))
    assert np.median(backward.flow[..., 0]) == pytest.approx(-4, abs=0.5)
    assert np.median(forward.flow[..., 0]) == pytest.approx(4, abs=0.5)
    assert backward.confidence[20:70, 20:100].mean() > 0.8


def test_colour_follows_what_moves():
    frames = list(scene(3, 12, speed=2, grain=0.0))
    estimator = FlowEstimator()
    size = frames[0].shape
    edge = [100 - 2 * number for number in range(12)]  # an edge in the scene, which moves two pixels left a frame
    average = stabilization.FlowAverage(0.9)
    for number, luma in enumerate(frames):
        chroma = np.zeros((*size, 1), np.float32)
        chroma[:, edge[number] :] = 1.0
        motion = estimator.estimate(frames[number - 1], luma)[0] if number else None
        average.step(chroma, motion, size, 1)
    mean = stabilization.mean_of(average.total)[..., 0]
    assert mean[30:60, edge[-1] - 12 : edge[-1] - 6].mean() < 0.1  # no ghost of where it was
    assert mean[30:60, edge[-1] + 6 : edge[-1] + 12].mean() > 0.9


def test_unrelated_pictures_do_not_fit():
    backward, _ = FlowEstimator().estimate(next(scene(1, 1)), next(scene(2, 1)))
    assert backward.confidence.mean() < 0.35


def test_exposure_flicker_still_fits():
    luma = next(scene(1, 1, grain=0.01))
    backward, _ = FlowEstimator().estimate(luma, np.clip(luma * 1.2, 0, 1))
    assert backward.confidence.mean() > 0.6


def test_motion_is_resized_with_its_lengths():
    motion = Motion(np.full((10, 20, 2), 3.0, np.float32), np.ones((10, 20), np.float32))
    larger = resize_motion(motion, (20, 80))
    assert larger.flow[5, 5].tolist() == [12.0, 6.0]


def test_state_goes_on_where_it_was():
    chromas = noisy(10)
    whole = steadied(CausalStabilizer, chromas)
    first = CausalStabilizer(SIZE)
    for number in range(5):
        first.push(StabilizerInput(chromas[number], still() if number else None))
    second = CausalStabilizer(SIZE)
    second.restore(first.state())
    assert np.array_equal(second.push(StabilizerInput(chromas[5], still())), whole[5])
