"""What the attention to hints is trained with: true colours at random places, and second views as references."""

import math

import tensorflow as tf

MOST_HINTS = 50
_MOST_RADIUS = 4  # pixels; a hint is a square of 1 to 9 pixels
_USUAL_RADIUS = 3
_WRONG = 0.01  # part of the hints that tell a colour of another place: what is told is not always true
_SMALLEST_VIEW = 0.45  # of the window's sides
_GAMMA = 0.2
_UNRELATED = 0.25  # part of the references that show something else


def hints(chroma: tf.Tensor, seed: tf.Tensor, count: int | None = None) -> tf.Tensor:
    """Draws true colours at random places.

    Args:
        chroma: `[batch, height, width, 2]`: U and V.
        seed: int32 `[2]` of the random choices.
        count: hints in each picture, all of the usual size and true; None for 1 to 50, few as often as many, the same
            for the whole batch: the cost grows with the most.

    Returns:
        `[batch, height, width, 3]`: U, V and a mask, 0 where nothing is told.
    """
    batch, height, width, _ = chroma.shape
    uniform = _Uniform(seed)
    told = tf.cast(tf.exp(uniform(()) * math.log(MOST_HINTS + 0.99)), tf.int32) if count is None else count
    most = MOST_HINTS if count is None else count
    usual = (uniform((batch, most)) < 0.5) | (count is not None)
    radius = tf.where(usual, _USUAL_RADIUS, tf.cast(uniform((batch, most)) * (_MOST_RADIUS + 1), tf.int32))
    places = tf.stack([_whole(uniform((batch, most)), height), _whole(uniform((batch, most)), width)], axis=-1)
    # The mean colour of the square around each place, by its radius.
    means = tf.stack([_mean(chroma, each) for each in range(_MOST_RADIUS + 1)], axis=1)
    wrong = (uniform((batch, most)) < _WRONG) & (count is None)
    read = tf.where(wrong[..., None], tf.roll(places, 1, axis=1), places)
    colour = tf.gather_nd(means, tf.concat([radius[..., None], read], axis=-1), batch_dims=1)
    # Each hint writes its square; what lies outside the picture or beyond its radius goes to a row that is cut off.
    reach = tf.range(-_MOST_RADIUS, _MOST_RADIUS + 1)
    offsets = tf.reshape(tf.stack(tf.meshgrid(reach, reach, indexing="ij"), axis=-1), (1, 1, -1, 2))
    at = places[:, :, None] + offsets
    inside = tf.reduce_max(tf.abs(offsets), axis=-1) <= radius[..., None]
    inside &= tf.reduce_all((at >= 0) & (at < tf.constant([height, width])), axis=-1)
    inside &= (tf.range(most) < told)[:, None]
    row = tf.where(inside, at[..., 0], height)
    column = tf.where(inside, at[..., 1], 0)
    number = tf.broadcast_to(tf.range(batch)[:, None, None], tf.shape(row))
    values = tf.concat([colour, tf.ones_like(colour[..., :1])], axis=-1)
    values = tf.broadcast_to(values[:, :, None], (*row.shape, 3))
    canvas = tf.zeros((batch, height + 1, width, 3))
    return tf.tensor_scatter_nd_update(canvas, tf.stack([number, row, column], axis=-1), values)[:, :height]


def references(luma: tf.Tensor, chroma: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws references: other views of the same things, darker or lighter, some mirrored, and some of other things.

    Args:
        luma: `[batch, height, width, 1]` in [0, 1].
        chroma: `[batch, height, width, 2]`: U and V.
        seed: int32 `[2]` of the random choices.

    Returns:
        Luma and chroma of the references, of the same shapes.
    """
    batch, height, width, _ = chroma.shape
    uniform = _Uniform(seed)
    unrelated = uniform((batch,)) < _UNRELATED
    which = tf.where(unrelated, tf.roll(tf.range(batch), 1, 0), tf.range(batch))
    side = _SMALLEST_VIEW + (1 - _SMALLEST_VIEW) * uniform((batch, 1))
    corner = uniform((batch, 2)) * (1 - side)
    top, left = tf.unstack(corner, axis=-1)
    bottom, right = tf.unstack(corner + side, axis=-1)
    mirrored = uniform((batch,)) < 0.5
    boxes = tf.stack([top, tf.where(mirrored, right, left), bottom, tf.where(mirrored, left, right)], axis=-1)
    seen = tf.image.crop_and_resize(tf.concat([luma, chroma], axis=-1), boxes, which, (height, width))
    gamma = tf.exp(_GAMMA * (2 * uniform((batch, 1, 1, 1)) - 1))
    return tf.pow(tf.clip_by_value(seen[..., :1], 0.0, 1.0), gamma), seen[..., 1:]


class _Uniform:
    """Random numbers in [0, 1), others at each call."""

    def __init__(self, seed: tf.Tensor):
        self._seed, self._calls = seed, 0

    def __call__(self, shape: tuple[int, ...]) -> tf.Tensor:
        self._calls += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._calls)
        return tf.random.stateless_uniform(shape, seed)


def _whole(share: tf.Tensor, size: int) -> tf.Tensor:
    return tf.minimum(tf.cast(share * size, tf.int32), size - 1)


def _mean(chroma: tf.Tensor, radius: int) -> tf.Tensor:
    side = 2 * radius + 1
    return tf.nn.avg_pool2d(chroma, side, 1, "SAME")
