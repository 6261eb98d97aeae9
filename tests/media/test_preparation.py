"""A scan is turned, straightened, cut out and stretched before it is coloured, and split into its photographs."""

import dataclasses
import io

import cv2
import numpy as np
import pytest
from made_pictures import photograph
from PIL import Image

from colorgan_tf import color
from pipelines.stills import preparation, splitting
from pipelines.stills import still as stills
from pipelines.stills.colorize import encode_unchanged
from pipelines.stills.crop import WHOLE, Crop


def still(values, orientation=1):
    """A grey picture as read from a PNG with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG", exif=exif)
    return stills.read(buffer.getvalue())


def numbered(height=40, width=60):
    return np.arange(height * width, dtype=np.uint16).reshape(height, width)


def test_without_a_crop_nothing_is_touched():
    picture = still(numbered())
    assert preparation.cropped(picture, WHOLE) is picture


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_turns_and_level_frames_copy_pixels(turn):
    frame = Crop(turn=turn, x=0.25, y=0.5, width=0.5, height=0.5)
    turned = np.rot90(numbered(), -turn)  # negative: clockwise
    height, width = turned.shape
    expected = turned[height // 4 : height // 4 + height // 2, : width // 2]
    assert np.array_equal(preparation.cropped(still(numbered()), frame).values[..., 0], expected)


@pytest.mark.parametrize("quarters", [1, 2, 3, 5])
def test_a_frame_stays_around_its_things_when_the_picture_is_turned(quarters):
    frame = Crop(x=0.25, y=0.3, width=0.4, height=0.3)
    before = preparation.cropped(still(numbered()), frame).values
    after = preparation.cropped(still(numbered()), frame.turned(quarters)).values
    assert np.array_equal(after, np.rot90(before, -quarters))


def test_frames_speak_of_the_upright_picture_and_the_result_lies_upright():
    lying = still(numbered(), orientation=6)  # to be turned clockwise
    cut = preparation.cropped(lying, Crop(y=0.25, height=0.5))
    assert np.array_equal(cut.values[..., 0], np.rot90(numbered(), -1)[:30])
    written = Image.open(io.BytesIO(encode_unchanged(cut)))
    assert cut.metadata.orientation == 1 and written.getexif().get(0x0112, 1) == 1 and written.size == (40, 30)


def test_a_frame_at_an_angle_straightens():
    level = cv2.GaussianBlur(np.zeros((200, 300), np.uint8), (1, 1), 0)
    cv2.rectangle(level, (100, 60), (219, 139), 200, -1)
    leaning = cv2.warpAffine(level, cv2.getRotationMatrix2D((149.5, 99.5), -7, 1), (300, 200))  # negative: clockwise
    cut = preparation.cropped(still(leaning), Crop(x=160 / 300, y=0.5, width=110 / 300, height=70 / 200, angle=7))
    assert cut.values.shape == (70, 110, 1)
    assert cut.values.min() > 190  # nothing of the black around it
    assert (preparation.cropped(still(leaning), Crop(x=160 / 300, width=110 / 300, height=70 / 200)).values < 9).any()


def test_a_jpeg_that_was_cut_is_coded_anew():
    buffer = io.BytesIO()
    Image.fromarray(photograph(0)).convert("L").save(buffer, "JPEG")
    picture = stills.read(buffer.getvalue())
    assert picture.metadata.jpeg_coding is not None
    assert preparation.cropped(picture, Crop(turn=1)).metadata.jpeg_coding is None


def test_faded_tones_are_stretched_and_good_ones_stay():
    good = np.linspace(0, 255, 4096).astype(np.uint8).reshape(64, 64)
    faded = (110 + good * 0.3).astype(np.uint8)
    luma = preparation.stretched(still(faded)).luma
    assert luma.min() < 0.03 and luma.max() > 0.97 and abs(np.median(luma) - 0.5) < 0.12
    assert np.abs(preparation.stretched(still(good)).luma - still(good).luma).max() < 0.1
    dark = (good // 4).astype(np.uint8)
    assert np.median(preparation.stretched(still(dark)).luma) > 0.35
    assert np.array_equal(
        preparation.stretched(still(np.full((9, 9), 77, np.uint8))).values[..., 0], np.full((9, 9), 77)
    )


# (centre x, centre y, width, height, clockwise angle) on a scan of 1200 x 900
LAID = [(300, 240, 420, 300, 0), (860, 260, 480, 330, 4), (330, 650, 300, 400, -6), (850, 660, 400, 280, 12)]


def scan(level, laid=LAID, noise=2.0):
    """A scan with photographs laid on an even background, grey levels 0 to 255."""
    made = np.full((900, 1200), level, np.float32)
    for number, (x, y, width, height, angle) in enumerate(laid):
        picture = color.luma(photograph(number, width, height) / np.float32(255))[..., 0] * 255
        picture = np.clip(picture * 0.7 + 20, 0, 200).astype(np.float32)
        rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -angle, 1)
        rotation[:, 2] += np.array([x, y]) - (np.array([width, height]) - 1) / 2
        placed = cv2.warpAffine(picture, rotation, (1200, 900))
        mask = cv2.warpAffine(np.ones_like(picture), rotation, (1200, 900))
        made = made * (1 - mask) + placed * mask
    made += np.random.default_rng(0).normal(0, noise, made.shape)
    return (np.clip(made, 0, 255) / 255).astype(np.float32)[..., None]


@pytest.mark.parametrize("level", [248, 235, 2])
def test_a_scan_is_split_into_its_photographs_in_reading_order(level):
    found = splitting.photographs(scan(level))
    assert len(found) == 4
    for crop, (x, y, width, height, angle) in zip(found, LAID, strict=True):
        assert (crop.x * 1200, crop.y * 900) == pytest.approx((x, y), abs=8)
        assert (crop.width * 1200, crop.height * 900) == pytest.approx((width, height), abs=22)
        assert crop.angle == pytest.approx(angle, abs=1)


def test_nothing_of_the_background_is_in_the_parts():
    values = np.rint(scan(250)[..., 0] * 255).astype(np.uint8)
    for crop in splitting.photographs(scan(250)):
        assert np.percentile(preparation.cropped(still(values), crop).values, 99.9) < 240


@pytest.mark.parametrize("number", range(6))
def test_one_photograph_is_not_split(number):
    luma = color.luma(photograph(number, 400, 300) / np.float32(255))
    assert splitting.photographs(luma) == []
    assert splitting.photographs(scan(245, LAID[:1])) == []


def test_small_things_and_round_ones_are_no_photographs():
    background = np.full((600, 800), 245, np.uint8)
    for x in range(100, 800, 200):
        cv2.circle(background, (x, 200), 70, 60, -1)
        cv2.rectangle(background, (x, 450), (x + 30, 480), 60, -1)
    assert splitting.photographs(background[..., None] / np.float32(255)) == []


def test_a_crop_is_a_value():
    assert dataclasses.replace(WHOLE) == Crop() and hash(WHOLE) == hash(Crop())
