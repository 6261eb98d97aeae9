"""Command: trains ColorGAN on a folder of shards, pair files or photographs.

    python -m colorgan_tf.train --data=shards/ --workdir=runs/a --preset=patent

Stop it at any moment and start the same command again: it goes on where the last checkpoint stands.
"""

import dataclasses

from absl import flags

from colorgan_tf import command
from colorgan_tf import config as config_lib

_DATA = flags.DEFINE_string("data", None, "Folder of shards, pair files or photographs.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run: configuration, checkpoints, log, samples.")
_VALIDATION = flags.DEFINE_string("validation", None, "Folder of pictures to watch; else a few of --data are held out.")
_PRESET = flags.DEFINE_string("preset", "patent", f"One of {', '.join(config_lib.PRESETS)}.")
_STEPS = flags.DEFINE_integer("steps", None, "Steps of all phases together.")
_BATCH = flags.DEFINE_integer("batch", None, "Pictures a step, over all replicas.")
_CHECKPOINT_EVERY = flags.DEFINE_integer("checkpoint_every", None, "Steps between checkpoints.")
_STRATEGY = flags.DEFINE_string("strategy", None, "auto, one, mirrored, multiworker or tpu.")
_PRECISION = flags.DEFINE_string("precision", None, "auto, float32, mixed_bfloat16 or mixed_float16.")
_SEED = flags.DEFINE_integer("seed", None, "Seed of everything random.")
_DETERMINISTIC = flags.DEFINE_bool("deterministic", None, "Repeat bit for bit on the same machine, somewhat slower.")
_SET = flags.DEFINE_multi_string("set", [], "Any option of the configuration, for example model.filters=32.")
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the configuration and the networks, and stop.")

_RUNTIME_FLAGS = {
    "batch": _BATCH,
    "checkpoint_every": _CHECKPOINT_EVERY,
    "strategy": _STRATEGY,
    "precision": _PRECISION,
    "seed": _SEED,
    "deterministic": _DETERMINISTIC,
}


def resolve() -> config_lib.Config:
    """Returns the configuration that the flags ask for."""
    runtime = [f"runtime.{name}={_text(flag.value)}" for name, flag in _RUNTIME_FLAGS.items() if flag.value is not None]
    config = config_lib.override(config_lib.preset(_PRESET.value), [*_SET.value, *runtime])
    if _STEPS.value is not None:
        config = config_lib.with_steps(config, _STEPS.value)
    return config_lib.validate(dataclasses.replace(config, preset=_PRESET.value))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def main(argv: list[str]) -> None:
    """Trains, or describes what would be trained."""
    if len(argv) > 1:
        raise command.InputError(f"Flags are expected, as in --data=FOLDER. Received: {argv[1]}.")
    config = resolve()
    if _DRY_RUN.value:
        describe(config)
        return
    for name, flag in (("data", _DATA), ("workdir", _WORKDIR)):
        if not flag.value:
            raise command.InputError(f"`{name}` must name a folder. Received: nothing.")

    from colorgan_tf import callbacks, loop

    try:
        outcome = loop.train(config, _DATA.value, _WORKDIR.value, _VALIDATION.value)
    except callbacks.Diverged as error:
        raise command.PartialFailure(error) from error
    if outcome.finished:
        best = "" if outcome.best is None else f"; best Frechet distance {outcome.best:.1f}"
        print(f"finished {outcome.step} steps in {_WORKDIR.value}{best}")
    else:
        print(f"stopped at step {outcome.step} of {config.steps}; the same command goes on from there")


def describe(config: config_lib.Config) -> None:
    """Prints the resolved configuration and a summary of both networks."""
    from colorgan_tf.gan import ColorGAN

    print(config_lib.to_json(config))
    gan = ColorGAN(config)
    gan.generator.summary(line_length=110)
    gan.discriminator.summary(line_length=110)


if __name__ == "__main__":
    command.run(main)
