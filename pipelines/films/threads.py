"""Stages that work at the same time: each is a generator in a thread of its own, joined by bounded queues.

The heavy calls (decoding, OpenCV, the network, encoding) leave Python's lock, so that threads keep all cores busy.
"""

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

Stage = Callable[[Iterator[Any]], Iterator[Any]]
_END = object()


class _Stopped(Exception):
    """Another stage failed, or the reader went away."""


class Pipeline:
    """Runs a source and stages after it, each in a thread.

    `seconds` holds, by stage name, the time spent working: waiting for input or for room in the queue is left out.
    """

    def __init__(self, source: tuple[str, Iterable[Any]], stages: list[tuple[str, Stage]], depth: int = 4):
        self._source = source
        self._stages = stages
        self._depth = depth
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self.seconds: dict[str, float] = {name: 0.0 for name, _ in [source, *stages]}

    def __iter__(self) -> Generator[Any, None, None]:
        """Yields what the last stage makes.

        Raises:
            BaseException: what any stage raised first, in the caller's thread.
        """
        queues: list[queue.Queue[Any]] = [queue.Queue(self._depth) for _ in range(len(self._stages) + 1)]
        name, items = self._source
        threads = [self._thread(name, lambda _: iter(items), None, queues[0])]
        for (name, stage), feed, out in zip(self._stages, queues, queues[1:], strict=False):
            threads.append(self._thread(name, stage, feed, out))
        for thread in threads:
            thread.start()
        try:
            while (item := self._get(queues[-1])) is not _END:
                yield item
        except _Stopped:
            pass
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _thread(
        self, name: str, stage: Stage, feed: "queue.Queue[Any] | None", out: "queue.Queue[Any]"
    ) -> threading.Thread:
        return threading.Thread(target=self._work, args=(name, stage, feed, out), name=name, daemon=True)

    def _work(self, name: str, stage: Stage, feed: "queue.Queue[Any] | None", out: "queue.Queue[Any]") -> None:
        waited = 0.0

        def inputs() -> Iterator[Any]:
            nonlocal waited
            assert feed is not None
            while True:
                began = time.perf_counter()
                item = self._get(feed)
                waited += time.perf_counter() - began
                if item is _END:
                    return
                yield item

        try:
            results = stage(inputs() if feed is not None else iter(()))
            while True:
                began, waited = time.perf_counter(), 0.0
                item = next(results, _END)
                self.seconds[name] += time.perf_counter() - began - waited
                self._put(out, item)
                if item is _END:
                    return
        except _Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the reader's thread
            self._failure = self._failure or error
            self._stop.set()

    def _get(self, source: "queue.Queue[Any]") -> Any:
        while True:
            try:
                return source.get(timeout=0.1)
            except queue.Empty:
                if self._stop.is_set():
                    raise _Stopped from None

    def _put(self, target: "queue.Queue[Any]", item: Any) -> None:
        while True:
            if self._stop.is_set():
                raise _Stopped
            try:
                return target.put(item, timeout=0.1)
            except queue.Full:
                continue
