"""Command: builds the desktop program as a folder that runs without Python.

python -m serving.desktop.packaging.build [--model=saved_models/colorgan] [--output=dist]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

_SPEC = Path(__file__).with_name("desktop.spec")


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "What colours: a .tflite file, or a SavedModel, which is converted to float16.")
    flags.DEFINE_string("output", "dist", "Folder in which the program's folder, colorgan, is made.")


def build(model: Path, output: Path) -> Path:
    """Builds the program.

    Args:
        model: a .tflite file for any size, or a SavedModel.
        output: folder for it.

    Returns:
        Its folder.

    Raises:
        InputError: PyInstaller is missing or fails, or there is no such model.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=output) as place:
        file = model if model.suffix == ".tflite" else _converted(model, Path(place) / "model")
        places = [f"--distpath={place}/dist", f"--workpath={place}/work"]
        arguments = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level=ERROR", *places, str(_SPEC)]
        done = subprocess.run(arguments, env=os.environ | {"MODEL": str(file)}, check=False)
        if done.returncode:
            raise InputError(
                f"PyInstaller must succeed; `make app` installs it. Received: exit code {done.returncode}."
            )
        target = output / "colorgan"
        shutil.rmtree(target, ignore_errors=True)
        os.replace(Path(place) / "dist" / "colorgan", target)
    return target


def size(folder: Path) -> int:
    """Returns the bytes of all files in a folder; a file with several names counts once."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(path.stat().st_size for path in files)


def _converted(model: Path, folder: Path) -> Path:
    from colorgan_tf.export.tflite import Converter, Variant

    converter, variant = Converter(model), Variant("float16", None)
    made = folder / "colorgan.tflite"
    folder.mkdir()
    made.write_bytes(converter.convert(variant))
    made.with_suffix(".json").write_text(json.dumps(converter.settings(variant), indent=2) + "\n")
    return made


def main(argv: list[str]) -> None:
    """Builds what the flags ask for."""
    from serving.desktop import model_choice

    if argv[1:]:
        raise InputError(f"Flags only are expected. Received: {' '.join(argv[1:])}.")
    folder = build(model_choice.chosen(flags.FLAGS.model), Path(flags.FLAGS.output).resolve())
    print(f"{folder / 'colorgan'}: {size(folder) / 1e6:.0f} MB in all")


if __name__ == "__main__":
    define_flags()
    command.run(main)
