"""The training loop: phases, checkpoints, resume and validation, in any back end and distribution strategy.

Keras' `fit` neither works under MultiWorkerMirroredStrategy (Keras 3) nor checkpoints its place in the data, so the
loop is our own; the step is the trainer's.
"""

import dataclasses
import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
from keras import ops
from tqdm import tqdm

from colorgan_tf.config import Config
from colorgan_tf.errors import InputError
from colorgan_tf.inference import restore, run_files
from colorgan_tf.training import trainers
from colorgan_tf.training.monitoring import Means, RunLog, guard_against_nan
from colorgan_tf.training.trainer import Trainer
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
    trainer = trainers.choose(config)
    report(trainer.description)
    if config.runtime.batch % trainer.replicas:
        raise InputError(
            f"`batch` must be a multiple of the {trainer.replicas} replicas. Received: batch={config.runtime.batch}."
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

    trainer.build(initial, str(start))
    store_configuration(workdir, config)
    check_data(workdir, source, start)
    step = trainer.restore(workdir / run_files.CHECKPOINTS)
    if step:
        report(f"resuming at step {step} of {config.steps}")
    return _Run(config, trainer, workdir, deadline).train(step, source, validation_set)


@dataclasses.dataclass
class _Run:
    """The state of a run that its parts share."""

    config: Config
    trainer: Trainer
    workdir: Path
    deadline: float
    log: RunLog | None = None

    def train(self, step: int, source: dataset.Source, validation_set: dataset.Source) -> Outcome:
        """Trains the steps that remain after `step`."""
        config, trainer = self.config, self.trainer
        if step >= config.steps:
            return Outcome(step, True, best_score(self.workdir))
        batches = trainer.batches(source, step)
        validation = None
        if trainer.chief:
            self.log = RunLog(self.workdir, step, config.steps)
            validation = Validation(validation_set, config, self.workdir, self.log)
        phase, train_step, means = None, None, Means()
        stopping = False
        try:
            with _stop_requests() as requests:
                while step < config.steps and not stopping:
                    # === Phase ===
                    current, first = config.phase_at(step)
                    if train_step is None or current is not phase:
                        phase, train_step = current, trainer.step(current)
                        self._report(f"phase {phase.name}: steps {first} to {first + phase.steps}")

                    # === Step ===
                    means.add(train_step(next(batches)))
                    step += 1
                    if self.log:
                        self.log.advance()

                    # === Log, checkpoint ===
                    stopping = trainer.any_stops(bool(requests) or time.monotonic() >= self.deadline)
                    due = step % config.runtime.checkpoint_every == 0 or step == config.steps or stopping
                    if due or step % config.runtime.log_every == 0:
                        scores, rate = means.take()
                        checked = scores | self._weight_norms() if due else scores
                        guard_against_nan(step, checked, trainer.newest_checkpoint)
                        if self.log:
                            self.log.scalars(step, "train", scores, phase=phase.name, steps_per_second=round(rate, 4))
                    if due:
                        if validation:
                            validation.run(trainer.gan, step)
                        trainer.save(step)
                        means = Means()
        finally:
            if self.log:
                self.log.close()
        trainer.any_stops(False)  # workers leave together: one that is gone would be taken for a crash by the others
        return Outcome(step, step >= config.steps, best_score(self.workdir))

    def _weight_norms(self) -> dict[str, float]:
        """A step whose loss is finite may still have spoilt the weights, which then must not be kept."""
        networks = {
            "generator weights": self.trainer.gan.generator.model,
            "discriminator weights": self.trainer.gan.adversary.network,
        }
        return {
            name: math.sqrt(sum(float(ops.sum(ops.square(each))) for each in network.trainable_variables))
            for name, network in networks.items()
        }

    def _report(self, text: str) -> None:
        if self.log:
            self.log.write(text)


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
