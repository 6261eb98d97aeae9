"""Colour hints: a colour spreads over what belongs to its spot, stops at edges, and follows motion within its shot."""

import numpy as np
import pytest
from made_uploads import FakeBackend

from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.flow import Motion
from serving.jobs import hint_tracking, hints
from serving.jobs.colorizer import CachedBackend, HintedColorizer, spot_of
from serving.jobs.hint_tracking import FrameHint, Step
from serving.jobs.hints import Spot
from serving.jobs.records import Hint, JobSettings

BLUE = (0.2, -0.1)


def two_halves(noise=0.01):
    """A dark left half and a bright right one, with grain; luma `[96, 128, 1]` and a grey chroma."""
    rng = np.random.default_rng(0)
    luma = np.full((96, 128, 1), 0.3, np.float32)
    luma[:, 64:] = 0.7
    return (luma + rng.normal(0, noise, luma.shape)).astype(np.float32), np.zeros((96, 128, 2), np.float32)


def test_without_hints_the_chroma_is_the_models_own():
    luma, chroma = two_halves()
    assert hints.apply(luma, chroma, ()) is chroma


@pytest.mark.parametrize(("x", "y"), [(0.1, 0.1), (0.25, 0.5), (0.45, 0.95)])
def test_a_hint_fills_its_area_and_stops_at_the_edge(x, y):
    luma, chroma = two_halves()
    edited = hints.apply(luma, chroma, (Spot(x, y, BLUE),))
    assert np.abs(edited[:, :60] - BLUE).mean() < 0.02
    assert np.abs(edited[:, 68:]).max() < 0.01


def test_the_way_round_an_obstacle_is_found():
    luma, chroma = two_halves()
    luma[:] = 0.3
    luma[20:, 60:68] = 0.9  # a wall that leaves a gap at the top
    edited = hints.apply(luma, chroma, (Spot(0.1, 0.9, BLUE, reach=2.0),))
    assert np.abs(edited[60:90, 80:120] - BLUE).mean() < 0.03
    assert np.abs(edited[40:90, 63:65]).max() < 0.02


def test_a_longer_reach_goes_further():
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, 128, dtype=np.float32)[None, :, None], (96, 128, 1)).copy()
    sizes = [
        np.abs(hints.apply(ramp, np.zeros((96, 128, 2), np.float32), (Spot(0.0, 0.5, BLUE, reach),))).sum()
        for reach in (0.5, 1.0, 2.0)
    ]
    assert sizes[0] < sizes[1] < sizes[2]


def test_two_hints_share_the_picture_each_its_own_side():
    luma, chroma = two_halves()
    edited = hints.apply(luma, chroma, (Spot(0.2, 0.5, BLUE), Spot(0.8, 0.5, (-0.1, 0.2))))
    assert np.abs(edited[:, :56] - BLUE).mean() < 0.02
    assert np.abs(edited[:, 72:] - (-0.1, 0.2)).mean() < 0.02


def test_a_hint_without_a_colour_guards_the_models_own():
    luma, chroma = two_halves()
    luma[:] = 0.3
    edited = hints.apply(luma, chroma, (Spot(0.1, 0.5, BLUE), Spot(0.9, 0.5, None)))
    assert np.abs(edited[48, 8] - BLUE).max() < 0.02 and np.abs(edited[48, 120]).max() < 0.02


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (2, 3), (33, 31)])
def test_hints_work_at_any_size(size):
    luma = np.full((*size, 1), 0.5, np.float32)
    edited = hints.apply(luma, np.zeros((*size, 2), np.float32), (Spot(1.0, 1.0, BLUE), Spot(0.0, 0.0, None)))
    assert edited.shape == (*size, 2) and edited.dtype == np.float32 and np.isfinite(edited).all()


def test_a_colour_becomes_the_chroma_of_its_hue():
    # Blue (0, 0, 255): Y = 0.114, U = 0.492 (1 - 0.114) = 0.436, V = 0.877 (0 - 0.114) = -0.100.
    assert np.allclose(spot_of(Hint(0.5, 0.5, (0, 0, 255))).chroma, (0.436, -0.100), atol=1e-3)


def test_a_thing_that_is_too_light_is_darkened_and_nothing_else_is():
    luma, chroma = two_halves(noise=0.0)
    luma[:, 64:] = 1.0
    luma[40:50, 70:80] = 0.2  # something dark before it
    large = np.kron(luma[..., 0], np.ones((3, 3), np.float32))[..., None]
    spots = (Spot(0.9, 0.5, BLUE, darken=True), Spot(0.2, 0.5, BLUE))
    dark = hints.darkened(large, luma, chroma, spots)
    assert dark.shape == large.shape and dark.dtype == np.float32
    assert np.abs(dark[:, 250:330] - 0.79).max() < 0.02
    for kept in (np.s_[:, :180], np.s_[120:150, 210:240]):
        assert np.array_equal(dark[kept], large[kept])


