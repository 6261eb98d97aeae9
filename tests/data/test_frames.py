"""Frames from films: what is taken, what is dropped, and that the pictures are what a player shows."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from colorgan_tf.errors import InputError
from pipelines.data import frame_extraction, frame_selection
from pipelines.media import writing

ROOT = Path(__file__).parents[2]
SHARED_FILMS = ROOT.parent / "shared/data/films"


def scene(seed, height=96, width=128):
    """A smooth colour picture, different for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def grey(rgb):
    return np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, axis=2)


def write_film(path, pictures, codec="libx264rgb", pix_fmt="rgb24", rate=25, prepare=lambda stream: None, **options):
    """Writes RGB pictures, or planes `[3, height, width]` for a yuv444p film."""
    with av.open(str(path), "w", options=options.pop("container_options", {})) as container:
        stream = container.add_stream(codec, rate=rate, options={"crf": "0", **options})
        planar = pix_fmt == "yuv444p"
        stream.height, stream.width = pictures[0].shape[1:] if planar else pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        prepare(stream)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=pix_fmt)))
        container.mux(stream.encode())


def thumbnail(rgb):
    return frame_extraction._thumbnail(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"))


def taken(film, folder, every=1):
    folder.mkdir(exist_ok=True)
    report = frame_extraction.take(film, folder, every)
    return report, [np.asarray(Image.open(path)) for path in sorted(folder.glob("*.jpg"))]


# === Judging ===


@pytest.mark.parametrize("level", [0, 12, 128, 250])
def test_black_frames_and_even_tones_are_black(level):
    noise = np.random.default_rng(0).normal(0, 3, (96, 128, 3))
    assert frame_selection.is_black(thumbnail(np.clip(level + noise, 0, 255).astype(np.uint8)))


def test_a_dark_scene_with_a_light_in_it_is_not_black():
    night = scene(1) // 16
    night[20:60, 30:70] = (255, 200, 90)
    assert not frame_selection.is_black(thumbnail(night))


def test_grey_and_toned_frames_are_grey():
    plain = grey(scene(2))
    luma = plain[..., :1] / 255.0
    sepia = (255 * luma * np.array([1.0, 0.86, 0.68])).astype(np.uint8)
    blue_shadows = (255 * (luma + (1 - luma) * np.array([0.0, 0.05, 0.25]))).clip(0, 255).astype(np.uint8)
    for toned in (plain, sepia, blue_shadows):
        assert frame_selection.is_grey(thumbnail(toned))


def test_colour_frames_are_not_grey_even_if_only_a_part_has_colour():
    assert not frame_selection.is_grey(thumbnail(scene(2)))
    touch = grey(scene(2)).copy()
    touch[30:50, 30:60] = (200, 30, 40)
    assert not frame_selection.is_grey(thumbnail(touch))


def test_a_cut_is_seen_and_motion_is_not_taken_for_one():
    wide = scene(3, 96, 160)
    assert frame_selection.is_cut(thumbnail(scene(3)), thumbnail(scene(4)))
    assert not frame_selection.is_cut(thumbnail(wide[:, :128]), thumbnail(wide[:, 2:130]))


# === Films ===


def test_near_duplicates_within_a_shot_black_and_grey_frames_are_dropped_and_counted(tmp_path):
    black = np.zeros((96, 128, 3), np.uint8)
    shots = [black] * 10 + [scene(1)] * 30 + [scene(2)] * 20 + [grey(scene(3))] * 20 + [scene(1)] * 20
    write_film(tmp_path / "film.mkv", shots)
    report, pictures = taken(tmp_path / "film.mkv", tmp_path / "film", every=10)
    # Looked at: frame 0 black; 10, 20, 30 first scene; 40, 50 second; 60, 70 grey; 80, 90 the first scene, a new shot.
    assert report.counts == frame_extraction.Counts(kept=3, duplicate=4, black=1, grey=2)
    assert report.warning == ""
    names = [path.name for path in sorted((tmp_path / "film").iterdir())]
    assert names == [
        "film_frame000010_t00000.400s.jpg",
        "film_frame000040_t00001.600s.jpg",
        "film_frame000080_t00003.200s.jpg",
    ]
    for picture, seed in zip(pictures, (1, 2, 1), strict=True):
        assert np.abs(picture.astype(int) - scene(seed)).mean() < 2


def test_pictures_are_jpeg_with_full_chroma(tmp_path):
    write_film(tmp_path / "film.mkv", [scene(1)])
    taken(tmp_path / "film.mkv", tmp_path / "out")
    with JpegImageFile(next((tmp_path / "out").iterdir())) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # no channel is subsampled


BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)  # luma weights of red and blue


