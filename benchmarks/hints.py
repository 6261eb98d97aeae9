"""Measures what telling colours is worth: PSNR by number of hints, beside Levin et al. 2004, and with a reference.

    python -m benchmarks.hints --data=photos/val --model=saved_models/colorgan [--limit=40] [--clips=films/colour]

Hints are the true mean colours of squares of 7 x 7 pixels at random places, the same ones for both methods. Levin,
Lischinski and Weiss ("Colorization using Optimization", SIGGRAPH 2004) have nothing but these. Of each clip, the frame
at a tenth of its length is the reference for those half a second, 2 and 5 seconds later, and a frame of the next clip
is a reference that shows something else.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from benchmarks import machine
from colorgan_tf import color, command
from colorgan_tf.errors import InputError

SIZE = 256
SECONDS = (0.5, 2.0, 5.0)
Array = np.ndarray[Any, Any]


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string("model", "saved_models/colorgan", "Model to measure.")
    flags.DEFINE_string("data", None, "Folder of colour pictures.")
    flags.DEFINE_string("clips", None, "Folder of clips in colour.")
    flags.DEFINE_integer("limit", 40, "Most pictures, evenly spread; 0 for all.", lower_bound=0)
    flags.DEFINE_enum("quality", "good", ["fast", "good", "best"], "How much work goes into each picture.")


def by_optimization(luma: Array, hints: Array) -> Array:
    """Colours by Levin et al.: where neighbours have like luma, they have like colours.

    Args:
        luma: `[h, w, 1]` in [0, 1].
        hints: `[h, w, 3]`: U, V, and 1 where they are told.

    Returns:
        `[h, w, 2]`.
    """
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import splu

    height, width = luma.shape[:2]
    around = np.pad(luma[..., 0].astype(np.float64), 1, constant_values=np.nan)
    offsets = [(dy, dx) for dy in (0, 1, 2) for dx in (0, 1, 2) if (dy, dx) != (1, 1)]
    near = np.stack([around[dy : dy + height, dx : dx + width] for dy, dx in offsets])
    here = luma[..., 0].astype(np.float64)
    square = (near - here) ** 2
    spread = 0.6 * np.nanvar(np.concatenate([near, here[None]]), axis=0)
    spread = np.maximum(np.maximum(spread, -np.nanmin(square, axis=0) / np.log(0.01)), 2e-6)
    weights = np.nan_to_num(np.exp(-square / spread))
    weights /= weights.sum(axis=0)
    weights[:, hints[..., 2] > 0] = 0
    rows = np.arange(height * width).reshape(height, width)
    columns = np.stack([rows + (dy - 1) * width + dx - 1 for dy, dx in offsets])
    kept = weights > 0
    entries = (weights[kept], (np.broadcast_to(rows, weights.shape)[kept], columns[kept]))
    system = identity(rows.size, format="csc") - csr_matrix(entries, shape=(rows.size, rows.size))
    solved = splu(system.tocsc()).solve((hints[..., :2] * hints[..., 2:]).reshape(-1, 2).astype(np.float64))
    return solved.reshape(height, width, 2).astype(np.float32)


def measure(pictures: Array, model: Any, counts: Sequence[int]) -> dict[str, list[float]]:
    """Returns the mean PSNR of each method by number of hints.

    Args:
        pictures: uint8 RGB `[n, 256, 256, 3]`.
        model: a Colorizer.
        counts: numbers of hints.
    """
    from tqdm import tqdm

    from colorgan_tf.evaluation.hints import RADIUS, true_hints
    from colorgan_tf.metrics.pictures import psnr
    from serving.jobs.hints import Spot, apply

    sums: dict[str, list[list[float]]] = {"model": [], "website and window": [], "Levin et al.": []}
    for number, picture in enumerate(tqdm(pictures, unit="picture", disable=None)):
        true = picture.astype(np.float32) / 255
        yuv = color.rgb_to_yuv(true)
        luma = np.clip(yuv[..., :1], 0, 1)
        row: dict[str, list[float]] = {name: [] for name in sums}
        for count in counts:
            told = true_hints(yuv, number)[:count]
            hints = np.zeros((SIZE, SIZE, 3), np.float32)
            for hint in told:
                y, x = int(hint.y * SIZE), int(hint.x * SIZE)
                hints[y - RADIUS : y + RADIUS + 1, x - RADIUS : x + RADIUS + 1] = [*hint.chroma, 1]
            guess = by_optimization(luma, hints) if count else np.zeros_like(yuv[..., 1:])
            small, own = (batch[0] for batch in model.coarse(luma[None]))
            by_network = model.telling(told).coarse(luma[None])[1][0]
            spots = tuple(Spot(hint.x, hint.y, hint.chroma) for hint in told)
            for name, chroma in (("model", by_network), ("website and window", apply(small, own, spots, by_network))):
                row[name].append(psnr(color.merge(luma, model.enlarge(chroma, small, luma)), true))
            row["Levin et al."].append(psnr(color.merge(luma, guess), true))
        if np.isfinite(sum(row["model"])):
            for name, values in row.items():
                sums[name].append(values)
    return {name: np.mean(rows, axis=0).tolist() for name, rows in sums.items()}


def clips(folder: str) -> Iterator[tuple[Array, dict[float, Array]]]:
    """Yields a frame of each clip, and those some seconds later, RGB in [0, 1], short side 256."""
    import cv2

    for path in sorted(each for each in Path(folder).iterdir() if each.suffix in (".mp4", ".mkv", ".avi", ".mov")):
        clip = cv2.VideoCapture(str(path))
        rate, count = clip.get(cv2.CAP_PROP_FPS) or 25.0, int(clip.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = {round(0.1 * count + rate * after): after for after in (0.0, *SECONDS)}
        frames = {}
        for number in range(max(wanted) + 1):
            read, frame = clip.read()
            if not read:
                break
            if number in wanted:
                scale = SIZE / min(frame.shape[:2])
                small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                frames[wanted[number]] = small[..., ::-1].astype(np.float32) / 255
        if 0.0 in frames:
            yield frames.pop(0.0), frames


def measure_references(folder: str, model: Any) -> list[str]:
    """Returns lines of a table: PSNR without and with a reference, and the colourfulness."""
    from colorgan_tf.inference.told import Reference
    from colorgan_tf.metrics.pictures import colorfulness, psnr

    found = list(clips(folder))
    others = [found[(number + 1) % len(found)][0] for number in range(len(found))]
    lines = ["", "| seconds later | alone | reference | colourfulness / true | other clip, change | worst |"]
    lines.append("|---|---|---|---|---|---|")
    for after in SECONDS:
        rows = []
        for (first, later), other in zip(found, others, strict=True):
            if after not in later:
                continue
            true = later[after]
            luma = np.clip(color.luma(true), 0, 1)
            try:
                told = ((), Reference.of_rgb(first), Reference.of_rgb(other))
            except InputError:  # a frame without colours
                continue
            shown = [color.merge(luma, model.telling(each).chroma(luma[None])[0]) for each in told]
            alone, helped, misled = (psnr(each, true) for each in shown)
            rows.append([alone, helped, colorfulness(shown[1]) / colorfulness(true), misled - alone])
        if not rows:
            lines.append(f"| {after:g} | no clip in colour is so long | | | | |")
            continue
        mean, worst = np.mean(rows, axis=0), np.min(rows, axis=0)[3]
        lines.append(f"| {after:g} | {mean[0]:.2f} | {mean[1]:.2f} | {mean[2]:.2f} | {mean[3]:+.2f} | {worst:+.2f} |")
    return lines


def main(argv: list[str]) -> None:
    """Measures and prints tables."""
    args = flags.FLAGS
    if len(argv) > 1 or not (args.data or args.clips):
        raise InputError(f"--data or --clips must name a folder. Received: {argv[1:] or 'neither'}.")
    from colorgan_tf.evaluation.hints import COUNTS
    from colorgan_tf.evaluation.true_pictures import load_pictures
    from colorgan_tf.inference.colorizer import Colorizer

    model = Colorizer.load(args.model, quality=args.quality)
    print(machine.describe())
    if args.data:
        pictures = load_pictures(args.data, SIZE, args.limit).pictures
        print(f"\nPSNR in dB of {len(pictures)} pictures of {SIZE} px\n")
        print(f"| hints | {' | '.join(map(str, COUNTS))} |\n|---|{'---|' * len(COUNTS)}")
        for name, values in measure(pictures, model, COUNTS).items():
            print(f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |")
    if args.clips:
        print("\n".join(measure_references(args.clips, model)))


if __name__ == "__main__":
    define_flags()
    command.run(main)
