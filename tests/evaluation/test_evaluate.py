"""The evaluator's figures on pictures whose answer is known, and the command from end to end."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from colorgan_tf import color
from colorgan_tf.errors import InputError
from colorgan_tf.evaluation.evaluator import Evaluator, spread
from colorgan_tf.evaluation.true_pictures import centre_square, load_pictures, with_short_side
from colorgan_tf.metrics import pictures as metrics


def _pictures(count: int = 5, size: int = 32) -> np.ndarray:
    """Smooth colourful pictures, each another."""
    rng = np.random.default_rng(0)
    small = rng.integers(40, 216, (count, 4, 4, 3)).astype(np.uint8)
    return np.stack([np.asarray(Image.fromarray(picture).resize((size, size))) for picture in small])


def _mean_colours(pictures: np.ndarray) -> np.ndarray:
    """Features for the tests: a picture's mean colour, without a network."""
    return pictures.mean(axis=(1, 2))


def _true_chroma(pictures: np.ndarray):
    """A colouring function that knows the answer, by the luma it is shown."""
    yuv = color.rgb_to_yuv(pictures / np.float32(255))

    def chroma(luma: np.ndarray) -> np.ndarray:
        distances = np.abs(luma[:, None] - yuv[None, ..., :1]).sum(axis=(2, 3, 4))
        return yuv[distances.argmin(axis=1)][..., 1:]

    return chroma


def _no_chroma(luma: np.ndarray) -> np.ndarray:
    return np.zeros((*luma.shape[:3], 2), np.float32)


def test_grey_model_measures_as_the_grey_copy():
    report = Evaluator(_pictures(), batch=2, features=_mean_colours).report(_no_chroma)
    assert report.model == report.grey
    assert (report.psnr_gain, report.frechet_ratio, report.colorfulness_ratio) == (0.0, 1.0, 0.0)


def test_true_chroma_measures_as_the_truth():
    pictures = _pictures()
    report = Evaluator(pictures, batch=2, features=_mean_colours).report(_true_chroma(pictures))
    assert report.psnr_gain > 25
    assert report.model.ssim > 0.999
    assert report.colorfulness_ratio == pytest.approx(1.0, abs=0.01)
    assert report.frechet_ratio < 1e-3
    assert report.model.luma_error_largest <= 0.51  # rounding to 8 bit moves luma by at most half a step


def test_rows_are_means_over_pictures():
    pictures = _pictures()
    report = Evaluator(pictures, batch=2, features=_mean_colours).report(_no_chroma)
    true = pictures / 255.0
    grey = np.round(np.repeat(color.luma(true), 3, axis=-1) * 255) / 255
    assert report.grey.psnr == pytest.approx(np.mean([metrics.psnr(*pair) for pair in zip(grey, true, strict=True)]))
    assert report.grey.ssim == pytest.approx(np.mean([metrics.ssim(*pair) for pair in zip(grey, true, strict=True)]))
    assert report.true_colorfulness == pytest.approx(np.mean([metrics.colorfulness(picture) for picture in true]))
    assert report.grey.frechet == pytest.approx(
        metrics.frechet_distance(_mean_colours(grey), _mean_colours(true)), rel=1e-4
    )


def test_baseline_is_computed_once():
    calls = []

    def features(pictures):
        calls.append(len(pictures))
        return _mean_colours(pictures)

    evaluator = Evaluator(_pictures(), batch=5, features=features)
    evaluator.report(_no_chroma)
    evaluator.report(_no_chroma)
    assert len(calls) == 4  # true, grey, and the model twice


def test_degraded_input_is_seen_but_not_shown():
    pictures, seen = _pictures(), []

    def chroma(luma):
        seen.append(luma)
        return _no_chroma(luma)

    def darkened(rgb, number):
        return color.luma(rgb / 255.0) * 0.1 * number

    report = Evaluator(pictures, batch=5, features=_mean_colours).report(chroma, darkened)
    np.testing.assert_allclose(seen[0][3], color.luma(pictures[3] / 255.0) * 0.3, rtol=1e-5)
    assert report.model == report.grey


def test_grey_pictures_give_finite_json():
    grey = np.repeat(_pictures()[..., :1], 3, axis=-1)
    report = Evaluator(grey, features=_mean_colours).report(_no_chroma)
    assert report.model.psnr == 100.0  # the ceiling that stands for equality
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["size"] == [32, 32]
    assert values["true_colorfulness"] == pytest.approx(0.0, abs=1e-4)


