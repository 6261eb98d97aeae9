"""Measures how often `pipelines.media.tone` is wrong: colour photographs, faded and cast, and toned copies of them.

    python -m benchmarks.tone --data=photos/ [--every=3] [--json=figures.json]

Each colour photograph is faded to 100, 60 and 30 % of its saturation, with each cast; each of its grey copies is toned
with each tone, at 100, 60 and 30 % of its strength, and left grey. All are stored as JPEG of a quality that goes round
from 60 to 92. Colour that is not taken for colour, and tone or grey that is, is wrong. Among the photographs should be
none without colours: their faded copies are grey.
"""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from absl import flags
from numpy.typing import NDArray
from PIL import Image

from benchmarks import machine
from colorgan_tf import color, command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string("data", None, "Folder of colour photographs.")
flags.DEFINE_integer("every", 1, "Take every n-th photograph.", lower_bound=1)
flags.DEFINE_string("json", None, "File for the figures.")

Pixels = NDArray[Any]
STRENGTHS = (1.0, 0.6, 0.3)
# What a cast leaves of red, green and blue, and what it adds to them.
CASTS = {
    "none": ([1, 1, 1], [0, 0, 0]),
    "yellow": ([1, 0.97, 0.75], [0, 0, 0]),
    "red": ([1.05, 0.9, 0.85], [0, 0, 0]),
    "magenta": ([1, 0.88, 1], [0, 0, 0]),
    "old print": ([1, 0.93, 0.78], [12, 4, 0]),
}
_QUALITIES = (60, 80, 92)


def _middle(u: float, v: float) -> Callable[[Pixels], Pixels]:
    """A tone that is strongest in middle grey and leaves black and white."""

    def toned(grey: Pixels) -> Pixels:
        luma = grey[..., None] / 255
        return color.yuv_to_rgb(np.concatenate([luma, 4 * luma * (1 - luma) * np.array([u, v])], axis=-1)) * 255

    return toned


def _ink(red: float, green: float, blue: float) -> Callable[[Pixels], Pixels]:
    """From black over one colour to white."""
    ink = 255 * np.array([red, green, blue])
    middle = float(color.luma(ink[None] / 255)[0, 0]) * 255

    def toned(grey: Pixels) -> Pixels:
        shade = grey[..., None]
        return np.where(shade < middle, shade / middle * ink, 255 - (255 - shade) / (255 - middle) * (255 - ink))

    return toned


TONES: dict[str, Callable[[Pixels], Pixels]] = {
    "sepia": lambda grey: np.minimum(grey[..., None] * [1.351, 1.203, 0.937], 255),
    "brown": _middle(-0.12, 0.08),
    "red": _middle(-0.04, 0.18),
    "green": _middle(-0.08, -0.12),
    "blue": _middle(0.15, -0.05),
    "red ink": _ink(0.9, 0.1, 0.1),
    "green ink": _ink(0.1, 0.75, 0.2),
    "blue ink": _ink(0.1, 0.25, 0.85),
    "cream paper": lambda grey: grey[..., None] * [1.0, 0.95, 0.8],
}


def variants(rgb: Pixels) -> Iterator[tuple[str, str, float, Pixels]]:
    """Yields what it is ("colour" or "toned"), its cast or tone, its strength, and `[H, W, 3]` in [0, 255]."""
    grey = color.luma(rgb / 255)[..., 0] * 255
    for strength in STRENGTHS:
        faded = grey[..., None] + strength * (rgb - grey[..., None])
        for name, (gains, offsets) in CASTS.items():
            yield "colour", name, strength, faded * gains + offsets
        for name, tone in TONES.items():
            yield "toned", name, strength, grey[..., None] + strength * (tone(grey) - grey[..., None])
    yield "toned", "grey", 1.0, np.repeat(grey[..., None], 3, -1)


def as_jpeg(rgb: Pixels, quality: int) -> Pixels:
    """Returns a picture as it is after it was stored as JPEG."""
    file = io.BytesIO()
    Image.fromarray(np.clip(np.rint(rgb), 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def main(argv: list[str]) -> None:
    """Measures the photographs of a folder."""
    from pipelines.data import pictures
    from pipelines.media import tone

    if not FLAGS.data or argv[1:]:
        raise InputError(f"`--data` must name a folder of colour photographs. Received: {argv[1:] or 'none'}.")
    files = pictures.find(FLAGS.data)[:: FLAGS.every]
    print(f"{len(files)} photographs; {machine.describe()}", flush=True)
    wrong: Counter[tuple[str, str, float]] = Counter()
    seen: Counter[tuple[str, str, float]] = Counter()
    for number, file in enumerate(files):
        with Image.open(file) as image:
            rgb = np.asarray(image.convert("RGB")).astype(np.float64)
        for kind, name, strength, picture in variants(rgb):
            judged = tone.judge_rgb(as_jpeg(picture, _QUALITIES[number % len(_QUALITIES)]))
            seen[kind, name, strength] += 1
            wrong[kind, name, strength] += (judged == tone.Tone.COLOUR) != (kind == "colour")
    print(f"{'wrong of those that are':26}", *(f"{strength:>14.0%}" for strength in STRENGTHS))
    rows = [("colour", "all"), *(("colour", name) for name in CASTS)]
    rows += [("toned", "all"), *(("toned", name) for name in (*TONES, "grey"))]
    for kind, name in rows:
        cells = []
        for strength in STRENGTHS:
            keys = [key for key in seen if key[0] == kind and key[2] == strength and name in ("all", key[1])]
            count, of = sum(wrong[key] for key in keys), sum(seen[key] for key in keys)
            cells.append(f"{count} of {of}, {count / of:.1%}" if of else "")
        print(f"{kind + ', ' + name:26}", *(f"{cell:>14}" for cell in cells))
    if FLAGS.json:
        with open(FLAGS.json, "w", encoding="utf-8") as out:
            json.dump([[*key, wrong[key], seen[key]] for key in seen], out, indent=1)


if __name__ == "__main__":
    command.run(main)
