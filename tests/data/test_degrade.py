"""The old-film degradations, one by one and together, each eager and inside tf.data."""

import dataclasses
import subprocess
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan_tf import color
from pipelines import degrade as package
from pipelines.degrade import (
    EFFECTS,
    EVALUATION,
    TRAINING,
    Degradation,
    Effect,
    alone,
    camera,
    degrade,
    stock,
    transfer,
    wear,
)

OPERATIONS = package.operations()
STOCKS = {"orthochromatic": stock.orthochromatic, "panchromatic": stock.panchromatic}
SEED = (11, 12)


def strong(name):
    return tf.constant(getattr(TRAINING, name).strong)


def seed(number=0):
    return tf.constant([number, 7], tf.int64)


def colour_picture(height=48, width=64):
    coarse = np.random.default_rng(3).random((6, 8, 3), np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def grey_picture(height=48, width=64):
    return color.luma(colour_picture(height, width))


def flat(level, height=64, width=64):
    return tf.fill([height, width, 1], np.float32(level))


def spot(row=20, column=30):
    rows, columns = np.mgrid[:48, :64]
    return np.float32(0.9 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 8.0))[..., np.newaxis]


def centre_of(luma):
    weights = np.asarray(luma)[..., 0]
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(rows * weights).sum(), (columns * weights).sum()]) / weights.sum()


def in_dataset(function, *values):
    """Applies a function inside a tf.data map; the pictures lose their static size, as decoded files have none."""
    signature = tuple(tf.TensorSpec([None, None, v.shape[-1]] if v.ndim == 3 else v.shape, v.dtype) for v in values)
    dataset = tf.data.Dataset.from_generator(lambda: [values], output_signature=signature)
    return next(iter(dataset.map(function))).numpy()


# === Every operation ===


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_gives_the_same_eager_and_inside_tf_data(name):
    def apply(luma, own_seed):
        return OPERATIONS[name](luma, strong(name), own_seed)

    luma, own_seed = grey_picture(), np.array(SEED, np.int32)
    np.testing.assert_allclose(apply(tf.constant(luma), own_seed), in_dataset(apply, luma, own_seed), atol=2e-6)


@pytest.mark.parametrize("name", STOCKS)
def test_stock_gives_the_same_eager_and_inside_tf_data(name):
    own_seed = np.array(SEED, np.int32)
    inside = in_dataset(lambda s: STOCKS[name](strong(name), s), own_seed)
    np.testing.assert_allclose(STOCKS[name](strong(name), own_seed), inside, atol=1e-6)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("size", [(8, 8), (37, 61)])
def test_operation_keeps_shape_and_range_and_changes_the_picture(name, size):
    luma = tf.constant(np.random.default_rng(1).random((*size, 1), np.float32))
    result = OPERATIONS[name](luma, strong(name), seed())
    assert result.shape == luma.shape and result.dtype == tf.float32
    assert result.numpy().min() >= 0.0 and result.numpy().max() <= 1.0
    assert np.abs(result - luma).max() > 0.005


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_operation_keeps_the_range_on_black_and_white(name, level):
    result = OPERATIONS[name](flat(level), strong(name), seed()).numpy()
    assert np.isfinite(result).all() and result.min() >= 0.0 and result.max() <= 1.0


@pytest.mark.parametrize("name", sorted({*OPERATIONS, *STOCKS} - {"blur", "scaling", "jpeg"}))
def test_random_operation_differs_between_seeds(name):
    if name in STOCKS:
        results = [STOCKS[name](strong(name), seed(i)).numpy() for i in range(8)]
    else:
        results = [OPERATIONS[name](tf.constant(grey_picture()), strong(name), seed(i)).numpy() for i in range(8)]
    assert len({result.tobytes() for result in results}) > 1


@pytest.mark.parametrize("name", ["blur", "motion", "scaling", "jpeg", "vignetting", "contrast", "fade"])
def test_geometry_stays(name):
    # Over black, so that the centre of mass is the spot's own; fading lifts black and is taken off again.
    moved = OPERATIONS[name](tf.constant(spot()), tf.minimum(strong(name), 40.0), seed()).numpy()
    np.testing.assert_allclose(centre_of(moved - moved.min()), [20.0, 30.0], atol=0.4)


# === Stock ===


def test_orthochromatic_stock_sees_red_darker_and_blue_lighter_than_luma():
    weights = stock.orthochromatic(tf.constant(1.0), seed()).numpy()
    assert weights[0] == 0.0 and weights.sum() == pytest.approx(1.0)
    red, blue = stock.grey(tf.constant([[[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]]]), weights).numpy()[:, 0, 0]
    assert red < 0.299 and blue > 0.114


