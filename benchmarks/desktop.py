"""Measures the desktop program: how soon its window can be seen, how large it is, how fast a photo gains colour.

    python -m benchmarks.desktop [--app=dist/colorgan] [--rounds=3] [--json=figures.json]

measures the executable's folder that `make app` made, and the same program run by Python. Without a display the window
opens in preferences (Qt's offscreen platform).
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
_PHOTO = (4000, 3000)
_SHOWN = "--exit_when_shown"


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("app", "dist/colorgan", "The folder that `make app` made.")
    flags.DEFINE_string(
        "model", None, "What colours, in the program run by Python. Default: the one that came with this."
    )
    flags.DEFINE_integer("rounds", 3, "Starts that are measured; the median counts.", lower_bound=1)
    flags.DEFINE_string("json", None, "File for the figures.")


def environment(folder: Path) -> dict[str, str]:
    """Returns the environment for a program that leaves nothing in the user's own folders."""
    places = {name: str(folder) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    display = {} if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"}
    return os.environ | places | display


def seconds_to_window(program: list[str], folder: Path) -> float:
    """Returns the time from the start of a program until its window has been painted."""
    began = time.perf_counter()
    process = subprocess.Popen([*program, _SHOWN], env=environment(folder), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    shown = any(line.strip() == "shown" for line in iter(process.stdout.readline, ""))
    taken = time.perf_counter() - began
    process.communicate()
    if not shown:
        raise InputError(f"The window must open. Received: {program[0]} with exit code {process.returncode}.")
    return taken


def seconds_to_colour(program: list[str], folder: Path) -> float:
    """Returns the time that a 12-megapixel photo takes, with the program's start and the loading of the model."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (30, 40), np.uint8))
    coarse.resize(_PHOTO, Image.Resampling.BICUBIC).save(folder / "photo.jpg", quality=90)
    began = time.perf_counter()
    arguments = [*program, str(folder / "photo.jpg"), f"--output={folder / 'out'}"]
    subprocess.run(arguments, env=environment(folder), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(programs: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Takes the figures of programs; seconds."""
    figures: dict[str, float] = {}
    for name, program in programs.items():
        with tempfile.TemporaryDirectory(prefix="desktop.") as folder:
            starts = [seconds_to_window(program, Path(folder)) for _ in range(rounds)]
            figures[f"{name}: first start to window, s"] = starts[0]
            figures[f"{name}: start to window, median, s"] = statistics.median(starts)
            figures[f"{name}: 12-megapixel photo without a window, s"] = seconds_to_colour(program, Path(folder))
    return figures


def main(argv: list[str]) -> None:
    """Measures and prints."""
    if argv[1:]:
        raise InputError(f"Flags only are expected. Received: {' '.join(argv[1:])}.")
    from serving.desktop.packaging import build

    model = [f"--model={FLAGS.model}"] if FLAGS.model else []
    programs = {"by Python": [sys.executable, "-m", "serving.desktop", *model]}
    app = Path(FLAGS.app)
    figures: dict[str, float] = {}
    if (app / "colorgan").is_file():
        programs = {"executable": [str((app / "colorgan").resolve())]} | programs
        figures["executable: size of its folder, MB"] = build.size(app) / 1e6
    else:
        print(f"There is no executable in {app} yet; `make app` builds it.")
    figures |= measure(programs, FLAGS.rounds)
    for name, value in figures.items():
        print(f"{name:56}{value:10.2f}")
    if FLAGS.json:
        Path(FLAGS.json).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    define_flags()
    command.run(main)
