"""Colours of a reference where it shows the very same things: found when they moved, and nowhere in another scene."""

import cv2
import numpy as np
import pytest
from PIL import Image

from colorgan_tf import color
from colorgan_tf.inference.backend import REFERENCE_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.correspondence import same_places
from colorgan_tf.inference.told import Reference
from pipelines.batch import State
from pipelines.colorize_file import colorize_file
from pipelines.stills.reference import read_reference

SIZE = (128, 192)


def scene(seed, height=400, width=500):
    """RGB patches with texture."""
    drawn = np.random.default_rng(seed)
    coarse = cv2.resize(drawn.random((16, 20, 3), np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    fine = cv2.GaussianBlur(drawn.random((height, width, 1), np.float32), (0, 0), 2)[..., None]
    return np.clip(0.1 + 0.5 * cv2.GaussianBlur(coarse, (0, 0), 1) + 5 * (fine - 0.5) + 0.15, 0, 1)


def seen(picture, matrix):
    """The view through a camera that `matrix` takes to the scene."""
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, np.array(matrix, np.float64), SIZE[::-1], flags=flags)


AT_REST = [[1, 0, 150], [0, 1, 130], [0, 0, 1]]


@pytest.mark.parametrize(
    ("moved", "part"),
    [
        (AT_REST, 0.95),
        ([[1, 0, 157], [0, 1, 127], [0, 0, 1]], 0.8),
        ([[1.5, -0.3, 120], [0.3, 1.5, 60], [0, 0, 1]], 0.8),  # too far for the flow alone
        ([[1, 0, 240], [0, 1, 130], [0, 0, 1]], 0.4),  # half of it is not in the reference
    ],
)
def test_finds_what_moved(moved, part):
    true, reference = seen(scene(0), AT_REST), seen(scene(0), moved)
    chroma, sure = same_places(color.luma(true), Reference.of_rgb(reference))
    assert chroma.shape == (*SIZE, 2) and sure.shape == (*SIZE, 1)
    assert sure.min() >= 0 and part < sure.mean() and sure.max() <= 1
    error = np.abs(chroma - color.rgb_to_yuv(true)[..., 1:])[sure[..., 0] > 0.8]
    assert error.mean() < 0.02


def test_a_reference_may_have_another_size():
    true = seen(scene(0), AT_REST)
    reference = Reference.of_rgb(cv2.resize(true, (3 * SIZE[1] // 2, 3 * SIZE[0] // 2)))
    assert same_places(color.luma(true), reference)[1].mean() > 0.9


def test_what_the_reference_does_not_show_is_not_made_up():
    true, reference = seen(scene(0), AT_REST), seen(scene(0), [[1, 0, 155], [0, 1, 130], [0, 0, 1]])
    true[30:100, 50:140] = scene(3)[:70, :90]
    sure = same_places(color.luma(true), Reference.of_rgb(reference))[1][..., 0]
    assert sure[44:86, 64:126].mean() < 0.35
    assert sure[110:124, 20:170].mean() > 0.9


@pytest.mark.parametrize("luma", [color.luma(seen(scene(5), AT_REST)), np.full((*SIZE, 1), 0.5, np.float32)])
def test_another_scene_tells_nothing_however_even(luma):
    reference = seen(scene(0), AT_REST)
    reference[30:] = [0.5, 0.45, 0.6]
    assert same_places(luma, Reference.of_rgb(reference))[1].max() == 0


def test_a_tiny_picture_is_not_searched():
    reference = Reference.of_rgb(seen(scene(0), AT_REST))
    assert same_places(np.full((8, 200, 1), 0.5, np.float32), reference)[1].max() == 0


class GreyBackend:
    """Knows no colours."""

    identity, input_resolution, multiple = "grey", 128, 32
    signatures = frozenset({REFERENCE_TO_CHROMA})

    def luma_to_chroma(self, luma):
        return np.zeros((*luma.shape[:3], 2), np.float32)

    def predict(self, signature, inputs):
        return np.zeros((*inputs["luma"].shape[:3], 2), np.float32)


@pytest.mark.parametrize("quality", ["fast", "good", "best"])
def test_colours_of_the_same_things_are_taken_over(quality):
    first, later = seen(scene(0), AT_REST), seen(scene(0), [[1, 0, 156], [0, 1, 133], [0, 0, 1]])
    told = Colorizer(GreyBackend(), quality).telling(Reference.of_rgb(first))
    lumas = np.stack([color.luma(later), color.luma(seen(scene(5), AT_REST))])
    same, other = told.chroma(lumas)
    true = color.rgb_to_yuv(later)[8:-8, 8:-8, 1:]
    assert np.abs(same[8:-8, 8:-8] - true).mean() < 0.2 * np.abs(true).mean()
    assert np.abs(other).mean() < 0.1 * np.abs(true).mean()


@pytest.mark.parametrize(("seed", "note"), [(0, ""), (5, "the reference made hardly any difference")])
def test_a_reference_that_makes_no_difference_is_told(tmp_path, seed, note):
    for name, picture in (("seen", seen(scene(0), AT_REST)), ("reference", seen(scene(seed), AT_REST))):
        Image.fromarray((255 * picture).astype(np.uint8)).save(tmp_path / f"{name}.png")
    Image.open(tmp_path / "seen.png").convert("L").save(tmp_path / "grey.png")
    told = Colorizer(GreyBackend()).telling(read_reference(tmp_path / "reference.png"))
    outcome = colorize_file(tmp_path / "grey.png", tmp_path / "out" / "grey.png", told)
    assert outcome.state == State.COLOURED and bool(note) == bool(outcome.note) and note in outcome.note
