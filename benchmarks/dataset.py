"""Measures the input pipeline alone against what the training step of a preset uses.

    python -m benchmarks.dataset [--data=shards/] [--preset=patent] [--precision=auto]

Without --data, pair files of 1920 x 960 are made for the occasion. Pipeline and step are measured in turns, each with
the machine to itself; wanted is a pipeline at least 4 times as fast, so that it never holds training up.
"""

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import machine, train_step
from colorgan_tf import command
from colorgan_tf import config as config_lib

WANTED = 4.0
_WARMUP = 3  # batches that a new pipeline needs to get going
_MADE = 32  # pair files


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("data", None, "Folder of shards, pair files or photographs.")
    flags.DEFINE_enum("preset", "patent", list(config_lib.PRESETS), "What is trained.")
    flags.DEFINE_string("precision", "auto", "Of the step: auto, float32, mixed_bfloat16 or mixed_float16.")
    flags.DEFINE_integer("rounds", 5, "Measurements of each kind.", lower_bound=1)
    flags.DEFINE_integer("batches", 16, "Batches that the pipeline makes in a round.", lower_bound=1)
    flags.DEFINE_integer("steps", 2, "Training steps in a round.", lower_bound=1)


def measure(
    config: config_lib.Config, data: Path, precision: str, rounds: int, batches: int, steps: int
) -> dict[str, list[float]]:
    """Returns the pictures a second of the pipeline and of the step, one of each for each round."""
    from colorgan_tf.training import distribution
    from pipelines.data import dataset

    source = dataset.open_source(data)
    batch = config.runtime.batch
    policy, _ = distribution.precision_policy(precision)
    step = functools.partial(train_step.project_step(config, precision), train_step.random_batch(config))
    step()
    step()
    kind = "pictures in shards" if source.sharded else "pair files" if source.paired else "photographs"
    print(f"{config.preset}, {policy}, batch {batch}; {source.count} {kind}; measuring {rounds} rounds", flush=True)

    def pipeline_rate() -> float:
        # Each round opens the stream anew: one that was left waiting has batches in store.
        stream = iter(dataset.training(source, config.data, batch, seed=0))
        _take(stream, _WARMUP)
        return batches * batch / machine.spent(lambda: _take(stream, batches)).wall

    def step_rate() -> float:
        return steps * batch / machine.spent(lambda: [step() for _ in range(steps)]).wall

    return machine.rounds({"pipeline": pipeline_rate, "step": step_rate}, rounds)


@contextlib.contextmanager
def made_pairs(count: int, height: int = 960) -> Iterator[Path]:
    """A folder of pair files, grey left and colour right, of textured noise that costs JPEG what photographs cost.

    Args:
        count: of files.
        height: of a file in pixels; it is twice as wide.
    """
    from PIL import Image

    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="pairs.") as folder:
        for number in range(count):
            coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), np.uint8))
            smooth = np.asarray(coarse.resize((height, height), Image.Resampling.BICUBIC), np.float32)
            grain = generator.normal(0.0, 8.0, (height, height, 1)).astype(np.float32)
            colour = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
            pair = Image.new("RGB", (2 * height, height))
            pair.paste(colour.convert("L").convert("RGB"), (0, 0))
            pair.paste(colour, (height, 0))
            pair.save(Path(folder, f"{number:05d}.jpg"), quality=90)
        yield Path(folder)


def _take(stream: Iterator, count: int) -> None:
    for _ in range(count):
        next(stream)


def main(argv: list[str]) -> None:
    """Measures and prints both rates and their ratio."""
    del argv
    values = flags.FLAGS
    print(machine.describe(), flush=True)
    config = config_lib.preset(values.preset)
    with contextlib.nullcontext(Path(values.data)) if values.data else made_pairs(_MADE) as folder:
        figures = measure(config, folder, values.precision, values.rounds, values.batches, values.steps)
    for name, rates in figures.items():
        median, low, high = machine.spread(rates)
        print(f"{name:<10}{median:8.1f} pictures/s   quartiles {low:.1f} to {high:.1f}")
    ratio, low, high = machine.ratios(figures["pipeline"], figures["step"])
    print(f"{'ratio':<10}{ratio:8.1f}              quartiles {low:.1f} to {high:.1f}   wanted >= {WANTED}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
