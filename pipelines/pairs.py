"""Command: pictures in, A|B pair files out (the same scene twice, side by side, 2:1), and back.

    python -m pipelines.pairs frames/ --output=pairs/ [--size=960] [--format=jpeg|png]
    python -m pipelines.pairs pairs/ --split --output=halves/

A and B are the same in a pair file that is made here: the loader turns A into grey.
"""

from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure
from pipelines.data.pair_files import FORMATS, convert


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string("output", None, "The new folder.", required=True)
    flags.DEFINE_bool("split", False, "Take pair files apart into A/ and B/.")
    flags.DEFINE_integer("size", 960, "The largest side of a half in pixels; smaller pictures stay as they are.", 8)
    flags.DEFINE_enum("format", "jpeg", list(FORMATS), "File format of the results; jpeg is quality 95, 4:4:4.")
    flags.DEFINE_bool("overwrite", False, "Replace a finished output folder.")


def main(argv: list[str]) -> None:
    """Makes pair files of the folder named, or takes them apart, and reports."""
    from tqdm import tqdm

    args = flags.FLAGS
    if len(argv) != 2:
        raise InputError(f"One folder is expected. Received: {' '.join(argv[1:]) or 'none'}.")
    count, failed = convert(Path(argv[1]), Path(args.output), args.split, args.size, args.format, args.overwrite, tqdm)
    print(f"{count} pairs {'taken apart into A/ and B/ below' if args.split else 'written to'} {args.output}")
    if failed:
        lines = [f"{file}: {reason}" for file, reason in failed.items()]
        raise PartialFailure("\n  ".join([f"{len(failed)} pictures could not be used:", *lines]))


if __name__ == "__main__":
    define_flags()
    command.run(main)
