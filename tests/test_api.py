"""What `import colorgan_tf` offers: one call for a file of any kind, and the Colorizer for arrays."""

import doctest
import importlib
import inspect
import subprocess
import sys

import made_uploads
import numpy as np
import pytest
from PIL import Image

import colorgan_tf
from colorgan_tf.errors import InputError


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A grey picture in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(made_uploads.picture("PNG"))
    return tmp_path / "photo.png"


@pytest.mark.parametrize("documented", [colorgan_tf.colorize, colorgan_tf.Colorizer])
def test_the_examples_of_the_docstrings_are_true(documented, photo):
    runner = doctest.DocTestRunner()
    (test,) = (each for each in doctest.DocTestFinder(recurse=False).find(documented, globs={}))
    assert test.examples
    assert runner.run(test).failed == 0


def test_import_is_light():
    code = "import sys, colorgan_tf\nprint(sorted({'tensorflow', 'keras', 'cv2', 'av', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_colorize_stays_the_function_beside_the_command_of_the_same_name():
    module = importlib.import_module("colorgan_tf.colorize")
    assert inspect.ismodule(module) and module.define_flags
    assert inspect.isfunction(colorgan_tf.colorize)
    from colorgan_tf import colorize

    assert colorize is colorgan_tf.colorize


def test_every_name_that_is_offered_is_there():
    assert all(getattr(colorgan_tf, name) for name in colorgan_tf.__all__)
    with pytest.raises(AttributeError, match="no attribute 'uncolorize'"):
        _ = colorgan_tf.uncolorize


def test_the_content_says_what_a_file_is(tmp_path):
    gif, film = tmp_path / "named_wrongly.jpg", tmp_path / "film.mkv"
    gif.write_bytes(made_uploads.animation())
    made_uploads.film(film, frames=3)
    coloured = colorgan_tf.colorize(gif, quality="fast")
    assert coloured == tmp_path / "named_wrongly-coloured.gif" and Image.open(coloured).n_frames == 6
    assert colorgan_tf.colorize(film, quality="fast") == tmp_path / "film-coloured.mkv"
    assert colorgan_tf.colorize(gif, quality="fast").name == "named_wrongly-coloured-2.gif"


def test_a_saturation_of_nought_is_grey(photo):
    pixels = np.asarray(Image.open(colorgan_tf.colorize(photo, "out", quality="fast", saturation=0.0)))
    assert np.ptp(pixels.astype(int), axis=-1).max() <= 1


def test_what_cannot_be_coloured_raises_a_readable_error(tmp_path):
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir or Madam")
    with pytest.raises(InputError, match="is expected. Received: .*letter.jpg, which is none of these"):
        colorgan_tf.colorize(letter)
    with pytest.raises(InputError, match="gone.jpg"):
        colorgan_tf.colorize(tmp_path / "gone.jpg")
    with pytest.raises(InputError, match="`quality` must be one of fast, good, best"):
        colorgan_tf.Colorizer.load(quality="superb")
    with pytest.raises(InputError, match="must not be given together"):
        colorgan_tf.colorize(letter, model="a", server="b:1")