def test_orthochromatic_stock_of_no_strength_is_bt601():
    np.testing.assert_allclose(stock.orthochromatic(tf.constant(0.0), seed()), [0.299, 0.587, 0.114], atol=1e-6)


def test_panchromatic_weights_are_positive_sum_to_one_and_have_the_mean_of_their_dirichlet_distribution():
    draws = tf.data.Dataset.range(3000).map(lambda i: stock.panchromatic(tf.constant(60.0), tf.stack([i, i])))
    weights = np.stack(list(draws.as_numpy_iterator()))
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    # Mean of a Dirichlet distribution: (1 + 60 w) / (3 + 60).
    np.testing.assert_allclose(weights.mean(axis=0), [0.3006, 0.5749, 0.1244], atol=0.005)


def test_panchromatic_weights_crowd_around_bt601_when_concentrated():
    weights = stock.panchromatic(tf.constant(1e6), seed())
    np.testing.assert_allclose(weights, [0.299, 0.587, 0.114], atol=0.005)


def test_contrast_is_the_identity_towards_zero_and_steeper_in_the_middle_when_strong():
    luma = tf.constant(grey_picture())
    np.testing.assert_allclose(stock.contrast(luma, tf.constant(0.01), seed()), luma, atol=1e-4)
    step = stock.contrast(tf.constant([[[0.5]], [[0.51]]]), tf.constant(3.0), seed()).numpy().ravel()
    # The slope at the middle is 3 / (2 tanh 1.5) = 1.657; up to 0.15 away from it still 1.657 / cosh(0.45)^2 = 1.36.
    assert 1.35 < (step[1] - step[0]) / 0.01 < 1.66


def test_gamma_is_a_power_either_way():
    luma = grey_picture()
    found = set()
    for number in range(8):
        result = stock.gamma(tf.constant(luma), tf.constant(0.4), seed(number)).numpy()
        found |= {sign for sign in (-1, 1) if np.allclose(result, luma ** np.exp(sign * 0.4), atol=1e-5)}
    assert found == {-1, 1}


def test_grain_has_no_mean_the_asked_deviation_at_mid_grey_and_is_clumped():
    noise = stock.grain(flat(0.5, 256, 256), tf.constant(0.05), seed()).numpy()[..., 0] - 0.5
    assert abs(noise.mean()) < 0.002
    assert noise.std() == pytest.approx(0.05, rel=0.05)
    neighbours = np.corrcoef(noise[:, 1:].ravel(), noise[:, :-1].ravel())[0, 1]
    far = np.corrcoef(noise[:, 8:].ravel(), noise[:, :-8].ravel())[0, 1]
    assert neighbours > 0.05 and abs(far) < 0.02


def test_grain_stands_a_luma_that_rounding_has_put_just_outside_its_range():
    for level in (1.0 + 2e-7, -2e-7):
        grained = stock.grain(flat(level), tf.constant(0.05), seed()).numpy()
        assert ((grained >= 0.0) & (grained <= 1.0)).all()


def test_grain_depends_on_luma():
    deviation = {
        y: stock.grain(flat(y, 128, 128), tf.constant(0.05), seed()).numpy().std() for y in (0.0, 0.1, 0.5, 1.0)
    }
    assert deviation[0.0] == deviation[1.0] == 0.0
    # sqrt(0.1 * 0.9) / sqrt(0.5 * 0.5) = 0.6
    assert deviation[0.1] / deviation[0.5] == pytest.approx(0.6, abs=0.02)


# === Camera ===


def test_blur_agrees_with_opencv():
    luma = grey_picture()
    expected = cv2.GaussianBlur(luma[..., 0], (9, 9), 1.2, borderType=cv2.BORDER_REFLECT)
    np.testing.assert_allclose(camera.blur(tf.constant(luma), tf.constant(1.2), seed())[..., 0], expected, atol=1e-5)


def test_motion_keeps_the_light_and_spreads_it():
    luma = tf.constant(spot())
    moved = camera.motion(luma, tf.constant(6.0), seed()).numpy()
    assert moved.sum() == pytest.approx(luma.numpy().sum(), rel=1e-4)
    assert moved.max() < 0.8 * luma.numpy().max()


