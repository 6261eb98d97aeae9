"""The command `colorgan`: a list of commands at once, colouring by default, each command under its short name."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from colorgan_tf import cli
from colorgan_tf.version import __version__


def colorgan(*arguments):
    line = [sys.executable, "-m", "colorgan_tf", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=300)


def test_help_lists_every_command_with_a_line_and_loads_nothing_heavy():
    code = "import sys\nfrom colorgan_tf import cli\ncli.main(['--help'])\nprint('heavy:', sorted(set(sys.modules)"
    code += " & {'tensorflow', 'keras', 'cv2', 'av', 'numpy', 'absl', 'PIL'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert lines[-1] == "heavy: []"
    for name, (_, text) in cli.COMMANDS.items():
        assert any(line.split(maxsplit=1) == [name, text] for line in lines)


@pytest.mark.parametrize("module", [module for module, _ in cli.COMMANDS.values()])
def test_every_command_is_there(module):
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.submodule_search_locations is None or importlib.util.find_spec(f"{module}.__main__")


def test_version():
    assert colorgan("--version").stdout == f"colorgan {__version__}\n"


def test_nothing_to_do_is_said_with_the_list():
    done = colorgan()
    assert done.returncode == 2
    assert done.stderr.startswith("colorgan: files to colour or a command are expected. Received: none.")


@pytest.mark.parametrize("name", ["average", "export_tflite", "export-tflite", "pairs"])
def test_a_command_has_its_own_help(name):
    done = colorgan(name, "--help")
    assert done.returncode == 0
    assert "--output" in done.stdout and "train a model" not in done.stdout


def test_errors_are_one_line_that_names_the_command(tmp_path):
    done = colorgan("average", tmp_path / "none")
    assert done.returncode == 2
    assert done.stderr.startswith("average: ") and done.stderr.count("\n") == 1
    done = colorgan("gone.jpg", f"--output={tmp_path / 'out'}")
    assert done.returncode == 2
    assert done.stderr == "colorize: Files or folders to colour are expected. Received: gone.jpg: does not exist.\n"


def test_files_are_coloured_without_the_name_of_a_command(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    Image.fromarray(grey).save(tmp_path / "photo.png")
    done = colorgan("--quality=fast", tmp_path / "photo.png", f"--output={tmp_path / 'out'}")
    assert done.returncode == 0, done.stderr
    assert "1 coloured" in done.stdout
    assert np.asarray(Image.open(tmp_path / "out" / "photo.png")).shape == (40, 60, 3)