# === Through a shot ===


def moving(right, confidence=1.0):
    """Motion between frames of 40 x 60 that move `right` pixels to the right, both ways."""

    def motion(pixels):
        flow = np.zeros((40, 60, 2), np.float32)
        flow[..., 0] = pixels
        return Motion(flow, np.full((40, 60), confidence, np.float32))

    # On the later frame one looks to the left for what was there before, on the earlier one to the right.
    return motion(-right), motion(right)


def shot(frames, right=2, confidence=1.0, ask=True):
    return [
        Step(number == 0, ask, *(moving(right, confidence) if number else (None, None))) for number in range(frames)
    ]


def test_a_hint_follows_the_motion_both_ways():
    spots = hint_tracking.carry(shot(5), [FrameHint(2, Spot(0.5, 0.5, BLUE))])
    places = [each[0].x for each in spots]
    assert np.allclose(places, [0.5 + (number - 2) * 2 / 60 for number in range(5)], atol=1e-3)


def test_a_hint_never_leaves_its_shot():
    spots = hint_tracking.carry(shot(3) + shot(3) + shot(3), [FrameHint(4, Spot(0.5, 0.5, BLUE))])
    assert [len(each) for each in spots] == [0, 0, 0, 1, 1, 1, 0, 0, 0]


def test_a_hint_that_leaves_the_picture_is_dropped():
    spots = hint_tracking.carry(shot(5, right=20), [FrameHint(0, Spot(0.5, 0.5, BLUE))])
    assert [len(each) for each in spots] == [1, 1, 0, 0, 0]


def test_a_hint_whose_thing_is_lost_fades_away():
    spots = hint_tracking.carry(shot(20, right=0, confidence=0.0), [FrameHint(0, Spot(0.5, 0.5, BLUE))])
    trust = [each[0].trust for each in spots if each]
    assert trust == sorted(trust, reverse=True) and 3 < len(trust) < 20


def test_frames_that_keep_their_colours_are_not_counted():
    spots = hint_tracking.carry(shot(3, ask=False) + shot(3), [FrameHint(3, Spot(0.5, 0.5, BLUE))])
    assert len(spots) == 3 and all(len(each) == 1 for each in spots)


# === With what a network makes of the same hints ===


