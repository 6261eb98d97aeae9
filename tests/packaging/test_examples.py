"""The programs in `examples/` run as they are, with the shipped model."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import made_films
import numpy as np
import pytest
from made_pictures import photograph
from PIL import Image

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def example(name, *arguments, cwd):
    command = [sys.executable, str(ROOT / "examples" / name), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def saturation(path):
    return np.asarray(Image.open(path).convert("HSV"), float)[..., 1].mean()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.fromarray(photograph(1, 96, 64)).convert("L").save(path)
    return path


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The embedded server with the shipped model."""
    from serving.client import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [f"--port={port}", "--model_name=colorgan", f"--model_base_path={ROOT / 'saved_models' / 'colorgan'}"]
    server = subprocess.Popen([sys.executable, "-m", "serving.server", *flags], cwd=ROOT, env=ENVIRONMENT)
    try:
        with Client(f"127.0.0.1:{port}", retries=1000, timeout=200) as client:
            client.luma_to_chroma(np.zeros((1, 32, 32, 1), np.float32))
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_they_are_short(path):
    assert len(path.read_text().splitlines()) < 30


def test_a_server_colours_a_photograph(address, photo, tmp_path):
    example("ask_a_server.py", address, photo, tmp_path / "coloured.jpg", cwd=tmp_path)
    assert Image.open(tmp_path / "coloured.jpg").size == (96, 64)
    assert saturation(tmp_path / "coloured.jpg") > 5


def test_a_picture_is_coloured_as_an_array(photo, tmp_path):
    example("colour_a_picture.py", photo, tmp_path / "coloured.png", cwd=tmp_path)
    assert saturation(tmp_path / "coloured.png") > 5
    grey, coloured = (np.asarray(Image.open(path).convert("L"), int) for path in (photo, tmp_path / "coloured.png"))
    assert abs(grey - coloured).max() <= 2


def test_a_film_is_coloured_with_its_sound(tmp_path):
    made_films.make_film(tmp_path / "film.mp4", frames=4, codec="libx264", sound=1)
    assert example("colour_a_film.py", "film.mp4", "coloured.mp4", cwd=tmp_path).startswith("coloured")
    assert len(made_films.lumas(tmp_path / "coloured.mp4")) == 4
    planes = [made_films.first_chroma(tmp_path / "coloured.mp4", index).astype(int) - 128 for index in (1, 2)]
    assert max(abs(plane).mean() for plane in planes) > 1
    assert made_films.packets(tmp_path / "coloured.mp4", "audio") == made_films.packets(tmp_path / "film.mp4", "audio")