def test_one_picture_has_no_frechet_distance():
    report = Evaluator(_pictures(1), features=_mean_colours).report(_no_chroma)
    assert math.isnan(report.model.frechet)
    assert report.to_dict()["frechet_ratio"] is None
    assert "nan" in report.table()


def test_windows_of_training_are_the_same_pictures():
    pictures = _pictures()
    yuv = color.rgb_to_yuv(pictures / np.float32(255))
    evaluator = Evaluator.of_windows(yuv[..., :1], yuv[..., 1:])
    assert np.abs(evaluator.pictures.astype(int) - pictures).max() <= 1


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match="`pictures` must be uint8 RGB"):
        Evaluator(np.zeros((2, 8, 8, 3), np.float32))
    with pytest.raises(ValueError, match=r"`chroma_fn` must return shape \(5, 32, 32, 2\)"):
        Evaluator(_pictures(), features=_mean_colours).report(lambda luma: luma)


def test_spread_is_even_and_whole_where_it_can_be():
    assert spread(4, 0) == spread(4, 9) == [0, 1, 2, 3]
    assert spread(100, 4) == [12, 37, 62, 87]


def test_centre_square_of_a_fitting_picture_is_not_resampled():
    picture = np.random.default_rng(0).integers(0, 256, (40, 61, 3), np.uint8)
    np.testing.assert_array_equal(centre_square(with_short_side(Image.fromarray(picture), 40)), picture[:, 10:50])
    assert with_short_side(Image.fromarray(picture), 32).shape == (32, 49, 3)
    assert centre_square(with_short_side(Image.fromarray(picture), 32)).shape == (32, 32, 3)
    assert centre_square(with_short_side(Image.fromarray(picture), 64)).shape == (64, 64, 3)


def test_unreadable_files_are_named(tmp_path):
    Image.fromarray(_pictures()[0]).save(tmp_path / "b.png")
    (tmp_path / "a.jpg").write_text("no picture")
    whole = tmp_path / "c.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(whole)
    whole.write_bytes(whole.read_bytes()[:900])
    loaded = load_pictures(tmp_path, 32)
    assert [path.name for path in loaded.files] == ["b.png"]
    assert [path.name for path, _ in loaded.bad] == ["a.jpg", "c.jpg"]


def test_folder_without_a_readable_picture_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(InputError, match="must hold a picture that can be read. Received: .*a.jpg"):
        load_pictures(tmp_path, 32)


# === Command ===


def _run(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "colorgan_tf.evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def blue_model(tmp_path_factory):
    """A SavedModel that paints everything a little blue."""
    import tensorflow as tf

    class Blue(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")])
        def luma_to_chroma(self, luma):
            return {"chroma": tf.concat([0.1 * tf.ones_like(luma), tf.zeros_like(luma)], axis=-1)}

    folder = tmp_path_factory.mktemp("model")
    module = Blue()
    tf.saved_model.save(module, str(folder / "1"), signatures={"luma_to_chroma": module.luma_to_chroma})
    return folder


def test_command_reports_table_json_and_sheet(tmp_path, blue_model):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, picture in enumerate(_pictures(3, 64)):
        Image.fromarray(picture).save(photos / f"{number}.png")
    (photos / "broken.jpg").write_text("no picture")
    report, sheet = tmp_path / "report.json", tmp_path / "sheet.png"
    done = _run(f"--model={blue_model}", f"--data={photos}", f"--json={report}", f"--sheet={sheet}", "--size=64")
    assert done.returncode == 1, done.stderr  # one file of four could not be read
    assert "1 of 4 pictures could not be read:" in done.stderr
    assert "broken.jpg" in done.stderr
    values = json.loads(report.read_text())
    assert values["pictures"] == 3
    assert values["model"]["colorfulness"] > 5 > values["grey"]["colorfulness"]
    assert values["frechet_ratio"] > 0
    assert values["people"]["faces"] == 0
    assert values["people"]["natural"] is None
    assert f"{values['model']['psnr']:.2f}" in done.stdout
    assert Image.open(sheet).size[0] > 3 * 64
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "report.json", "sheet.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data=photos"], "--model must have a value"),
        (["--model=nowhere", "--data=photos"], "nowhere"),
        (["--model=m", "--data=p", "--sheet=sheet.gif"], "--sheet must end in .png. Received: sheet.gif"),
        (["--model=m", "--data=p", "extra"], "Received: extra"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, message):
    done = _run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help_needs_no_tensorflow():
    code = "import sys, colorgan_tf.evaluate; sys.exit('tensorflow' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
