import os
import subprocess
import sys
from pathlib import Path

import made_uploads
import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from serving.desktop import __main__ as program
from serving.desktop import transform_img
from serving.desktop.session import input_files
from serving.jobs.limits import check_upload

ROOT = Path(__file__).parents[2]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    return path


def test_a_picture_is_coloured_beside_the_original(photo, tflite_model):
    result = transform_img(photo, model=tflite_model)
    assert result == photo.with_name("photo-coloured.png")
    rgb, grey = pixels(result), pixels(photo)
    assert np.abs(rgb @ [0.299, 0.587, 0.114] - grey[..., 0]).max() <= 1
    assert (rgb[..., 0] > rgb[..., 2]).mean() > 0.9  # V = 0.1, U = -0.05: red up, blue down
    assert sorted(path.name for path in photo.parent.iterdir()) == ["photo-coloured.png", "photo.png"]


def test_a_second_result_does_not_overwrite_the_first(photo, tflite_model, tmp_path):
    output = tmp_path / "out"
    first = transform_img(photo, output, model=tflite_model)
    second = transform_img(str(photo), output, model=tflite_model, strength=0.0)
    assert (first.name, second.name) == ("photo-coloured.png", "photo-coloured-2.png")
    assert np.ptp(pixels(second), axis=-1).max() <= 1 < np.ptp(pixels(first), axis=-1).max()


def test_gif_and_film_are_coloured_by_their_content(tflite_model, tmp_path):
    gif, film = tmp_path / "named_wrongly.jpg", tmp_path / "film.mp4"
    gif.write_bytes(made_uploads.animation())
    made_uploads.film(film)
    coloured = transform_img(gif, model=tflite_model)
    assert coloured.suffix == ".gif" and Image.open(coloured).n_frames == 6
    assert transform_img(film, model=tflite_model).suffix == ".mp4"


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".mov", ".ts"])
def test_a_film_keeps_its_container_as_on_the_command_line(tflite_model, tmp_path, suffix):
    made_uploads.film(tmp_path / f"film{suffix}", frames=5)
    coloured = transform_img(tmp_path / f"film{suffix}", model=tflite_model)
    assert coloured.name == f"film-coloured{suffix}"
    assert check_upload(coloured, input_files.LIMITS).suffix == suffix


def test_what_cannot_be_coloured_raises_a_readable_error(tflite_model, tmp_path, photo):
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir or Madam")
    with pytest.raises(InputError, match="letter.jpg: This is not a picture"):
        transform_img(letter, model=tflite_model)
    with pytest.raises(InputError, match="can no longer be found"):
        transform_img(tmp_path / "gone.jpg", model=tflite_model)
    with pytest.raises(InputError, match="`strength` must be a number from 0 to 2. Received: 3"):
        transform_img(photo, model=tflite_model, strength=3)
    with pytest.raises(InputError, match="`quality` must be one of"):
        transform_img(photo, model=tflite_model, quality="superb")
    with pytest.raises(InputError, match="The model must be"):
        transform_img(photo, model=tmp_path / "no_model")


def command(*arguments):
    line = [sys.executable, "-m", "serving.desktop", *map(str, arguments)]
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in screens}
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env=environment)


def test_the_command_colours_without_a_window(photo, tflite_model, tmp_path):
    done = command(photo, f"--model={tflite_model}", f"--output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"1 coloured: {tmp_path / 'out'}"
    assert np.ptp(pixels(tmp_path / "out" / "photo.png"), axis=-1).max() > 1


def test_the_command_takes_folders_and_goes_on_after_a_bad_file(photo, tflite_model, tmp_path):
    album = tmp_path / "album" / "1931"
    album.mkdir(parents=True)
    (album / "a.jpg").write_text("Dear Sir or Madam")
    (album / "b.png").write_bytes(photo.read_bytes())
    done = command(album.parent, photo, f"--model={tflite_model}", f"--output={tmp_path / 'out'}")
    assert done.returncode == 1
    assert done.stdout.strip() == f"2 coloured, 1 failed: {tmp_path / 'out'}"
    assert "desktop: 1 failed:\n" in done.stderr and "a.jpg" in done.stderr
    assert (tmp_path / "out" / "album" / "1931" / "b.png").exists() and (tmp_path / "out" / "photo.png").exists()


def test_help_calls_the_command_what_its_user_calls_it():
    line = "import sys; sys.frozen = True; sys.argv = ['/opt/colorgan/colorgan', '--help']; "
    line += f"exec(compile(open({program.__file__!r}).read(), 'program', 'exec'), globals())"
    built = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, timeout=60)
    assert "\ncolorgan FILE_OR_FOLDER... --output=FOLDER" in built.stdout, built.stderr
    assert "python" not in built.stdout and ".py" not in built.stdout and "serving." not in built.stdout
    assert "--saturation" in built.stdout
    part = [sys.executable, "-m", "colorgan_tf", "desktop", "--help"]
    assert "\ncolorgan desktop [FILE" in subprocess.run(part, capture_output=True, text=True, timeout=60).stdout


def test_the_command_says_in_one_line_what_is_wrong(tmp_path):
    for arguments, text in (
        ((f"--model={tmp_path / 'none'}",), "The model must be"),
        (("--model=a", "--server=b:1"), "`--model` and `--server` must not be given together"),
    ):
        done = command(*arguments)
        assert done.returncode == 2
        assert text in done.stderr and done.stderr.count("\n") == 1


def test_without_a_screen_the_command_says_so(tflite_model):
    pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is needed; `make desktop` does it.", exc_type=ImportError)
    done = command(f"--model={tflite_model}")
    assert done.returncode == 2
    # Where a library of Qt is missing as well, that is said first.
    assert "needs a screen" in done.stderr or "All libraries that the window needs" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_missing_library_is_said_with_the_packages_that_bring_it(tmp_path):
    """As whoever has the built program alone needs it; `make desktop` installs the same ones."""
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("raise ImportError('libEGL.so.1: cannot open')")
    line = [sys.executable, "-m", "serving.desktop.qt_check"]
    found = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(line, env=os.environ | {"PYTHONPATH": found}, capture_output=True, text=True, timeout=60)
    packages = subprocess.run(
        [*line, "--packages"], cwd=ROOT, capture_output=True, text=True, timeout=60
    ).stdout.strip()
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"`sudo apt-get install {packages}`" in done.stderr and "libEGL.so.1" in done.stderr
    assert "make" not in done.stderr and packages.startswith("libegl1 ")
    assert "serving.desktop.qt_check --packages" in (ROOT / "Makefile").read_text()
