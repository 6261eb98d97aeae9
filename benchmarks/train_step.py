"""Measures the training step of preset `patent` against a plain TensorFlow pix2pix step, in one run.

    python -m benchmarks.train_step [--filters=64] [--batch=4] [--rounds=7]

The plain step (`benchmarks.pix2pix`) is the one of TensorFlow's tutorial, with the same widths, batch and size, in
float32. Steps are measured in turns. A ratio is the plain step's time over this project's, round by round: above 1, the
project is faster. This project's step does more: it also averages the generator's weights, for example.
"""

import dataclasses
import functools
from collections.abc import Callable

from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf import config as config_lib

PLAIN = "plain pix2pix, float32"
WANTED = {"float32": 1.0, "mixed_bfloat16": 1.5}


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_integer("filters", 64, "Filters of the outermost blocks, in both networks.", lower_bound=1)
    flags.DEFINE_integer("batch", 4, "Pictures a step.", lower_bound=1)
    flags.DEFINE_integer("rounds", 7, "Steps measured of each kind.", lower_bound=1)
    flags.DEFINE_list("precision", list(WANTED), "Precisions of this project's step.")


def project_step(config: config_lib.Config, precision: str) -> Callable:
    """Builds this project's training step as `loop` runs it on one device.

    Args:
        config: of the run; its last phase is trained.
        precision: as `--precision` of the training command.

    Returns:
        A function of a batch (luma, chroma) that trains once and returns the losses.

    Raises:
        InputError: if there is no such precision.
    """
    import tensorflow as tf

    from colorgan_tf.networks.precision import dtype_policy
    from colorgan_tf.training import distribution
    from colorgan_tf.training.gan import ColorGAN

    config = config_lib.override(config, [f"runtime.precision={precision}"])
    strategy, _ = distribution.choose("one")
    policy, _ = distribution.precision_policy(config.runtime.precision)
    with dtype_policy(policy), strategy.scope():
        gan = ColorGAN(config)
        gan.build_optimizers()
    gan.begin(config.phases[-1])

    @tf.function
    def train_step(batch):
        scores = strategy.run(gan.train_step, args=(batch,))
        return {name: strategy.reduce("MEAN", score, axis=None) for name, score in scores.items()}

    return train_step


def random_batch(config: config_lib.Config):
    """Returns luma and chroma of noise, in the configuration's batch and window."""
    import tensorflow as tf

    width, height = config.data.window
    shape = (config.runtime.batch, height, width)
    luma = tf.random.stateless_uniform((*shape, 1), [0, 1])
    return luma, tf.random.stateless_uniform((*shape, 2), [0, 2], -0.3, 0.3)


def measure(filters: int, batch: int, rounds: int, precisions: list[str]) -> dict[str, list[machine.Spent]]:
    """Returns what a step took by its name, once for each round."""
    from benchmarks import pix2pix

    config = config_lib.preset("patent")
    config = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, filters=filters, discriminator_filters=filters),
        runtime=dataclasses.replace(config.runtime, batch=batch),
    )
    pair = random_batch(config)
    plain, parameters = pix2pix.step(filters)
    print(f"generator of {parameters / 1e6:.1f} M parameters, batch {batch} of 512 x 256", flush=True)
    steps: dict[str, Callable[[], object]] = {PLAIN: functools.partial(plain, *pair)}
    for precision in precisions:
        steps[precision] = functools.partial(project_step(config, precision), pair)
    for step in steps.values():  # traced, then once more: the first steps also fill oneDNN's caches
        step()
        step()
    print(f"measuring {rounds} rounds", flush=True)
    return machine.rounds({name: functools.partial(machine.spent, step) for name, step in steps.items()}, rounds)


def main(argv: list[str]) -> None:
    """Measures and prints one line for each step."""
    del argv
    values = flags.FLAGS
    print(machine.describe(), flush=True)
    figures = measure(values.filters, values.batch, values.rounds, values.precision)
    walls = {name: [each.wall for each in spent] for name, spent in figures.items()}
    print(f"{'step':<24}{'s a step':>9}{'pictures/s':>12}{'core s':>8}{'ratio':>8}  quartiles     by core s  wanted")
    for name, spent in figures.items():
        median, processor = machine.spread(walls[name])[0], machine.spread([each.processor for each in spent])[0]
        line = f"{name:<24}{median:9.3f}{values.batch / median:12.2f}{processor:8.2f}"
        if name != PLAIN:
            ratio, low, high = machine.ratios(walls[PLAIN], walls[name])
            of_cores, _, _ = machine.ratios(
                [each.processor for each in figures[PLAIN]], [each.processor for each in spent]
            )
            line += f"{ratio:8.2f}  {low:.2f} to {high:.2f}{of_cores:13.2f}"
            line += f"  >= {WANTED[name]}" if name in WANTED else ""
        print(line)


if __name__ == "__main__":
    define_flags()
    command.run(main)
