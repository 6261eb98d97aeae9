"""Measures what each old-film degradation costs for one picture on one core, inside tf.data as in training.

    python -m benchmarks.degrade --height=256 --width=256

Printed for every effect: milliseconds when it strikes at its harsh end, its chance in training, and what it so adds to
the mean picture; then the measured means of whole presets. The cost of an empty tf.data step is subtracted.
"""

import dataclasses
import os
import time

from absl import flags

from colorgan_tf import command

FLAGS = flags.FLAGS
flags.DEFINE_integer("height", 256, "Height of the picture in pixels.", lower_bound=32)
flags.DEFINE_integer("width", 256, "Width of the picture in pixels.", lower_bound=32)
flags.DEFINE_integer("repeats", 300, "Pictures measured for each row.", lower_bound=10)


@dataclasses.dataclass(frozen=True)
class Cost:
    """One row: an effect or preset, its cost in milliseconds a picture, and its chance in [0, 1]."""

    name: str
    milliseconds: float
    chance: float


def measure(height: int, width: int, repeats: int) -> tuple[list[Cost], list[Cost]]:
    """Returns the costs of all effects and those of the presets, for pictures of one size."""
    import tensorflow as tf

    from pipelines.degrade import EVALUATION, TRAINING, Degradation, degrade, operations, stock

    coarse = tf.random.stateless_uniform([height // 16, width // 16, 3], [1, 2])
    # Texture as in a photograph: a smooth picture would make JPEG look cheap.
    texture = tf.random.stateless_normal([height, width, 1], [3, 4], stddev=0.04)
    rgb = tf.clip_by_value(tf.image.resize(coarse, [height, width], "bicubic") + texture, 0.0, 1.0)
    luma = stock.grey(rgb, tf.constant(stock.BT601))

    def time_of(step) -> float:
        options = tf.data.Options()
        options.threading.private_threadpool_size = 1
        seeds = tf.data.Dataset.range(repeats + 10).map(lambda i: tf.stack([i, i + 7]))
        steps = iter(seeds.map(step).with_options(options))
        for _ in range(10):
            next(steps)
        start = time.perf_counter()
        for _ in steps:
            pass
        return (time.perf_counter() - start) * 1000.0 / repeats

    empty = time_of(lambda seed: tf.cast(seed, tf.float32))
    rows = []
    for kind in (stock.orthochromatic, stock.panchromatic):
        effect = getattr(TRAINING, kind.__name__)
        spent = time_of(lambda seed, k=kind, e=effect: k(tf.constant(e.strong), seed)) - empty
        rows.append(Cost(kind.__name__, spent, effect.probability * (1.0 - TRAINING.clean)))
    rows.append(Cost("grey", time_of(lambda seed: stock.grey(rgb, tf.constant(stock.BT601))) - empty, 1.0))
    for name, operation in operations().items():
        effect = getattr(TRAINING, name)
        spent = time_of(lambda seed, o=operation, e=effect: o(luma, tf.constant(e.strong), seed)) - empty
        rows.append(Cost(name, spent, effect.probability * (1.0 - TRAINING.clean)))
    presets = {
        "clean": Degradation(clean=1.0),
        "training": TRAINING,
        "training, none clean": dataclasses.replace(TRAINING, clean=0.0),
        "evaluation": EVALUATION,
    }
    means = [
        Cost(name, time_of(lambda seed, p=preset: degrade(rgb, seed, p)) - empty, 1.0)
        for name, preset in presets.items()
    ]
    return rows, means


def main(argv: list[str]) -> None:
    """Measures on one core and prints the tables."""
    del argv
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    rows, means = measure(FLAGS.height, FLAGS.width, FLAGS.repeats)
    print(f"{FLAGS.width}x{FLAGS.height}, one core, {FLAGS.repeats} pictures a row")
    print(f"{'effect':<22}{'ms':>7}{'chance':>9}{'mean ms':>9}")
    for row in rows:
        print(f"{row.name:<22}{row.milliseconds:7.2f}{row.chance:9.2f}{row.milliseconds * row.chance:9.2f}")
    print()
    for row in means:
        print(f"{row.name:<22}{row.milliseconds:7.2f} ms a picture")


if __name__ == "__main__":
    command.run(main)
