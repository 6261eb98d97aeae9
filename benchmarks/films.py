"""Measures colouring of film: steadiness and colour on colour clips, and where the time goes.

    python -m benchmarks.films --model=saved_models/colorgan clip.mp4 ... [--limit=96] [--json=figures.json]
    python -m benchmarks.films --speed [--model=...] film.mp4 [--steady=low] [--quality=fast] [--every=1]

The first form turns each clip to grey, colours it and prints warp error, CDC and colourfulness of the grey clip, the
true one, frame by frame colouring and both levels of stabilization. The second colours a film and prints frames a
second, the processor's time a frame and the largest memory; without --model a network that costs nothing shows what is
left for a real one.
"""

import dataclasses
import json
import os
import resource
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError
from colorgan_tf.inference.quality import Quality
from pipelines.motion.steady import DEFAULT_STEADY, Steady

if TYPE_CHECKING:
    from colorgan_tf.inference.colorizer import Colorizer
    from pipelines.films.colorize import FilmOptions

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Model to measure: a SavedModel folder, a .tflite or .onnx file or a training run.")
flags.DEFINE_boolean("speed", False, "Measure speed instead of steadiness.")
flags.DEFINE_enum("steady", DEFAULT_STEADY, list(Steady), "Temporal stabilization, with --speed.")
flags.DEFINE_enum("quality", Quality.FAST, list(Quality), "Quality of colorizer and encoder.")
flags.DEFINE_integer("every", None, "Colour at least every n-th frame; by the quality if not given.", lower_bound=1)
flags.DEFINE_integer("batch", 4, "Frames that the network gets at once.", lower_bound=1)
flags.DEFINE_integer("limit", 96, "Frames of each clip to measure, 0 for all.", lower_bound=0)
flags.DEFINE_string("json", None, "File for the figures.")


class FreeBackend:
    """A network that costs nothing and colours everything in one warm tone."""

    input_resolution, multiple, identity = 256, 32, "free"

    def luma_to_chroma(self, luma: np.ndarray) -> np.ndarray:
        """Returns a constant chroma."""
        return np.broadcast_to(np.array([-0.05, 0.08], np.float32), (*luma.shape[:3], 2)).copy()


def _colorizer() -> "Colorizer":
    from colorgan_tf.inference import backends
    from colorgan_tf.inference.colorizer import Colorizer

    return Colorizer(backends.load(FLAGS.model) if FLAGS.model else FreeBackend(), FLAGS.quality)


def _options() -> "FilmOptions":
    from pipelines.films.colorize import FilmOptions

    return FilmOptions(
        quality=FLAGS.quality, steady=FLAGS.steady, every=FLAGS.every, batch=FLAGS.batch, resume=False, force=True
    )


def speed(path: str) -> dict[str, float]:
    """Colours a film into a temporary file and returns figures of its speed, in seconds, milliseconds and gigabytes."""
    from pipelines.films.colorize import colorize_film

    colorizer = _colorizer()
    with tempfile.TemporaryDirectory(prefix="films.") as folder:
        output = os.path.join(folder, "film" + os.path.splitext(path)[1])
        began, cpu = time.perf_counter(), time.process_time()
        report = colorize_film(path, output, colorizer, _options())
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    figures = {
        "frames": report.frames,
        "coloured by the network": report.colored,
        "frames a second": report.frames / wall,
        "processor ms a frame": 1000 * cpu / report.frames,
        "peak memory GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    for stage, seconds in report.stage_seconds.items():
        figures[f"{stage} ms a frame"] = 1000 * seconds / report.frames
    return figures


def main(argv: list[str]) -> None:
    """Measures each film of the command line."""
    if len(argv) < 2:
        raise InputError("Films must be named after the flags. Received: none.")
    if not FLAGS.speed and not FLAGS.model:
        raise InputError("`--model` must be given to measure steadiness. Received: none.")
    results: dict[str, dict[str, Any]] = {}
    for path in argv[1:]:
        print(os.path.basename(path), flush=True)
        if FLAGS.speed:
            results[path] = speed(path)
            for name, value in results[path].items():
                print(f"  {name:26}{value:10.2f}", flush=True)
        else:
            from colorgan_tf.evaluation import film_measure

            rows = film_measure.measure(path, _colorizer(), _options(), FLAGS.limit)
            results[path] = {row.name: dataclasses.asdict(row) for row in rows}
            print(film_measure.to_table(rows), flush=True)
    if FLAGS.json:
        with open(FLAGS.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    command.run(main)
