"""Command: the desktop window; with `--output` none, and everything as `colorize` does it.

python -m serving.desktop [FILE_OR_FOLDER...] [--model=FOLDER_OR_TFLITE] [--server=localhost:8500]
python -m serving.desktop FILE_OR_FOLDER... --output=FOLDER
"""

import multiprocessing
import sys
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.colorize import define_flags as define_colorize_flags
from colorgan_tf.colorize import main as colorize
from colorgan_tf.errors import InputError


def define_flags() -> None:
    """Defines this command's flags."""
    define_colorize_flags()
    flags.DEFINE_bool("exit_when_shown", False, "Say so when the window can be seen, and end: for measuring.")


def main(argv: list[str]) -> None:
    """Shows the window until it is closed."""
    from serving.desktop import model_choice, qt_check

    values = flags.FLAGS
    if values.model and values.server:
        raise InputError("`--model` and `--server` must not be given together. Received: both.")
    if values.server and not model_choice.has_tensorflow():
        raise InputError(f"`--server` needs TensorFlow, which is not here. Received: {values.server}.")
    path = None if values.server else model_choice.chosen(values.model)
    if values.output:
        colorize(argv)
        return
    qt_check.check_libraries()
    qt_check.check_display()
    from serving.desktop import app
    from serving.jobs.workers import Model

    paths = [Path(each) for each in argv[1:]]
    sys.exit(app.run(Model(path, values.server), paths, values.exit_when_shown))


def start() -> None:
    """Runs the command; the executable begins here."""
    multiprocessing.freeze_support()
    define_flags()
    flags.adopt_module_key_flags(sys.modules[colorize.__module__])  # for --help
    command.run(main)


if __name__ == "__main__":
    start()
