"""Swaps under load: copies of a version appear, the ones before go, and callers must not notice."""

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks import machine
from benchmarks.serving_callers import callers, failed, plain_ask, publish, until
from benchmarks.serving_process import ServerProcess
from benchmarks.serving_requests import MODEL, RightAnswers, Rule, direct_call, picture

_CALLERS = 2
_REPORTS = 10


def run(folder: Path, swaps: int) -> list[Rule]:
    """Swaps a version so many times, prints how it went and returns the rules."""
    from colorgan_tf.inference import model_files
    from serving.client import Client

    source = model_files.version_folder(folder)
    right = RightAnswers(direct_call(str(source))([picture()]))
    with tempfile.TemporaryDirectory(prefix="swaps.") as temporary:
        models = Path(temporary)
        publish(source, models, 1)
        with ServerProcess(models, "--file_system_poll_wait_seconds=0.2") as server:
            server.wait_until_available()
            versions: list[list[int]] = [[] for _ in range(_CALLERS)]
            asks = [plain_ask(server.address, right, each) for each in versions]
            seconds = []
            print(f"{'swaps':>6}{'seconds each':>14}{'memory MB':>11}")
            with Client(server.address, MODEL) as client, callers(*asks) as group:
                for number in range(2, swaps + 2):
                    began = time.perf_counter()
                    publish(source, models, number)

                    def swapped(number=number) -> bool:
                        states = client.states()
                        return states.get(number) == "AVAILABLE" and states.get(number - 1) in (None, "END")

                    until(swapped, f"Version {number} must take over from version {number - 1}")
                    shutil.rmtree(models / str(number - 1))
                    seconds.append(time.perf_counter() - began)
                    if (number - 1) % max(1, swaps // _REPORTS) == 0:
                        median, _, _ = machine.spread(seconds)
                        print(f"{number - 1:6}{median:14.2f}{server.memory():11.0f}", flush=True)
                for each in group:
                    each.wait_for_answers(2)  # the first of them may have been on its way before the swap
            seen = {each[-1] for each in versions}
            wanted = f"callers end at version {swaps + 1}"
            runs = server.runs
    lost = any(each.failures for each in group)
    return [
        Rule(f"no failed request in {swaps} swaps", failed(group), not lost),
        Rule(wanted, f"versions {', '.join(map(str, sorted(seen)))}", seen == {swaps + 1}),
        Rule("the server runs on", "it does" if runs else "it ended", runs),
    ]
