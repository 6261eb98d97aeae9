"""The command `colorgan`: colours what it is given, or runs one of the project's other commands by its short name.

Nothing heavy is imported here, so that `colorgan --help` answers at once.
"""

import runpy
import sys
from collections.abc import Sequence

from colorgan_tf.version import __version__

# By short name: the module that is run, and what it does.
COMMANDS = {
    "colorize": ("colorgan_tf.colorize", "colours pictures, animations and films, and folders of them"),
    "archive": ("pipelines.archive", "colours a whole archive on many machines, over a Ray cluster"),
    "train": ("colorgan_tf.train", "trains a model on photographs, pair files or shards"),
    "evaluate": ("colorgan_tf.evaluate", "measures a model on colour pictures or on a colour film"),
    "average": ("colorgan_tf.average", "averages models that share a beginning into one"),
    "export": ("colorgan_tf.export", "writes a training run as a SavedModel for TensorFlow Serving"),
    "export_tflite": ("colorgan_tf.export_tflite", "writes a model as .tflite files for phones and small machines"),
    "export_onnx": ("colorgan_tf.export_onnx", "writes a model as .onnx files for onnxruntime and browsers"),
    "frames": ("pipelines.frames", "picks frames to train on out of films"),
    "pairs": ("pipelines.pairs", "makes A|B pair files of pictures, and takes them apart"),
    "shards": ("pipelines.shards", "packs pictures into TFRecord shards"),
    "degrade": ("pipelines.degrade", "shows what the degradations of old film look like"),
    "color_bins": ("pipelines.color_bins", "counts the colours of photographs into bins"),
    "serve": ("serving.server", "serves models over gRPC and REST, as TensorFlow Serving does"),
    "web": ("serving.web", "runs the website"),
    "desktop": ("serving.desktop", "opens the desktop program"),
}
USAGE = """\
Colours black-and-white photographs, animations and films; every picture keeps its own luma.

    colorgan FILE_OR_FOLDER... --output=FOLDER      colours, as `colorgan colorize` does
    colorgan COMMAND ...                            runs one of these; `colorgan COMMAND --help` tells its flags

{commands}

A file that is called like a command is given with its folder: ./train. `colorgan --version` prints the version."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what the command line asks for; each command ends the program with an exit code of its own.

    Args:
        arguments: without the program's name; None takes them from `sys.argv`.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments:
        print(f"colorgan: files to colour or a command are expected. Received: none.\n\n{usage()}", file=sys.stderr)
        sys.exit(2)
    first = arguments[0]
    if first in ("--help", "-help", "-h", "-?", "help"):
        print(usage())
    elif first == "--version":
        print(f"colorgan {__version__}")
    else:
        name = first.replace("-", "_")
        rest = arguments[1:] if name in COMMANDS else arguments
        module, _ = COMMANDS.get(name, COMMANDS["colorize"])
        sys.argv = [module, *rest]
        # As `python -m` does: the module finds itself as the main program and defines its flags.
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def usage() -> str:
    """Returns the text of `--help`."""
    width = max(map(len, COMMANDS))
    return USAGE.format(commands="\n".join(f"    {name:{width}}  {text}" for name, (_, text) in COMMANDS.items()))
