"""Makes a network's chroma more vivid: strong colours more than weak ones."""

import tensorflow as tf

_FLOOR = 0.01  # chroma below which a colour is as good as grey: the ratio of two such must not explode


def strengthen(chroma: tf.Tensor, gain: float, contrast: float = 0.0) -> tf.Tensor:
    """Multiplies chroma by `gain`, and by a power of its strength relative to the picture's mean strength.

    A network that is unsure says weak colours, and is mostly right to: strengthening all alike strengthens the doubtful
    ones as well. A power spends the same colourfulness where the network sees colour: at 0.85 of the true
    colourfulness it costs 0.2 dB less PSNR than a gain alone, on the validation pictures.

    Args:
        chroma: `[batch, height, width, 2]`, U and V.
        gain: of a colour that is as strong as its picture's mean.
        contrast: the power; 0 strengthens all colours alike.

    Returns:
        The same shape; not bounded.
    """
    if not contrast:
        return gain * chroma
    strength = tf.norm(chroma, axis=-1, keepdims=True) + _FLOOR
    mean = tf.reduce_mean(strength, axis=(1, 2), keepdims=True)
    return gain * chroma * tf.pow(strength / mean, contrast)
