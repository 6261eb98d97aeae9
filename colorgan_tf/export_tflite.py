"""Command: converts an exported model to TensorFlow Lite, for phones and for fast work on processors.

    python -m colorgan_tf.export_tflite --model=saved_models/colorgan --output=out/
        [--precision=float32,float16,int8] [--calibration=photos/] [--data=photos/]

writes for each precision a file for any size that the model's multiple divides, one for 256 x 256 pixels and one for
256 x 512 (height x width), the settings of each beside it (NAME.json), and a report of size, time and quality. With
--data, int8 is handed out only if it loses at most 0.3 dB PSNR and 10 % of the Frechet gain.
"""

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

if TYPE_CHECKING:  # TensorFlow is not imported for --help
    from colorgan_tf.export.tflite import Converter
    from colorgan_tf.export.tflite_report import Measuring, Row

PRECISIONS = ("float32", "float16", "int8")
REPORT = "tflite_report"
_COMPARED = 8  # pictures on which each file is compared with the SavedModel
_SIZE = 256  # side of the squares that quality is measured on


def define_flags() -> None:
    """Defines this command's flags."""
    examples = Path(__file__).parent.parent / "examples" / "photos"
    flags.DEFINE_string("model", None, "SavedModel: a servable's folder, or one of its versions.")
    flags.DEFINE_string("output", None, "Folder for the files.")
    flags.DEFINE_list("precision", list(PRECISIONS), f"Which of {', '.join(PRECISIONS)}.")
    flags.DEFINE_string("calibration", str(examples), "Folder of pictures in which int8 finds its ranges.")
    flags.DEFINE_integer("calibration_pictures", 100, "Most of them, evenly spread.", lower_bound=1)
    flags.DEFINE_string("data", None, "Folder of colour pictures to measure quality on.")
    flags.DEFINE_integer("limit", 0, "Most of them, evenly spread; 0 for all.", lower_bound=0)
    flags.DEFINE_integer("runs", 20, "Runs measured for the time.", lower_bound=1)


def export(
    model: str | Path,
    output: str | Path,
    precisions: Iterable[str],
    calibration: Sequence[np.ndarray],
    true: np.ndarray | None = None,
    runs: int = 20,
    say: Callable[[str], None] = print,
) -> str:
    """Converts a model; writes files, settings and report.

    Args:
        model: path of the SavedModel.
        output: folder for the files.
        precisions: of `PRECISIONS`.
        calibration: luma pictures `[height, width, 1]` in [0, 1], for int8 and for comparing with the SavedModel.
        true: colour pictures uint8 `[n, size, size, 3]` to measure quality on; None for no such measuring.
        runs: measured for the time.
        say: is told each file that is done.

    Returns:
        The report as a Markdown table.

    Raises:
        InputError: if there is no such model, or `output` cannot be written.
    """
    from colorgan_tf import evaluate
    from colorgan_tf.export import tflite_report
    from colorgan_tf.export.tflite import Converter

    converter = Converter(model)
    compared = calibration[:: max(1, len(calibration) // _COMPARED)][:_COMPARED]
    measuring = tflite_report.Measuring(converter.backend, compared, true, runs)
    output = Path(output)
    rows: list[Row] = []
    try:
        output.mkdir(parents=True, exist_ok=True)
        for precision in precisions:
            rows += _of_precision(converter, precision, calibration, measuring, output / _name(Path(model)), say)
        told = {"saved_model": measuring.reference, "files": [dataclasses.asdict(row) for row in rows]}
        evaluate.write_json(told, output / f"{REPORT}.json")
        report = tflite_report.table(rows, measuring.reference)
        (output / f"{REPORT}.md").write_text(report + "\n")
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {error}.") from error
    return report


def read_lumas(folder: str | Path, limit: int) -> list[np.ndarray]:
    """Reads pictures for calibration: luma `[height, width, 1]` in [0, 1], their centre squares.

    Raises:
        InputError: if there are none.
    """
    from colorgan_tf import color, evaluate

    return [color.luma(square / np.float32(255)) for square in evaluate.load_pictures(folder, _SIZE, limit).pictures]


def _of_precision(
    converter: "Converter",
    precision: str,
    calibration: Sequence[np.ndarray],
    measuring: "Measuring",
    stem: Path,
    say: Callable[[str], None],
) -> "list[Row]":
    """Makes the files of one precision, that for any size first: if it is refused, the others are not made."""
    from colorgan_tf.export.tflite import SHAPES, Variant

    rows: list[Row] = []
    for variant in (Variant(precision, shape) for shape in SHAPES):
        path = stem.with_name(f"{stem.name}_{variant.name}.tflite")
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as folder:
            made = Path(folder) / path.name
            made.write_bytes(converter.convert(variant, calibration))
            made.with_suffix(".json").write_text(json.dumps(converter.settings(variant), indent=2) + "\n")
            row = measuring.row(made, variant)
            rows.append(row)
            if not row.refused:
                os.replace(made.with_suffix(".json"), path.with_suffix(".json"))
                os.replace(made, path)
        say(f"{path}: " + (row.refused or f"{row.megabytes:.1f} MB, {row.milliseconds[2]:.0f} ms"))
        if row.refused:
            # Those of an earlier export must not be taken for this model's.
            for stale in stem.parent.glob(f"{stem.name}_{precision}_*"):
                stale.unlink()
            break
    return rows


def _name(model: Path) -> str:
    """The servable's name, also where one of its versions is named."""
    model = model.resolve()
    return model.parent.name if model.name.isdigit() else model.name


def main(argv: list[str]) -> None:
    """Converts the model that the flags name."""
    values = flags.FLAGS
    if len(argv) > 1:
        raise InputError(f"export_tflite takes flags only. Received: {argv[1]}.")
    for name in ("model", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    unknown = [each for each in values.precision if each not in PRECISIONS]
    if unknown or not values.precision:
        raise InputError(
            f"`precision` must be of {', '.join(PRECISIONS)}. Received: {', '.join(unknown) or 'nothing'}."
        )
    from colorgan_tf import evaluate

    calibration = read_lumas(values.calibration, values.calibration_pictures)
    true = evaluate.load_pictures(values.data, _SIZE, values.limit).pictures if values.data else None
    print(export(values.model, values.output, values.precision, calibration, true, values.runs))


if __name__ == "__main__":
    define_flags()
    command.run(main)