def test_vignetting_leaves_corners_darker_than_the_centre():
    result = camera.vignetting(flat(0.8), tf.constant(0.5), seed()).numpy()[..., 0]
    corners = result[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() < result[32, 32] - 0.1
    # Half the light lost in the corners, and the middle off by up to 0.15.
    assert corners.min() > 0.8 * (1.0 - 0.25 * 2 * 1.15**2) - 1e-6


def test_flicker_multiplies_the_whole_picture():
    ratio = camera.flicker(flat(0.4), tf.constant(0.2), seed()).numpy() / 0.4
    assert np.ptp(ratio) < 1e-6
    assert abs(np.log(ratio[0, 0, 0])) == pytest.approx(0.2, abs=1e-5)


def test_unevenness_is_smooth_and_bounded():
    gain = np.log(camera.unevenness(flat(0.4), tf.constant(0.3), seed()).numpy()[..., 0] / 0.4)
    assert np.abs(gain).max() == pytest.approx(0.3, abs=1e-3)
    assert np.abs(np.diff(gain, axis=0)).max() < 0.06


# === Wear ===


def test_fade_lifts_black_to_its_strength_and_never_brightens_white():
    assert wear.fade(flat(0.0), tf.constant(0.2), seed()).numpy().max() == pytest.approx(0.2)
    assert 0.8 < wear.fade(flat(1.0), tf.constant(0.2), seed()).numpy().min() <= 1.0


def test_scratches_are_thin_and_vertical():
    changed = np.abs(wear.scratches(flat(0.5, 128, 128), tf.constant(3.0), seed()).numpy()[..., 0] - 0.5) > 0.01
    assert 0.0 < changed.mean() < 3 * 6 / 128
    columns, rows = changed.sum(axis=0), changed.sum(axis=1)
    assert columns.max() > 2.0 * rows.max()


def test_dust_touches_few_pixels_bright_and_dark():
    change = wear.dust(flat(0.5, 256, 256), tf.constant(50.0), seed()).numpy() - 0.5
    assert 0.0005 < (np.abs(change) > 0.02).mean() < 0.03
    assert change.max() > 0.1 and change.min() < -0.1


def test_hairs_are_connected_lines():
    change = wear.hairs(flat(0.5, 256, 256), tf.constant(1.0), seed(3)).numpy()[..., 0] - 0.5
    count, _, boxes, _ = cv2.connectedComponentsWithStats(np.uint8(np.abs(change) > 0.03), connectivity=8)
    assert count == 2  # The ground and one hair.
    assert boxes[1, cv2.CC_STAT_AREA] < 0.2 * 256**2 / 16


# === Transfer ===


def test_scaling_lowers_detail_and_keeps_flat_areas():
    noise = tf.constant(np.random.default_rng(0).random((64, 64, 1), np.float32))
    assert transfer.scaling(noise, tf.constant(0.5), seed()).numpy().std() < 0.7 * noise.numpy().std()
    np.testing.assert_allclose(transfer.scaling(flat(0.3), tf.constant(0.5), seed()), 0.3, atol=1e-5)


def test_combing_shifts_odd_lines_only():
    luma = grey_picture()
    result = transfer.combing(tf.constant(luma), tf.constant(2.0), seed()).numpy()
    np.testing.assert_array_equal(result[::2], luma[::2])
    left = np.array_equal(result[1::2, :-2], luma[1::2, 2:])
    right = np.array_equal(result[1::2, 2:], luma[1::2, :-2])
    assert left != right


def test_jpeg_lowers_high_frequencies_and_lower_quality_lowers_them_more():
    luma = np.float32(0.5 + 0.05 * np.random.default_rng(0).standard_normal((64, 64, 1)))

    def detail(picture):
        spectrum = np.abs(np.fft.fft2(picture[..., 0])) ** 2
        return spectrum[16:48, 16:48].sum()

    middling, low = (transfer.jpeg(tf.constant(luma), tf.constant(q), seed()).numpy() for q in (60.0, 20.0))
    assert detail(low) < detail(middling) < detail(luma)
    assert low.mean() == pytest.approx(luma.mean(), abs=0.01)


# === Together ===


@pytest.mark.parametrize("name", EFFECTS)
def test_effect_alone_runs_its_operation_and_nothing_else(name):
    rgb = colour_picture()
    result = degrade(tf.constant(rgb), seed(5), alone(name, TRAINING)).numpy()
    own_seed = tf.random.split(seed(5), len(EFFECTS) + 1)[EFFECTS.index(name)]
    if name in STOCKS:
        expected = stock.grey(rgb, STOCKS[name](strong(name), own_seed))
    else:
        expected = OPERATIONS[name](tf.constant(color.luma(rgb)), strong(name), own_seed)
    # A JPEG may fall on the other side of a rounding.
    np.testing.assert_allclose(result, expected, atol=0.02 if name == "jpeg" else 1e-5)


@pytest.mark.parametrize("settings", [TRAINING, EVALUATION, dataclasses.replace(TRAINING, clean=0.0)])
def test_degrade_gives_the_same_eager_and_inside_tf_data(settings):
    rgb = tf.constant(colour_picture())
    seeds = [tf.constant([number, 1], tf.int64) for number in range(6)]
    inside = tf.data.Dataset.from_tensor_slices(tf.stack(seeds)).map(lambda own_seed: degrade(rgb, own_seed, settings))
    for own_seed, luma in zip(seeds, inside.as_numpy_iterator(), strict=True):
        eager = degrade(rgb, own_seed, settings)
        # Only a JPEG's rounding may make a visible difference, of a few grey levels.
        np.testing.assert_allclose(eager, luma, atol=0.02)
        assert np.abs(eager - luma).mean() < 1e-3


def test_degrade_batches_in_tf_data_with_a_static_shape_in_range_and_differs_between_seeds():
    rgb = tf.constant(colour_picture())
    dataset = tf.data.Dataset.range(64).map(lambda i: degrade(rgb, tf.stack([i, i]))).batch(64)
    assert dataset.element_spec.shape.as_list() == [None, 48, 64, 1]
    batch = next(iter(dataset)).numpy()
    assert batch.min() >= 0.0 and batch.max() <= 1.0
    assert len({luma.tobytes() for luma in batch}) > 10


def test_clean_pictures_are_exactly_bt601_luma():
    rgb = colour_picture()
    luma = degrade(tf.constant(rgb), seed(), Degradation(clean=1.0)).numpy()
    np.testing.assert_allclose(luma, rgb @ np.float32([[0.299], [0.587], [0.114]]), atol=2e-7)
    np.testing.assert_allclose(luma, tf.image.rgb_to_yuv(rgb)[..., :1], atol=1e-6)


def test_share_of_clean_pictures_is_the_asked_one():
    rgb = tf.constant(colour_picture(16, 16))
    every_stock = dataclasses.replace(TRAINING, clean=0.4, panchromatic=Effect(1.0, 6.0, 6.0))
    lumas = tf.data.Dataset.range(500).map(lambda i: degrade(rgb, tf.stack([i, i]), every_stock)).batch(500)
    clean = np.abs(next(iter(lumas)) - color.luma(rgb.numpy())).max(axis=(1, 2, 3)) < 1e-6
    assert clean.mean() == pytest.approx(0.4, abs=0.07)


def test_picture_is_the_same_from_bytes_and_floats_and_repeats_with_its_seed():
    picture = np.uint8(colour_picture() * 255)
    first = package.degrade_picture(picture, 2**40 + 3)
    assert first.shape == (48, 64, 1) and first.dtype == np.float32
    np.testing.assert_array_equal(first, package.degrade_picture(picture, 2**40 + 3))
    np.testing.assert_array_equal(first, package.degrade_picture(np.float32(picture) / np.float32(255), 2**40 + 3))
    assert np.abs(first - package.degrade_picture(picture, 4)).max() > 0.01


def test_evaluation_preset_degrades_every_picture():
    picture = np.uint8(colour_picture() * 255)
    clean = color.luma(picture / np.float32(255))
    assert all(np.abs(package.degrade_picture(picture, i) - clean).max() > 0.01 for i in range(20))


# === Errors and the command ===


def test_bad_settings_and_pictures_are_refused_with_what_must_hold():
    with pytest.raises(ValueError, match=r"`probability` must be in \[0, 1\]. Received: probability=1.5."):
        Effect(1.5, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"`clean` must be in \[0, 1\]. Received: clean=-1."):
        Degradation(clean=-1)
    with pytest.raises(ValueError, match="`name` must be one of orthochromatic, .* Received: name='rain'."):
        alone("rain", TRAINING)
    with pytest.raises(ValueError, match=r"`rgb` must be \[height, width, 3\].* Received: shape=\[9, 9, 1\]."):
        package.degrade_picture(np.zeros((9, 9, 1), np.uint8), 0)


def test_command_draws_a_sheet(tmp_path):
    Image.fromarray(np.uint8(colour_picture() * 255)).save(tmp_path / "scene.png")
    command = [sys.executable, "-m", "pipelines.degrade", str(tmp_path / "scene.png"), "--compositions=1"]
    done = subprocess.run([*command, f"--output={tmp_path}/sheet.png"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scene.png", "sheet.png"]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 8 * 256 and sheet.height == 3 * (256 + 18)


def test_command_refuses_what_is_no_picture_in_one_line(tmp_path):
    (tmp_path / "note.txt").write_text("no picture")
    command = [sys.executable, "-m", "pipelines.degrade", str(tmp_path / "note.txt"), f"--output={tmp_path}/sheet.png"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "PICTURE must be a picture file." in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "sheet.png").exists()
