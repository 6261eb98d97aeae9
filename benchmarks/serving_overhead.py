"""What the embedded server costs: a picture over gRPC against the same signature called in this process."""

import dataclasses
import functools
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import machine
from benchmarks.serving_process import BATCHING, ServerProcess
from benchmarks.serving_requests import Rule, coloured, direct_call, picture, predict_request

CLIENTS = 8
MOST_OVERHEAD = 1.10
_PICTURES = 32  # of each measurement of throughput
_WARMUP = 5
# Two ways to the same picture, as the report calls them.
DIRECT, SERVED = "direct call", "embedded server, gRPC on loopback"
DIRECT_MANY, SERVED_MANY = "direct calls, one after the other", f"{CLIENTS} clients, batching on"
DIRECT_THREADS = f"direct calls, {CLIENTS} threads"


@dataclasses.dataclass(frozen=True)
class Figures:
    """What was measured, by way and round; processor time is that of both processes.

    Attributes:
        latency: what one picture took.
        throughput: what 32 pictures took.
    """

    latency: dict[str, list[machine.Spent]]
    throughput: dict[str, list[machine.Spent]]


def measure(folder: Path, rounds: int) -> Figures:
    """Measures a model.

    Args:
        folder: a servable's folder with version folders.
        rounds: pictures measured for the latency of each way; the throughput is measured a sixth as often, twice at
            least.
    """
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    from colorgan_tf.inference import model_files

    call, data = direct_call(str(model_files.version_folder(folder))), picture()
    request = predict_request([data])

    def sender(server: ServerProcess) -> Callable[[], bytes]:
        server.wait_until_available()
        channel = grpc.insecure_channel(server.address, [("grpc.max_receive_message_length", -1)])
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        return lambda: coloured(predict(request, timeout=60))

    def of_both(server: ServerProcess, work: Callable[[], object]) -> machine.Spent:
        before = server.processor()
        spent = machine.spent(work)
        return dataclasses.replace(spent, processor=spent.processor + server.processor() - before)

    with ServerProcess(folder) as server:
        ways: dict[str, Callable[[], machine.Spent]] = {
            DIRECT: functools.partial(machine.spent, lambda: call([data])),
            SERVED: functools.partial(of_both, server, sender(server)),
        }
        machine.rounds(ways, _WARMUP)
        latency = machine.rounds(ways, rounds)
    with (
        ServerProcess(folder, "--enable_batching", f"--batching_parameters_file={BATCHING}") as server,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        send = sender(server)

        def many(one: Callable[[], object]) -> Callable[[], object]:
            return lambda: list(pool.map(lambda _: one(), range(_PICTURES)))

        crowds: dict[str, Callable[[], machine.Spent]] = {
            DIRECT_MANY: functools.partial(machine.spent, lambda: [call([data]) for _ in range(_PICTURES)]),
            DIRECT_THREADS: functools.partial(machine.spent, many(lambda: call([data]))),
            SERVED_MANY: functools.partial(of_both, server, many(send)),
        }
        machine.rounds(crowds, 1)
        throughput = machine.rounds(crowds, max(2, rounds // 6))
    return Figures(latency, throughput)


def report(figures: Figures) -> list[Rule]:
    """Prints the tables and returns what is asked of them."""
    print(f"\n{'one picture of 512 x 256':<40}{'ms':>8}  {'quartiles':<18}{'core ms':>8}")
    for way, spent in figures.latency.items():
        median, low, high = machine.spread([1e3 * each.wall for each in spent])
        print(f"{way:<40}{median:8.1f}  {f'{low:.1f} to {high:.1f}':<18}{1e3 * _processor(spent):8.1f}")
    print(f"\n{f'{_PICTURES} pictures':<40}{'a second':>8}  {'quartiles':<18}{'core ms a picture':>8}")
    for way, spent in figures.throughput.items():
        median, low, high = machine.spread([_PICTURES / each.wall for each in spent])
        core = 1e3 * _processor(spent) / _PICTURES
        print(f"{way:<40}{median:8.1f}  {f'{low:.1f} to {high:.1f}':<18}{core:17.1f}")
    single, many = figures.latency, figures.throughput
    text = f"time of a picture over gRPC at most {MOST_OVERHEAD:g} of a direct call's"
    rules = [_rule(text, single[SERVED], single[DIRECT], MOST_OVERHEAD)]
    text = f"time of {_PICTURES} pictures of {CLIENTS} clients at most that of {DIRECT_MANY}"
    return [*rules, _rule(text, many[SERVED_MANY], many[DIRECT_MANY], 1.0)]


def _processor(spent: list[machine.Spent]) -> float:
    """Returns the mean: the other process's clock ticks a hundred times a second, too coarse for a median."""
    return statistics.fmean(each.processor for each in spent)


def _rule(wanted: str, served: list[machine.Spent], direct: list[machine.Spent], most: float) -> Rule:
    ratio, low, high = machine.ratios([each.wall for each in served], [each.wall for each in direct])
    of_cores = _processor(served) / _processor(direct)
    seen = f"{ratio:.3f} (quartiles {low:.3f} to {high:.3f}; of processor time {of_cores:.3f})"
    return Rule(wanted, seen, ratio <= most)
