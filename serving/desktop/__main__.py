"""Command: the desktop window.

python -m serving.desktop [FILE_OR_FOLDER...] [--model=FOLDER_OR_TFLITE] [--server=localhost:8500]
"""

import multiprocessing
import sys
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string(
        "model",
        None,
        "What colours: a SavedModel folder, a .tflite file or a training run. Default: the model that came with this.",
    )
    flags.DEFINE_string("server", None, "host:port of a TensorFlow Serving to colour with, in place of --model.")
    flags.DEFINE_bool("color_now", False, "Colour the files that are named at once.")
    flags.DEFINE_string("output", None, "Colour the files that are named into this folder, without a window.")
    flags.DEFINE_bool("exit_when_shown", False, "Say so when the window can be seen, and end: for measuring.")


def main(argv: list[str]) -> None:
    """Shows the window until it is closed."""
    from serving.desktop import model_choice, qt_check

    values = flags.FLAGS
    if values.model and values.server:
        raise InputError("`--model` and `--server` must not be given together. Received: both.")
    if values.server and not model_choice.has_tensorflow():
        raise InputError(f"`--server` needs TensorFlow, which is not here. Received: {values.server}.")
    paths = [Path(each) for each in argv[1:]]
    if values.output:
        _without_window(paths, values.output)
        return
    path = None if values.server else model_choice.chosen(values.model)
    qt_check.check_libraries()
    qt_check.check_display()
    from serving.desktop import app
    from serving.jobs.workers import Model

    sys.exit(app.run(Model(path, values.server), paths, values.color_now, values.exit_when_shown))


def _without_window(paths: list[Path], output: str) -> None:
    from serving.desktop import transform_img

    values = flags.FLAGS
    if not paths:
        raise InputError("Files to colour are expected. Received: none.")
    for path in paths:
        print(transform_img(path, output, model=values.model, server=values.server))


def start() -> None:
    """Runs the command; the executable begins here."""
    multiprocessing.freeze_support()
    define_flags()
    command.run(main)


if __name__ == "__main__":
    start()