def ycbcr(rgb, weights, full):
    """8-bit YCbCr of ITU-R BT.601 and BT.709, written out."""
    red, blue = weights
    r, g, b = np.moveaxis(rgb / 255.0, -1, 0)
    y = red * r + (1 - red - blue) * g + blue * b
    cb, cr = (b - y) / (2 - 2 * blue), (r - y) / (2 - 2 * red)
    planes = [255 * y, 128 + 255 * cb, 128 + 255 * cr] if full else [16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr]
    return np.stack(planes).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("height", "weights", "full", "matrix"),
    [
        (96, BT601, False, 6),
        (96, BT709, False, 1),
        (96, BT709, True, 1),
        (96, BT601, False, None),
        (720, BT709, False, None),
    ],
)
def test_matrix_and_range_follow_the_tags_or_else_the_size(tmp_path, height, weights, full, matrix):
    rgb = scene(5, height)

    def tag(stream):
        if matrix:
            stream.codec_context.colorspace = matrix
        stream.codec_context.color_range = 2 if full else 1

    write_film(tmp_path / "film.mkv", [ycbcr(rgb, weights, full)], "libx264", "yuv444p", prepare=tag)
    _, (picture,) = taken(tmp_path / "film.mkv", tmp_path / "out")
    difference = np.abs(picture.astype(int) - rgb)
    assert difference.mean() < 2
    assert np.quantile(difference, 0.99) < 8


def test_rotation_and_sample_aspect_ratio_are_applied(tmp_path):
    rgb = scene(6, 96, 128)

    def prepare(stream):
        stream.set_display_rotation(90)
        stream.sample_aspect_ratio = Fraction(4, 3)

    write_film(tmp_path / "film.mp4", [ycbcr(rgb, BT601, False)], "libx264", "yuv444p", prepare=prepare)
    _, (picture,) = taken(tmp_path / "film.mp4", tmp_path / "out")
    assert picture.shape == (171, 96, 3)
    # OpenCV, which turns a film upright too, but leaves its samples as they are.
    reader = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    reader.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    upright = reader.read()[1][..., ::-1]
    assert upright.shape == (128, 96, 3)
    assert np.abs(picture.astype(int) - cv2.resize(upright, (96, 171))).mean() < 3


