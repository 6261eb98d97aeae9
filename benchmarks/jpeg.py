"""Measures coloured JPEG files against their black-and-white originals: how much larger, how far off in luma.

    python -m benchmarks.jpeg --data=photos/ [--every=3] [--quality=fast] [--json=figures.json]

Every JPEG of the folder is taken; those in colour are first stored again in grey with their own luma table. Luma is
that of the decoded RGB, so that what a viewer clips counts as well.
"""

import io
import json
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import machine
from colorgan_tf import color, command
from colorgan_tf.errors import InputError
from colorgan_tf.inference.quality import Quality

FLAGS = flags.FLAGS
flags.DEFINE_string("data", None, "Folder of JPEG files.")
flags.DEFINE_integer("every", 1, "Take every n-th file.", lower_bound=1)
flags.DEFINE_enum("quality", Quality.FAST, list(Quality), "How the pictures are coloured.")
flags.DEFINE_string("json", None, "File for the figures.")

SIZE, LUMA = 1.3, 3  # what a result's size may be of the original's, and its luma off in 1/255


def grey(path: Path) -> bytes:
    """Returns a JPEG file's bytes, made grey with its own luma table where it is in colour."""
    with Image.open(path) as image:
        if image.mode == "L":
            return path.read_bytes()
        file = io.BytesIO()
        table = image.quantization[0]  # type: ignore[attr-defined]
        image.convert("L").save(file, "JPEG", qtables=[list(table)], optimize=True)
        return file.getvalue()


def main(argv: list[str]) -> None:
    """Measures the files of a folder."""
    import colorgan_tf
    from pipelines.data import pictures
    from pipelines.media import formats
    from pipelines.stills import still as stills
    from pipelines.stills.colorize import colorize_still, encode_result

    if not FLAGS.data or argv[1:]:
        raise InputError(f"`--data` must name a folder of JPEG files. Received: {argv[1:] or 'none'}.")
    files = [file for file in pictures.find(FLAGS.data) if formats.picture_format(file) == "JPEG"][:: FLAGS.every]
    colorizer = colorgan_tf.Colorizer.load(quality=FLAGS.quality)
    print(machine.describe(), flush=True)
    figures = {}
    for file in files:
        before = grey(file)
        still = stills.read(before)
        after = encode_result(still, colorize_still(still, colorizer))
        with Image.open(io.BytesIO(after)) as image:
            luma = color.luma(np.asarray(image.convert("RGB"), np.float32) / 255)
        off = np.abs(luma - still.luma) * 255
        figures[str(file)] = (len(after) / len(before), float(off.max()), float((off > LUMA).mean()))
    ratios, offs, shares = np.array(list(figures.values())).T
    print(f"{len(files)} files")
    print(f"size, times the original: median {np.median(ratios):.2f}, most {ratios.max():.2f},", end=" ")
    print(f"above {SIZE}: {(ratios > SIZE).sum()}")
    print(f"luma, largest difference of a file in 1/255: median {np.median(offs):.1f}, most {offs.max():.1f},", end=" ")
    print(f"above {LUMA}: {(offs > LUMA + 0.5).sum()} files, in them {shares.max():.2%} of the pixels at most")
    if FLAGS.json:
        with open(FLAGS.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=1)


if __name__ == "__main__":
    command.run(main)
