"""Random numbers by a seed that a training step computes, which Keras has none of, in either back end."""

import keras
import tensorflow as tf


def uniform(shape: tuple[int, ...], seed: keras.KerasTensor, stream: int) -> keras.KerasTensor:
    """Returns float32 numbers in [0, 1), the same for the same arguments in one back end.

    Args:
        shape: of the result.
        seed: int32 `[2]`.
        stream: other numbers for each.
    """
    if keras.backend.backend() == "jax":
        import jax  # an extra

        key = jax.random.fold_in(jax.random.wrap_key_data(seed.astype("uint32")), stream)
        return jax.random.uniform(key, shape)
    return tf.random.stateless_uniform(shape, tf.random.experimental.stateless_fold_in(seed, stream))
