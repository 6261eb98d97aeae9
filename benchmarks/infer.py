"""Measures colouring one picture: the network by preset, precision and back end, then each step of the colour finish.

    python -m benchmarks.infer [--presets=patent,tiny] [--precisions=float32,mixed_bfloat16] [--rounds=15]
    python -m benchmarks.infer --model=saved_models/colorgan --model=colorgan-int8.tflite [--presets=]
    python -m benchmarks.infer --model=saved_models/colorgan --model=out/colorgan.onnx --told=hints --told=reference

Each network lives in a process of its own, whose peak memory is printed, and colours 512 x 256 luma in batches of one.
All of them are measured in turns, so that a disturbance strikes them alike; the median is printed. The finish is
measured on a larger picture (--width, --height), in bands of rows as `Colorizer.picture` works.
"""

import dataclasses
import functools
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError, PartialFailure
from colorgan_tf.inference.backend import require

WORKING = (256, 512)  # height and width
_WARMUP = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """A network to measure.

    Attributes:
        preset: to build with random weights, or "" to open `model`.
        precision: of a preset.
        model: path of a SavedModel, a .tflite or .onnx file, or a training run.
        told: "hints" or "reference" where the model is told colours with each picture.
    """

    preset: str = ""
    precision: str = ""
    model: str = ""
    told: str = ""

    @property
    def title(self) -> str:
        """How the case is called in the table."""
        return f"{self.preset}, {self.precision}" if self.preset else ", ".join(filter(None, [self.model, self.told]))


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_list("presets", list(config_lib.PRESETS), "Presets to build, with random weights.")
    flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Precisions of each preset.")
    flags.DEFINE_multi_string("model", [], "SavedModel folder, .tflite, .onnx or training run; may be repeated.")
    flags.DEFINE_multi_enum("told", [], ["hints", "reference"], "What each model is told besides; may be repeated.")
    flags.DEFINE_integer("rounds", 15, "Pictures measured for each case.", lower_bound=1)
    flags.DEFINE_integer("width", 1920, "Width of the finished picture in pixels.", lower_bound=1)
    flags.DEFINE_integer("height", 1080, "Height of the finished picture in pixels.", lower_bound=1)


