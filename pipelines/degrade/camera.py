"""What happens to the light before it becomes a picture: focus, motion, vignetting, exposure.

Each operation: `luma [height, width, 1] float32 in [0, 1]`, `strength` scalar float32, `seed [2]` integer -> luma of
the same shape and range. The units of the strengths are in `pipelines.degrade.settings.Degradation`.
"""

import math

import tensorflow as tf

from pipelines.degrade import filters

_BLUR_RADIUS = 4
_MOTION_TAPS = 7
_MOTION_REACH = 8


def blur(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Gaussian blur of standard deviation `strength` pixels, cut off after 4 pixels."""
    del seed
    return filters.separable(luma, filters.gaussian_taps(strength, _BLUR_RADIUS), _BLUR_RADIUS)


def motion(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mean over a straight way of `strength` pixels (up to 16) in a random direction, centred so that nothing moves."""
    height, width = tf.shape(luma)[0], tf.shape(luma)[1]
    angle = tf.random.stateless_uniform([], seed, 0.0, math.pi)
    way = tf.linspace(-0.5, 0.5, _MOTION_TAPS) * tf.minimum(strength, 2.0 * _MOTION_REACH)
    rows = tf.cast(tf.round(way * tf.sin(angle)), tf.int32) + _MOTION_REACH
    columns = tf.cast(tf.round(way * tf.cos(angle)), tf.int32) + _MOTION_REACH
    reach = [_MOTION_REACH, _MOTION_REACH]
    plane = tf.pad(luma[..., 0], [reach, reach], "SYMMETRIC")
    shifted = [plane[rows[i] : rows[i] + height, columns[i] : columns[i] + width] for i in range(_MOTION_TAPS)]
    return tf.ensure_shape((tf.add_n(shifted) / _MOTION_TAPS)[..., tf.newaxis], luma.shape)


def vignetting(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Light falls with the square of the distance from a point near the middle; `strength` is lost in the corners."""
    shift = tf.random.stateless_uniform([2], seed, -0.15, 0.15)
    rows = tf.square(tf.linspace(-1.0, 1.0, tf.shape(luma)[0]) - shift[0])[:, tf.newaxis, tf.newaxis]
    columns = tf.square(tf.linspace(-1.0, 1.0, tf.shape(luma)[1]) - shift[1])[tf.newaxis, :, tf.newaxis]
    return luma * tf.maximum(1.0 - 0.5 * strength * (rows + columns), 0.0)


def flicker(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Multiplies the whole picture by exp(strength) or exp(-strength)."""
    sign = tf.sign(tf.random.stateless_uniform([], seed, -1.0, 1.0))
    return tf.clip_by_value(luma * tf.exp(sign * strength), 0.0, 1.0)


def unevenness(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Multiplies by a smooth cloudy gain between exp(-strength) and exp(strength).

    The clouds are a random sum of the lowest two-dimensional cosine waves, which costs two small matrix products.
    """
    waves = tf.random.stateless_uniform([4, 4], seed, -1.0, 1.0)
    clouds = tf.matmul(_cosines(tf.shape(luma)[0]), tf.matmul(waves, _cosines(tf.shape(luma)[1]), transpose_b=True))
    clouds = clouds / (tf.reduce_max(tf.abs(clouds)) + 1e-6)
    return tf.clip_by_value(luma * tf.exp(strength * clouds)[..., tf.newaxis], 0.0, 1.0)


def _cosines(size: tf.Tensor) -> tf.Tensor:
    places = (tf.range(tf.cast(size, tf.float32)) + 0.5) / tf.cast(size, tf.float32)
    return tf.cos(math.pi * places[:, tf.newaxis] * tf.range(4, dtype=tf.float32))
