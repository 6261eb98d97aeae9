"""Command: measures a model on a folder of colour pictures, beside the grey copy.

    python -m colorgan_tf.evaluate --model=MODEL --data=photos/ [--json=report.json] [--sheet=sheet.png]
        [--quality=good] [--size=256] [--limit=N] [--degraded] [--hints]
    python -m colorgan_tf.evaluate --model=MODEL --film=clip.mp4

Each picture is brought to a short side of `--size`, its centre square is cut, and the model sees the luma alone. Faces
and skin are measured in whole pictures.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure
from colorgan_tf.inference.quality import Quality
from pipelines.media import writing


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
    flags.DEFINE_bool("hints", False, "Also tell the model 1 to 50 true colours of each picture.")
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

    from colorgan_tf.evaluation import film_measure, sheet
    from colorgan_tf.evaluation.evaluator import Evaluator, InputFn
    from colorgan_tf.evaluation.hints import hint_curve
    from colorgan_tf.evaluation.people import measure_people
    from colorgan_tf.evaluation.true_pictures import load_pictures
    from colorgan_tf.inference.backend import HINTS_TO_CHROMA, require
    from colorgan_tf.inference.colorizer import Colorizer

    colorizer = Colorizer.load(args.model, quality=args.quality)
    if args.hints:
        require(colorizer.backend, HINTS_TO_CHROMA)
    if args.film:
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
    people = measure_people(
        loaded.whole, colorizer.chroma, input_fn, lambda each: tqdm(each, unit="picture", desc="people", disable=None)
    )
    print(report.table())
    print(people.table())
    told: dict[str, dict[str, float]] = {}
    if args.hints:
        curve = hint_curve(loaded.pictures, colorizer, lambda each: tqdm(each, desc="hints", disable=None))
        told["psnr_by_hints"] = {str(count): value for count, value in curve.items()}
        by_count = ", ".join(f"{value:.2f} with {count}" for count, value in curve.items())
        print(f"PSNR dB by true hints      {by_count}")
    if args.json:
        chosen = {"model_path": args.model, "data": args.data, "quality": args.quality, "degraded": args.degraded}
        writing.write_text(args.json, json.dumps(chosen | report.to_dict() | people.to_dict() | told, indent=2) + "\n")
    if args.sheet:
        names = [path.name for path in loaded.files]
        pages = sheet.write(evaluator, colorizer.chroma, input_fn, args.sheet, args.sheet_pictures, names)
        print("contact sheet: " + ", ".join(str(page) for page in pages))
    if loaded.bad:
        lines = [f"{path}: {reason}" for path, reason in loaded.bad]
        total = len(loaded.bad) + len(loaded.files)
        raise PartialFailure("\n  ".join([f"{len(loaded.bad)} of {total} pictures could not be read:", *lines]))


if __name__ == "__main__":
    define_flags()
    command.run(main)