def network(case: Case) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function from luma `[N, h, w, 1]` to chroma `[N, h, w, 2]` that a case stands for."""
    if case.model:
        from colorgan_tf.inference import backends
        from colorgan_tf.inference.told import Hint, draw

        backend = backends.load(case.model)
        if not case.told:
            return backend.luma_to_chroma
        signature = f"luma_and_{case.told}_to_chroma"
        require(backend, signature)
        told = np.random.default_rng(1).random((*WORKING, 3), np.float32)
        if case.told == "hints":
            told = draw([Hint(x, 0.5, (0.1, -0.1)) for x in (0.2, 0.4, 0.6, 0.8)], *WORKING)
        return lambda luma: backend.predict(signature, {"luma": luma, case.told: told[None]})
    import tensorflow as tf

    from colorgan_tf.networks.generator import Generator
    from colorgan_tf.networks.precision import dtype_policy
    from colorgan_tf.training import distribution

    config = config_lib.override(config_lib.preset(case.preset), [f"runtime.precision={case.precision}"])
    policy, _ = distribution.precision_policy(config.runtime.precision)
    with dtype_policy(policy):
        generator = Generator(config)
    graph = tf.function(generator.chroma, input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
    return lambda luma: graph(luma).numpy()


def serve(case: Case, connection: Connection) -> None:
    """Runs a case in this process: one picture, and what it took, for each True received; then the peak memory in GB.

    An exception is sent as its text.
    """
    try:
        luma = np.random.default_rng(0).random((1, *WORKING, 1), np.float32)
        run = network(case)
        for _ in range(_WARMUP):
            run(luma)
        connection.send(None)
        while connection.recv():
            connection.send(machine.spent(lambda: run(luma)))
        connection.send(machine.peak_memory())
    except InputError as error:
        connection.send(str(error))


def measure(cases: list[Case], rounds: int) -> dict[Case, tuple[list[machine.Spent], float]]:
    """Returns for each case what each round took, and the peak memory of its process in GB.

    Raises:
        InputError: if a model cannot be opened.
    """
    context = multiprocessing.get_context("spawn")
    connections: dict[Case, Connection] = {}
    processes = []
    for case in cases:
        connections[case], other = context.Pipe()
        processes.append(context.Process(target=serve, args=(case, other), daemon=True))
        processes[-1].start()
        other.close()
        try:
            fault = connections[case].recv()  # one after the other: starting needs the whole machine
        except EOFError:
            raise PartialFailure(f"{case.title} ended before it could be measured.") from None
        if fault:
            raise InputError(fault)

    def turn(connection: Connection) -> machine.Spent:
        connection.send(True)
        return connection.recv()

    spent = machine.rounds({case: functools.partial(turn, each) for case, each in connections.items()}, rounds)
    for connection in connections.values():
        connection.send(False)
    figures = {case: (spent[case], connections[case].recv()) for case in cases}
    for process in processes:
        process.join()  # what is measured next has the machine to itself
    return figures


def finishing_steps(height: int, width: int) -> dict[str, Callable[[], object]]:
    """Returns each step of the finish, by name, as a function that does it once.

    Args:
        height: of the picture in pixels.
        width: of the picture in pixels.
    """
    from colorgan_tf.inference import finish
    from colorgan_tf.inference.colorizer import BAND

    generator = np.random.default_rng(0)
    steps = finish.Finish()
    luma = finish.resize(generator.random((height // 4 + 1, width // 4 + 1, 1), np.float32), height, width)
    small = finish.resize(luma, *WORKING)
    chroma = generator.uniform(-0.2, 0.2, (*WORKING, 2)).astype(np.float32)
    larger = generator.uniform(-0.2, 0.2, (*(side * 3 // 2 for side in WORKING), 2)).astype(np.float32)
    full = generator.uniform(-0.2, 0.2, (height, width, 2)).astype(np.float32)
    guidance = finish.guide(chroma, small, steps.guide_downscale, steps.blur, steps.radius, steps.epsilon)

    def in_bands(work: Callable[[int, np.ndarray], object]) -> None:
        for top in range(0, height, BAND):
            work(top, luma[top : top + BAND])

    def enlarge(by: np.ndarray | None) -> None:
        in_bands(lambda top, band: finish.enlarge(chroma, by, band, top, height))

    return {
        "reduce luma by area (all)": lambda: finish.resize(luma, *WORKING),
        "saturation gain (if asked)": lambda: finish.saturate(chroma, small, 1.2),
        "average two sizes (best)": lambda: finish.average([chroma, larger]),
        "fit chroma to luma (good, best)": lambda: finish.guide(
            chroma, small, steps.guide_downscale, steps.blur, steps.radius, steps.epsilon
        ),
        "enlarge bilinear (fast)": lambda: enlarge(None),
        "enlarge guided (good, best)": lambda: enlarge(guidance),
        "shrink into RGB and round (all)": lambda: in_bands(
            lambda top, band: finish.quantize(band, full[top : top + BAND], 255)
        ),
    }


def main(argv: list[str]) -> None:
    """Measures networks and finish and prints a line for each."""
    del argv
    values = flags.FLAGS
    print(machine.describe(), flush=True)
    for name in values.presets:
        config_lib.preset(name)
    for path in values.model:
        if not Path(path).exists():
            raise InputError(f"`model` must exist. Received: {path}.")
    cases = [Case(preset, precision) for preset in values.presets for precision in values.precisions]
    cases += [Case(model=model, told=told) for model in values.model for told in ("", *values.told)]
    # Networks first: a child's peak memory begins at what its parent holds, and that is little as yet.
    if cases:
        _head("network, 512 x 256, batch 1", "peak GB")
    for case, (spent, peak) in measure(cases, values.rounds).items():
        _line(case.title, spent, f"{peak:9.2f}")

    steps = finishing_steps(values.height, values.width)
    for step in steps.values():
        step()
    works = {name: functools.partial(machine.spent, step) for name, step in steps.items()}
    _head(f"finishing step, {values.width} x {values.height}, one picture")
    for name, spent in machine.rounds(works, values.rounds).items():
        _line(name, spent)


def _head(title: str, last: str = "") -> None:
    print(f"\n{title:<44}{'ms':>8}  {'quartiles':<16}{'core ms':>8}{last:>9}".rstrip(), flush=True)


def _line(name: str, spent: list[machine.Spent], last: str = "") -> None:
    median, low, high = machine.spread([1000.0 * each.wall for each in spent])
    core, _, _ = machine.spread([1000.0 * each.processor for each in spent])
    between = f"{low:.1f} to {high:.1f}"
    print(f"{name:<44}{median:8.1f}  {between:<16}{core:8.1f}{last}", flush=True)


if __name__ == "__main__":
    define_flags()
    command.run(main)
