"""Keeps TensorFlow and LiteRT quiet."""

import contextlib
import os
from collections.abc import Iterator


def silence_tensorflow() -> None:
    """Hides the notes of TensorFlow's C++ side; its errors arrive as exceptions all the same.

    Call it before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextlib.contextmanager
def silence_native_code() -> Iterator[None]:
    """Hides what C++ code prints by itself meanwhile; its errors arrive as exceptions."""
    try:
        kept = os.dup(2)
    except OSError:  # a window without a console
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
