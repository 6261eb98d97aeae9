"""What a TensorFlow Lite file is worth: its size, its time, how far it is from the SavedModel, how well it colours."""

import dataclasses
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colorgan_tf import color
from colorgan_tf.color import Floats
from colorgan_tf.evaluation.evaluator import PSNR_CEILING, Evaluator
from colorgan_tf.export.tflite import Variant
from colorgan_tf.inference.backend import Backend
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.finish import input_shape, resize
from colorgan_tf.inference.litert_backend import LiteRTBackend
from colorgan_tf.metrics import pictures as metrics

# What int8 may lose against the SavedModel and still be handed out.
PSNR_LOSS = 0.3  # dB
GAIN_LOSS = 0.1  # part of the model's Frechet gain over the grey copy
_WARMUP = 2


@dataclasses.dataclass(frozen=True)
class Row:
    """One file's figures.

    Attributes:
        name: of the file.
        megabytes: 10^6 bytes.
        shape: height and width of the network's input that was measured.
        milliseconds: median of one run through XNNPACK, by number of threads.
        psnr: of the coloured pictures against those of the SavedModel at the same shape, mean in dB, at most 100.
        largest: largest difference from them, in steps of 1/255.
        quality: psnr_gain, colorfulness_ratio and frechet_ratio on true pictures, where they were measured.
        refused: why the file is not handed out; empty if it is.
    """

    name: str
    megabytes: float
    shape: tuple[int, int]
    milliseconds: dict[int, float]
    psnr: float
    largest: float
    quality: dict[str, float] | None = None
    refused: str = ""


class Measuring:
    """Measures the files made of one SavedModel.

    Args:
        reference: the SavedModel.
        lumas: pictures `[height, width, 1]` in [0, 1] to compare on, at least one.
        true: colour pictures uint8 `[n, size, size, 3]` to measure quality on, or None.
        runs: measured for the time.
    """

    def __init__(self, reference: Backend, lumas: Sequence[Floats], true: Floats | None, runs: int):
        self._saved_model, self._lumas, self._runs = reference, lumas, runs
        self._evaluator = None if true is None else Evaluator(true)
        self.reference = self._quality(reference)

    def row(self, path: Path, variant: Variant) -> Row:
        """Measures a file, its settings beside it. Quality is measured for files that take any size: the others bend
        pictures to their own shape, which would be measured as well.
        """
        backend = LiteRTBackend(path)
        shape = variant.shape or input_shape(256, 384, backend.input_resolution, backend.multiple)
        pairs = [self._pair(backend, resize(luma, *shape)) for luma in self._lumas]
        row = Row(
            name=path.name,
            megabytes=path.stat().st_size / 1e6,
            shape=shape,
            milliseconds={threads: _time(path, shape, threads, self._runs) for threads in (1, 2)},
            psnr=float(np.mean([min(metrics.psnr(*pair), PSNR_CEILING) for pair in pairs])),
            largest=max(255.0 * float(np.abs(ours - theirs).max()) for ours, theirs in pairs),
        )
        if self.reference is None or variant.shape:
            return row
        quality = self._quality(backend) or {}
        refused = loss(quality, self.reference) if variant.precision == "int8" else ""
        return dataclasses.replace(row, quality=quality, refused=refused)

    def _pair(self, backend: Backend, luma: Floats) -> tuple[Floats, Floats]:
        """The same picture coloured by the file and by the SavedModel."""
        ours, theirs = (each.luma_to_chroma(luma[None])[0] for each in (backend, self._saved_model))
        return color.merge(luma, ours), color.merge(luma, theirs)

    def _quality(self, backend: Backend) -> dict[str, float] | None:
        """The three quality measures, and the PSNR and Frechet distances that the limits need."""
        if self._evaluator is None:
            return None
        report = self._evaluator.report(Colorizer(backend).chroma)
        return {
            "psnr_gain": report.psnr_gain,
            "colorfulness_ratio": report.colorfulness_ratio,
            "frechet_ratio": report.frechet_ratio,
            "psnr": report.model.psnr,
            "frechet": report.model.frechet,
            "frechet_grey": report.grey.frechet,
        }


def loss(ours: dict[str, float], reference: dict[str, float]) -> str:
    """Returns why a file loses too much against the SavedModel; empty if it does not.

    Args:
        ours: the file's quality measures.
        reference: the SavedModel's, on the same pictures.
    """
    lost = reference["psnr"] - ours["psnr"]
    if lost > PSNR_LOSS:
        return f"loses {lost:.2f} dB PSNR, more than {PSNR_LOSS}"
    gain, kept = (each["frechet_grey"] - each["frechet"] for each in (reference, ours))
    if gain > 0 and kept < (1 - GAIN_LOSS) * gain:
        return f"loses {1 - kept / gain:.0%} of the Frechet gain, more than {GAIN_LOSS:.0%}"
    return ""


def table(rows: Sequence[Row], reference: dict[str, float] | None) -> str:
    """Returns the report as a Markdown table, with the SavedModel in its first row where quality was measured."""
    lines = [
        "| file | MB | input | ms, 1 thread | ms, 2 threads | PSNR to SavedModel, dB | largest difference / 255 "
        "| PSNR gain, dB | colourfulness ratio | Frechet ratio |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    if reference:
        lines.append(f"| SavedModel | | | | | | | {_quality(reference)} |")
    for row in rows:
        lines.append(
            f"| {row.name} | {row.megabytes:.1f} | {row.shape[0]} x {row.shape[1]} | {row.milliseconds[1]:.1f} "
            f"| {row.milliseconds[2]:.1f} | {row.psnr:.1f} | {row.largest:.2f} | {_quality(row.quality)} |"
        )
    if reference:
        lines.append(f"\nFrechet distance {metrics.FRECHET_NOTE}.")
    lines += [f"\nNot handed out: {row.name} {row.refused}." for row in rows if row.refused]
    return "\n".join(lines)


def _quality(values: dict[str, float] | None) -> str:
    if values is None:
        return " | | "
    return f"{values['psnr_gain']:+.2f} | {values['colorfulness_ratio']:.3f} | {values['frechet_ratio']:.3f}"


def _time(path: Path, size: tuple[int, int], threads: int, runs: int) -> float:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads)  # with XNNPACK, its default
    tensor = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(tensor, (1, *size, 1))
    interpreter.allocate_tensors()
    interpreter.set_tensor(tensor, np.random.default_rng(0).random((1, *size, 1), np.float32))
    seconds = []
    for _ in range(_WARMUP + runs):
        start = time.perf_counter()
        interpreter.invoke()
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds[_WARMUP:])
