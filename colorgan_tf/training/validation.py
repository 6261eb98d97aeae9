"""Validation during training: measures, sample sheets and the best weights, all with the averaged weights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from keras import ops

from colorgan_tf import color
from colorgan_tf.config import Config
from colorgan_tf.evaluation.evaluator import Evaluator
from colorgan_tf.inference import run_files
from colorgan_tf.metrics.pictures import psnr
from colorgan_tf.training import told_colors
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.monitoring import RunLog
from pipelines.data import dataset
from pipelines.media import writing
from pipelines.media.contact_sheet import contact_sheet

_SHEET_ROWS = 12
_HINTS = 10


class Validation:
    """Measures on the same few pictures all through a run.

    Args:
        source: where they come from.
        config: of the run.
        workdir: of the run.
        log: of the run.
    """

    def __init__(self, source: dataset.Source, config: Config, workdir: Path, log: RunLog):
        windows = dataset.validation(source, config.data, 1).take(config.data.validation_pictures)
        lumas, chromas = zip(*windows.as_numpy_iterator(), strict=True)
        self._luma, self._chroma = np.concatenate(lumas), np.concatenate(chromas)
        self._evaluator = Evaluator.of_windows(self._luma, self._chroma)
        self._workdir, self._log = workdir, log

    def run(self, gan: ColorGAN, step: int) -> None:
        """Measures, draws, and keeps the weights: as the last ones, and as the best if no others came closer."""
        with averaged_weights(gan):
            report = self._evaluator.report(lambda luma: ops.convert_to_numpy(gan(luma)))
            scores = {
                "psnr_gain": report.psnr_gain,
                "colorfulness_ratio": report.colorfulness_ratio,
                "frechet": report.model.frechet,
                "frechet_ratio": report.frechet_ratio,
            }
            if gan.generator.hints:
                scores["psnr_gain_by_hints"] = self._gain_by_hints(gan)
            self._log.scalars(step, "validation", scores)
            self._draw(gan, step)
            best = best_score(self._workdir)
            # One picture alone has no Frechet distance (NaN); then, and where only hints have been trained since, the
            # newest weights count as the best.
            if best is None or not report.model.frechet > best:
                _write_weights(gan.generator.model, self._workdir / run_files.BEST)
                score = json.dumps({"step": step, "frechet": report.model.frechet})
                writing.write_text(self._workdir / run_files.BEST_SCORE, score + "\n")
            _write_weights(gan.generator.model, self._workdir / run_files.LAST)

    def _gain_by_hints(self, gan: ColorGAN) -> float:
        """Returns by how many dB a few true hints at random places better the PSNR, on the mean."""
        gains = []
        for number, (luma, chroma) in enumerate(zip(self._luma, self._chroma, strict=True)):
            seed = ops.convert_to_tensor([0, number], dtype="int32")
            drawn = told_colors.hints(ops.convert_to_tensor(chroma[None]), seed, _HINTS)
            guesses = [gan.generator.chroma_by_hints(luma[None], hints)[0] for hints in (0.0 * drawn, drawn)]
            true = color.merge(luma, chroma)
            without, with_hints = (psnr(color.merge(luma, ops.convert_to_numpy(guess)), true) for guess in guesses)
            gains.append(with_hints - without)
        return float(np.mean([gain for gain in gains if np.isfinite(gain)] or [0.0]))

    def _draw(self, gan: ColorGAN, step: int) -> None:
        lumas, chromas = self._luma[:_SHEET_ROWS], self._chroma[:_SHEET_ROWS]
        guesses = ops.convert_to_numpy(gan(lumas))
        rows = [
            [np.repeat(luma, 3, axis=-1), color.merge(luma, guess), color.merge(luma, true)]
            for luma, guess, true in zip(lumas, guesses, chromas, strict=True)
        ]
        sheet = self._workdir / run_files.SAMPLES / f"step{step:07d}.png"
        sheet.parent.mkdir(exist_ok=True)
        contact_sheet(rows, sheet, ("grey", "coloured", "true"))
        strips = np.stack([np.concatenate(row, axis=1) for row in rows])
        self._log.pictures(step, np.round(255 * strips).astype(np.uint8))


def best_score(workdir: Path) -> float | None:
    """Returns the smallest Frechet distance that a run has reached, or None before its first checkpoint."""
    path = workdir / run_files.BEST_SCORE
    return json.loads(path.read_text())["frechet"] if path.exists() else None


@contextmanager
def averaged_weights(gan: ColorGAN) -> Iterator[None]:
    """Puts the moving average in the place of the generator's weights for a while."""
    weights = gan.generator.model.trainable_variables
    current = [weight.numpy() for weight in weights]
    gan.generator_optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, current, strict=True):
            weight.assign(value)


def _write_weights(network: keras.Model, path: Path) -> None:
    with writing.beside(path) as partial:
        network.save_weights(partial)
