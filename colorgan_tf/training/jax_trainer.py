"""Training in JAX: one step compiled by XLA, data-parallel over all devices; pictures still come through tf.data."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from colorgan_tf.config import Config, Phase, Precision, Strategy
from colorgan_tf.errors import InputError
from colorgan_tf.networks.precision import dtype_policy
from colorgan_tf.training import distribution
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.trainer import Batch, Step
from pipelines.data import dataset
from pipelines.media import writing

_KEPT = 2
_PATTERN = "step{:09d}.npz"
_STEP = "step"


class JaxTrainer:
    """See `Trainer`; a checkpoint is one archive of all variables.

    Args:
        config: of the run.

    Raises:
        InputError: if a strategy of TensorFlow's is asked for.
    """

    gan: ColorGAN

    def __init__(self, config: Config):
        if config.runtime.strategy != Strategy.AUTO:
            raise InputError(
                "`strategy` must be auto with JAX, which takes all devices that it finds. "
                f"Received: strategy={config.runtime.strategy}."
            )
        tf.config.set_visible_devices([], "GPU")  # JAX has them; TensorFlow only prepares pictures
        self._config, self.chief, self.replicas = config, True, jax.device_count()
        self._policy, why = _precision(config.runtime.precision)
        self.description = f"JAX on {self.replicas} x {jax.devices()[0].device_kind}; {why}"
        self._spread: keras.distribution.DataParallel | None = None
        if self.replicas > 1:
            self._spread = keras.distribution.DataParallel()
            keras.distribution.set_distribution(self._spread)

    def build(self, initial: Mapping[str, npt.NDArray[np.float32]] | None, name: str) -> None:
        """See `Trainer`."""
        with dtype_policy(self._policy):
            self.gan = ColorGAN(self._config)
            if initial is not None:
                self.gan.generator.assign(initial, name)
            self.gan.build_optimizers()
        gan = self.gan
        every = [
            *gan.generator.model.variables,
            *gan.noise_state,
            *gan.adversary.network.variables,
            *gan.generator_optimizer.variables,
            *gan.discriminator_optimizer.variables,
        ]
        self._variables = list({id(variable): variable for variable in every}.values())

    def restore(self, folder: Path) -> int:
        """See `Trainer`."""
        self._folder = folder
        if not self.newest_checkpoint:
            return 0
        with np.load(self.newest_checkpoint) as archive:
            for number, variable in enumerate(self._variables):
                variable.assign(archive[_key(number, variable)])
            return int(archive[_STEP])

    def save(self, step: int) -> None:
        """See `Trainer`."""
        values = {_key(number, each): np.asarray(each.value) for number, each in enumerate(self._variables)}
        with writing.beside(self._folder / _PATTERN.format(step)) as partial:
            np.savez(partial, **{_STEP: np.int64(step)}, **values)
        for old in self._checkpoints()[:-_KEPT]:
            old.unlink()

    @property
    def newest_checkpoint(self) -> str | None:
        """See `Trainer`."""
        found = self._checkpoints()
        return str(found[-1]) if found else None

    def _checkpoints(self) -> list[Path]:
        return sorted(self._folder.glob(_PATTERN.replace("{:09d}", "*")))

    def batches(self, source: dataset.Source, start: int) -> Iterator[Batch]:
        """See `Trainer`."""
        runtime = self._config.runtime
        for batch in dataset.training(source, self._config.data, runtime.batch, runtime.seed, start):
            yield tuple(self._placed(part.numpy()) for part in batch)

    def _placed(self, part: npt.NDArray[np.float32]) -> jax.Array:
        if self._spread is None:
            return jax.device_put(part)
        return jax.device_put(part, self._spread.get_data_layout(part.shape).backend_layout)

    def step(self, phase: Phase) -> Step:
        """See `Trainer`."""
        self.gan.begin(phase)
        compiled = jax.jit(functools.partial(_train_step, self.gan, self._variables), donate_argnums=0)

        def step(batch: Batch) -> dict[str, jax.Array]:
            values, scores = compiled([variable.value for variable in self._variables], batch)
            for variable, value in zip(self._variables, values, strict=True):
                variable.assign(value)
            return dict(scores)

        return step

    def any_stops(self, stop: bool) -> bool:
        """See `Trainer`."""
        return stop


def _train_step(
    gan: ColorGAN, variables: list[keras.Variable], values: list[jax.Array], batch: Batch
) -> tuple[list[jax.Array], dict[str, jax.Array]]:
    """`ColorGAN.train_step` as a pure function: from the variables' values to their new ones, and the scores."""
    with keras.StatelessScope(_pairs(variables, values)):
        lesson = gan.lesson(batch, 0)
    generator_weights, discriminator_weights = gan.learning_weights()

    def objectives(*learning: list[jax.Array]) -> tuple[Any, Any]:
        replaced = [*_pairs(generator_weights, learning[0]), *_pairs(discriminator_weights, learning[1])]
        with keras.StatelessScope([*_pairs(variables, values), *replaced]) as scope:
            found = gan.objectives(lesson)
            generator_loss = gan.generator_optimizer.scale_loss(found.generator)
            discriminator_loss = gan.discriminator_optimizer.scale_loss(found.discriminator)
        return (generator_loss, discriminator_loss), (found.scores, _values(variables, scope))

    at = {id(variable): value for variable, value in _pairs(variables, values)}
    learning = ([at[id(each)] for each in weights] for weights in (generator_weights, discriminator_weights))
    reached, pull, (scores, after) = jax.vjp(objectives, *learning, has_aux=True)
    # Of each loss the gradient by its own player's weights; XLA leaves the rest out.
    one, zero = jnp.ones_like(reached[0]), jnp.zeros_like(reached[0])
    generator_gradients, _ = pull((one, zero))
    _, discriminator_gradients = pull((zero, one))
    with keras.StatelessScope(_pairs(variables, after)) as scope:
        if discriminator_weights:
            gan.discriminator_optimizer.apply(discriminator_gradients, discriminator_weights)
        gan.generator_optimizer.apply(generator_gradients, generator_weights)
    return _values(variables, scope), scores


def _pairs(variables: list[keras.Variable], values: list[jax.Array]) -> list[tuple[keras.Variable, jax.Array]]:
    return list(zip(variables, values, strict=True))


def _values(variables: list[keras.Variable], scope: keras.StatelessScope) -> list[jax.Array]:
    return [scope.get_current_value(variable) for variable in variables]


def _key(number: int, variable: keras.Variable) -> str:
    """Paths alone are not unique: both optimizers have a learning rate."""
    return f"{number:04d} {variable.path.replace('/', ' ')}"


def _precision(name: str) -> tuple[str, str]:
    """Returns a Keras dtype policy and one sentence on why it was chosen; see `distribution.precision_policy`."""
    if name == Precision.AUTO and jax.default_backend() != "cpu":
        return "mixed_bfloat16", f"precision mixed_bfloat16: the {jax.default_backend().upper()} computes in it"
    return distribution.precision_policy(name)
