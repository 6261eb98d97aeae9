"""What the attention to hints is trained with: colours at random places, things of other colours, and references."""

import math

import tensorflow as tf

MOST_HINTS = 50
_MOST_RADIUS = 4  # pixels; a hint is a square of 1 to 9 pixels
_USUAL_RADIUS = 3
_WRONG = 0.01  # part of the hints that tell a colour of another place: what is told is not always true
_SMALLEST_VIEW = 0.45  # of the window's sides
_GAMMA = 0.2
_UNRELATED = 0.25  # part of the references that show something else
_RECOLORED = 0.5  # part of the pictures in which a thing has another colour than its true one
_ALIKE = (0.3, 0.06, 0.06)  # steps of Y, U and V by which two places are not one thing any more
_THING = 0.35  # how far a thing reaches, in sides
_SMOOTH = 2  # pixels each way: grain makes no thing


def recolored(luma: tf.Tensor, chroma: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives a thing of some pictures another colour, as a person might who tells one.

    True colours alone teach that a colour which the network did not expect says much about all that looks alike. A
    thing is what has the true colour and brightness of a place, near that place; its new colour is one of the next
    picture.

    Args:
        luma: `[batch, height, width, 1]` in [0, 1].
        chroma: `[batch, height, width, 2]`: U and V.
        seed: int32 `[2]` of the random choices.

    Returns:
        The chroma, and the place in each picture, int32 `[batch, 2]`: row and column. Some pictures stay as they are.
    """
    batch, height, width, _ = chroma.shape
    uniform = _Uniform(seed, stream=1)
    places = _places(uniform, (batch,), height, width)
    seen = _mean(tf.concat([luma, chroma], axis=-1), _SMOOTH)
    here = tf.gather_nd(seen, places, batch_dims=1)[:, None, None]
    unlike = tf.reduce_sum(tf.square((seen - here) / tf.constant(_ALIKE)), axis=-1, keepdims=True)
    rows, columns = tf.cast(tf.range(height), tf.float32), tf.cast(tf.range(width), tf.float32)
    away = tf.cast(places, tf.float32)[:, :, None, None]
    far = tf.square((rows[:, None] - away[:, 0]) / height) + tf.square((columns - away[:, 1]) / width)
    thing = tf.exp(-unlike - far[..., None] / _THING**2)
    other = tf.gather_nd(tf.roll(chroma, 1, axis=0), places, batch_dims=1)[:, None, None]
    changed = tf.cast(uniform((batch, 1, 1, 1)) < _RECOLORED, tf.float32)
    return chroma + changed * thing * (other - here[..., 1:]), places


def hints(chroma: tf.Tensor, seed: tf.Tensor, count: int | None = None, first: tf.Tensor | None = None) -> tf.Tensor:
    """Draws true colours at random places.

    Args:
        chroma: `[batch, height, width, 2]`: U and V.
        seed: int32 `[2]` of the random choices.
        count: hints in each picture, all of the usual size and true; None for 1 to 50, few as often as many, the same
            for the whole batch: the cost grows with the most.
        first: int32 `[batch, 2]`: row and column of each picture's first hint; at random as the others by default.

    Returns:
        `[batch, height, width, 3]`: U, V and a mask, 0 where nothing is told.
    """
    batch, height, width, _ = chroma.shape
    uniform = _Uniform(seed)
    told = tf.cast(tf.exp(uniform(()) * math.log(MOST_HINTS + 0.99)), tf.int32) if count is None else count
    most = MOST_HINTS if count is None else count
    usual = (uniform((batch, most)) < 0.5) | (count is not None)
    radius = tf.where(usual, _USUAL_RADIUS, tf.cast(uniform((batch, most)) * (_MOST_RADIUS + 1), tf.int32))
    places = _places(uniform, (batch, most), height, width)
    if first is not None:
        places = tf.concat([first[:, None], places[:, 1:]], axis=1)
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
    """Random numbers in [0, 1), others at each call and in each stream."""

    def __init__(self, seed: tf.Tensor, stream: int = 0):
        self._seed, self._calls = seed, 1000 * stream

    def __call__(self, shape: tuple[int, ...]) -> tf.Tensor:
        self._calls += 1
        seed = tf.random.experimental.stateless_fold_in(self._seed, self._calls)
        return tf.random.stateless_uniform(shape, seed)


def _places(uniform: _Uniform, shape: tuple[int, ...], height: int, width: int) -> tf.Tensor:
    return tf.stack([_whole(uniform(shape), height), _whole(uniform(shape), width)], axis=-1)


def _whole(share: tf.Tensor, size: int) -> tf.Tensor:
    return tf.minimum(tf.cast(share * size, tf.int32), size - 1)


def _mean(chroma: tf.Tensor, radius: int) -> tf.Tensor:
    side = 2 * radius + 1
    return tf.nn.avg_pool2d(chroma, side, 1, "SAME")
