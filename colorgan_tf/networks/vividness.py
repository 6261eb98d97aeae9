"""Makes a network's chroma as vivid as photographs are: where the network sees colour, and where it cannot decide."""

import tensorflow as tf

_FLOOR = 0.01  # chroma below which a colour is as good as grey: the ratio of two such must not explode
_USUAL_SPREAD = 0.08  # of the colours likely at once, over the photographs that the shipped model was measured on


def strengthen(
    chroma: tf.Tensor,
    gain: float,
    contrast: float = 0.0,
    variance: tf.Tensor | None = None,
    doubt: float = 0.0,
) -> tf.Tensor:
    """Multiplies chroma by `gain`, and by powers of two things that tell where more colour costs little.

    A network that is unsure says weak colours. To strengthen all alike strengthens its doubtful stains as well: the
    first power strengthens strong colours more than weak ones. And the mean of many likely colours is paler than any of
    them: the second makes up for it, for a picture as a whole. The same colourfulness
    costs less PSNR then; the shipped model's card says how much.

    Args:
        chroma: `[batch, height, width, 2]`, U and V.
        gain: of a colour that is as strong as its picture's mean, in a picture of the usual spread.
        contrast: power of a colour's strength relative to its picture's mean.
        variance: `[batch, height, width, 1]` of the colours likely at each place; None where nothing is known.
        doubt: power of the picture's root mean variance.

    Returns:
        The same shape; not bounded.
    """
    if contrast:
        strength = tf.norm(chroma, axis=-1, keepdims=True) + _FLOOR
        chroma *= tf.pow(strength / tf.reduce_mean(strength, axis=(1, 2), keepdims=True), contrast)
    if doubt and variance is not None:
        spread = tf.sqrt(tf.reduce_mean(variance, axis=(1, 2), keepdims=True) + _FLOOR**2)
        chroma *= tf.pow(spread / _USUAL_SPREAD, doubt)
    return gain * chroma
