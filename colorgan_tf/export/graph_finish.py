"""The Colorizer's `good` quality in core TensorFlow operations: from the network's small chroma to a whole picture.

Step by step what `colorgan_tf.inference.finish` does with numpy and OpenCV, whose results these functions give.
"""

import cv2
import numpy as np
import tensorflow as tf

from colorgan_tf import color
from colorgan_tf.export import graph_pictures
from colorgan_tf.inference import finish

# Rows that are merged at a time: a full-size float picture is never held whole, and two bands run at once.
BAND = 128
_PARALLEL = 2
_STEPS = finish.of_quality("good")


def input_shape(height: tf.Tensor, width: tf.Tensor, resolution: int, multiple: int) -> tf.Tensor:
    """Returns the shape `[2]` int32 at which a picture goes through the network; see `finish.input_shape`."""
    sides = tf.cast(tf.stack([height, width]), tf.float64)
    aspect = tf.minimum(tf.reduce_max(sides) / tf.reduce_min(sides), finish.LONGEST)
    small = max(multiple, round(resolution / multiple) * multiple)
    # Both roundings go to the even number at a half.
    large = tf.maximum(small, tf.cast(tf.round(small * aspect / multiple), tf.int32) * multiple)
    return tf.where(height <= width, tf.stack([small, large]), tf.stack([large, small]))


def resize(picture: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Resizes `[h, w, C]` float32 to `shape`: by area where it shrinks, bilinear where it grows."""
    shrunk = tf.minimum(tf.shape(picture)[:2], shape)
    return tf.image.resize(tf.image.resize(picture, shrunk, "area"), shape)


def guide(chroma: tf.Tensor, luma: tf.Tensor) -> tf.Tensor:
    """Fits chroma `[h, w, 2]` to luma `[h, w, 1]`; see `finish.guide`.

    Returns:
        `[h, w, 3]`: slope for U, slope for V, blurred luma.
    """
    shape = tf.shape(chroma)[:2]
    coarse = -(-shape // _STEPS.guide_downscale)
    chroma, luma = resize(chroma, coarse), _blur(resize(luma, coarse))
    mean_luma, mean_chroma = _box(luma), _box(chroma)
    variance = _box(luma * luma) - mean_luma * mean_luma
    covariance = _box(chroma * luma) - mean_chroma * mean_luma
    slope = _box(covariance / (tf.maximum(variance, 0.0) + _STEPS.epsilon))
    return resize(tf.concat([slope, luma], axis=-1), shape)


def merge(luma: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
    """Joins luma `[..., 1]` and chroma `[..., 2]` to RGB `[..., 3]` inside the cube; see `color.merge`."""
    offsets = tf.tensordot(chroma, tf.constant(color.YUV_TO_RGB[:, 1:].T), 1)
    room = tf.maximum(tf.where(offsets > 0, 1.0 - luma, luma), 1e-12)
    excess = tf.maximum(tf.reduce_max(tf.abs(offsets) / room, axis=-1, keepdims=True), 1.0)
    return tf.clip_by_value(luma + offsets / excess, 0.0, 1.0)


def rgb(picture: tf.Tensor, chroma: tf.Tensor, small_luma: tf.Tensor) -> tf.Tensor:
    """Colours a picture with the chroma that the network gave it.

    Args:
        picture: uint8 `[H, W, 1 to 4]`, as `graph_pictures.decode` gives it.
        chroma: `[h, w, 2]` at the input resolution.
        small_luma: `[h, w, 1]` at the same size.

    Returns:
        uint8 `[H, W, 3]` with the picture's own luma, to half a level.
    """
    shape = tf.shape(picture)
    steering = tf.concat([chroma, guide(chroma, small_luma)], axis=-1)

    def colour(number: tf.Tensor, done: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        top = number * BAND
        luma = graph_pictures.luma(picture[top : top + BAND])
        full = _stretch(steering, top, tf.shape(luma)[0], shape[0], shape[1])
        full_chroma = full[..., :2] + full[..., 2:4] * (luma - full[..., 4:])
        levels = tf.cast(tf.round(merge(luma, full_chroma) * 255.0), tf.uint8)
        return number + 1, done.write(number, levels)

    bands = -(-shape[0] // BAND)
    done = tf.TensorArray(tf.uint8, bands, infer_shape=False, element_shape=[None, None, 3])
    done = tf.while_loop(lambda number, _: number < bands, colour, [0, done], parallel_iterations=_PARALLEL)[1]
    return tf.ensure_shape(done.concat(), [None, None, 3])


def _stretch(small: tf.Tensor, top: tf.Tensor, rows: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Resizes `[h, w, C]` bilinearly to `[height, width, C]`, of which it makes only `rows` rows from `top` on."""
    last = tf.shape(small)[0] - 1
    # Pixel centres, as OpenCV and `tf.image.resize` place them.
    ratio = tf.cast(last + 1, tf.float64) / tf.cast(height, tf.float64)
    position = (tf.cast(tf.range(top, top + rows), tf.float64) + 0.5) * ratio - 0.5
    position = tf.clip_by_value(position, 0.0, tf.cast(last, tf.float64))
    above = tf.cast(position, tf.int32)
    weight = tf.cast(position - tf.floor(position), tf.float32)[:, None, None]
    lines = tf.gather(small, above) * (1.0 - weight) + tf.gather(small, tf.minimum(above + 1, last)) * weight
    return tf.image.resize(lines, tf.stack([rows, width]))


def _blur(luma: tf.Tensor) -> tf.Tensor:
    """Gaussian blur of `[h, w, 1]`, borders replicated."""
    side = 2 * round(4 * _STEPS.blur) + 1  # OpenCV's own choice for float pictures: four sigmas each way
    kernel = cv2.getGaussianKernel(side, _STEPS.blur, cv2.CV_32F)
    padded = _replicated(luma, side // 2)[None]
    return tf.nn.conv2d(padded, tf.constant(np.outer(kernel, kernel)[..., None, None]), 1, "VALID")[0]


def _box(picture: tf.Tensor) -> tf.Tensor:
    """Mean of `[h, w, C]` over a window, borders replicated."""
    side = 2 * _STEPS.radius + 1
    return tf.nn.avg_pool2d(_replicated(picture, _STEPS.radius)[None], side, 1, "VALID")[0]


def _replicated(picture: tf.Tensor, border: int) -> tf.Tensor:
    for axis in (0, 1):
        size = tf.shape(picture)[axis]
        picture = tf.gather(picture, tf.clip_by_value(tf.range(-border, size + border), 0, size - 1), axis=axis)
    return picture
