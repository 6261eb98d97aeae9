"""Draws a contact sheet of the old-film degradations.

    python -m pipelines.degrade PICTURE... --output=sheet.png

For each picture: the clean grey, every degradation alone at its harsh end, then random compositions.
"""

import os

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_string("output", "sheet.png", "PNG file to write.")
flags.DEFINE_integer("seed", 0, "Random seed; the same one draws the same sheet.")
flags.DEFINE_enum("preset", "training", ["training", "evaluation"], "Which probabilities and strengths to show.")
flags.DEFINE_integer("compositions", 6, "Random compositions for each picture.", lower_bound=0)


def main(argv: list[str]) -> None:
    """Reads the pictures, draws the sheet, says where it is."""
    import dataclasses

    from PIL import Image

    from pipelines.degrade import EVALUATION, TRAINING
    from pipelines.degrade.contact_sheet import draw, save

    if len(argv) < 2:
        raise InputError("At least one PICTURE must be given. Received: none.")
    if not FLAGS.output.lower().endswith(".png"):
        raise InputError(f"`--output` must end in .png. Received: {FLAGS.output}.")
    if not os.path.isdir(os.path.dirname(os.path.abspath(FLAGS.output))):
        raise InputError(f"`--output` must be in a folder that exists. Received: {FLAGS.output}.")
    pictures = []
    for path in argv[1:]:
        try:
            with Image.open(path) as picture:
                pictures.append(picture.copy())
        except (OSError, Image.DecompressionBombError) as error:
            raise InputError(f"PICTURE must be a picture file. Received: {path} ({error}).") from error
    preset = EVALUATION if FLAGS.preset == "evaluation" else dataclasses.replace(TRAINING, clean=0.0)
    save(draw(pictures, FLAGS.seed, preset, FLAGS.compositions), FLAGS.output)
    print(f"{FLAGS.output}: {len(pictures)} pictures")


if __name__ == "__main__":
    command.run(main)
