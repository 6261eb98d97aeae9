"""Command: trains ColorGAN on a folder of shards, pair files or photographs.

    python -m colorgan_tf.train --data=shards/ --workdir=runs/a --preset=patent

Stop it at any moment and start the same command again: it is resumed at the last checkpoint.
"""

import dataclasses
import importlib.util
import math
import os
import sys
from typing import Any

from absl import flags

from colorgan_tf import command
from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError

# Flags that set an option of `config.Runtime`.
_RUNTIME_FLAGS = ("batch", "checkpoint_every", "backend", "strategy", "precision", "seed", "deterministic")


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("data", None, "Folder of shards, pair files or photographs.")
    flags.DEFINE_string("workdir", None, "Folder of the run: configuration, checkpoints, log, samples.")
    flags.DEFINE_string("validation", None, "Folder of the validation set; else a few of --data are held out.")
    flags.DEFINE_string("start", None, "Run or exported model, of the same network, to begin with.")
    flags.DEFINE_enum("preset", "patent", list(config_lib.PRESETS), "What to train and how.")
    flags.DEFINE_integer("steps", None, "Steps of all phases together.")
    flags.DEFINE_float("time_limit", None, "Minutes after which to stop, with a checkpoint.", lower_bound=0.0)
    flags.DEFINE_integer("batch", None, "Pictures a step, over all replicas.")
    flags.DEFINE_integer("checkpoint_every", None, "Steps between checkpoints.")
    flags.DEFINE_enum_class("backend", None, config_lib.Backend, "What Keras computes with; jax is an extra.")
    flags.DEFINE_enum_class("strategy", None, config_lib.Strategy, "How the work is spread.")
    flags.DEFINE_enum_class("precision", None, config_lib.Precision, "Of both networks' layers.")
    flags.DEFINE_integer("seed", None, "Seed of everything random.")
    flags.DEFINE_bool("deterministic", None, "Repeat bit for bit on the same machine, somewhat slower.")
    flags.DEFINE_multi_string("set", [], "Any option of the configuration, for example model.filters=32.")
    flags.DEFINE_bool("dry_run", False, "Print the configuration and the networks, and stop.")


def resolve() -> config_lib.Config:
    """Returns the configuration that the flags ask for."""
    values = flags.FLAGS
    config = config_lib.override(config_lib.preset(values.preset), values.set)
    given: dict[str, Any] = {name: values[name].value for name in _RUNTIME_FLAGS if values[name].value is not None}
    config = dataclasses.replace(config, runtime=dataclasses.replace(config.runtime, **given))
    if values.steps is not None:
        config = config.with_steps(values.steps)
    return config_lib.validate(config)


def main(argv: list[str]) -> None:
    """Trains, or describes what would be trained."""
    if len(argv) > 1:
        raise InputError(f"Flags are expected, as in --data=FOLDER. Received: {argv[1]}.")
    config = resolve()
    if config.runtime.backend == config_lib.Backend.JAX and importlib.util.find_spec("jax") is None:
        raise InputError("`backend=jax` needs JAX: pip install 'colorgan-tf[jax]'. Received: no package jax.")
    os.environ["KERAS_BACKEND"] = config.runtime.backend  # Keras reads it when it is imported
    values = flags.FLAGS
    if values.dry_run:
        describe(config)
        return
    for name in ("data", "workdir"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")

    from colorgan_tf.training import loop

    limit = None if values.time_limit is None else 60.0 * values.time_limit
    outcome = loop.train(config, values.data, values.workdir, values.validation, values.start, limit)
    if outcome.finished:
        best = math.nan if outcome.best is None else outcome.best
        print(f"finished {outcome.step} steps in {values.workdir}; best Frechet distance {best:.1f}")
    else:
        print(f"stopped at step {outcome.step} of {config.steps}; the same command resumes it")
        sys.exit(130)  # so that `train && export` does not export half a run


def describe(config: config_lib.Config) -> None:
    """Prints the resolved configuration and a summary of both networks."""
    from colorgan_tf.training.gan import ColorGAN

    print(config_lib.to_json(config))
    gan = ColorGAN(config)
    gan.generator.network.summary(line_length=110)
    gan.adversary.network.summary(line_length=110)


if __name__ == "__main__":
    define_flags()
    command.run(main)
