"""The trainer of the back end that Keras runs with."""

import keras

from colorgan_tf.config import Backend, Config
from colorgan_tf.errors import InputError
from colorgan_tf.training.trainer import Trainer


def choose(config: Config) -> Trainer:
    """Returns the trainer of the back end that Keras runs with.

    Raises:
        InputError: if Keras runs with another one than the configuration names, or the strategy needs what is not
            there.
    """
    backend = config.runtime.backend
    if keras.backend.backend() != backend:
        raise InputError(
            f"Keras must run with the back end {backend}: set KERAS_BACKEND={backend} before it is imported. "
            f"Received: KERAS_BACKEND={keras.backend.backend()}."
        )
    if backend == Backend.JAX:
        from colorgan_tf.training.jax_trainer import JaxTrainer  # JAX is an extra

        return JaxTrainer(config)
    from colorgan_tf.training.tensorflow_trainer import TensorFlowTrainer  # not where JAX has the devices

    return TensorFlowTrainer(config)
