"""A wheel, installed outside the checkout, brings the command, the models and the interface for Python.

Nothing is downloaded: the environment that it is installed into sees the dependencies of the one that runs the tests.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import made_films
import numpy as np
import pytest
from made_pictures import photograph
from PIL import Image

pytest.importorskip("build", reason="`make test` installs what builds the wheel.")
pytest.importorskip("setuptools", minversion="77", reason="`make test` installs what builds the wheel.")

ROOT = Path(__file__).parents[2]
SOURCES = ["colorgan_tf", "pipelines", "serving", "saved_models", "pyproject.toml", "README.md", "LICENSE"]
TOUR = """
import importlib.metadata, json
import numpy as np
from PIL import Image
import colorgan_tf
luma = np.asarray(Image.open("photo.jpg"), np.float32)[..., None] / 255
Image.fromarray(colorgan_tf.Colorizer.load(quality="fast").picture(luma)).save("coloured.png")
print(json.dumps({
    "package": colorgan_tf.__file__,
    "result": colorgan_tf.colorize("photo.jpg", quality="fast").name,
    "version": [colorgan_tf.__version__, importlib.metadata.version("colorgan-tf")],
}))
"""


def run(*command, cwd=None):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(each) for each in command], cwd=cwd, env=environment, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the checkout: a build leaves folders behind, and takes in those of a build before."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "checkout").mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "checkout" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / "checkout")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "checkout")
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of the environment's programs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    programs = folder / "bin"
    options = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", *options, wheel)
    places = json.loads(
        run(programs / "python", "-c", "import json, sysconfig; print(json.dumps(sysconfig.get_paths()))")
    )
    dependencies = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (Path(places["purelib"]) / "dependencies.pth").write_text("\n".join(dependencies))
    return programs


def grey(path, **options):
    Image.fromarray(photograph(1, 96, 64)).convert("L").save(path, **options)
    return path


def test_it_holds_models_data_and_licences_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in ("colorgan_tf", "pipelines", "serving"):
        files = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if path.is_file()}
        assert {str(path) for path in files if "__pycache__" not in path.parts} <= names
    assert {
        "saved_models/colorgan/1/saved_model.pb",
        "saved_models/colorgan/1/variables/variables.data-00000-of-00001",
        "saved_models/colorgan/1/assets.extra/colorgan.json",
        "saved_models/colorgan.tflite",
        "saved_models/efficientnet_lite0/weights.npz",
        "saved_models/efficientnet_lite0/LICENSE",
    } <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "colorgan_tf", "pipelines", "serving", "saved_models",
    }  # fmt: skip
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_command_colours_a_picture_a_gif_and_a_film(installed, tmp_path):
    grey(tmp_path / "photo.jpg")
    frames = [Image.fromarray(np.roll(photograph(2, 96, 64), 2 * shift, axis=1)).convert("L") for shift in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=80)
    made_films.make_film(tmp_path / "film.mp4", frames=4, codec="libx264", sound=1)
    run(installed / "colorgan", "photo.jpg", "moving.gif", "film.mp4", "--output=out", cwd=tmp_path)
    out = tmp_path / "out"
    assert saturation(Image.open(out / "photo.jpg")) > 5
    assert saturation(Image.open(out / "moving.gif")) > 5
    assert Image.open(out / "moving.gif").n_frames == 3
    planes = [made_films.first_chroma(out / "film.mp4", index) for index in (1, 2)]
    assert max(np.abs(plane.astype(int) - 128).mean() for plane in planes) > 1
    assert len(made_films.packets(out / "film.mp4", "audio")[0]) > 0


def test_the_package_colours_from_python(installed, tmp_path):
    grey(tmp_path / "photo.jpg")
    told = json.loads(run(installed / "python", "-c", TOUR, cwd=tmp_path).splitlines()[-1])
    assert Path(told["package"]).is_relative_to(installed.parent)
    assert told["version"][0] == told["version"][1]
    assert saturation(Image.open(tmp_path / "coloured.png")) > 5
    assert saturation(Image.open(tmp_path / told["result"])) > 5


def test_the_command_lists_what_it_can_do_without_loading_tensorflow(installed, tmp_path):
    probe = "import sys; from colorgan_tf import cli; sys.argv = ['colorgan', '--help']\n"
    probe += (
        "try:\n    cli.main()\nfinally:\n    print(sorted({'tensorflow', 'keras', 'cv2', 'av'} & set(sys.modules)))"
    )
    assert run(installed / "python", "-c", probe, cwd=tmp_path).splitlines()[-1] == "[]"
    listed = run(installed / "colorgan", "--help", cwd=tmp_path)
    assert all(name in listed for name in ("colorize", "train", "evaluate", "export", "serve", "web", "desktop"))


def saturation(picture):
    return np.asarray(picture.convert("HSV"), float)[..., 1].mean()
