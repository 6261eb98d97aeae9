"""Callers that ask a server for pictures again and again while something happens to it."""

import contextlib
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.serving_requests import RightAnswers, coloured, picture, predict_request
from colorgan_tf.errors import PartialFailure

_PATIENCE = 300.0  # seconds until what must happen is no longer waited for
_POLL = 0.05


class Caller:
    """A thread that asks, and asks again as soon as it has an answer or an error.

    Attributes:
        answers: right ones so far.
        failures: by their text.
    """

    def __init__(self, ask: Callable[[], str | None]):
        """Creates it; `with callers(...)` starts and ends it.

        Args:
            ask: sends one request and returns None, or what is wrong with the answer; exceptions are failures too.
        """
        self.answers, self.failures = 0, Counter[str]()
        self._ask, self._over = ask, threading.Event()
        self._changed = threading.Condition()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def end(self) -> None:
        """Sends nothing more."""
        self._over.set()

    def wait_for_answers(self, count: int) -> float:
        """Waits for so many right answers more; returns the seconds that took.

        Raises:
            PartialFailure: they do not come.
        """
        began = time.perf_counter()
        with self._changed:
            wanted = self.answers + count
            if not self._changed.wait_for(lambda: self.answers >= wanted, _PATIENCE):
                raise PartialFailure(f"The server must answer. Received: {self.answers} answers, {self.failures}.")
        return time.perf_counter() - began

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                wrong = self._ask()
            except Exception as error:  # noqa: BLE001 - every error is counted
                wrong = _text(error)
            with self._changed:
                if wrong is None:
                    self.answers += 1
                else:
                    self.failures[wrong] += 1
                self._changed.notify_all()


def _text(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{code().name}: {error.details()}" if code else f"{type(error).__name__}: {error}"  # type: ignore[attr-defined]


@contextlib.contextmanager
def callers(*asks: Callable[[], str | None]) -> Iterator[list[Caller]]:
    """Runs callers; afterwards they have ended, and hold what they counted."""
    group = [Caller(ask) for ask in asks]
    for each in group:
        each.thread.start()
    try:
        yield group
    finally:
        for each in group:
            each.end()
        for each in group:
            each.thread.join()


def plain_ask(address: str, right: RightAnswers, versions: list[int]) -> Callable[[], str | None]:
    """Returns what sends one request for picture 0 without trying again, and notes the version that answered."""
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])
    predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
    request = predict_request([picture()])

    def ask() -> str | None:
        response = predict(request, timeout=120)
        versions.append(response.model_spec.version.value)
        return None if right.fits(0, coloured(response)) else "a wrong picture"

    return ask


def publish(source: Path, models: Path, number: int, spoil: Callable[[Path], object] = lambda _: None) -> None:
    """Copies a version so that it appears at once.

    Args:
        source: the version's folder.
        models: folder with version folders.
        number: of the new version.
        spoil: is given the copy's folder before it appears.
    """
    temporary = models / f"{number}.writing"  # no number: no server takes it for a version
    shutil.copytree(source, temporary)
    spoil(temporary)
    temporary.rename(models / str(number))


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something.

    Raises:
        PartialFailure: it does not happen; `what` is what must.
    """
    end = time.perf_counter() + _PATIENCE
    while not condition():
        if time.perf_counter() > end:
            raise PartialFailure(f"{what} within {_PATIENCE:g} s.")
        time.sleep(_POLL)


def failed(group: list[Caller]) -> str:
    """Returns the failures of callers in words: how many, and the commonest text."""
    failures = sum((each.failures for each in group), Counter[str]())
    answers = sum(each.answers for each in group)
    if not failures:
        return f"0 of {answers}"
    (text, _) = failures.most_common(1)[0]
    return f"{failures.total()} of {answers + failures.total()} ({text})"
