"""Cuts, fades and dissolves at places that the test put them, and none where there are none."""

import os

import numpy as np
import pytest

from pipelines.motion import shots

FILMS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "films")


def scene(seed, frames, speed=2, grain=0.02):
    """A slowly panning, smooth random picture with grain."""
    import cv2

    random = np.random.default_rng(seed)
    wide = cv2.resize(random.random((6, 24)).astype(np.float32), (480, 90), interpolation=cv2.INTER_CUBIC)
    for number in range(frames):
        view = wide[:, number * speed : number * speed + 160]
        yield np.clip(0.15 + 0.7 * view + grain * random.standard_normal(view.shape), 0, 1).astype(np.float32)


def found(lumas):
    detector = shots.ShotDetector()
    return [(boundary.frame, boundary.kind) for luma in lumas if (boundary := detector.push(luma))]


def test_cuts_are_found_where_they_are():
    lumas = [luma for seed, length in ((1, 30), (2, 20), (3, 40)) for luma in scene(seed, length)]
    assert found(lumas) == [(0, "start"), (30, "cut"), (50, "cut")]


def test_short_shots_are_found():
    lumas = [luma for seed in range(6) for luma in scene(seed, 5)]
    assert [frame for frame, _ in found(lumas)] == [0, 5, 10, 15, 20, 25]


@pytest.mark.parametrize("speed", [0, 3, 5])
def test_panning_is_no_cut(speed):
    assert found(scene(4, 60, speed)) == [(0, "start")]


def test_flicker_and_grain_are_no_cut():
    flicker = np.random.default_rng(0).uniform(0.8, 1.2, 60)
    lumas = [np.clip(luma * gain, 0, 1) for luma, gain in zip(scene(5, 60, grain=0.08), flicker, strict=True)]
    assert found(lumas) == [(0, "start")]


def test_fade_through_black():
    down, up = list(scene(6, 50)), list(scene(7, 50))
    lumas = down[:30] + [luma * (1 - step / 10) for step, luma in enumerate(down[30:40])]
    lumas += [np.zeros_like(down[0])] * 5 + [luma * (step / 10) for step, luma in enumerate(up[:10])] + up[10:]
    kinds = found(lumas)
    assert [kind for _, kind in kinds] == ["start", "fade"] and 40 <= kinds[1][0] <= 50


@pytest.mark.parametrize("length", [8, 12, 20])
def test_dissolve(length):
    first, second = list(scene(8, 40 + length, 0)), list(scene(9, 60, 0))
    mixed = [
        first[40 + step] * (1 - share) + second[step] * share
        for step, share in enumerate(np.arange(1, length + 1) / (length + 1))
    ]
    kinds = found(first[:40] + mixed + second[length:])
    assert [kind for _, kind in kinds] == ["start", "dissolve"]
    assert 40 <= kinds[1][0] <= 40 + length + 4


def test_state_goes_on_where_it_was():
    lumas = [luma for seed, length in ((1, 30), (2, 30)) for luma in scene(seed, length)]
    first = shots.ShotDetector()
    for luma in lumas[:25]:
        first.push(luma)
    second = shots.ShotDetector()
    second.restore(first.state())
    assert [b for luma in lumas[25:] if (b := second.push(luma))] == [shots.Boundary(30, "cut")]


def test_distance_of_a_frame_to_itself_is_none():
    luma = shots.thumbnail(next(scene(1, 1)))
    assert shots.distance(luma, luma) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.skipif(not os.path.isdir(FILMS), reason="the shared films are not here")
def test_real_clips_joined_at_known_places():
    from pipelines.films import decoding, pixel_formats

    lumas, expected = [], []
    for name in ("co-tracker_cat", "sam2_05_default_juggle", "co-tracker_paragliding", "Track-Anything_test-sample2"):
        source = decoding.probe(os.path.join(FILMS, "colour", f"{name}.mp4"))
        expected.append(len(lumas))
        for number, frame in enumerate(decoding.frames(source, decoding.DecodeLog())):
            lumas.append(pixel_formats.to_luma(pixel_formats.plane(frame, 0, np.uint8), source.pixel_format, (72, 128)))
            if number == 40:
                break
    assert [frame for frame, _ in found(lumas)] == expected
