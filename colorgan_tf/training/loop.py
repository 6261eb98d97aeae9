"""The training loop: phases, checkpoints, resume and validation, under any distribution strategy.

Keras' `fit` neither works under MultiWorkerMirroredStrategy (Keras 3) nor checkpoints its place in the data, so the
loop is our own; the step is the model's `train_step`.
"""

import dataclasses
import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf
from tqdm import tqdm

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import backends, restore, run_files
from colorgan_tf.training import distribution
from colorgan_tf.training.callbacks import Means, RunLog, guard_against_nan
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.validation import Validation, best_score
from pipelines.data import dataset
from pipelines.media import writing


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
    config: config_lib.Config,
    data: str | Path,
    workdir: str | Path,
    validation: str | Path | None = None,
    start: str | Path | None = None,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Trains until all phases are done, from wherever `workdir` stands.

    Args:
        config: the run's configuration.
        data: folder of shards, pair files or photographs.
        workdir: holds everything the run writes.
        validation: folder of pictures to watch; without it a few of `data` are held out.
        start: run or exported model whose generator's weights a new run begins with.
        say: prints a sentence for the person who waits.

    Returns:
        How the run ended. Ctrl-C and SIGTERM end it early, with a checkpoint.

    Raises:
        InputError: for bad data, a `start` of another network, or a workdir of another configuration.
        TrainingDiverged: if a loss is no longer a number.
    """
    workdir = Path(workdir)
    same_as_stored(workdir, config)
    keras.utils.set_random_seed(config.runtime.seed)
    if config.runtime.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy, why = distribution.choose(config.runtime.strategy)
    policy, why_policy = distribution.precision_policy(config.runtime.precision)
    chief = distribution.is_chief(strategy)
    say(f"{why}; {why_policy}")
    if config.runtime.batch % strategy.num_replicas_in_sync:
        raise InputError(
            f"`batch` must be a multiple of the {strategy.num_replicas_in_sync} replicas. "
            f"Received: batch={config.runtime.batch}."
        )

    source = dataset.open_source(data, progress=lambda items: tqdm(items, desc="checking pictures", unit=""))
    for name, reason in source.skipped:
        say(f"skipped {name}: {reason}")
    if validation is None:
        source, watched = dataset.hold_out(source, config.data.validation_pictures)
    else:
        watched = dataset.open_source(validation)
    say(f"training on {source.count} pictures, watching {min(watched.count, config.data.validation_pictures)}")
    begun_with = None if start is None else restore.weights_of(restore.trained(start))

    with distribution.dtype_policy(policy), strategy.scope():
        gan = ColorGAN(config)
        if begun_with is not None:
            restore.assign(gan, begun_with, str(start))
        gan.build_optimizers()  # its averages begin with the weights as they are
        step_variable = tf.Variable(0, dtype=tf.int64, trainable=False)
    claim(workdir, config)
    same_data(workdir, source, start)
    checkpoint = tf.train.Checkpoint(
        generator=gan.generator,
        discriminator=gan.discriminator,
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
            say(f"going on at step {step} of {config.steps}")
        run = _Run(config, gan, strategy, workdir, manager, step_variable, chief)
        return run.go(source, watched)


class _Run:
    """The state of a run that its parts share."""

    def __init__(self, config, gan, strategy, workdir, manager, step_variable, chief):
        self.config, self.gan, self.strategy = config, gan, strategy
        self.workdir, self.manager, self.step_variable = workdir, manager, step_variable
        self.chief = chief
        self.log: RunLog | None = None

    def go(self, source: dataset.Source, watched: dataset.Source) -> Outcome:
        """Trains the remaining steps."""
        config, step = self.config, int(self.step_variable.numpy())
        if step >= config.steps:
            return Outcome(step, True, best_score(self.workdir))
        batches = iter(self._distributed(source, step))
        validation = None
        if self.chief:
            self.log = RunLog(self.workdir, step, config.steps)
            validation = Validation(watched, config, self.workdir, self.log)
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
                        self._say(f"phase {phase.name}: steps {first} to {first + phase.steps}")

                    # === Step ===
                    means.add(train_step(next(batches)))
                    step += 1
                    self.step_variable.assign(step)
                    if self.log:
                        self.log.advance()

                    # === Log, checkpoint ===
                    stopping = agree(bool(requests))
                    due = step % config.runtime.checkpoint_every == 0 or step == config.steps or stopping
                    if due or step % config.runtime.log_every == 0:
                        scores, rate = means.take()
                        watched_numbers = scores | self._weight_norms() if due else scores
                        guard_against_nan(step, watched_numbers, self.manager.latest_checkpoint)
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
        networks = {"generator weights": self.gan.generator, "discriminator weights": self.gan.discriminator}
        return {
            name: float(tf.linalg.global_norm([weight.value for weight in network.trainable_variables]))
            for name, network in networks.items()
        }

    def _say(self, text: str) -> None:
        if self.log:
            self.log.say(text)

    def _distributed(self, source: dataset.Source, start: int):
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

    def _compile(self, phase: config_lib.Phase) -> Callable:
        self.gan.begin(phase)

        @tf.function
        def train_step(batch):
            scores = self.strategy.run(self.gan.train_step, args=(batch,))
            return {name: self.strategy.reduce("MEAN", score, axis=None) for name, score in scores.items()}

        return train_step


def claim(workdir: Path, config: config_lib.Config) -> None:
    """Stores the configuration in a new workdir.

    Raises:
        InputError: if the workdir cannot be written.
    """
    stored_path = workdir / run_files.CONFIG
    try:
        if not stored_path.exists():
            workdir.mkdir(parents=True, exist_ok=True)
            writing.write_text(stored_path, config_lib.to_json(config))
    except OSError as error:
        raise InputError(f"`workdir` must be a folder that can be written. Received: {error}.") from error


def same_data(workdir: Path, source: dataset.Source, start: str | Path | None = None) -> None:
    """Checks that a run goes on with what it began with: pictures, whose order its position stands for, and weights.

    Raises:
        InputError: if it began with others.
    """
    told = {"pictures": source.count, "fingerprint": source.fingerprint}
    if start is not None:
        told["start"] = backends.identity(start)
    path = workdir / run_files.DATA
    if not path.exists():
        writing.write_text(path, json.dumps(told) + "\n")
        return
    stored = json.loads(path.read_text())
    if stored.get("start") != told.get("start"):
        raise InputError(
            f"The run in {workdir} must go on with the `start` that it began with. "
            f"Received: start={start}. Use another --workdir for this."
        )
    if stored != told:
        raise InputError(
            f"The run in {workdir} must go on with the data that it began with ({stored['pictures']} pictures). "
            f"Received: other data ({source.count} pictures). Use another --workdir for these."
        )


def same_as_stored(workdir: Path, config: config_lib.Config) -> None:
    """Checks that a workdir is new, or that its configuration is this one.

    Raises:
        InputError: naming the first option that differs.
    """
    stored_path = workdir / run_files.CONFIG
    if not stored_path.exists():
        return
    stored = _flat(dataclasses.asdict(config_lib.load(stored_path)))
    asked = _flat(dataclasses.asdict(config))
    free = ("runtime.checkpoint_every", "runtime.log_every", "runtime.strategy")
    for name in sorted(stored.keys() | asked.keys()):
        if name not in free and stored.get(name) != asked.get(name):
            raise InputError(
                f"The run in {workdir} has {name}={stored.get(name)}. Received: {name}={asked.get(name)}. "
                "Use the same options to go on, or another --workdir."
            )


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


def _flat(values: dict, prefix: str = "") -> dict:
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                flat |= _flat(item, f"{prefix}{name}.{index}.")
        else:
            flat[prefix + name] = value
    return flat
