"""Measures palettes of coloured GIFs against Pillow's own quantizing: how fast, how close, how large the file.

    python -m benchmarks.gifs clip.mp4 ... [--frames=8] [--rounds=5] [--json=figures.json]

The frames of each clip are reduced to 300 rows. Pillow's way is `Image.quantize` with median cut and k-means for the
palette of all frames, and once more for each frame's pixels. Both ways take turns in one run, so that the ratios
hold whatever else the machine does.
"""

import dataclasses
import io
import json
import os

import numpy as np
from absl import flags

from benchmarks import machine
from colorgan_tf import command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_integer("frames", 8, "Frames of each clip.", lower_bound=1)
flags.DEFINE_integer("every", 3, "Take every n-th frame.", lower_bound=1)
flags.DEFINE_integer("rounds", 5, "Times that each way is measured.", lower_bound=1)
flags.DEFINE_string("json", None, "File for the figures.")

_ROWS = 300
_SAMPLES = 1 << 18  # as `pipelines.animations.colorize` takes for a palette that all frames share


@dataclasses.dataclass(frozen=True)
class Figures:
    """Ours over Pillow's, below 1 where ours is better.

    Attributes:
        choose: processor time of choosing the palette.
        apply: processor time of one frame's pixels.
        distance: mean squared distance of the pixels from their nearest entries.
        error: what is left at reading distance after the dither (`palettes.error`).
        bytes: of the GIF.
    """

    choose: float
    apply: float
    distance: float
    error: float
    bytes: float


def read(path: str, count: int, every: int) -> list[np.ndarray]:
    """Returns frames of a film, `[300, width, 3]` float32 in [0, 255]."""
    import cv2

    from pipelines.films import decoding
    from pipelines.films.decoding import DecodeLog

    frames: list[np.ndarray] = []
    for number, frame in enumerate(decoding.frames(decoding.probe(path), DecodeLog())):
        if number % every == 0:
            rgb = frame.to_ndarray(format="rgb24").astype(np.float32)
            width = round(rgb.shape[1] * _ROWS / rgb.shape[0])
            frames.append(cv2.resize(rgb, (width, _ROWS), interpolation=cv2.INTER_AREA))
        if len(frames) == count:
            break
    return frames


def pillow_choose(samples: np.ndarray) -> np.ndarray:
    """Chooses a palette with Pillow alone; arguments and result are those of `palettes.choose`."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(samples[None]))
    entries = picture.quantize(255, Image.Quantize.MEDIANCUT, kmeans=3).getpalette() or []
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(entries) // 3] = np.array(entries, np.uint8).reshape(-1, 3)
    return palette


def pillow_apply(rgb: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Gives each pixel of `[height, width, 3]` float32 its entry with Pillow alone, without a dither."""
    from PIL import Image

    holder = Image.new("P", (1, 1))
    holder.putpalette(palette[:255].tobytes() + palette[:1].tobytes())
    picture = Image.fromarray(np.rint(rgb).astype(np.uint8))
    return np.asarray(picture.quantize(palette=holder, dither=Image.Dither.NONE)) % 255


def measure(frames: list[np.ndarray], rounds: int) -> Figures:
    """Measures both ways on the frames of one clip."""
    from pipelines.animations import palettes

    pixels = np.concatenate([frame.reshape(-1, 3) for frame in frames])
    samples = np.rint(pixels[:: max(1, len(pixels) // _SAMPLES) | 1]).astype(np.uint8)
    chosen = [palettes.choose(samples), pillow_choose(samples)]
    strength = palettes.spacing(chosen[0])
    times = machine.rounds(
        {
            "choose": lambda: machine.spent(lambda: palettes.choose(samples)).processor,
            "pillow choose": lambda: machine.spent(lambda: pillow_choose(samples)).processor,
            "apply": lambda: machine.spent(lambda: palettes.apply(frames[0], chosen[0], strength)).processor,
            "pillow apply": lambda: machine.spent(lambda: pillow_apply(frames[0], chosen[1])).processor,
        },
        rounds,
    )
    ours = [palettes.apply(frame, chosen[0], strength) for frame in frames]
    theirs = [pillow_apply(frame, chosen[1]) for frame in frames]
    left = [_error(frames, palette, indices) for palette, indices in zip(chosen, (ours, theirs), strict=True)]
    sizes = [_bytes(indices, palette) for palette, indices in zip(chosen, (ours, theirs), strict=True)]
    distances = [_distance(samples[::8], palette) for palette in chosen]
    return Figures(
        choose=machine.ratios(times["choose"], times["pillow choose"])[0],
        apply=machine.ratios(times["apply"], times["pillow apply"])[0],
        distance=distances[0] / distances[1],
        error=left[0] / left[1],
        bytes=sizes[0] / sizes[1],
    )


def _error(frames: list[np.ndarray], palette: np.ndarray, indices: list[np.ndarray]) -> float:
    from pipelines.animations import palettes

    every = [palettes.error(frame, palette, chosen) for frame, chosen in zip(frames, indices, strict=True)]
    return float(np.mean(every))


def _bytes(indices: list[np.ndarray], palette: np.ndarray) -> int:
    from pipelines.animations.encoding import Description, GifWriter

    file = io.BytesIO()
    height, width = indices[0].shape
    writer = GifWriter(file, (height, width), 0, Description())
    for chosen in indices:
        writer.write(chosen, palette, 40, clear=False)
    writer.close()
    return len(file.getvalue())


def _distance(samples: np.ndarray, palette: np.ndarray) -> float:
    entries = palette[:255].astype(np.float32)
    blocks = np.array_split(samples.astype(np.float32), 32)
    return float(np.mean([np.square(block[:, None] - entries).sum(-1).min(1).mean() for block in blocks]))


def main(argv: list[str]) -> None:
    """Measures each film of the command line."""
    if len(argv) < 2:
        raise InputError("Films must be named after the flags. Received: none.")
    print("ours / Pillow:", *(f"{field.name:>9}" for field in dataclasses.fields(Figures)))
    results = {}
    for path in argv[1:]:
        figures = measure(read(path, FLAGS.frames, FLAGS.every), FLAGS.rounds)
        results[path] = dataclasses.asdict(figures)
        print(" " * 13, *(f"{value:9.3f}" for value in results[path].values()), os.path.basename(path), flush=True)
    if FLAGS.json:
        with open(FLAGS.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    command.run(main)
