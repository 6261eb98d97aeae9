"""The losses of the method, as pure functions of tensors."""

from collections.abc import Callable, Sequence

import tensorflow as tf


def pixel_loss(colour: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean squared error per pixel and channel: L_p = 1/(CWH) * sum (G(x) - y)^2.

    Args:
        colour: `[batch, height, width, channels]`.
        target: the same shape.

    Returns:
        A scalar float32.
    """
    return tf.reduce_mean(tf.math.squared_difference(tf.cast(colour, tf.float32), target))


def discriminator_loss(real_logits: tf.Tensor, generated_logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of the verdicts, labels 1 for real and 0 for generated, over both halves.

    L_A = -1/N * sum (l_i log D_i + (1 - l_i) log(1 - D_i)), with N counting real and generated verdicts alike; the
    plus sign inside the bracket is the cross-entropy's (a minus would reward a wrong verdict).

    Args:
        real_logits: `[batch, height, width, 1]` for true colours.
        generated_logits: the same shape, for generated ones.

    Returns:
        A scalar float32; ln 2 when the discriminator can only guess.
    """
    # -log sigmoid(x) = softplus(-x), and -log(1 - sigmoid(x)) = softplus(x).
    real = tf.reduce_mean(tf.math.softplus(-real_logits))
    generated = tf.reduce_mean(tf.math.softplus(generated_logits))
    return 0.5 * (real + generated)


def adversarial_loss(generated_logits: tf.Tensor) -> tf.Tensor:
    """The generator's side of the game, -E[log D(x, G(x, z))], which has gradients where log(1 - D) is flat.

    (Goodfellow et al. 2014, section 3: same fixed point as minimizing log(1 - D), stronger gradients early on.)

    Args:
        generated_logits: `[batch, height, width, 1]`.

    Returns:
        A scalar float32.
    """
    return tf.reduce_mean(tf.math.softplus(-generated_logits))


def feature_loss(generated: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    """Distance between the features of a generated picture and of the true one, in units of their spread.

    The perceptual loss of Johnson, Alahi and Fei-Fei ("Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, equation 2), each channel divided by its standard deviation over the true batch, so
    that all channels and levels count alike.

    Args:
        generated: `[batch, ..., channels]`.
        true: the same shape.

    Returns:
        A scalar float32: 0 for equal features, about 2 for pictures that have nothing to do with each other.
    """
    variance = tf.math.reduce_variance(true, axis=tf.range(tf.rank(true) - 1))
    return tf.reduce_mean(tf.math.squared_difference(generated, true) / (variance + 1e-3))


def mean_over_levels(loss: Callable[..., tf.Tensor], *levels: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the mean of a loss over the levels of a picture, each of which has a tensor in every one of `levels`."""
    return tf.reduce_mean(tf.stack([loss(*tensors) for tensors in zip(*levels, strict=True)]))
