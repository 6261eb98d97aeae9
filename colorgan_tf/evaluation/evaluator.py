"""Measures a colouring function on true pictures, beside the grey copy: for `evaluate`, training and ablations."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from colorgan_tf import color
from colorgan_tf.metrics import pictures as metrics

# Luma `[n, height, width, 1]` in [0, 1] to chroma `[n, height, width, 2]` in YUV units: `Colorizer.chroma`.
ChromaFn = Callable[[np.ndarray], np.ndarray]
# A true picture, uint8 RGB `[height, width, 3]`, and its number, to the luma `[height, width, 1]` that the colouring
# function sees instead of the picture's own; such as `pipelines.degrade.degrade_picture`, whose seed is the number.
InputFn = Callable[[np.ndarray, int], np.ndarray]
# Wraps an iteration to show how far it is: `tqdm`, or `iter` for nothing.
Progress = Callable[[Iterable], Iterable]

# A picture equal to the truth has an infinite PSNR, which no mean can hold; 8-bit pictures that differ stay below.
PSNR_CEILING = 100.0


@dataclasses.dataclass(frozen=True)
class Measures:
    """What is measured on one colouring of a set of pictures.

    Attributes:
        psnr: mean over pictures, dB, each at most 100.
        ssim: mean over pictures.
        colorfulness: mean over pictures.
        frechet: Frechet distance to the true pictures; NaN for fewer than two pictures.
        luma_error_mean: mean difference between the luma shown and the luma coloured, in steps of 1/255.
        luma_error_largest: the largest one, in steps of 1/255.
    """

    psnr: float
    ssim: float
    colorfulness: float
    frechet: float
    luma_error_mean: float
    luma_error_largest: float


@dataclasses.dataclass(frozen=True)
class Report:
    """A model and the grey copy on the same pictures.

    Attributes:
        pictures: how many.
        size: height and width in pixels.
        model: measures of the model.
        grey: measures of the grey copy.
        true_colorfulness: of the true pictures, mean.
        seconds_a_picture: colouring alone, median over batches.
    """

    pictures: int
    size: tuple[int, int]
    model: Measures
    grey: Measures
    true_colorfulness: float
    seconds_a_picture: float

    @property
    def psnr_gain(self) -> float:
        """PSNR above the grey copy's, dB."""
        return self.model.psnr - self.grey.psnr

    @property
    def colorfulness_ratio(self) -> float:
        """Colourfulness as a part of the true pictures'; NaN where these are grey."""
        return _ratio(self.model.colorfulness, self.true_colorfulness)

    @property
    def frechet_ratio(self) -> float:
        """Frechet distance as a part of the grey copy's; NaN where that is nought."""
        return _ratio(self.model.frechet, self.grey.frechet)

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as plain values for JSON; what is undefined (NaN) becomes `None`."""
        values = dataclasses.asdict(self)
        values["size"] = list(self.size)
        for name in ("psnr_gain", "colorfulness_ratio", "frechet_ratio"):
            values[name] = getattr(self, name)
        return _finite(values)

    def table(self) -> str:
        """Returns a table for people, one line for each of model, grey copy and true pictures."""
        lines = [f"{'':12}{'PSNR dB':>9}{'SSIM':>8}{'colourful':>11}{'Frechet':>9}{'luma error /255':>17}"]
        for name, row in (("model", self.model), ("grey copy", self.grey)):
            error = f"{row.luma_error_mean:.2f}, max {row.luma_error_largest:.1f}"
            lines.append(
                f"{name:12}{row.psnr:9.2f}{row.ssim:8.4f}{row.colorfulness:11.1f}{row.frechet:9.2f}{error:>17}"
            )
        lines.append(f"{'true':12}{'':17}{self.true_colorfulness:11.1f}")
        lines.append("")
        lines.append(f"PSNR above the grey copy   {self.psnr_gain:+.2f} dB")
        lines.append(f"colourfulness / true       {self.colorfulness_ratio:.3f}")
        lines.append(f"Frechet / grey copy's      {self.frechet_ratio:.3f}")
        lines.append(f"Frechet distance {metrics.FRECHET_NOTE}")
        height, width = self.size
        seconds = f"{self.seconds_a_picture:.3f} s a picture"
        lines.append(f"{self.pictures} pictures, {width} x {height} px, {seconds}")
        return "\n".join(lines)


class Evaluator:
    """Measures colouring functions on one set of true pictures.

    What does not depend on the function - the grey copy's row, the true pictures' colourfulness and features - is
    computed once, at the first report.
    """

    def __init__(
        self, pictures: np.ndarray, batch: int = 8, features: Callable[[np.ndarray], np.ndarray] | None = None
    ):
        """Keeps the pictures.

        Args:
            pictures: the truth, uint8 RGB `[n, height, width, 3]`, kept in memory as they are.
            batch: pictures coloured at a time.
            features: RGB batch in [0, 1] to features `[n, dimensions]`. Defaults to `metrics.FeatureExtractor`, built
                when it is first needed.

        Raises:
            ValueError: if `pictures` is not such an array or is empty.
        """
        if pictures.ndim != 4 or pictures.shape[-1] != 3 or pictures.dtype != np.uint8 or not pictures.size:
            raise ValueError(
                "`pictures` must be uint8 RGB [n, height, width, 3], one or more. "
                f"Received: {pictures.dtype} {pictures.shape}."
            )
        self.pictures = pictures
        self._batch = batch
        self._features = features
        self._baseline: tuple[Measures, float] | None = None
        self._true_features: np.ndarray | None = None

    @classmethod
    def of_windows(cls, luma: np.ndarray, chroma: np.ndarray, batch: int = 8) -> "Evaluator":
        """Makes an evaluator of windows as the training pipeline gives them.

        Args:
            luma: `[n, height, width, 1]` in [0, 1].
            chroma: `[n, height, width, 2]`, U and V.
            batch: windows coloured at a time.
        """
        return cls(_eight_bit(color.merge(luma, chroma)), batch)

    def report(self, chroma_fn: ChromaFn, input_fn: InputFn | None = None, progress: Progress = iter) -> Report:
        """Measures a colouring function.

        Pictures are rounded to 8 bit before they are measured, as they would be in a file.

        Args:
            chroma_fn: luma batch `[n, height, width, 1]` in [0, 1] to chroma `[n, height, width, 2]`.
            input_fn: gives the luma that `chroma_fn` sees, such as a degraded one; the picture's own by default. The
                chroma is joined with the clean luma all the same, so that the figures compare with those of clean
                input.
            progress: wraps the iteration over batches, for example `tqdm`.

        Returns:
            The report.

        Raises:
            ValueError: if `chroma_fn` returns another shape.
        """
        grey, true_colorfulness = self._measure_baseline()
        model, seconds = self._measure(chroma_fn, input_fn, progress)
        height, width = self.pictures.shape[1:3]
        return Report(len(self.pictures), (height, width), model, grey, true_colorfulness, seconds)

    def colored(self, chroma_fn: ChromaFn, numbers: Sequence[int], input_fn: InputFn | None = None) -> np.ndarray:
        """Returns the pictures of the given numbers as `chroma_fn` colours them, uint8 `[n, height, width, 3]`."""
        return np.concatenate([self._color(batch, chroma_fn, input_fn)[0] for batch in self._batches(numbers)])

    def inputs(self, numbers: Sequence[int], input_fn: InputFn | None = None) -> np.ndarray:
        """Returns the luma that a colouring function sees of the given pictures, `[n, height, width, 1]` in [0, 1]."""
        true = self.pictures[list(numbers)]
        if input_fn is None:
            return color.luma(_unit(true))
        return np.stack([input_fn(*pair) for pair in zip(true, numbers, strict=True)])

    def _measure_baseline(self) -> tuple[Measures, float]:
        if self._baseline is None:
            if len(self.pictures) > 1:
                self._true_features = np.concatenate(
                    [self._extract(_unit(self.pictures[batch])) for batch in self._batches(range(len(self.pictures)))]
                )
            grey, _ = self._measure(_grey_chroma, None, iter)
            true = [metrics.colorfulness(_unit(picture)) for picture in self.pictures]
            self._baseline = grey, float(np.mean(true))
        return self._baseline

    def _measure(self, chroma_fn: ChromaFn, input_fn: InputFn | None, progress: Progress) -> tuple[Measures, float]:
        rows, features, seconds = [], [], []
        for batch in progress(self._batches(range(len(self.pictures)))):
            colored, elapsed = self._color(batch, chroma_fn, input_fn)
            seconds.append(elapsed / len(batch))
            shown = _unit(colored)
            rows += [_measure_one(*pair) for pair in zip(shown, _unit(self.pictures[batch]), strict=True)]
            if self._true_features is not None:
                features.append(self._extract(shown))
        psnr, ssim, colorfulness, error_mean, _ = np.mean(rows, axis=0)
        frechet = math.nan
        if self._true_features is not None:
            frechet = metrics.frechet_distance(np.concatenate(features), self._true_features)
        largest = max(row[-1] for row in rows)
        measures = Measures(float(psnr), float(ssim), float(colorfulness), frechet, float(error_mean), largest)
        # The median, since the first batch also pays for tracing.
        return measures, float(np.median(seconds))

    def _color(self, numbers: Sequence[int], chroma_fn: ChromaFn, input_fn: InputFn | None) -> tuple[np.ndarray, float]:
        """Colours pictures: the result, uint8 RGB, and the seconds that `chroma_fn` took."""
        luma = self.inputs(numbers)
        seen = luma if input_fn is None else self.inputs(numbers, input_fn)
        start = time.perf_counter()
        chroma = np.asarray(chroma_fn(seen), np.float32)
        elapsed = time.perf_counter() - start
        expected = (*luma.shape[:3], 2)
        if chroma.shape != expected:
            raise ValueError(f"`chroma_fn` must return shape {expected}. Received: {chroma.shape}.")
        return _eight_bit(color.merge(luma, chroma)), elapsed

    def _extract(self, pictures: np.ndarray) -> np.ndarray:
        if self._features is None:
            self._features = metrics.FeatureExtractor()
        return self._features(pictures)

    def _batches(self, numbers: Sequence[int]) -> list[Sequence[int]]:
        return [numbers[start : start + self._batch] for start in range(0, len(numbers), self._batch)]


def spread(count: int, wanted: int) -> list[int]:
    """Returns up to `wanted` numbers below `count`, evenly spaced and always the same; all for `wanted` = 0."""
    if wanted == 0 or wanted >= count:
        return list(range(count))
    return [int(number) for number in (np.arange(wanted) + 0.5) * count / wanted]


def _grey_chroma(luma: np.ndarray) -> np.ndarray:
    return np.zeros((*luma.shape[:3], 2), np.float32)


def _measure_one(shown: np.ndarray, true: np.ndarray) -> tuple[float, float, float, float, float]:
    error = metrics.luma_error(shown, color.luma(true))
    return (
        min(metrics.psnr(shown, true), PSNR_CEILING),
        metrics.ssim(shown, true),
        metrics.colorfulness(shown),
        255.0 * error.mean,
        255.0 * error.largest,
    )


def _unit(pictures: np.ndarray) -> np.ndarray:
    return pictures.astype(np.float32) / 255.0


def _eight_bit(pictures: np.ndarray) -> np.ndarray:
    return np.round(np.clip(pictures, 0.0, 1.0) * 255.0).astype(np.uint8)


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference else math.nan


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
