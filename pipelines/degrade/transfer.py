"""What the copy to video or file does: lost resolution, interlace combing, JPEG.

Each operation: `luma [height, width, 1] float32 in [0, 1]`, `strength` scalar float32, `seed [2]` integer -> luma of
the same shape and range. The units of the strengths are in `pipelines.degrade.settings.Degradation`.
"""

import tensorflow as tf


def scaling(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Reduces the picture to the fraction `strength` of its size and enlarges it again.

    Both ways keep the picture's outer edges where they are, so nothing moves.
    """
    del seed
    size = tf.shape(luma)[:2]
    small = tf.maximum(tf.cast(tf.round(tf.cast(size, tf.float32) * strength), tf.int32), 1)
    luma = tf.image.resize(tf.image.resize(luma, small, "bilinear", antialias=True), size, "bilinear")
    return tf.clip_by_value(luma, 0.0, 1.0)


def combing(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Shifts the odd lines sideways by `strength` pixels, rounded, to either side: the second field came later."""
    sign = tf.sign(tf.random.stateless_uniform([], seed, -1.0, 1.0))
    shift = tf.cast(tf.round(strength * sign), tf.int32)
    height, width = tf.shape(luma)[0], tf.shape(luma)[1]
    later = tf.gather(luma, tf.clip_by_value(tf.range(width) - shift, 0, width - 1), axis=1)
    return tf.where((tf.range(height) % 2 == 1)[:, tf.newaxis, tf.newaxis], later, luma)


def jpeg(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Stores the picture as a JPEG of quality `strength` (1 to 100) and reads it back."""
    del seed
    quality = tf.cast(tf.clip_by_value(tf.round(strength), 1.0, 100.0), tf.int32)
    return tf.ensure_shape(tf.image.adjust_jpeg_quality(luma, quality), luma.shape)
