"""Command: measures a model on a folder of colour pictures, beside the grey copy.

    python -m colorgan_tf.evaluate --model=MODEL --data=photos/ [--json=report.json] [--sheet=sheet.png]
        [--quality=good] [--size=256] [--limit=N] [--degraded]
    python -m colorgan_tf.evaluate --model=MODEL --film=clip.mp4

Each picture is brought to a short side of `--size`, its centre square is cut, and the model sees the luma alone.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image, ImageOps

from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure
from colorgan_tf.inference.quality import Quality
from pipelines.media import writing


@dataclasses.dataclass(frozen=True)
class Loaded:
    """True pictures of one size, and the files that gave none.

    Attributes:
        pictures: uint8 RGB `[n, size, size, 3]`.
        files: the files they come from, in order.
        bad: files that could not be read, each with the reason.
    """

    pictures: np.ndarray
    files: tuple[Path, ...]
    bad: tuple[tuple[Path, str], ...]


def centre_square(image: Image.Image, size: int) -> np.ndarray:
    """Brings a picture to a short side of `size` and cuts its centre square.

    A picture that has the short side already is only cut, never resampled, so its pixels are the file's own.

    Returns:
        uint8 RGB `[size, size, 3]`.
    """
    image = ImageOps.exif_transpose(image).convert("RGB")
    if min(image.size) != size:
        scale = size / min(image.size)
        image = image.resize(
            (max(size, round(image.width * scale)), max(size, round(image.height * scale))), Image.Resampling.LANCZOS
        )
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return np.asarray(image.crop((left, top, left + size, top + size)))


def load_pictures(
    folder: str | Path, size: int = 256, limit: int = 0, progress: Callable[[Iterable], Iterable] = iter
) -> Loaded:
    """Reads the pictures below a folder as true pictures for an `Evaluator`.

    Args:
        folder: searched with its subfolders.
        size: side of the squares, in pixels.
        limit: most pictures, evenly spread over the sorted files; 0 for all.
        progress: wraps the iteration over the files, for example `tqdm`.

    Raises:
        InputError: if the folder is missing, or holds no picture that can be read.
    """
    from colorgan_tf.evaluation.evaluator import spread
    from pipelines.data import pictures

    files = pictures.find(folder)
    files = [files[number] for number in spread(len(files), limit)]
    squares, good, bad = [], [], []
    for path in progress(files):
        fault = pictures.header_fault(path)
        if fault is None:
            try:
                with Image.open(path) as image:
                    squares.append(centre_square(image, size))
                good.append(path)
                continue
            except Exception as error:  # Pillow's readers raise many kinds of error on damaged data
                fault = str(error) or type(error).__name__
        bad.append((path, fault))
    if not squares:
        raise InputError(f"{folder} must hold a picture that can be read. Received: {bad[0][0]}: {bad[0][1]}")
    return Loaded(np.stack(squares), tuple(good), tuple(bad))


def write_json(values: dict, path: Path) -> None:
    """Writes values as JSON beside `path`, then renames."""
    writing.write_text(path, json.dumps(values, indent=2) + "\n")


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string("model", None, "Model to measure: a SavedModel folder or whatever else colours.", required=True)
    flags.DEFINE_string("data", None, "Folder of colour pictures, searched with its subfolders.")
    flags.DEFINE_string("film", None, "Colour clip, in place of --data: steadiness, colour and speed, table only.")
    flags.DEFINE_string("json", None, "File for the report as JSON.")
    flags.DEFINE_string("sheet", None, "PNG for a contact sheet: grey, coloured, true.")
    flags.DEFINE_integer("sheet_pictures", 24, "Pictures on the contact sheet, 12 a page; 0 for all.", lower_bound=0)
    flags.DEFINE_enum("quality", Quality.GOOD, list(Quality), "How much work goes into each picture.")
    flags.DEFINE_bool("degraded", False, "Show the model the pictures as an old, worn film has them.")
    flags.DEFINE_integer("size", 256, "Side of the measured squares, in pixels.", lower_bound=32, upper_bound=4096)
    flags.DEFINE_integer("limit", 0, "Most pictures (evenly spread) or frames; 0 for all.", lower_bound=0)


def main(argv: Sequence[str]) -> None:
    """Measures, prints the table, and writes what was asked for."""
    args = flags.FLAGS
    if len(argv) > 1:
        raise InputError(f"evaluate takes flags only. Received: {argv[1]}")
    if args.sheet and Path(args.sheet).suffix.lower() != ".png":
        raise InputError(f"--sheet must end in .png. Received: {args.sheet}")
    if bool(args.data) == bool(args.film):
        raise InputError(f"One of --data and --film must be given. Received: {'both' if args.data else 'neither'}.")
    from tqdm import tqdm

    from colorgan_tf.evaluation.evaluator import Evaluator, InputFn, spread
    from colorgan_tf.inference import backends
    from colorgan_tf.inference.colorizer import Colorizer
    from pipelines.media.contact_sheet import contact_sheet

    colorizer = Colorizer(backends.load(args.model), quality=args.quality)
    if args.film:
        from colorgan_tf.evaluation import film_measure

        print(film_measure.to_table(film_measure.measure(args.film, colorizer, limit=args.limit)))
        return
    loaded = load_pictures(
        args.data, args.size, args.limit, lambda files: tqdm(files, unit="picture", desc="read", disable=None)
    )
    evaluator = Evaluator(loaded.pictures)
    input_fn: InputFn | None = None
    if args.degraded:
        from pipelines.degrade import degrade_picture

        input_fn = degrade_picture  # the picture's number is the seed
    report = evaluator.report(
        colorizer.chroma, input_fn, lambda batches: tqdm(batches, unit="batch", desc="measure", disable=None)
    )
    print(report.table())
    if args.json:
        told = {
            "model_path": args.model,
            "data": args.data,
            "quality": args.quality,
            "degraded": args.degraded,
            **report.to_dict(),
        }
        write_json(told, Path(args.json))
    if args.sheet:
        numbers = spread(len(loaded.files), args.sheet_pictures)
        shown = (
            evaluator.inputs(numbers, input_fn),
            evaluator.colored(colorizer.chroma, numbers, input_fn),
            loaded.pictures[numbers],
        )
        captions = [loaded.files[number].name for number in numbers]
        pages = contact_sheet(list(zip(*shown, strict=True)), args.sheet, ("grey", "coloured", "true"), captions)
        print("contact sheet: " + ", ".join(str(page) for page in pages))
    if loaded.bad:
        lines = [f"{path}: {reason}" for path, reason in loaded.bad]
        total = len(loaded.bad) + len(loaded.files)
        raise PartialFailure("\n  ".join([f"{len(loaded.bad)} of {total} pictures could not be read:", *lines]))


if __name__ == "__main__":
    define_flags()
    command.run(main)
