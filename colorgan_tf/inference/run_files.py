"""The files of a training run, by name: written by the loop, read by `restore` and `export`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

CONFIG = "config.json"
DATA = "data.json"  # which pictures it is trained on
CHECKPOINTS = "checkpoints"  # everything that a resume needs
LAST, BEST = "last.weights.h5", "best.weights.h5"  # the generator's averaged weights
BEST_SCORE = "best.json"
LOG = "log.jsonl"
SAMPLES = "samples"
TENSORBOARD = "tensorboard"


def write_text(path: Path, text: str) -> None:
    """Writes beside `path` and renames, so that the file is whole or absent."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def write_weights(network: "keras.Model", path: Path) -> None:
    """Writes a network's weights beside `path` and renames them."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    network.save_weights(temporary)
    temporary.replace(path)