def test_a_truncated_film_gives_what_it_holds_and_a_warning(tmp_path):
    noise = np.random.default_rng(0).integers(-20, 20, (100, 96, 128, 3))
    pictures = [(scene(number // 10) + noise[number]).clip(0, 255).astype(np.uint8) for number in range(100)]
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    write_film(whole, pictures, container_options={"movflags": "faststart"}, g="10")
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    report, pictures = taken(cut, tmp_path / "cut", every=10)
    assert 3 <= report.counts.kept <= 6
    assert "truncated" in report.warning


def test_frames_that_are_damaged_or_lean_on_damaged_ones_are_not_taken(tmp_path):
    noise = np.random.default_rng(0).integers(-20, 20, (60, 96, 128, 3))
    pictures = [(scene(number // 20) + noise[number]).clip(0, 255).astype(np.uint8) for number in range(60)]
    film = tmp_path / "film.mkv"
    write_film(film, pictures, g="20", bf="0")
    data = bytearray(film.read_bytes())
    for position in range(int(len(data) * 0.4), int(len(data) * 0.5), 500):  # in the second of three groups of 20
        data[position] ^= 0xFF
    film.write_bytes(data)
    report, _ = taken(film, tmp_path / "out")
    assert "damaged" in report.warning
    numbers = [int(path.name[len("out_frame") :][:6]) for path in sorted((tmp_path / "out").glob("*.jpg"))]
    assert {0, 40} <= set(numbers)
    for number, path in zip(numbers, sorted((tmp_path / "out").glob("*.jpg")), strict=True):
        assert np.abs(np.asarray(Image.open(path)).astype(int) - pictures[number]).mean() < 4


# === Many films ===


def test_films_of_the_same_name_do_not_collide_and_output_is_deterministic(tmp_path):
    for folder, seed in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        write_film(tmp_path / folder / "film.mkv", [scene(seed)] * 3)
    films = frame_extraction.find([str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a/film.mkv")])
    assert len(films) == 2
    for output in ("first", "second"):
        reports, failed = frame_extraction.extract(films, tmp_path / output, workers=2)
        assert not failed
        assert [report.counts.kept for report in reports.values()] == [1, 1]
    first, second = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second
    assert len(first) == 4


def test_finished_films_are_not_read_again_and_other_settings_are_refused(tmp_path):
    film = tmp_path / "film.mkv"
    write_film(film, [scene(1)])
    films = frame_extraction.find([str(film)])
    frame_extraction.extract(films, tmp_path / "out", every=5, workers=1)
    film.write_bytes(b"")
    reports, failed = frame_extraction.extract(films, tmp_path / "out", every=5, workers=1)
    assert not failed
    assert reports[films[0]].counts.kept == 1
    with pytest.raises(InputError, match="--every=5. Received: .*--every=6"):
        frame_extraction.extract(films, tmp_path / "out", every=6, workers=1)


def test_a_failure_leaves_nothing_behind_and_a_folder_of_others_is_not_replaced(tmp_path):
    with pytest.raises(RuntimeError), writing.new_folder(tmp_path / "new", "mark") as partial:
        (partial / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/mine.jpg").write_text("x")
    with pytest.raises(InputError, match="holds other files"), writing.new_folder(tmp_path / "photos", "mark", True):
        pass
    assert (tmp_path / "photos/mine.jpg").exists()


def test_no_film_and_a_missing_path_are_refused(tmp_path):
    with pytest.raises(InputError, match="At least one film is expected. Received: none"):
        frame_extraction.find([])
    with pytest.raises(InputError, match="does not exist"):
        frame_extraction.find([str(tmp_path / "missing.mp4")])
    with pytest.raises(InputError, match="At least one film"):
        frame_extraction.find([str(tmp_path)])


def test_the_command_reports_films_that_cannot_be_read_and_goes_on(tmp_path):
    write_film(tmp_path / "good.mkv", [scene(1)])
    (tmp_path / "text.mp4").write_text("not a film")
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    command = [sys.executable, "-m", "pipelines.frames", str(tmp_path), f"--output={tmp_path / 'out'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "good.mkv: 1 kept; dropped: 0 near duplicates, 0 black, 0 grey" in done.stdout
    assert "3 of 4 films could not be read" in done.stderr
    for name in ("text.mp4", "empty.mp4", "sound.mkv"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good"]
    report = json.loads((tmp_path / "out/good/frames.json").read_text())
    assert report["counts"]["kept"] == 1


@pytest.mark.skipif(not SHARED_FILMS.exists(), reason="the shared films are not here")
def test_real_black_and_white_film_is_grey(tmp_path):
    report, pictures = taken(SHARED_FILMS / "bw/damaged_film.mp4", tmp_path / "film", every=2)
    assert not pictures
    assert report.counts.grey == 12
