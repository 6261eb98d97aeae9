"""Any picture size for networks that need multiples: padded by its own edge, and cropped back."""

from collections.abc import Callable

import keras
from keras import ops

from colorgan_tf.networks.enlarging import resize


def pad_to_multiple(picture: keras.KerasTensor, multiple: int) -> keras.KerasTensor:
    """Repeats the last row and column until both sides are multiples.

    Works on every size from 1 x 1 up (reflection fails on pictures smaller than the padding).

    Args:
        picture: `[batch, height, width, channels]`.
        multiple: of the sides, at least 1.

    Returns:
        `[batch, height', width', channels]` with the picture in the upper left corner.
    """
    for axis in (1, 2):
        size = ops.shape(picture)[axis]
        padded = (size + multiple - 1) // multiple * multiple
        picture = ops.take(picture, ops.minimum(ops.arange(padded), size - 1), axis=axis)
    return picture


def at_any_size(
    network: Callable[[keras.KerasTensor], keras.KerasTensor], picture: keras.KerasTensor, multiple: int
) -> keras.KerasTensor:
    """Calls `network` on the padded picture, brings its output to the picture's resolution and crops it.

    Args:
        network: from `[batch, height, width, channels]` to `[batch, height / s, width / s, outputs]`, s = 1, 2, 4 ...
        picture: `[batch, height, width, channels]`, any size.
        multiple: that the network needs.

    Returns:
        `[batch, height, width, outputs]`.
    """
    _, height, width, _ = ops.shape(picture)
    padded = pad_to_multiple(picture, multiple)
    output = resize(network(padded), ops.shape(padded)[1:3])  # bilinear; exact where s = 1
    return output[:, :height, :width]
