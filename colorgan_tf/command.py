"""What every command shares: flag parsing, start-up silence and errors for people.

A command module defines its absl flags and a `main(argv)`, and ends with

    if __name__ == "__main__":
        command.run(main)

TensorFlow is imported inside `main`, never at the top of a module that defines flags, so that `--help` is instant.
"""

import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from absl import app, flags, logging

from colorgan_tf.errors import InputError, PartialFailure, TrainingDiverged
from colorgan_tf.tensorflow_environment import silence_tensorflow


def _parse_flags(argv: Sequence[str]) -> list[str]:
    if {"--help", "-help", "-h", "-?"} & set(argv[1:]):
        with contextlib.suppress(BrokenPipeError):  # `--help | head`
            print(_usage(), flush=True)
        sys.exit(0)
    try:
        return flags.FLAGS(list(argv))
    except flags.Error as error:
        _exit(error, 2)


def _exit(error: BaseException, code: int) -> NoReturn:
    print(f"{_name()}: {error}", file=sys.stderr)
    sys.exit(code)


def _name() -> str:
    program = Path(sys.argv[0])
    return program.parent.name if program.stem == "__main__" else program.stem


def _usage() -> str:
    """Returns the text of --help; it calls the command what its user calls it, also where that is a built program."""
    module = sys.modules["__main__"]
    own = module.__spec__.name.removesuffix(".__main__") if module.__spec__ else ""
    called = f"python -m {own}"
    if getattr(sys, "frozen", False):
        called = _name()
    elif cli := sys.modules.get("colorgan_tf.cli"):  # which started this command
        called = next((f"colorgan {name}" for name, (path, _) in cli.COMMANDS.items() if path == own), called)
    _, _, listed = flags.FLAGS.main_module_help().strip().partition("\n")  # the first line is a path
    return re.sub(r"python -m [\w.]+", called, module.__doc__ or "") + f"\nFlags:\n{listed}"


def run(main: Callable[[list[str]], object]) -> None:
    """Parses the flags and calls `main(argv)`.

    Exit codes: 0 done, 1 some inputs failed, 2 bad input or bad flags, 130 stopped by Ctrl-C.
    """
    silence_tensorflow()
    logging.set_verbosity(logging.WARNING)

    def guarded(argv: list[str]) -> None:
        try:
            main(argv)
        except InputError as error:
            _exit(error, 2)
        except (PartialFailure, TrainingDiverged) as error:
            _exit(error, 1)
        except KeyboardInterrupt:
            _exit(KeyboardInterrupt("stopped"), 130)

    app.run(guarded, flags_parser=_parse_flags)
