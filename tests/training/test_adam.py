"""The fused Adam against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.training.adam import Adam


def _trained(build, gradients, options) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """The weights, their moving average and the slots after all gradients."""
    variable = keras.Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    optimizer = build(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), use_ema=True, **options)
    optimizer.build([variable])

    @tf.function
    def step(gradient):
        optimizer.apply_gradients([(gradient, variable)])

    for gradient in gradients:
        step(tf.constant(gradient))
    weights = variable.numpy()
    optimizer.finalize_variable_values([variable])
    return weights, variable.numpy(), [slot.numpy() for slot in optimizer.variables]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.5},
        {"weight_decay": 0.1, "global_clipnorm": 1.0},
        {"amsgrad": True},
    ],
    ids=str,
)
def test_it_does_what_keras_does(options):
    gradients = np.random.default_rng(0).normal(size=(7, 3, 4)).astype(np.float32)
    # The kernel computes 1 - beta_2 in float32, Keras in float64: 1e-5 of the second moment.
    ours = _trained(Adam, gradients, options)
    theirs = _trained(keras.optimizers.Adam, gradients, options)
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-5)
    assert len(ours[2]) == len(theirs[2])
    for our_slot, their_slot in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(our_slot, their_slot, atol=1e-5)


def test_a_checkpoint_of_keras_adam_is_restored_in_full(tmp_path):
    gradient = tf.constant([1.0, -2.0])
    before, after = keras.Variable([1.0, 2.0]), keras.Variable([0.0, 0.0])
    theirs, ours = keras.optimizers.Adam(0.1), Adam(0.1)
    theirs.build([before])
    ours.build([after])
    theirs.apply_gradients([(gradient, before)])
    path = tf.train.Checkpoint(optimizer=theirs).save(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(optimizer=ours).restore(path).assert_consumed()
    for our_slot, their_slot in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_array_equal(our_slot.numpy(), their_slot.numpy())


def test_a_variable_may_have_a_rate_of_its_own():
    slow, fast = keras.Variable([1.0, 2.0], name="slow"), keras.Variable([1.0, 2.0], name="fast")
    optimizer = Adam(0.1, rates={"slow": 0.25})
    optimizer.build([slow, fast])
    optimizer.apply_gradients([(tf.constant([1.0, -3.0]), variable) for variable in (slow, fast)])
    ways = [np.array([1.0, 2.0]) - variable.numpy() for variable in (slow, fast)]
    np.testing.assert_allclose(ways[0], 0.25 * ways[1], atol=1e-6)
