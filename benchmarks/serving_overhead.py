"""What the embedded server costs: a picture over gRPC against the same signature called in this process."""

import dataclasses
import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import machine
from benchmarks.serving_process import BATCHING, ServerProcess
from benchmarks.serving_requests import Rule, coloured, direct_call, picture, predict_request

CLIENTS = 8
MOST_OVERHEAD = 1.10
LEAST_THROUGHPUT = 1.0
_PICTURES = 32  # of each measurement of throughput
_WARMUP = 5
# Two ways to the same picture, as the report calls them.
DIRECT, SERVED = "direct call", "embedded server, gRPC on loopback"
DIRECT_MANY, SERVED_MANY = "direct calls, one after the other", f"{CLIENTS} clients, batching on"
DIRECT_THREADS = f"direct calls, {CLIENTS} threads"


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        latency: by way, what one picture took in each round; processor time is that of both processes.
        throughput: by way, pictures a second in each round.
    """

    latency: dict[str, list[machine.Spent]]
    throughput: dict[str, list[float]]


def measure(folder: Path, rounds: int) -> Figures:
    """Measures a model.

    Args:
        folder: a servable's folder with version folders.
        rounds: pictures measured for the latency of each way; the throughput is measured a sixth as often, twice at
            least.
    """
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from colorgan_tf import backends

    call, data = direct_call(str(backends.version_folder(folder))), picture()
    request = predict_request([data])

    def sender(server: ServerProcess) -> Callable[[], bytes]:
        server.wait_until_available()
        channel = grpc.insecure_channel(server.address, [("grpc.max_receive_message_length", -1)])
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        return lambda: coloured(predict(request, timeout=60))

    with ServerProcess(folder) as server:
        send = sender(server)

        def over_grpc() -> machine.Spent:
            before = server.processor()
            spent = machine.spent(send)
            return dataclasses.replace(spent, processor=spent.processor + server.processor() - before)

        ways: dict[str, Callable[[], machine.Spent]] = {
            DIRECT: functools.partial(machine.spent, lambda: call([data])),
            SERVED: over_grpc,
        }
        machine.rounds(ways, _WARMUP)
        latency = machine.rounds(ways, rounds)
    with (
        ServerProcess(folder, "--enable_batching", f"--batching_parameters_file={BATCHING}") as server,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        send = sender(server)

        def rate(work: Callable[[], object]) -> float:
            began = time.perf_counter()
            work()
            return _PICTURES / (time.perf_counter() - began)

        def many(one: Callable[[], object]) -> Callable[[], float]:
            return lambda: rate(lambda: list(pool.map(lambda _: one(), range(_PICTURES))))

        crowds = {
            DIRECT_MANY: lambda: rate(lambda: [call([data]) for _ in range(_PICTURES)]),
            DIRECT_THREADS: many(lambda: call([data])),
            SERVED_MANY: many(send),
        }
        machine.rounds(crowds, 1)
        throughput = machine.rounds(crowds, max(2, rounds // 6))
    return Figures(latency, throughput)


def report(figures: Figures) -> list[Rule]:
    """Prints the tables and returns what is asked of them."""
    print(f"\n{'one picture of 512 x 256':<40}{'ms':>8}  {'quartiles':<18}{'core ms':>8}")
    for way, spent in figures.latency.items():
        median, low, high = machine.spread([1e3 * each.wall for each in spent])
        core = 1e3 * sum(each.processor for each in spent) / len(spent)
        print(f"{way:<40}{median:8.1f}  {f'{low:.1f} to {high:.1f}':<18}{core:8.1f}")
    print(f"\n{f'{_PICTURES} pictures':<40}{'a second':>8}  quartiles")
    for way, rates in figures.throughput.items():
        median, low, high = machine.spread(rates)
        print(f"{way:<40}{median:8.1f}  {low:.1f} to {high:.1f}")
    walls = {way: [each.wall for each in spent] for way, spent in figures.latency.items()}
    ratio, low, high = machine.ratios(walls[SERVED], walls[DIRECT])
    rules = [_rule(f"time over gRPC at most {MOST_OVERHEAD:g} of a direct call's", ratio, low, high, MOST_OVERHEAD, 1)]
    for way in (DIRECT_MANY, DIRECT_THREADS):
        ratio, low, high = machine.ratios(figures.throughput[SERVED_MANY], figures.throughput[way])
        text = f"throughput of {CLIENTS} clients at least that of {way}"
        rules.append(_rule(text, ratio, low, high, LEAST_THROUGHPUT, -1))
    return rules


def _rule(wanted: str, ratio: float, low: float, high: float, limit: float, sign: int) -> Rule:
    return Rule(wanted, f"{ratio:.3f} (quartiles {low:.3f} to {high:.3f})", sign * ratio <= sign * limit)
