"""What the training loop asks of a back end: batches, compiled steps, checkpoints of all that a run changes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from colorgan_tf.config import Phase
from colorgan_tf.training.gan import ColorGAN
from pipelines.data import dataset

Batch = Any  # of the back end: a pair of tensors, or one pair for each replica
Step = Callable[[Batch], Mapping[str, keras.KerasTensor]]


class Trainer(Protocol):
    """One back end's part in a run.

    Attributes:
        description: one sentence on how the work is spread and in which precision, and why.
        replicas: among which a batch is divided.
        chief: whether this process writes what the run leaves.
        gan: that is trained.
    """

    description: str
    replicas: int
    chief: bool
    gan: ColorGAN

    def build(self, initial: Mapping[str, npt.NDArray[np.float32]] | None, name: str) -> None:
        """Builds `gan` with all that training needs; its averages begin with the weights as they are.

        Args:
            initial: the generator's weights; its own for None.
            name: of the model that they come from, for the message.

        Raises:
            InputError: if they are another network's.
        """

    def restore(self, folder: Path) -> int:
        """Takes the newest checkpoint of a folder, and returns its step; 0 where there is none."""

    def save(self, step: int) -> None:
        """Writes a checkpoint into the folder that was restored from."""

    @property
    def newest_checkpoint(self) -> str | None:
        """The checkpoint that was written or restored last."""

    def batches(self, source: dataset.Source, start: int) -> Iterator[Batch]:
        """Yields what the steps from `start` on are trained with."""

    def step(self, phase: Phase) -> Step:
        """Returns the compiled training step of a phase; it returns the scores of `ColorGAN.objectives`."""

    def any_stops(self, stop: bool) -> bool:
        """Returns whether any worker asks to stop; all workers must call it equally often."""