def test_what_the_network_leaves_beyond_a_faint_edge_a_hint_leaves_too():
    luma, chroma = two_halves(noise=0.0)
    luma[:, 64:] = 0.37  # a step over which distance alone goes
    told = np.zeros_like(chroma)
    told[:, :64] = BLUE
    spots = (Spot(0.1, 0.5, BLUE),)
    assert np.linalg.norm(hints.apply(luma, chroma, spots)[48, 70]) > 0.05
    edited = hints.apply(luma, chroma, spots, told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.05 and np.abs(edited[:, 70:]).max() < 0.05


def test_an_even_area_is_coloured_whole_where_the_network_stops_amid_it():
    luma, chroma = two_halves(noise=0.0)
    told = np.zeros_like(chroma)
    told[:, :30] = BLUE
    edited = hints.apply(luma, chroma, (Spot(0.1, 0.5, BLUE),), told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.04 and np.abs(edited[:, 67:]).max() < 0.01


def test_a_thing_that_the_network_changes_in_part_becomes_the_chosen_colour():
    luma, chroma = two_halves(noise=0.0)
    told = np.zeros_like(chroma)
    told[:, :64] = 0.5 * np.float32(BLUE)
    edited = hints.apply(luma, chroma, (Spot(0.25, 0.5, BLUE),), told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.02


def test_its_like_changes_too_and_a_faint_tint_of_other_things_goes():
    luma, chroma = two_halves(noise=0.0)
    luma[48:, 64:] = 0.9
    told = np.zeros_like(chroma)
    told[:, :64] = BLUE
    told[:48, 68:] = 0.9 * np.float32(BLUE)  # its like
    told[48:, 68:] = 0.3 * np.float32(BLUE)  # another thing
    edited = hints.apply(luma, chroma, (Spot(0.25, 0.5, BLUE),), told)
    assert np.abs(edited[:45, 72:] - BLUE).max() < 0.04
    assert np.abs(edited[52:, 72:]).max() < 0.01


def test_a_shorter_reach_leaves_its_like():
    luma, chroma = two_halves(noise=0.0)
    told = np.zeros_like(chroma)
    told[:, :64] = BLUE
    told[:, 64:] = 0.7 * np.float32(BLUE)
    sizes = [
        np.abs(hints.apply(luma, chroma, (Spot(0.25, 0.5, BLUE, reach),), told)[:, 70:]).mean()
        for reach in (0.4, 0.7, 1.0)
    ]
    assert sizes[0] < 0.002 and sizes[0] < sizes[1] < sizes[2]


def test_no_halo_is_left_around_a_thing_and_no_hole_in_it():
    luma, chroma = two_halves(noise=0.0)
    told = np.zeros_like(chroma)
    told[:, :64] = BLUE
    told[30:40, 20:30] = 0.45 * np.float32(BLUE)  # within the thing
    told[:, 64:76] = np.linspace(0.6, 0, 12, dtype=np.float32)[None, :, None] * np.float32(BLUE)  # beside it
    edited = hints.apply(luma, chroma, (Spot(0.45, 0.95, BLUE),), told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.02
    assert np.abs(edited[:, 67:]).max() < 0.25 * np.abs(told[:, 67:]).max()


def test_what_the_network_changes_in_another_direction_stays_as_it_was():
    luma, chroma = two_halves(noise=0.0)
    told = np.zeros_like(chroma)
    told[:, :64] = BLUE
    told[:, 64:] = -np.float32(BLUE)
    edited = hints.apply(luma, chroma, (Spot(0.25, 0.5, BLUE),), told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.02 and np.abs(edited[:, 67:]).max() < 0.01


def test_a_guard_holds_back_the_networks_change_as_well():
    luma, chroma = two_halves(noise=0.0)
    told = np.broadcast_to(np.float32(BLUE), chroma.shape).copy()
    edited = hints.apply(luma, chroma, (Spot(0.2, 0.5, BLUE), Spot(0.8, 0.5, None)), told)
    assert np.abs(edited[:, :62] - BLUE).max() < 0.02 and np.abs(edited[:, 67:]).max() < 0.01


# === The Colorizer with hints ===


def test_without_hints_it_is_the_colorizer(tmp_path):
    rng = np.random.default_rng(0)
    luma = rng.random((2, 90, 120, 1), np.float32)
    plain = Colorizer(FakeBackend()).chroma(luma)
    hinted = HintedColorizer(CachedBackend(FakeBackend(), tmp_path / "cache"), JobSettings(), lambda *_: None)
    assert np.abs(hinted.chroma(luma) - plain).max() < 1e-3


class TellableBackend(FakeBackend):
    """Gives each told place, and it alone, the told colour."""

    signatures = frozenset({LUMA_TO_CHROMA, HINTS_TO_CHROMA})

    def predict(self, signature, inputs):
        assert signature == HINTS_TO_CHROMA
        hints_given = inputs["hints"]
        return np.where(hints_given[..., 2:] > 0, hints_given[..., :2], self.luma_to_chroma(inputs["luma"]))


def test_hints_go_to_a_network_that_takes_them(tmp_path):
    luma = np.full((2, 64, 64, 1), 0.5, np.float32)
    chroma = []
    for backend in (FakeBackend(), TellableBackend()):
        backend.identity = type(backend).__name__
        hinted = HintedColorizer(CachedBackend(backend, tmp_path / backend.identity), JobSettings(), lambda *_: None)
        hinted.spots = iter([(), (Spot(0.5, 0.5, BLUE),)])
        chroma.append(hinted.coarse(luma)[1])
    without, with_it = chroma
    np.testing.assert_allclose(without[0], with_it[0], atol=1e-3)
    np.testing.assert_allclose(with_it[1, 32, 32], BLUE, atol=1e-3)
    # With both, a hint fills all of its even area.
    np.testing.assert_allclose(with_it[1, 5, 5], without[1, 5, 5], atol=0.02)


def test_what_another_model_answered_is_not_taken(tmp_path):
    backend, luma = FakeBackend(), np.full((1, 64, 64, 1), 0.5, np.float32)
    for backend.identity in ("one", "one", "two"):
        CachedBackend(backend, tmp_path / "cache").luma_to_chroma(luma)
    assert backend.calls == 2


def test_a_damaged_cache_is_no_cache(tmp_path):
    backend, luma = FakeBackend(), np.full((1, 64, 64, 1), 0.5, np.float32)
    first = CachedBackend(backend, tmp_path / "cache").luma_to_chroma(luma)
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    assert np.array_equal(CachedBackend(backend, tmp_path / "cache").luma_to_chroma(luma), first)
    assert backend.calls == 2
