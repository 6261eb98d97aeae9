"""Training in TensorFlow, under any of its distribution strategies."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from colorgan_tf.config import Config, Phase
from colorgan_tf.networks.precision import dtype_policy
from colorgan_tf.training import distribution
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.trainer import Batch, Step
from pipelines.data import dataset


class TensorFlowTrainer:
    """See `Trainer`; checkpoints are TensorFlow's.

    Args:
        config: of the run.

    Raises:
        InputError: if the strategy needs what is not there.
    """

    gan: ColorGAN

    def __init__(self, config: Config):
        if config.runtime.deterministic:
            tf.config.experimental.enable_op_determinism()
        self._config = config
        self._strategy, why = distribution.choose(config.runtime.strategy)
        self._policy, why_policy = distribution.precision_policy(config.runtime.precision)
        self.description = f"{why}; {why_policy}"
        self.replicas = self._strategy.num_replicas_in_sync
        self.chief = distribution.is_chief(self._strategy)
        self.any_stops = distribution.any_worker(self._strategy)

    def build(self, initial: Mapping[str, npt.NDArray[np.float32]] | None, name: str) -> None:
        """See `Trainer`."""
        with dtype_policy(self._policy), self._strategy.scope():
            self.gan = ColorGAN(self._config)
            if initial is not None:
                self.gan.generator.assign(initial, name)
            self.gan.build_optimizers()
            self._step = tf.Variable(0, dtype=tf.int64, trainable=False)

    def restore(self, folder: Path) -> int:
        """See `Trainer`."""
        gan = self.gan
        checkpoint = tf.train.Checkpoint(
            generator=gan.generator.model,
            discriminator=gan.adversary.network,
            generator_optimizer=gan.generator_optimizer,
            discriminator_optimizer=gan.discriminator_optimizer,
            noise=[each.value for each in gan.noise_state],
            step=self._step,
        )
        if not self.chief:  # other workers must save too (saving is collective), but to nowhere
            self._nowhere = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        kept = folder if self.chief else self._nowhere.name
        self._manager = tf.train.CheckpointManager(checkpoint, str(kept), max_to_keep=2)
        found = tf.train.latest_checkpoint(str(folder))
        if found:
            checkpoint.restore(found).assert_existing_objects_matched()
        return int(self._step.numpy())

    def save(self, step: int) -> None:
        """See `Trainer`."""
        self._step.assign(step)
        self._manager.save(checkpoint_number=step)

    @property
    def newest_checkpoint(self) -> str | None:
        """See `Trainer`."""
        newest: str | None = self._manager.latest_checkpoint
        return newest

    def batches(self, source: dataset.Source, start: int) -> Iterator[Batch]:
        """See `Trainer`."""
        runtime = self._config.runtime

        def worker_batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = context.get_per_replica_batch_size(runtime.batch)
            share = self.replicas // context.num_input_pipelines  # replicas that this worker feeds
            whole = dataset.training(
                source,
                self._config.data,
                local * share,
                runtime.seed,
                start,
                context.input_pipeline_id,
                context.num_input_pipelines,
            )
            return whole.unbatch().batch(local, drop_remainder=True) if share > 1 else whole

        return iter(self._strategy.distribute_datasets_from_function(worker_batches))

    def step(self, phase: Phase) -> Step:
        """See `Trainer`."""
        self.gan.begin(phase)

        @tf.function
        def train_step(batch: Batch) -> dict[str, tf.Tensor]:
            scores = self._strategy.run(self.gan.train_step, args=(batch,))
            return {name: self._strategy.reduce("MEAN", score, axis=None) for name, score in scores.items()}

        return train_step
