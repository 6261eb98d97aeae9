"""What TensorFlow reads from the environment when it is imported."""

import os


def silence_tensorflow() -> None:
    """Hides the notes of TensorFlow's C++ side; its errors arrive as exceptions all the same.

    Call it before TensorFlow is imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
