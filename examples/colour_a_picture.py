"""Colours a photograph in memory: python examples/colour_a_picture.py photo.jpg coloured.png."""

import sys

import numpy as np
from PIL import Image

from colorgan_tf import Colorizer


def main(photo: str, coloured: str) -> None:
    """Reads the brightness of the photograph and writes it back in colour."""
    colorizer = Colorizer.load(quality="good")
    with Image.open(photo) as image:
        luma = np.asarray(image.convert("L"), np.float32)[..., None] / 255  # [height, width, 1] in [0, 1]
    Image.fromarray(colorizer.picture(luma)).save(coloured)  # uint8 [height, width, 3]


if __name__ == "__main__":
    main(*sys.argv[1:])
