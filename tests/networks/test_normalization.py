"""The fused batch normalization against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks.normalization import BatchNormalization


def _trained(kind, pictures, policy: str = "float32", steps: int = 3) -> dict[str, np.ndarray]:
    """Output, gradients and weights of a layer after some training calls."""
    # Not synchronized: there Keras takes E(x^2) - E(x)^2, which is less exact.
    layer = kind(momentum=0.9, epsilon=1e-5, dtype=policy)
    layer.build(pictures.shape)
    layer.gamma.assign([1.5, 0.5, -1.0])
    layer.beta.assign([0.1, 0.2, 0.3])

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = tf.cast(layer(x, training=True), tf.float32)
            loss = tf.reduce_sum(tf.sin(output))
        return output, tape.gradient(loss, [x, *layer.trainable_variables])

    for _ in range(steps):
        output, gradients = step(tf.cast(pictures, layer.compute_dtype))
    names = ("input", "gamma", "beta")
    found = {f"gradient of {name}": np.float32(each) for name, each in zip(names, gradients, strict=True)}
    found |= {"mean": layer.moving_mean.numpy(), "variance": layer.moving_variance.numpy()}
    return {
        "output": output.numpy(),
        "inference": np.float32(layer(tf.cast(pictures, layer.compute_dtype), training=False)),
        **found,
    }


@pytest.mark.parametrize("shape", [(2, 8, 6, 3), (1, 1, 2, 3), (1, 1, 1, 3)], ids=str)
def test_it_does_what_keras_does(shape):
    pictures = np.random.default_rng(0).normal(2.0, 3.0, shape).astype(np.float32)
    ours, theirs = _trained(BatchNormalization, pictures), _trained(keras.layers.BatchNormalization, pictures)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-4, atol=1e-4, err_msg=name)


def test_half_precision_agrees_to_its_own_rounding():
    pictures = np.random.default_rng(0).normal(2.0, 3.0, (2, 8, 6, 3)).astype(np.float32)
    ours = _trained(BatchNormalization, pictures, "mixed_bfloat16")
    exact = _trained(keras.layers.BatchNormalization, pictures)
    for name in ("output", "mean", "variance", "inference"):
        np.testing.assert_allclose(ours[name], exact[name], rtol=0.02, atol=0.02, err_msg=name)
    assert ours["mean"].dtype == np.float32


def test_a_layer_that_does_not_learn_keeps_its_statistics():
    layer = BatchNormalization()
    layer.build((None, 4, 4, 3))
    layer.trainable = False
    pictures = tf.fill((1, 4, 4, 3), 5.0)
    np.testing.assert_allclose(layer(pictures, training=True), pictures, rtol=1e-3)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), 0.0)
