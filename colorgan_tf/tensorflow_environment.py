"""What TensorFlow and Keras read from the environment when they are imported."""

import importlib.util
import os

from colorgan_tf.config import Backend
from colorgan_tf.errors import InputError


def silence_tensorflow() -> None:
    """Hides the notes of TensorFlow's C++ side; its errors arrive as exceptions all the same.

    Call it before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def set_keras_backend(backend: Backend) -> None:
    """Makes Keras run with a back end. Call it before Keras is imported.

    Raises:
        InputError: if JAX is asked for and not installed.
    """
    if backend == Backend.JAX and importlib.util.find_spec("jax") is None:
        raise InputError("`backend=jax` needs JAX: pip install 'colorgan-tf[jax]'. Received: no package jax.")
    os.environ["KERAS_BACKEND"] = backend
