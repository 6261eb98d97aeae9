"""What a figure was measured on, and how: the machine in one line, a process's peak memory, fair rounds."""

import dataclasses
import os
import platform
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TypeVar

Name = TypeVar("Name")
Figure = TypeVar("Figure")

# Instruction sets that decide which convolution kernels oneDNN takes, widest first.
_INSTRUCTIONS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16", "avx512f": "AVX512", "avx2": "AVX2"}


def describe() -> str:
    """Returns one line that names the processor, its cores, the memory and the TensorFlow version."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GB memory, {platform.system()}, "
        f"Python {platform.python_version()}, TensorFlow {metadata.version('tensorflow')}"
    )


def peak_memory(usage: resource.struct_rusage | None = None) -> float:
    """Returns the largest resident memory in GB (10^9 bytes), of this process or of an ended one's usage."""
    usage = usage or resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9  # macOS counts bytes


@dataclasses.dataclass(frozen=True)
class Spent:
    """What one call took.

    Attributes:
        wall: seconds on the clock.
        processor: seconds of this process's threads on all cores; other programs hardly change it.
    """

    wall: float
    processor: float


def rounds(cases: Mapping[Name, Callable[[], Figure]], count: int) -> dict[Name, list[Figure]]:
    """Measures cases in turns, so that whatever else the machine does strikes all of them alike.

    Args:
        cases: by name; each measures once and returns its figure.
        count: of rounds. Every second round goes backwards.

    Returns:
        By name, one figure for each round.
    """
    figures: dict[Name, list[Figure]] = {name: [] for name in cases}
    for number in range(count):
        for name in list(cases)[:: -1 if number % 2 else 1]:
            figures[name].append(cases[name]())
    return figures


def spent(work: Callable[[], object]) -> Spent:
    """Returns what one call took."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Returns the median and the quartiles around it."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, float, float]:
    """Returns median and quartiles of the ratios of two cases, taken round by round."""
    return spread([a / b for a, b in zip(above, below, strict=True)])


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    text = cpuinfo.read_text()
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = set(text.split())
    best = next((title for flag, title in _INSTRUCTIONS.items() if flag in flags), None)
    return (name.group(1) if name else platform.machine()) + (f" ({best})" if best else "")
