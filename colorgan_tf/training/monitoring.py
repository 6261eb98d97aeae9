"""What monitors a training run: progress bar, JSON-lines log, TensorBoard, sample pictures and the NaN guard."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tqdm import tqdm

from colorgan_tf.errors import TrainingDiverged
from colorgan_tf.inference import run_files
from pipelines.media import writing


def guard_against_nan(step: int, scores: Mapping[str, float], last_good: str | None) -> None:
    """Stops a run whose losses or weights are no longer finite.

    Raises:
        TrainingDiverged: naming them, the step and the checkpoint that is still good.
    """
    bad = {name: value for name, value in scores.items() if not math.isfinite(value)}
    if bad:
        values = ", ".join(f"{name}={value}" for name, value in bad.items())
        kept = f"the last good weights are in {last_good}" if last_good else "no checkpoint had been written yet"
        raise TrainingDiverged(
            f"Losses and weights must stay finite. Received at step {step}: {values}; {kept}. "
            "A lower learning rate, `optimizer.clip_norm=1` or `--precision=float32` may help."
        )


class RunLog:
    """Writes the log of a run: `log.jsonl`, TensorBoard events, and a progress bar on the terminal.

    Args:
        workdir: of the run.
        step: where the run is resumed; lines of a lost stretch beyond it are dropped.
        steps: where it ends.
    """

    def __init__(self, workdir: Path, step: int, steps: int):
        self._path = workdir / run_files.LOG
        _drop_lines_beyond(self._path, step)
        self._writer = tf.summary.create_file_writer(str(workdir / run_files.TENSORBOARD))
        self._bar = tqdm(total=steps, initial=step, unit="step", dynamic_ncols=True, smoothing=0.1)

    def advance(self) -> None:
        """Counts one step on the progress bar."""
        self._bar.update()

    def write(self, text: str) -> None:
        """Prints a line without breaking the bar."""
        self._bar.write(text)

    def scalars(self, step: int, group: str, values: Mapping[str, float], **more: Any) -> None:
        """Logs one line of numbers."""
        line = {"step": step, "time": round(time.time(), 3), "group": group, **more, **values}
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        with self._writer.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(f"{group}/{name}", value)
        if group == "train":
            self._bar.set_postfix({name: f"{value:.3f}" for name, value in values.items()}, refresh=False)

    def pictures(self, step: int, rows: npt.NDArray[np.uint8]) -> None:
        """Logs a sheet of pictures, uint8 `[rows, height, width, 3]`, to TensorBoard."""
        with self._writer.as_default(step=step):
            tf.summary.image("validation: grey, coloured, true", rows, max_outputs=len(rows))

    def close(self) -> None:
        """Finishes the bar and the event file."""
        self._bar.close()
        self._writer.close()


class Means:
    """Running means of the losses between two lines of the log."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()

    def add(self, scores: Mapping[str, tf.Tensor]) -> None:
        """Adds one step's losses."""
        for name, value in scores.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        self._count += 1

    def take(self) -> tuple[dict[str, float], float]:
        """Returns the means and the steps per second since the last call, and starts anew."""
        means = {name: total / self._count for name, total in self._sums.items()}
        rate = self._count / max(1e-9, time.monotonic() - self._since)
        self.__init__()  # type: ignore[misc]
        return means, rate


def _drop_lines_beyond(path: Path, step: int) -> None:
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except ValueError:
            continue  # the torn last line of a killed run
    writing.write_text(path, "".join(line + "\n" for line in kept))
