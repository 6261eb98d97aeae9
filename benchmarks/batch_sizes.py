"""Measures what joining pictures in one request is worth: the figures behind batching_parameters.txt.

    python -m benchmarks.batch_sizes --model=saved_models/colorgan [--signature=colorize_jpeg] [--rounds=5]

The sizes are measured in turns, so that whatever else the machine does strikes all alike; medians are printed.
"""

import statistics
import time
from pathlib import Path

from absl import flags

from benchmarks import serving_requests
from colorgan_tf import command
from colorgan_tf.errors import InputError

SIZES = (1, 2, 4, 8, 16)


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "Servable's folder, or one of its versions.")
    flags.DEFINE_string("signature", "colorize_jpeg", "Signature that takes picture files.")
    flags.DEFINE_integer("rounds", 5, "Requests of each size.", lower_bound=1)


def measure(model: str | Path, signature: str, rounds: int) -> dict[int, tuple[float, float]]:
    """Returns for each batch size the milliseconds a picture takes: on the clock, and of all processor cores.

    Raises:
        InputError: if there is no such model or signature.
    """
    import tensorflow as tf

    from colorgan_tf.inference import model_files

    function = tf.saved_model.load(str(model_files.version_folder(model))).signatures.get(signature)
    if function is None:
        raise InputError(f"`signature` must be one of the model's. Received: {signature}.")
    data = serving_requests.picture()
    taken: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    for number in range(rounds + 1):
        for size in SIZES:
            request = tf.constant([data] * size)
            start, work = time.perf_counter(), time.process_time()
            function(image_bytes=request)
            if number:  # the first round also pays for tracing
                taken[size].append((time.perf_counter() - start, time.process_time() - work))
    return {
        size: tuple(1e3 * statistics.median(column) / size for column in zip(*each, strict=True))
        for size, each in taken.items()
    }


def main(argv: list[str]) -> None:
    """Measures and prints a table."""
    values = flags.FLAGS
    if not values.model:
        raise InputError("`model` must name a folder. Received: nothing.")
    print(f"{'pictures':>8}{'ms a picture':>14}{'of processor':>14}")
    for size, (wall, processor) in measure(values.model, values.signature, values.rounds).items():
        print(f"{size:8}{wall:14.1f}{processor:14.1f}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
