"""Loads the embedded server: what it costs, and what it does under overload, swaps of versions and faults.

    python -m benchmarks.serving overhead [--rounds=60]       a picture over gRPC against a direct call
    python -m benchmarks.serving overload [--minutes=10]      32 clients at 1.5 times the capacity
    python -m benchmarks.serving swaps [--swaps=200]          versions come and go under load
    python -m benchmarks.serving faults                       kill -9, restart, a corrupt version

Each starts servers of its own on free ports of this machine, with --model=saved_models/colorgan, and prints for
each rule whether it was kept. Exit code 1: one was broken.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

from absl import flags

from benchmarks import machine
from benchmarks.serving_requests import Rule
from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure

FLAGS = flags.FLAGS


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "Servable's folder. Default: the model that came with this.")
    flags.DEFINE_integer("rounds", 60, "overhead: pictures measured each way.", lower_bound=2)
    flags.DEFINE_float("minutes", 10.0, "overload: how long.", lower_bound=0.05)
    flags.DEFINE_integer("clients", 32, "overload: how many.", lower_bound=1)
    flags.DEFINE_float("load", 1.5, "overload: requests sent, as a multiple of the capacity.", lower_bound=0.1)
    flags.DEFINE_integer("swaps", 200, "swaps: how many.", lower_bound=1)


def _overhead(folder: Path) -> list[Rule]:
    from benchmarks import serving_overhead

    return serving_overhead.report(serving_overhead.measure(folder, FLAGS.rounds))


def _overload(folder: Path) -> list[Rule]:
    from benchmarks import serving_overload

    return serving_overload.run(folder, FLAGS.clients, FLAGS.load, FLAGS.minutes)


def _swaps(folder: Path) -> list[Rule]:
    from benchmarks import serving_swaps

    return serving_swaps.run(folder, FLAGS.swaps)


def _faults(folder: Path) -> list[Rule]:
    from benchmarks import serving_faults

    return serving_faults.run(folder)


SCENARIOS: dict[str, Callable[[Path], list[Rule]]] = {
    "overhead": _overhead,
    "overload": _overload,
    "swaps": _swaps,
    "faults": _faults,
}


def report(rules: list[Rule]) -> None:
    """Prints each rule and whether it was kept.

    Raises:
        PartialFailure: one was broken.
    """
    words = {True: "kept", False: "BROKEN", None: "too short to know"}
    print()
    for rule in rules:
        print(f"{words[rule.kept]:<18}{rule.wanted}: {rule.seen}")
    broken = [rule.wanted for rule in rules if rule.kept is False]
    if broken:
        raise PartialFailure(f"{len(broken)} of {len(rules)} rules broken: {'; '.join(broken)}")


def main(argv: list[str]) -> None:
    """Runs the scenario that the command line names."""
    if len(argv) != 2 or argv[1] not in SCENARIOS:
        raise InputError(f"One of {', '.join(SCENARIOS)} is expected. Received: {' '.join(argv[1:]) or 'nothing'}.")
    from colorgan_tf.inference import model_files

    folder = Path(FLAGS.model or model_files.SHIPPED).resolve()
    model_files.version_folder(folder)
    if (folder / "saved_model.pb").is_file():
        raise InputError(f"`model` must be the folder above the version's. Received: {folder}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or the server would be left running
    print(machine.describe(), flush=True)
    report(SCENARIOS[argv[1]](folder))


if __name__ == "__main__":
    define_flags()
    command.run(main)
