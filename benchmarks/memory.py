"""Measures the largest memory of short training runs, on few pictures and on many.

    python -m benchmarks.memory [--preset=patent] [--batch=4] [--steps=4] [--pictures=1500,6000] [--data=shards/]

Each run is a process of its own: `python -m colorgan_tf.train`, validation and checkpoint included. Without --data,
shards are made for the occasion. Wanted: under 8 GB for preset `patent` at batch 4, and no more for more pictures.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf import config as config_lib
from colorgan_tf.errors import PartialFailure

WANTED = 8.0  # GB
_SIDE = 512  # pixels of A and of B; larger ones would only make the shards larger
_DISTINCT = 64  # pictures; the others repeat them


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_enum("preset", "patent", list(config_lib.PRESETS), "What is trained.")
    flags.DEFINE_enum("precision", "auto", list(config_lib.Precision), "Of both networks' layers.")
    flags.DEFINE_integer("batch", 4, "Pictures a step.", lower_bound=1)
    flags.DEFINE_integer("steps", 4, "Steps of each run.", lower_bound=1)
    # More than the shuffle buffer holds, or a larger set would fill more of it.
    flags.DEFINE_list("pictures", ["1500", "6000"], "Sizes of the made data sets.")
    flags.DEFINE_string("data", None, "Train on this folder instead, once.")


def run(data: Path, preset: str, precision: str, batch: int, steps: int) -> float:
    """Trains for a few steps in a process of its own and returns its largest memory in GB.

    Raises:
        PartialFailure: if the run fails.
    """
    with tempfile.TemporaryDirectory(prefix="run.") as workdir:
        options = {"data": data, "workdir": workdir, "preset": preset, "precision": precision}
        options |= {"batch": batch, "steps": steps, "checkpoint_every": steps}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "colorgan_tf.train", *arguments], stdout=output, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                output.seek(0)
                lines = output.read().strip().splitlines() or ["no output"]
                raise PartialFailure(f"The run must finish. It ended with {process.returncode}: {lines[-1]}")
    return machine.peak_memory(usage)


def make_shards(folder: Path, count: int, files: int = 16) -> None:
    """Writes shards of made pair files, as `pipelines.shards` does, many of them alike.

    Args:
        folder: to be made.
        count: of pictures.
        files: of shards.
    """
    from PIL import Image

    from pipelines.data import shards

    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="pairs.") as pairs:
        for number in range(count):
            path = Path(pairs, f"{number:06d}.jpg")
            if number < _DISTINCT:
                coarse = Image.fromarray(generator.integers(0, 256, (16, 64, 3), np.uint8))
                smooth = np.asarray(coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC), np.int16)
                noisy = np.clip(smooth + generator.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8)
                Image.fromarray(np.concatenate([noisy, noisy], axis=1)).save(path, quality=90)
            else:
                os.link(Path(pairs, f"{number % _DISTINCT:06d}.jpg"), path)
        shards.write(Path(pairs), folder, "made", files)


def main(argv: list[str]) -> None:
    """Measures each run and prints one line for it."""
    del argv
    values = flags.FLAGS
    print(machine.describe(), flush=True)
    print(f"preset {values.preset}, {values.precision}, batch {values.batch}, {values.steps} steps", flush=True)
    options = (values.preset, values.precision, values.batch, values.steps)
    if values.data:
        _report(values.data, run(Path(values.data), *options))
        return
    peaks = []
    for count in map(int, values.pictures):
        with tempfile.TemporaryDirectory(prefix="shards.") as folder:
            shards = Path(folder, "made")
            # In a process of its own too: a child's peak would begin at what this process holds.
            maker = multiprocessing.get_context("spawn").Process(target=make_shards, args=(shards, count))
            maker.start()
            maker.join()
            peaks.append(run(shards, *options))
        _report(f"{count} pictures", peaks[-1])
    print(f"growth from the first to the last: {1000 * (peaks[-1] - peaks[0]):+.0f} MB   wanted: none")


def _report(name: str, peak: float) -> None:
    print(f"{name:<20}{peak:6.2f} GB   wanted: under {WANTED:g} (preset patent, batch 4)", flush=True)


if __name__ == "__main__":
    define_flags()
    command.run(main)
