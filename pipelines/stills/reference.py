"""Picture files as references, whose colours others take."""

import re
from pathlib import Path

import numpy as np

from colorgan_tf.errors import InputError
from colorgan_tf.inference.told import Moment, Reference
from pipelines.media import formats
from pipelines.media.orientation import upright
from pipelines.stills import still as stills

_TIME = re.compile(r"(?:(?:(\d+)[-_h])?(\d+)[-_m])?(\d+(?:\.\d+)?)s?")


def read_reference(path: str | Path) -> Reference:
    """Reads a reference.

    Raises:
        InputError: it cannot be read, or is grey.
    """
    still = stills.read(path)
    rgb = upright(still.values, still.metadata.orientation).astype(np.float32) / np.float32(still.levels)
    return Reference.of_rgb(np.broadcast_to(rgb, (*rgb.shape[:2], 3)))


def read_film_references(path: str | Path) -> tuple[Moment, ...]:
    """Reads a picture or a folder of them; a name such as `83.5.png`, `1-23.5.png` or `0h01m23s.png` is a time.

    Raises:
        InputError: as `read_reference`, or there is none in the folder.
    """
    path = Path(path)
    files = sorted(p for p in path.iterdir() if formats.picture_format(p)) if path.is_dir() else [path]
    if not files:
        raise InputError(f"`reference` must be a picture or a folder of them. Received: {path}, which holds none.")
    return tuple(Moment(read_reference(file), seconds(file.stem), str(file)) for file in files)


def seconds(name: str) -> float | None:
    """Reads a name that is a time in hours, minutes and seconds; None where it is another."""
    if not (parts := _TIME.fullmatch(name)):
        return None
    hours, minutes, rest = (float(part or 0) for part in parts.groups())
    return 3600 * hours + 60 * minutes + rest
