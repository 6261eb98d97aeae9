"""What the film stock makes of the light: channel weights, characteristic curve, density, grain.

The two kinds of stock give the three weights of R, G and B; the operations on luma take `luma [height, width, 1]
float32 in [0, 1]`, `strength` scalar float32 and `seed [2]` integer and return luma of the same shape and range.
The units of the strengths are in `pipelines.degrade.settings.Degradation`.
"""

import tensorflow as tf

from colorgan_tf import color
from pipelines.degrade import filters

BT601 = tuple(float(weight) for weight in color.RGB_TO_YUV[0])
_GRAIN_RADIUS = 1


def grey(rgb: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns the weighted sum `[height, width, 1]` of the channels of `rgb [height, width, 3]`."""
    return rgb[..., 0:1] * weights[0] + rgb[..., 1:2] * weights[1] + rgb[..., 2:3] * weights[2]


def orthochromatic(strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Weights `[3]` of a stock that sees blue and green; `strength` 1 is blind to red, 0 is BT.601 luma.

    Orthochromatic stock, common until about 1930, makes lips and red cloth dark and blue skies white.
    """
    blue = tf.random.stateless_uniform([], seed, 0.25, 0.6)
    blind = tf.stack([tf.zeros([]), 1.0 - blue, blue])
    return strength * blind + (1.0 - strength) * tf.constant(BT601)


def panchromatic(strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Weights `[3]`, positive and of sum 1, from a Dirichlet distribution whose mode is BT.601 luma.

    A Dirichlet distribution with parameters 1 + c w has its mode at w when w sums to 1; `strength` is c. Samples
    are Gamma(1 + c w) variables divided by their sum.
    """
    parts = tf.random.stateless_gamma([3], seed, alpha=1.0 + strength * tf.constant(BT601))
    return parts / tf.reduce_sum(parts)


def contrast(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """S-shaped characteristic curve (toe, straight part, shoulder): a tanh of steepness `strength` > 0.

    Its middle is random, so that either the lights or the darks block up; towards 0 it is a straight line. The
    slope in the middle is strength / (2 tanh(strength / 2)).
    """
    middle = tf.random.stateless_uniform([], seed, 0.35, 0.6)
    curve = tf.tanh(strength * (luma - middle)) / tf.tanh(0.5 * strength)
    return tf.clip_by_value(middle + 0.5 * curve, 0.0, 1.0)


def gamma(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Raises luma to the power exp(strength) or exp(-strength)."""
    exponent = tf.exp(strength * tf.sign(tf.random.stateless_uniform([], seed, -1.0, 1.0)))
    # exp(g log y) is vectorized on a CPU, y ** g is not and takes five times as long.
    return tf.exp(exponent * tf.math.log(tf.clip_by_value(luma, 1e-6, 1.0)))


def grain(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Adds clumped noise of standard deviation `strength` at mid-grey, and none in pure black and pure white.

    Opaque grains that cover a share u of the film vary as u (1 - u) (Boolean model; Newson et al., "Realistic film
    grain rendering", IPOL 2017), hence the factor 2 sqrt(y (1 - y)). The clumps are 0.4 to 1 pixels wide.
    """
    seeds = tf.random.split(seed, 2)
    height, width = tf.shape(luma)[0], tf.shape(luma)[1]
    # One 32-bit draw serves four pixels; the filter turns even bytes into nearly normal values.
    words = tf.random.stateless_uniform([height, (width + 3) // 4], seeds[0], None, None, tf.int32)
    noise = tf.reshape(tf.bitcast(words, tf.uint8), [height, -1])[:, :width, tf.newaxis]
    noise = (tf.cast(noise, tf.float32) - 127.5) / 73.9
    taps = filters.gaussian_taps(tf.random.stateless_uniform([], seeds[1], 0.4, 1.0), _GRAIN_RADIUS)
    # Taps of unit energy keep the standard deviation at 1.
    noise = filters.separable(noise, taps * tf.math.rsqrt(tf.reduce_sum(tf.square(taps))), _GRAIN_RADIUS)
    noise = tf.ensure_shape(noise, luma.shape)
    # A blur may leave 1 + 1e-7, whose root would be NaN.
    spread = tf.sqrt(tf.maximum(luma * (1.0 - luma), 0.0))
    return tf.clip_by_value(luma + 2.0 * strength * spread * noise, 0.0, 1.0)
