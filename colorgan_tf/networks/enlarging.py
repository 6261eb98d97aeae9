"""Other sizes: bilinear, and for a network's small chroma crisp, by Lanczos interpolation and unsharp masking.

A bilinear enlargement is a blur on top of the one that reduced the training's chroma. On the validation pictures a
sharper one brings the Frechet distance down by a tenth and costs next to no PSNR.
"""

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops

_LOBES = 3  # of the Lanczos kernel, each way
_BLUR = np.array([1.0, 2.0, 1.0]) / 4.0  # binomial, standard deviation 0.71
_REACH = _LOBES + 1  # pixels that the filter looks each way


def kernel(factor: int, unsharp_mask: float = 0.0) -> npt.NDArray[np.float32]:
    """Returns the filter that makes `factor` x `factor` pixels of each one.

    The unsharp mask x + unsharp_mask * (x - blurred x) and Lanczos' windowed sinc (Duchon, "Lanczos Filtering in One
    and Two Dimensions", 1979) for each of the new pixels' centres, as one convolution.

    Args:
        factor: by which width and height grow.
        unsharp_mask: strength of the unsharp mask, 0 for none.

    Returns:
        `[9, 9, 1, factor * factor]` float32; each channel's weights add up to 1.
    """
    # Centres of the new pixels, from the old one's centre.
    offsets = (np.arange(factor) + 0.5) / factor - 0.5
    distance = np.arange(-_LOBES, _LOBES + 1)[:, None] - offsets
    weights = np.where(np.abs(distance) < _LOBES, np.sinc(distance) * np.sinc(distance / _LOBES), 0.0)
    weights /= weights.sum(axis=0)
    blurred = np.stack([np.convolve(column, _BLUR) for column in weights.T], axis=1)
    plain = np.pad(weights, ((1, 1), (0, 0)))

    def both_ways(of_one: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.einsum("yp,xq->yxpq", of_one, of_one)

    sharpened = (1.0 + unsharp_mask) * both_ways(plain) - unsharp_mask * both_ways(blurred)
    side = 2 * _REACH + 1
    return sharpened.reshape(side, side, 1, factor * factor).astype(np.float32)


def resize(picture: keras.KerasTensor, size: tuple[int, int]) -> keras.KerasTensor:
    """Brings pictures `[batch, height, width, channels]` to a height and width, bilinear, in their own precision.

    In the TensorFlow back end a size may be unknown when the graph is built, which Keras' own operation refuses.
    """
    if keras.backend.backend() == "tensorflow":
        return tf.cast(tf.image.resize(picture, size), picture.dtype)
    return ops.image.resize(picture, size)


def enlarge(picture: keras.KerasTensor, factor: int, unsharp_mask: float = 0.0) -> keras.KerasTensor:
    """Enlarges pictures.

    Args:
        picture: `[batch, height, width, channels]` float32, sides of at least 4.
        factor: by which width and height grow; 1 applies the mask only.
        unsharp_mask: strength of the unsharp mask, 0 for none.

    Returns:
        `[batch, factor * height, factor * width, channels]`; may overshoot the range of the picture a little.
    """
    if factor == 1 and not unsharp_mask:
        return picture
    batch, height, width, channels = ops.shape(picture)
    # Each channel by itself.
    planes = ops.reshape(ops.transpose(picture, [0, 3, 1, 2]), [batch * channels, height, width, 1])
    border = [_REACH, _REACH]
    planes = ops.pad(planes, [[0, 0], border, border, [0, 0]], "symmetric")
    planes = ops.conv(planes, kernel(factor, unsharp_mask), 1, "valid")
    if factor > 1:
        planes = ops.depth_to_space(planes, factor)
    planes = ops.reshape(planes, [batch, channels, factor * height, factor * width])
    return ops.transpose(planes, [0, 2, 3, 1])
