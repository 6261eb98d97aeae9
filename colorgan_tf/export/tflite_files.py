"""Exports a model as TensorFlow Lite files, one for each precision and input shape, with settings and a report."""

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from colorgan_tf import color
from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.evaluation import true_pictures
from colorgan_tf.export import tflite_report
from colorgan_tf.export.tflite import SHAPES, Converter, Variant
from colorgan_tf.export.tflite_report import Measuring, Row
from colorgan_tf.inference import model_files
from pipelines.media import writing

REPORT = "tflite_report"
SIZE = 256  # side of the squares that quality is measured on
_COMPARED = 8  # pictures on which each file is compared with the SavedModel


def export(
    model: str | Path,
    output: str | Path,
    precisions: Iterable[str],
    calibration: Sequence[Floats],
    true: Floats | None = None,
    runs: int = 20,
    report: Callable[[str], None] = print,
) -> str:
    """Converts a model; writes files, settings and report.

    Args:
        model: path of the SavedModel.
        output: folder for the files.
        precisions: of "float32", "float16" and "int8".
        calibration: luma pictures `[height, width, 1]` in [0, 1], for int8 and for comparing with the SavedModel.
        true: colour pictures uint8 `[n, size, size, 3]` to measure quality on; None for no such measuring.
        runs: measured for the time.
        report: called with a line about each file that is done.

    Returns:
        The report as a Markdown table.

    Raises:
        InputError: if there is no such model, or `output` cannot be written.
    """
    converter = Converter(model)
    compared = calibration[:: max(1, len(calibration) // _COMPARED)][:_COMPARED]
    measuring = tflite_report.Measuring(converter.backend, compared, true, runs)
    output = Path(output)
    rows: list[Row] = []
    try:
        output.mkdir(parents=True, exist_ok=True)
        for precision in precisions:
            rows += _of_precision(
                converter, precision, calibration, measuring, output / model_files.name(model), report
            )
        measured = {"saved_model": measuring.reference, "files": [dataclasses.asdict(row) for row in rows]}
        writing.write_text(output / f"{REPORT}.json", json.dumps(measured, indent=2) + "\n")
        table = tflite_report.table(rows, measuring.reference)
        writing.write_text(output / f"{REPORT}.md", table + "\n")
    except OSError as error:
        raise InputError(f"`output` must be a folder that can be written. Received: {error}.") from error
    return table


def read_lumas(folder: str | Path, limit: int) -> list[Floats]:
    """Reads pictures for calibration: luma `[height, width, 1]` in [0, 1], their centre squares.

    Raises:
        InputError: if there are none.
    """
    squares = true_pictures.load_pictures(folder, SIZE, limit).pictures
    return [color.luma(square / np.float32(255)) for square in squares]


def _of_precision(
    converter: Converter,
    precision: str,
    calibration: Sequence[Floats],
    measuring: Measuring,
    stem: Path,
    report: Callable[[str], None],
) -> list[Row]:
    """Makes the files of one precision, that for any size first: if it is refused, the others are not made."""
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
        report(f"{path}: " + (row.refused or f"{row.megabytes:.1f} MB, {row.milliseconds[2]:.0f} ms"))
        if row.refused:
            # Those of an earlier export must not be taken for this model's.
            for stale in stem.parent.glob(f"{stem.name}_{precision}_*"):
                stale.unlink()
            break
    return rows
