"""Measures of people, on made pictures with numbers computed by hand."""

import numpy as np
import pytest

from colorgan_tf import color
from colorgan_tf.evaluation.people import measure_people
from colorgan_tf.metrics import people
from colorgan_tf.metrics.people import Box, FaceLabel

SKIN = np.array([-0.06, 0.09])  # U, V of a light skin: Cb 110, Cr 147
BOX = Box(left=4, top=2, width=20, height=30)


def picture(chroma, luma=0.6):
    """A picture `[40, 32, 3]` of one luma and one chroma."""
    return color.yuv_to_rgb(np.broadcast_to([luma, *chroma], (40, 32, 3)))


def turned(degrees):
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]]) @ SKIN


@pytest.mark.parametrize(
    ("chroma", "label"),
    [
        (SKIN, FaceLabel.NATURAL),
        (0.61 * SKIN, FaceLabel.NATURAL),
        (1.39 * SKIN, FaceLabel.NATURAL),
        (1.41 * SKIN, FaceLabel.ORANGE),
        (0.59 * SKIN, FaceLabel.GREY),
        (0.0 * SKIN, FaceLabel.GREY),
        (turned(14), FaceLabel.NATURAL),
        (turned(-14), FaceLabel.NATURAL),
        (turned(16), FaceLabel.OTHER_HUE),
        (turned(-16), FaceLabel.OTHER_HUE),
        (-SKIN, FaceLabel.OTHER_HUE),
    ],
)
def test_a_face_is_judged_by_its_chroma_and_hue(chroma, label):
    assert people.face_label(picture(chroma), picture(SKIN), BOX) is label


def test_only_the_ellipse_of_a_face_counts():
    shown = picture(3 * SKIN)
    y, x = np.mgrid[:40, :32] + 0.5
    inside = ((x - 14) / 10) ** 2 + ((y - 17) / 15) ** 2 <= 1
    shown[inside] = picture(SKIN)[inside]
    assert people.face_label(shown, picture(SKIN), BOX) is FaceLabel.NATURAL


def test_skin_is_known_by_cb_and_cr():
    # 8-bit Cb = 128 + 255 U / 0.872 and Cr = 128 + 255 V / 1.23, by BT.601.
    for cb, cr, skin in [(110, 147, True), (78, 172, True), (76, 150, False), (128, 150, False), (110, 132, False)]:
        chroma = np.array([(cb - 128) * 0.872 / 255, (cr - 128) * 1.23 / 255])
        assert people.skin_like(picture(chroma)).all() == skin, (cb, cr)


def test_skin_of_little_chroma_is_left_grey():
    shown = picture(SKIN)
    shown[:10] = picture(0.34 * SKIN)[:10]
    shown[10:20] = picture(0.36 * SKIN)[10:20]
    assert people.grey_skin(shown, picture(SKIN)) == (10 * 32, 40 * 32)
    assert people.grey_skin(shown, picture([0.1, -0.1])) == (0, 0)  # no skin in the true picture


def test_there_is_no_face_in_a_plain_picture():
    assert people.find_faces(picture(SKIN)) == []


@pytest.fixture(scope="module")
def astronaut():
    """Eileen Collins, NASA; public domain; one face, skin of face and neck, a flag and an orange suit."""
    return pytest.importorskip("skimage.data").astronaut()


def chroma_of(picture, gain):
    return lambda luma: gain * color.rgb_to_yuv(picture / np.float32(255))[None, ..., 1:]


def test_the_face_of_a_photograph_is_found(astronaut):
    boxes = people.find_faces(astronaut / np.float32(255))
    assert len(boxes) == 1
    assert abs(boxes[0].left + boxes[0].width / 2 - 225) < 25
    assert abs(boxes[0].top + boxes[0].height / 2 - 115) < 30


@pytest.mark.parametrize(("gain", "label"), [(1.0, "natural"), (0.3, "grey"), (0.0, "grey")])
def test_people_are_measured_in_whole_pictures(astronaut, gain, label):
    plain = np.full((50, 70, 3), 128, np.uint8)  # neither face nor skin: never coloured
    measures = measure_people([plain, astronaut], chroma_of(astronaut, gain))
    shares = {name: getattr(measures, name) for name in ("natural", "orange", "grey", "other_hue")}
    assert measures.faces == 1
    assert shares == {name: float(name == label) for name in shares}
    assert measures.skin_left_grey == pytest.approx(0.0 if gain == 1.0 else 1.0, abs=0.05)


def test_the_grey_copy_has_no_natural_face_and_the_table_says_so(astronaut):
    text = measure_people([astronaut], chroma_of(astronaut, 0.0)).table()
    assert text.splitlines()[0].endswith("natural 0%, orange 0%, grey 100%, other hue 0% of 1")
    assert text.splitlines()[1].endswith("100.0%")


def test_without_people_nothing_is_claimed():
    measures = measure_people([np.zeros((40, 40, 3), np.uint8)], lambda luma: pytest.fail("not to be coloured"))
    assert measures.faces == 0
    assert "none found" in measures.table()
    assert np.isnan([measures.natural, measures.orange, measures.grey, measures.skin_left_grey]).all()
