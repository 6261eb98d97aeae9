"""Colours a film with its sound: python examples/colour_a_film.py film.mp4 coloured.mp4.

A GIF or a picture works as well: the content of a file says what it is.
"""

import sys

from colorgan_tf import Colorizer
from pipelines.colorize_file import ColorizeOptions, colorize_file


def main(film: str, coloured: str) -> None:
    """Colours a file of any kind; of a film that was stopped before, only the rest."""
    colorizer = Colorizer.load(quality="fast")
    options = ColorizeOptions(steady="high")  # colours are stabilized strongly along the motion
    outcome = colorize_file(film, coloured, colorizer, options)
    print(outcome.state, outcome.note)


if __name__ == "__main__":
    main(*sys.argv[1:])
