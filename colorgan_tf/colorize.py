"""Command: colours pictures and folders of pictures.

python -m colorgan_tf.colorize PICTURE_OR_FOLDER... --model=saved_models/colorgan --output=out/
"""

from absl import flags

from colorgan_tf import command
from colorgan_tf.command import InputError, PartialFailure

FORMATS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp", "tiff": ".tiff", "bmp": ".bmp"}
WORKERS = 2

_MODEL = flags.DEFINE_string(
    "model",
    None,
    "What colours: a SavedModel folder, a .tflite file or a training run. Default: the model that came with this.",
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the results; a folder's tree is kept below it. Required.")
_QUALITY = flags.DEFINE_enum(
    "quality",
    "good",
    ["fast", "good", "best"],
    "fast: plain enlarging. good: colour edges follow the picture. best: slower, averaged.",
)
_SATURATION = flags.DEFINE_float(
    "saturation", 1.0, "Strength of the colours; 0 is grey.", lower_bound=0.0, upper_bound=10.0
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Colour again what is finished; else a result that is there is left alone."
)
_SIDE_BY_SIDE = flags.DEFINE_bool(
    "side_by_side", False, "Write the original left and the result right, in one picture."
)
_FORCE = flags.DEFINE_bool("force", False, "Colour pictures that are in colour already; else they are copied.")
_FORMAT = flags.DEFINE_enum("format", None, list(FORMATS), "Format of the results. Default: each picture's own.")


def main(argv: list[str]) -> None:
    """Colours what the command line names."""
    if not argv[1:]:
        raise InputError("Pictures or folders to colour are expected. Received: none. See --help.")
    if not _OUTPUT.value:
        raise InputError("`--output` must name the folder of the results. Received: none.")
    import logging
    import warnings

    from colorgan_tf import backends
    from colorgan_tf.colorizer import Colorizer
    from pipelines import batch, stills
    from pipelines.still_work import StillWork

    # What Pillow notes of damaged metadata is of no use to a person; damaged pixels are an error.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.ERROR)
    found = batch.find(argv[1:], _OUTPUT.value, list(stills.SUFFIXES), FORMATS.get(_FORMAT.value or ""))
    backend = backends.load(_MODEL.value or backends.default_path())
    colorizer = Colorizer(backend, _QUALITY.value, _SATURATION.value)
    work = StillWork(colorizer, _SIDE_BY_SIDE.value, _FORCE.value)
    outcomes = _with_progress(batch.run(found.jobs, work, WORKERS, _OVERWRITE.value), len(found.jobs))
    _report(outcomes, list(found.faults))


def _with_progress(outcomes, total: int) -> list:
    from tqdm import tqdm

    return list(tqdm(outcomes, total=total, unit="picture", disable=None))  # no bar where the output is not a terminal


def _report(outcomes: list, faults: list[str]) -> None:
    words = {
        "coloured": "coloured",
        "copied": "copied",
        "skipped": "skipped (finished before; --overwrite does them again)",
    }
    for outcome in outcomes:
        if outcome.note and outcome.state != "failed":
            print(f"{outcome.job.source}: {outcome.note}{', copied' if outcome.state == 'copied' else ''}")
    counts = {state: sum(outcome.state == state for outcome in outcomes) for state in words}
    faults += [outcome.note for outcome in outcomes if outcome.state == "failed"]
    summary = ", ".join(f"{count} {words[state]}" for state, count in counts.items() if count)
    print(f"{summary or 'nothing coloured'}{f', {len(faults)} failed' if faults else ''}: {_OUTPUT.value}")
    if faults:
        raise PartialFailure(f"{len(faults)} failed:\n" + "\n".join(f"  {fault}" for fault in faults))


if __name__ == "__main__":
    command.run(main)
