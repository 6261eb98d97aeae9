"""Request batching: rows of many callers in one run of the model.

One queue for each signature, one pool of threads for all, as TensorFlow Serving's SharedBatchScheduler. Two things are
better for callers: requests of unequal shapes wait in batches of their own, where TensorFlow Serving fails both, and a
batch that fails is run again caller by caller, so that one bad picture is one caller's error.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.model_server import statuses
from serving.model_server.config_files import Batching
from serving.model_server.metrics import Metrics

Tensors = dict[str, npt.NDArray[Any]]
Run = Callable[[Tensors], Tensors]


@dataclass(eq=False)
class _Task:
    inputs: Tensors
    size: int
    deadline: float | None
    future: Future[Tensors] = field(default_factory=Future)
    enqueued: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class _Batch:
    queue: Hashable
    group: Hashable
    limits: Batching
    run: Run
    tasks: list[_Task] = field(default_factory=list)
    size: int = 0
    full: bool = False

    def has_room(self, task: _Task) -> bool:
        return self.size + task.size <= self.limits.execution_size

    def add(self, task: _Task) -> None:
        self.tasks.append(task)
        self.size += task.size
        self.full = self.size == self.limits.execution_size


def rows(inputs: Tensors) -> int:
    """Returns the number of rows of a request.

    Raises:
        ServingError: INVALID_ARGUMENT: an input is a scalar, or the inputs' numbers of rows differ.
    """
    if any(values.ndim == 0 for values in inputs.values()):
        raise statuses.batch_scalar()
    sizes = {len(values) for values in inputs.values()}
    if len(sizes) != 1:
        raise statuses.batch_rows_differ()
    return sizes.pop()


def _padded(parts: list[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """Pads arrays with zeros at the end of each dimension but the first, up to the largest of them."""
    largest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    filler = b"" if parts[0].dtype == object else 0
    widths = [
        [(0, 0), *((0, most - size) for most, size in zip(largest, part.shape[1:], strict=True))] for part in parts
    ]
    return [np.pad(part, width, constant_values=filler) for part, width in zip(parts, widths, strict=True)]


class BatchScheduler:
    """Collects requests in batches and runs them on threads of its own."""

    def __init__(self, parameters: Batching, metrics: Metrics):
        """Starts the threads.

        Args:
            parameters: threads for all queues; sizes and times for those that come without their own.
            metrics: where queuing shows.
        """
        self.parameters = parameters
        self._metrics = metrics
        self._changed = threading.Condition()
        self._batches: list[_Batch] = []  # waiting, oldest first
        self._open: dict[Hashable, _Batch] = {}  # the one batch of each group that takes further tasks
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{parameters.thread_pool_name}_{i}", daemon=True)
            for i in range(parameters.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self,
        queue: Hashable,
        run: Run,
        inputs: Tensors,
        deadline: float | None,
        on_cancel: Callable[[Callable[[], object]], object] | None = None,
        limits: Batching | None = None,
    ) -> Tensors:
        """Runs one request within a batch, and waits for its rows of the result.

        Args:
            queue: what identifies the signature; only requests of the same signature are joined.
            run: runs joined inputs.
            inputs: tensors with the same number of rows.
            deadline: `time.monotonic()` by which it must have begun; None for none.
            on_cancel: is given a function to call if the caller goes away.
            limits: sizes and times of this queue's batches; None for the scheduler's.

        Raises:
            ServingError: INVALID_ARGUMENT (more rows than a batch takes, scalar), UNAVAILABLE (queue full),
                DEADLINE_EXCEEDED, CANCELLED, or what the model itself failed with on this caller's rows.
        """
        size, limits = rows(inputs), limits or self.parameters
        if size > limits.max_batch_size:
            raise statuses.batch_too_large(size, limits.max_batch_size)
        step = limits.execution_size
        futures: list[Future[Tensors]] = []
        try:
            for start in range(0, size, step):
                part = (
                    inputs if size <= step else {name: values[start : start + step] for name, values in inputs.items()}
                )
                futures.append(self._enqueue(queue, limits, run, _Task(part, min(step, size - start), deadline)))
            if on_cancel:
                on_cancel(lambda: [future.cancel() for future in futures])
            parts = [future.result(None if deadline is None else deadline - time.monotonic()) for future in futures]
        except TimeoutError:
            raise statuses.deadline_exceeded() from None
        except CancelledError:
            raise statuses.cancelled() from None
        finally:
            for future in futures:  # what is done already ignores it
                future.cancel()
        return parts[0] if len(parts) == 1 else {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    def _enqueue(self, queue: Hashable, limits: Batching, run: Run, task: _Task) -> Future[Tensors]:
        shapes: list[tuple[str, Any]] = sorted((name, values.shape[1:]) for name, values in task.inputs.items())
        if limits.pad_variable_length_inputs:
            shapes = [(name, len(shape)) for name, shape in shapes]
        group = (queue, tuple(shapes))
        with self._changed:
            if self._stopping:
                raise statuses.unavailable("The server is shutting down")
            if self._is_full(queue, group, limits, task):
                self._close_ranks(queue)
                if self._is_full(queue, group, limits, task):
                    queued = self._queued(queue)
                    raise statuses.batch_queue_full(task.size, queued, limits.max_enqueued_batches)
            self._place(_Batch(queue, group, limits, run), task)
            self._changed.notify()
        return task.future

    def _queued(self, queue: Hashable) -> int:
        return Counter(waiting.queue for waiting in self._batches)[queue]

    def _is_full(self, queue: Hashable, group: Hashable, limits: Batching, task: _Task) -> bool:
        batch = self._open.get(group)
        return not (batch and batch.has_room(task)) and self._queued(queue) >= limits.max_enqueued_batches

    def _place(self, new: _Batch, task: _Task) -> None:
        """Adds a task to the open batch of its group, or to a new one."""
        batch = self._open.get(new.group)
        if batch is None or not batch.has_room(task):
            if batch:
                batch.full = True
            batch = self._open[new.group] = new
            self._batches.append(batch)
        batch.add(task)

    def _close_ranks(self, queue: Hashable) -> None:
        """Joins what waits in a queue again, without those who gave up: under load they would keep it full."""
        waiting = [batch for batch in self._batches if batch.queue == queue]
        self._batches = [batch for batch in self._batches if batch.queue != queue]
        for batch in waiting:
            self._open.pop(batch.group, None)
        for batch in waiting:
            for task in batch.tasks:
                if not task.future.cancelled():
                    self._place(_Batch(queue, batch.group, batch.limits, batch.run), task)
        self._batches.sort(key=lambda batch: batch.tasks[0].enqueued)

    def _next(self) -> tuple[_Batch | None, float | None]:
        """Returns the oldest batch that may run, or the seconds until one may."""
        now, wait = time.monotonic(), None
        for batch in self._batches:
            left = batch.tasks[0].enqueued + batch.limits.batch_timeout_micros / 1e6 - now
            if batch.full or left <= 0 or self._stopping:
                self._batches.remove(batch)
                if self._open.get(batch.group) is batch:
                    del self._open[batch.group]
                return batch, None
            wait = left if wait is None else min(wait, left)
        return None, wait

    def _work(self) -> None:
        while True:
            with self._changed:
                batch, wait = self._next()
                while batch is None:
                    if self._stopping:
                        return
                    self._changed.wait(wait)
                    batch, wait = self._next()
            self._process(batch)

    def _process(self, batch: _Batch) -> None:
        now, tasks = time.monotonic(), []
        for task in batch.tasks:
            if not task.future.set_running_or_notify_cancel():
                continue
            if task.deadline is not None and task.deadline <= now:
                task.future.set_exception(statuses.deadline_exceeded())
                continue
            waited = (now - task.enqueued) * 1e6
            self._metrics.queuing_latency.labels(self.parameters.thread_pool_name).observe(waited)
            tasks.append(task)
        groups = [tasks] if tasks else []
        while groups:
            group = groups.pop()
            try:
                for task, result in zip(group, self._run_joined(batch, group), strict=True):
                    task.future.set_result(result)
            except Exception as error:  # noqa: BLE001 - the caller gets it, whatever it is
                if len(group) == 1:
                    group[0].future.set_exception(error)
                else:
                    groups.extend([task] for task in group)

    def _run_joined(self, batch: _Batch, tasks: list[_Task]) -> list[Tensors]:
        sizes = [task.size for task in tasks]
        total = sum(sizes)
        wanted = next((size for size in batch.limits.allowed_batch_sizes if size >= total), total)
        joined = {}
        for name in tasks[0].inputs:
            parts = [task.inputs[name] for task in tasks]
            if len({part.shape[1:] for part in parts}) > 1:
                parts = _padded(parts)
            if wanted > total:  # repeats a valid row, as batching_session.cc does
                parts.append(np.repeat(parts[-1][:1], wanted - total, axis=0))
            joined[name] = parts[0] if len(parts) == 1 else np.concatenate(parts)
        outputs = batch.run(joined)
        self._metrics.wrapped_run_count.inc()
        if any(values.ndim == 0 or len(values) != wanted for values in outputs.values()):
            raise statuses.batch_output_rows()
        ends = np.cumsum(sizes)
        return [
            {name: values[end - size : end] for name, values in outputs.items()}
            for size, end in zip(sizes, ends, strict=True)
        ]

    def stop(self) -> None:
        """Runs what waits, then ends the threads; new requests are refused at once."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
