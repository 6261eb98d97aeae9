"""Enlarges a network's small chroma to the size of its luma, crisp: Lanczos interpolation and unsharp masking.

A bilinear enlargement is a blur on top of the one that reduced the training's chroma. On the validation pictures a
sharper one brings the Frechet distance down by a tenth and costs next to no PSNR.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

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


def enlarge(picture: tf.Tensor, factor: int, unsharp_mask: float = 0.0) -> tf.Tensor:
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
    batch, height, width, channels = (tf.shape(picture)[axis] for axis in range(4))
    # Each channel by itself.
    planes = tf.reshape(tf.transpose(picture, [0, 3, 1, 2]), [batch * channels, height, width, 1])
    border = [_REACH, _REACH]
    planes = tf.pad(planes, [[0, 0], border, border, [0, 0]], "SYMMETRIC")
    planes = tf.nn.conv2d(planes, kernel(factor, unsharp_mask), 1, "VALID")
    if factor > 1:
        planes = tf.nn.depth_to_space(planes, factor)
    planes = tf.reshape(planes, [batch, channels, factor * height, factor * width])
    return tf.transpose(planes, [0, 2, 3, 1])
