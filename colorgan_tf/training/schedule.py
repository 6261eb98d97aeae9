"""The learning rate over the phases of a run."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from colorgan_tf.config import Phase


class PhaseSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Within each phase: a linear warm-up, then a half cosine from its first to its final learning rate.

    Args:
        phases: `(steps, warmup, start, end)` for each phase.
    """

    def __init__(self, phases: Sequence[tuple[int, int, float, float]]):
        self.phases = [tuple(phase) for phase in phases]

    @classmethod
    def of_generator(cls, phases: Sequence[Phase]) -> "PhaseSchedule":
        """The generator learns in every phase."""
        return cls([(p.steps, p.warmup, p.learning_rate, p.final_learning_rate) for p in phases])

    @classmethod
    def of_discriminator(cls, phases: Sequence[Phase]) -> "PhaseSchedule":
        """The discriminator counts only its own steps, those of the adversarial phases; its rate is constant."""
        rates = [(p.steps, p.discriminator_learning_rate) for p in phases if p.adversarial]
        return cls([(steps, 0, rate, rate) for steps, rate in rates] or [(1, 0, 0.0, 0.0)])

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the learning rate at `step`, counted from 0; past the end, that of the last step."""
        step = ops.cast(step, "float32")
        rate, first = 0.0, 0.0
        for steps, warmup, start, end in self.phases:
            progress = ops.clip((step - first) / steps, 0.0, 1.0)
            cosine = end + (start - end) * 0.5 * (1.0 + ops.cos(math.pi * progress))
            rise = ops.minimum(1.0, (step - first + 1.0) / (warmup + 1.0))
            rate = ops.where(step >= first, cosine * rise, rate)
            first += steps
        return rate

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"phases": self.phases}
