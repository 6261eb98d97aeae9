"""Brings the saturation of a network's chroma to that of photographs."""

import keras
from keras import ops

_FLOOR = 0.01  # chroma below which a colour is as good as grey: the ratio of two such must not explode
_USUAL_SPREAD = 0.08  # of the colours likely at once, over the photographs that the shipped model was measured on


def strengthen(
    chroma: keras.KerasTensor,
    gain: float,
    gamma: float = 1.0,
    variance: keras.KerasTensor | None = None,
    uncertainty_exponent: float = 0.0,
) -> keras.KerasTensor:
    """Multiplies chroma by `gain`, and by powers of two things that tell where more colour costs little.

    Where a network is uncertain its colours are weak. A gain for all colours strengthens its uncertain stains as well;
    the gamma strengthens strong colours more than weak ones. The mean of many likely colours is paler than each of
    them; the uncertainty exponent makes up for that, for a picture as a whole. The same colourfulness then costs less
    PSNR; the shipped model's card says how much.

    Args:
        chroma: `[batch, height, width, 2]`, U and V.
        gain: of a colour that is as strong as its picture's mean, in a picture of the usual spread.
        gamma: power of a colour's strength relative to its picture's mean; 1 changes nothing.
        variance: `[batch, height, width, 1]` of the colours likely at each place; None where nothing is known.
        uncertainty_exponent: power of the picture's root mean variance; 0 changes nothing.

    Returns:
        The same shape; not bounded.
    """
    if gamma != 1.0:
        strength = ops.norm(chroma, axis=-1, keepdims=True) + _FLOOR
        chroma *= ops.power(strength / ops.mean(strength, axis=(1, 2), keepdims=True), gamma - 1.0)
    if uncertainty_exponent and variance is not None:
        spread = ops.sqrt(ops.mean(variance, axis=(1, 2), keepdims=True) + _FLOOR**2)
        chroma *= ops.power(spread / _USUAL_SPREAD, uncertainty_exponent)
    return gain * chroma
