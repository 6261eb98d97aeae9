"""The training loop: phases, checkpoints, resume and validation, under any distribution strategy.

Keras' `fit` neither works under MultiWorkerMirroredStrategy (Keras 3) nor checkpoints its place in the data, so the
loop is our own; the step is the model's `train_step`.
"""

import dataclasses
import math
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tqdm import tqdm

from colorgan_tf.config import Config, Phase
from colorgan_tf.errors import InputError
from colorgan_tf.inference import restore, run_files
from colorgan_tf.networks.precision import dtype_policy
from colorgan_tf.training import distribution
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.monitoring import Means, RunLog, guard_against_nan
from colorgan_tf.training.validation import Validation, best_score
from colorgan_tf.training.workdir import check_configuration, check_data, store_configuration
from pipelines.data import dataset


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: the last step that was trained.
        finished: whether all steps are done.
        best: the smallest Frechet distance to the validation pictures, or None.
    """

    step: int
    finished: bool
    best: float | None


def train(
    config: Config,
    data: str | Path,
    workdir: str | Path,
    validation: str | Path | None = None,
    start: str | Path | None = None,
    time_limit: float | None = None,
    report: Callable[[str], None] = print,
) -> Outcome:
    """Trains until all phases are done, from wherever `workdir` stands.

    Args:
        config: the run's configuration.
        data: folder of shards, pair files or photographs.
        workdir: holds everything the run writes.
        validation: folder of the validation set; without it a few of `data` are held out.
        start: run or exported model whose generator's weights a new run begins with.
        time_limit: seconds from now after which no other step is begun; None for no limit.
        report: shows a sentence to the person who waits.

    Returns:
        How the run ended. Ctrl-C, SIGTERM and the time limit end it early, with a checkpoint.

    Raises:
        InputError: for bad data, a `start` of another network, or a workdir of another configuration.
        TrainingDiverged: if a loss is no longer a number.
    """
    deadline = math.inf if time_limit is None else time.monotonic() + time_limit
    workdir = Path(workdir)
    check_configuration(workdir, config)
    keras.utils.set_random_seed(config.runtime.seed)
    if config.runtime.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy, why = distribution.choose(config.runtime.strategy)
    policy, why_policy = distribution.precision_policy(config.runtime.precision)
    chief = distribution.is_chief(strategy)
    report(f"{why}; {why_policy}")
    if config.runtime.batch % strategy.num_replicas_in_sync:
        raise InputError(
            f"`batch` must be a multiple of the {strategy.num_replicas_in_sync} replicas. "
            f"Received: batch={config.runtime.batch}."
        )

    source = dataset.open_source(data, progress=lambda items: tqdm(items, desc="checking pictures", unit=""))
    for name, reason in source.skipped:
        report(f"skipped {name}: {reason}")
    if validation is None:
        source, validation_set = dataset.hold_out(source, config.data.validation_pictures)
    else:
        validation_set = dataset.open_source(validation)
    validated = min(validation_set.count, config.data.validation_pictures)
    report(f"training on {source.count} pictures, validating on {validated}")
    initial = None if start is None else restore.trained(start).weights()

    with dtype_policy(policy), strategy.scope():
        gan = ColorGAN(config)
        if initial is not None:
            gan.generator.assign(initial, str(start))
        gan.build_optimizers()  # its averages begin with the weights as they are
        step_variable = tf.Variable(0, dtype=tf.int64, trainable=False)
    store_configuration(workdir, config)
    check_data(workdir, source, start)
    checkpoint = tf.train.Checkpoint(
        generator=gan.generator.model,
        discriminator=gan.adversary.network,
        generator_optimizer=gan.generator_optimizer,
        discriminator_optimizer=gan.discriminator_optimizer,
        noise=gan.noise_state,
        step=step_variable,
    )
    with _own_folder(workdir / run_files.CHECKPOINTS, chief) as folder:
        manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
        found = tf.train.latest_checkpoint(str(workdir / run_files.CHECKPOINTS))
        if found:
            checkpoint.restore(found).assert_existing_objects_matched()
        step = int(step_variable.numpy())
        if step:
            report(f"resuming at step {step} of {config.steps}")
        run = _Run(config, gan, strategy, workdir, manager, step_variable, chief, deadline)
        return run.train(source, validation_set)


@dataclasses.dataclass
class _Run:
    """The state of a run that its parts share."""

    config: Config
    gan: ColorGAN
    strategy: tf.distribute.Strategy
    workdir: Path
    manager: tf.train.CheckpointManager
    step_variable: tf.Variable
    chief: bool
    deadline: float
    log: RunLog | None = None

    def train(self, source: dataset.Source, validation_set: dataset.Source) -> Outcome:
        """Trains the remaining steps."""
        config, step = self.config, int(self.step_variable.numpy())
        if step >= config.steps:
            return Outcome(step, True, best_score(self.workdir))
        batches = iter(self._distributed(source, step))
        validation = None
        if self.chief:
            self.log = RunLog(self.workdir, step, config.steps)
            validation = Validation(validation_set, config, self.workdir, self.log)
        phase, train_step, means = None, None, Means()
        agree = distribution.any_worker(self.strategy)
        stopping = False
        try:
            with _stop_requests() as requests:
                while step < config.steps and not stopping:
                    # === Phase ===
                    current, first = config.phase_at(step)
                    if train_step is None or current is not phase:
                        phase, train_step = current, self._compile(current)
                        self._report(f"phase {phase.name}: steps {first} to {first + phase.steps}")

                    # === Step ===
                    means.add(train_step(next(batches)))
                    step += 1
                    self.step_variable.assign(step)
                    if self.log:
                        self.log.advance()

                    # === Log, checkpoint ===
                    stopping = agree(bool(requests) or time.monotonic() >= self.deadline)
                    due = step % config.runtime.checkpoint_every == 0 or step == config.steps or stopping
                    if due or step % config.runtime.log_every == 0:
                        scores, rate = means.take()
                        checked = scores | self._weight_norms() if due else scores
                        guard_against_nan(step, checked, self.manager.latest_checkpoint)
                        if self.log:
                            self.log.scalars(step, "train", scores, phase=phase.name, steps_per_second=round(rate, 4))
                    if due:
                        if validation:
                            validation.run(self.gan, step)
                        self.manager.save(checkpoint_number=step)
                        means = Means()
        finally:
            if self.log:
                self.log.close()
        agree(False)  # workers leave together: one that is gone would be taken for a crash by the others
        return Outcome(step, step >= config.steps, best_score(self.workdir))

    def _weight_norms(self) -> dict[str, float]:
        """A step whose loss is finite may still have spoilt the weights, which then must not be kept."""
        networks = {
            "generator weights": self.gan.generator.model,
            "discriminator weights": self.gan.adversary.network,
        }
        return {
            name: float(tf.linalg.global_norm([weight.value for weight in network.trainable_variables]))
            for name, network in networks.items()
        }

    def _report(self, text: str) -> None:
        if self.log:
            self.log.write(text)

    def _distributed(self, source: dataset.Source, start: int) -> tf.distribute.DistributedDataset:
        runtime, replicas = self.config.runtime, self.strategy.num_replicas_in_sync

        def worker_batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
            local = context.get_per_replica_batch_size(runtime.batch)
            share = replicas // context.num_input_pipelines  # replicas that this worker feeds
            whole = dataset.training(
                source,
                self.config.data,
                local * share,
                runtime.seed,
                start,
                context.input_pipeline_id,
                context.num_input_pipelines,
            )
            return whole.unbatch().batch(local, drop_remainder=True) if share > 1 else whole

        return self.strategy.distribute_datasets_from_function(worker_batches)

    def _compile(self, phase: Phase) -> Callable[[Any], dict[str, tf.Tensor]]:
        self.gan.begin(phase)

        @tf.function
        def train_step(batch: Any) -> dict[str, tf.Tensor]:
            scores = self.strategy.run(self.gan.train_step, args=(batch,))
            return {name: self.strategy.reduce("MEAN", score, axis=None) for name, score in scores.items()}

        return train_step


@contextmanager
def _own_folder(folder: Path, chief: bool) -> Iterator[Path]:
    """The chief's checkpoints are kept; other workers must save too (saving is collective), but to nowhere."""
    if chief:
        yield folder
        return
    scratch = Path(tempfile.mkdtemp())
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM, so that the step at hand is finished and a checkpoint written."""
    requests: list[int] = []
    handled = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [signal.signal(number, lambda received, frame: requests.append(received)) for number in handled]
    except ValueError:  # not in the main thread: nobody can send us one
        yield requests
        return
    try:
        yield requests
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)
