"""What the attention to hints is trained with: colours at random places, things of other colours, and references."""

import math

import keras
import numpy as np
from keras import ops

from colorgan_tf.training import random_numbers

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


def recolored(
    luma: keras.KerasTensor, chroma: keras.KerasTensor, seed: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
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
    seen = _mean(ops.concatenate([luma, chroma], axis=-1), _SMOOTH)
    here = _at(seen, places[:, None])[:, None]
    unlike = ops.sum(ops.square((seen - here) / np.array(_ALIKE, np.float32)), axis=-1, keepdims=True)
    rows, columns = ops.cast(ops.arange(height), "float32"), ops.cast(ops.arange(width), "float32")
    away = ops.cast(places, "float32")[:, :, None, None]
    far = ops.square((rows[:, None] - away[:, 0]) / height) + ops.square((columns - away[:, 1]) / width)
    thing = ops.exp(-unlike - far[..., None] / _THING**2)
    other = _at(ops.roll(chroma, 1, axis=0), places[:, None])[:, None]
    changed = ops.cast(uniform((batch, 1, 1, 1)) < _RECOLORED, "float32")
    return chroma + changed * thing * (other - here[..., 1:]), places


def hints(
    chroma: keras.KerasTensor, seed: keras.KerasTensor, count: int | None = None, first: keras.KerasTensor | None = None
) -> keras.KerasTensor:
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
    told = ops.cast(ops.exp(uniform(()) * math.log(MOST_HINTS + 0.99)), "int32") if count is None else count
    most = MOST_HINTS if count is None else count
    usual = (uniform((batch, most)) < 0.5) | (count is not None)
    radius = ops.where(usual, _USUAL_RADIUS, ops.cast(uniform((batch, most)) * (_MOST_RADIUS + 1), "int32"))
    places = _places(uniform, (batch, most), height, width)
    if first is not None:
        places = ops.concatenate([first[:, None], places[:, 1:]], axis=1)
    # The mean colour of the square around each place, by its radius.
    means = ops.concatenate([_mean(chroma, each) for each in range(_MOST_RADIUS + 1)], axis=1)
    wrong = (uniform((batch, most)) < _WRONG) & (count is None)
    read = ops.where(wrong[..., None], ops.roll(places, 1, axis=1), places)
    colour = _at(means, ops.stack([radius * height + read[..., 0], read[..., 1]], axis=-1))
    # Each hint writes its square; what lies outside the picture or beyond its radius goes to a row that is cut off.
    reach = ops.arange(-_MOST_RADIUS, _MOST_RADIUS + 1)
    offsets = ops.reshape(ops.stack(ops.meshgrid(reach, reach, indexing="ij"), axis=-1), (1, 1, -1, 2))
    at = places[:, :, None] + offsets
    inside = ops.max(ops.abs(offsets), axis=-1) <= radius[..., None]
    inside &= ops.all((at >= 0) & (at < np.array([height, width])), axis=-1)
    inside &= (ops.arange(most) < told)[:, None]
    row = ops.where(inside, at[..., 0], height)
    column = ops.where(inside, at[..., 1], 0)
    number = ops.broadcast_to(ops.arange(batch)[:, None, None], ops.shape(row))
    values = ops.concatenate([colour, ops.ones_like(colour[..., :1])], axis=-1)
    values = ops.broadcast_to(values[:, :, None], (*ops.shape(row), 3))
    canvas = ops.zeros((batch, height + 1, width, 3))
    return ops.scatter_update(
        canvas, ops.reshape(ops.stack([number, row, column], axis=-1), (-1, 3)), ops.reshape(values, (-1, 3))
    )[:, :height]


def references(
    luma: keras.KerasTensor, chroma: keras.KerasTensor, seed: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
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
    which = ops.where(unrelated, ops.roll(ops.arange(batch), 1, 0), ops.arange(batch))
    side = _SMALLEST_VIEW + (1 - _SMALLEST_VIEW) * uniform((batch, 1))
    corner = uniform((batch, 2)) * (1 - side)
    mirrored = uniform((batch, 1)) < 0.5
    # Rows y of the view show the window's `side * y + top`, columns likewise or from right to left.
    top, left = ops.split(corner * np.array([height - 1, width - 1], np.float32), 2, axis=-1)
    start = ops.where(mirrored, left + side * (width - 1), left)
    nothing = ops.zeros_like(side)
    affine = [ops.where(mirrored, -side, side), nothing, start, nothing, side, top, nothing, nothing]
    pictures = ops.take(ops.concatenate([luma, chroma], axis=-1), which, axis=0)
    seen = ops.image.affine_transform(pictures, ops.concatenate(affine, axis=-1), fill_mode="nearest")
    gamma = ops.exp(_GAMMA * (2 * uniform((batch, 1, 1, 1)) - 1))
    return ops.power(ops.clip(seen[..., :1], 0.0, 1.0), gamma), seen[..., 1:]


class _Uniform:
    """Random numbers in [0, 1), others at each call and in each stream."""

    def __init__(self, seed: keras.KerasTensor, stream: int = 0):
        self._seed, self._calls = seed, 1000 * stream

    def __call__(self, shape: tuple[int, ...]) -> keras.KerasTensor:
        self._calls += 1
        return random_numbers.uniform(shape, self._seed, self._calls)


def _at(picture: keras.KerasTensor, places: keras.KerasTensor) -> keras.KerasTensor:
    """Returns what pictures `[batch, height, width, channels]` have at places `[batch, count, 2]`, row and column."""
    batch, height, width, channels = picture.shape
    index = places[..., :1] * width + places[..., 1:]
    return ops.take_along_axis(ops.reshape(picture, (batch, height * width, channels)), index, axis=1)


def _places(uniform: _Uniform, shape: tuple[int, ...], height: int, width: int) -> keras.KerasTensor:
    return ops.stack([_whole(uniform(shape), height), _whole(uniform(shape), width)], axis=-1)


def _whole(share: keras.KerasTensor, size: int) -> keras.KerasTensor:
    return ops.minimum(ops.cast(share * size, "int32"), size - 1)


def _mean(chroma: keras.KerasTensor, radius: int) -> keras.KerasTensor:
    side = 2 * radius + 1
    return ops.average_pool(chroma, side, 1, "same")
