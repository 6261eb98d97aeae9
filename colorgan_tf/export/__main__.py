"""Command: exports a training run as a SavedModel, the next version of a servable.

    python -m colorgan_tf.export --workdir=runs/a --output=saved_models/mine

writes `saved_models/mine/1/`, or `/2/` when there is a 1 already.
"""

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError
from colorgan_tf.export.saved_model import export


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("workdir", None, "Folder of the training run.")
    flags.DEFINE_string("output", None, "Folder of the servable; the next version is written into it.")
    flags.DEFINE_enum("weights", "best", ["best", "last"], "Which of the run's weights.")


def main(argv: list[str]) -> None:
    """Exports the run that the flags name."""
    values = flags.FLAGS
    for name in ("workdir", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    print(f"exported {export(values.workdir, values.output, values.weights)}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
