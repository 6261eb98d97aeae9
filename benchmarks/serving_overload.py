"""Overload: more requests than the embedded server can answer, for minutes, and every answer checked."""

import contextlib
import dataclasses
import random
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.serving_process import BATCHING, ServerProcess
from benchmarks.serving_requests import (
    ALLOWED,
    RightAnswers,
    Rule,
    coloured,
    direct_call,
    picture,
    predict_request,
)
from colorgan_tf.errors import PartialFailure

MOST_GROWTH = 1.0  # MB a minute
_PICTURES = 8
_PATIENT = 30.0  # seconds; every second client, so that the queue fills. The others' deadlines pass in it.
_WAITING = 32  # clients that wait for each answer; many more would not fit into the queue
_PATIENCE = 120.0  # seconds for an answer while nothing is wrong
_WARMUP_MINUTES = 2.0
# Shorter than this, the noise of the memory is larger than a slope that matters.
_LEAST_MINUTES = 3.0


@dataclasses.dataclass
class Tally:
    """What came back, counted by gRPC's threads.

    Attributes:
        codes: answers by their code.
        wrong: answers that were OK and not the right picture.
        seconds: what each right answer took.
    """

    codes: Counter[str] = dataclasses.field(default_factory=Counter)
    wrong: int = 0
    seconds: list[float] = dataclasses.field(default_factory=list)
    _changed: threading.Condition = dataclasses.field(default_factory=threading.Condition)
    _open: int = 0

    def sent(self) -> None:
        """Counts a request that is on its way."""
        with self._changed:
            self._open += 1

    def answered(self, call: Any, number: int, right: RightAnswers, began: float) -> None:
        """Counts the answer to a request for picture `number`."""
        seconds, fits = time.perf_counter() - began, False
        code = call.code().name
        try:
            fits = code == "OK" and right.fits(number, coloured(call.result()))
        finally:
            with self._changed:
                self._open -= 1
                self.codes[code] += 1
                if fits:
                    self.seconds.append(seconds)
                self.wrong += code == "OK" and not fits
                self._changed.notify_all()

    def wait_for_all(self, timeout: float) -> int:
        """Waits until nothing is on its way; returns how many requests still are when the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, timeout)
            return self._open


class Crowd:
    """Clients with a connection each."""

    def __init__(self, address: str, clients: int, right: RightAnswers):
        import grpc
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        # Without a pool of their own all channels to one address share one connection.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        self._channels = [grpc.insecure_channel(address, options) for _ in range(clients)]
        self._predict = [prediction_service_pb2_grpc.PredictionServiceStub(each).Predict for each in self._channels]
        self._requests = [predict_request([picture(number)]) for number in range(_PICTURES)]
        self._right = right

    def close(self) -> None:
        """Closes the connections."""
        for channel in self._channels:
            channel.close()

    def capacity(self, seconds: float) -> float:
        """Returns how many pictures a second the server answers when clients ask again as soon as they can.

        Raises:
            PartialFailure: a request fails, or an answer is wrong.
        """
        import grpc

        end = time.perf_counter() + seconds

        def ask(client: int) -> int:
            done = 0
            while time.perf_counter() < end:
                number = (client + done) % _PICTURES
                try:
                    answer = coloured(self._predict[client](self._requests[number], timeout=_PATIENCE))
                except grpc.RpcError as error:
                    raise PartialFailure(
                        f"A server with time for each client must answer. Received: {error.code().name}: "  # type: ignore[attr-defined]
                        f"{error.details()}"  # type: ignore[attr-defined]
                    ) from error
                if not self._right.fits(number, answer):
                    raise PartialFailure("A server with time for each client must answer with the right picture.")
                done += 1
            return done

        began = time.perf_counter()
        count = min(_WAITING, len(self._predict))
        with ThreadPoolExecutor(count) as pool:
            done = sum(pool.map(ask, range(count)))
        return done / (time.perf_counter() - began)

    def send(self, client: int, rate: float, timeout: float, tally: Tally, over: threading.Event) -> None:
        """Sends at random times, `rate` requests a second on average, whether or not the answers come."""
        chance, due = random.Random(client), time.perf_counter()
        while True:
            due += chance.expovariate(rate)
            if over.wait(max(0.0, due - time.perf_counter())):
                return
            number, began = chance.randrange(_PICTURES), time.perf_counter()
            tally.sent()
            call = self._predict[client].future(self._requests[number], timeout=timeout)
            call.add_done_callback(
                lambda call, number=number, began=began: tally.answered(call, number, self._right, began)
            )


def run(folder: Path, clients: int, load: float, minutes: float) -> list[Rule]:
    """Overloads a server, prints what happened and returns the rules.

    Args:
        folder: a servable's folder with version folders.
        clients: how many.
        load: requests sent over requests that can be answered.
        minutes: how long.
    """
    from colorgan_tf.inference import model_files

    call = direct_call(str(model_files.version_folder(folder)))
    right = RightAnswers([call([picture(number)])[0] for number in range(_PICTURES)])
    with ServerProcess(folder, "--enable_batching", f"--batching_parameters_file={BATCHING}") as server:
        server.wait_until_available()
        crowd = Crowd(server.address, clients, right)
        capacity = crowd.capacity(min(20.0, 60 * minutes / 4))
        hurried = max(1.0, 2 * _PICTURES / capacity)
        print(f"capacity: {capacity:.1f} pictures a second with {min(clients, _WAITING)} clients that wait for answers")
        print(f"sent: {load * capacity:.1f} a second for {minutes:g} min, deadlines {hurried:.1f} and {_PATIENT:g} s")
        tally, over, memory = Tally(), threading.Event(), []
        senders = [
            threading.Thread(
                target=crowd.send,
                args=(each, load * capacity / clients, hurried if each % 2 else _PATIENT, tally, over),
            )
            for each in range(clients)
        ]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        while (passed := (time.perf_counter() - began) / 60) < minutes and server.runs:
            memory.append((passed, server.memory()))
            time.sleep(min(2.0, 60 * minutes / 20))
        over.set()
        for sender in senders:
            sender.join()
        lost = tally.wait_for_all(2 * _PATIENT)
        runs, after = server.runs, 0.0
        with contextlib.suppress(PartialFailure):
            after = crowd.capacity(1.0)
        crowd.close()
    _print(tally, memory, 60 * minutes)
    return [
        Rule("every picture the right one", f"{tally.wrong} wrong of {tally.codes['OK']}", not tally.wrong),
        _codes(tally, lost),
        Rule("the server runs on and answers", f"{after:.1f} pictures a second afterwards", runs and after > 0),
        _growth(memory, minutes),
    ]


def _print(tally: Tally, memory: list[tuple[float, float]], seconds: float) -> None:
    print(f"\n{'answer':<22}{'number':>8}{'a second':>10}")
    for code, count in tally.codes.most_common():
        print(f"{code:<22}{count:8}{count / seconds:10.1f}")
    if tally.seconds:
        median, low, high = machine.spread(tally.seconds)
        print(f"seconds to a picture: {median:.2f} (quartiles {low:.2f} to {high:.2f})")
    print("memory in MB:", ", ".join(f"{megabytes:.0f}" for _, megabytes in memory[:: max(1, len(memory) // 10)]))


def _codes(tally: Tally, lost: int) -> Rule:
    others = {code: count for code, count in tally.codes.items() if code not in ALLOWED}
    seen = ", ".join(f"{count} {code}" for code, count in others.items()) or "no other"
    return Rule(f"only {', '.join(ALLOWED)}", f"{seen}; {lost} without any answer", not others and not lost)


def _growth(memory: list[tuple[float, float]], minutes: float) -> Rule:
    """Fits a straight line through the memory after the warm-up."""
    warm_up = min(_WARMUP_MINUTES, minutes / 3)
    warm = [sample for sample in memory if sample[0] >= warm_up]
    wanted = f"memory grows by at most {MOST_GROWTH:g} MB a minute after {warm_up:.1f} min"
    if len(warm) < 2:
        return Rule(wanted, "no samples", None)
    slope = statistics.linear_regression(*zip(*warm, strict=True)).slope
    long_enough = minutes - warm_up >= _LEAST_MINUTES
    return Rule(wanted, f"{slope:+.2f} MB a minute", slope <= MOST_GROWTH if long_enough else None)
