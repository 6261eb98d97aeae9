"""Colours that one is told, clicks or another picture's, spread to what is like the place they were told of.

Each place of the picture asks every told place "are you what I am?" by learnt features of the decoder and by distance
(attention; Vaswani et al., "Attention Is All You Need", 2017), and takes over a mixture of what they say: their colours
themselves, and by how much the network was wrong there. A learnt score for "none of them" leaves a place as the network
has it; with nothing told, the network's chroma is returned as it is.
"""

from typing import NamedTuple

import keras
from keras import ops

from colorgan_tf.networks.enlarging import resize

MAX_CELLS = 256  # told places that are looked at: cost grows with each
REFERENCE_STRIDE = 4  # places of the decoder's grid, each way, that make one told place of a reference
_REFERENCE_SHARPNESS = 2.5  # a reference has many cells to choose from: only what is much alike is to be heard
# Mean part of a picture that finds its like in a reference, up to which that is chance, and from which it is not.
# With the shipped weights: at most 0.57 in frames of other clips and 0.67 to 0.74 in frames of the same.
_UNLIKE, _ALIKE = 0.55, 0.66
_HEADS, _KEY, _CONTEXT, _SUMMARY, _REFINE = 4, 24, 64, 16, 32
_NEAR = (2.0, 8.0, 30.0, 100.0)  # how much each head counts the squared distance, in short sides, at the start
_CHROMA_UNIT = 8.0  # brings chroma to the size of the other inputs of the refinement
_FEATURE_UNIT = 1 / 3  # and activations up to 6 to that of luma
_LUMA_UNIT = 3.0
_FEW = 1e-3  # of trust: keeps its logarithm finite


class ToldCells(NamedTuple):
    """Places whose colours are known: a few dozen of one picture, or a grid over another.

    Attributes:
        tokens: `[batch, cells, channels]` from `HintAttention.describe`.
        chroma: `[batch, cells, 2]`: U and V, as told.
        own: `[batch, cells, 2]`: the network's there.
        trust: `[batch, cells]` in [0, 1]; 0 is not told at all. None where all are sure.
        position: `[batch, cells, 2]`: y and x in short sides; None in another picture, where they mean nothing.
    """

    tokens: keras.KerasTensor
    chroma: keras.KerasTensor
    own: keras.KerasTensor
    trust: keras.KerasTensor | None
    position: keras.KerasTensor | None


class HintAttention(keras.layers.Layer):
    """The attention and what it is fed with, in Keras operations.

    Args:
        channels: of the decoder's levels together.
        **options: of a Keras layer.
    """

    def __init__(self, channels: int, **options: object):
        super().__init__(**options)
        self.reduce = keras.layers.Dense(_CONTEXT, "relu", name="reduce")
        self.context = keras.layers.Conv2D(_CONTEXT, 3, padding="same", activation="relu", name="context")
        self.query = keras.layers.Dense(_HEADS * _KEY, use_bias=False, name="query")
        self.key = keras.layers.Dense(_HEADS * _KEY, use_bias=False, name="key")
        small = keras.initializers.RandomNormal(0.005)
        self.none_of_them = keras.layers.Dense(_HEADS, kernel_initializer=small, name="none_of_them")
        self.mixture = keras.layers.Dense(2 * _HEADS, kernel_initializer="zeros", name="mixture")
        self.summary = keras.layers.Dense(_SUMMARY, name="summary")
        self.refine = keras.layers.Conv2D(_REFINE, 3, padding="same", activation="relu", name="refine")
        self.correction = keras.layers.Conv2D(2, 3, padding="same", kernel_initializer="zeros", name="correction")
        with keras.name_scope(self.name, caller=self):  # in the paths of the parts' weights
            self._build(channels + 1)  # and luma

    def _build(self, channels: int) -> None:
        # Here, not in `build`: checkpoints and averages want the weights before the first picture.
        tokens = channels + _CONTEXT
        self.reduce.build((None, None, None, channels))
        self.context.build((None, None, None, _CONTEXT))
        for layer in (self.query, self.key, self.none_of_them, self.mixture, self.summary):
            layer.build((None, None, tokens))
        self.refine.build((None, None, None, 5 * _HEADS + _SUMMARY))
        self.correction.build((None, None, None, _REFINE))
        self.query.kernel.assign(keras.random.normal(self.query.kernel.shape, stddev=0.7 / tokens**0.5))
        self.key.kernel.assign(self.query.kernel)  # from the start, like finds like
        constant = keras.initializers.Constant
        self.near = self.add_weight(shape=(_HEADS,), initializer="zeros", name="near")
        self.near.assign(ops.log(ops.convert_to_tensor(_NEAR)))
        self.bias = self.add_weight(shape=(_HEADS,), initializer=constant(1.0), name="bias")
        self.trust = self.add_weight(shape=(_HEADS,), initializer=constant(0.5), name="trust")
        self.elsewhere = self.add_weight(shape=(_HEADS,), initializer=constant(0.0), name="elsewhere")
        self.built = True

    def describe(self, luma: keras.KerasTensor, levels: list[keras.KerasTensor]) -> keras.KerasTensor:
        """Returns what each place is: `[batch, h, w, tokens]`.

        Args:
            luma: `[batch, h, w, 1]` in [0, 1].
            levels: of the decoder, the finest first, which is of this size.
        """
        size = ops.shape(luma)[1:3]
        grown = [ops.cast(levels[0], "float32")]
        grown += [resize(ops.cast(level, "float32"), size) for level in levels[1:]]
        seen = ops.concatenate([*(each * _FEATURE_UNIT for each in grown), luma * _LUMA_UNIT], -1)
        reduced = self.reduce(seen)
        return ops.concatenate([seen, reduced + self.context(reduced)], -1)

    def call(
        self, tokens: keras.KerasTensor, own: keras.KerasTensor, told: ToldCells, doubtful: bool = False
    ) -> keras.KerasTensor:
        """Returns the chroma with what is told.

        Args:
            tokens: `[batch, h, w, channels]` from `describe`.
            own: `[batch, h, w, 2]`: the network's chroma.
            told: the places whose colours are known.
            doubtful: whether they may be of something else altogether: then they are heard only if most places find
                their like.

        Returns:
            `[batch, h, w, 2]`; `own` itself where all trust is 0.
        """
        shape = ops.shape(own)
        batch, height, width = shape[0], shape[1], shape[2]
        flat = ops.reshape(tokens, (batch, height * width, tokens.shape[-1]))
        attention = self._attention(flat, told, _positions(height, width))
        taken = ops.transpose(attention, (0, 2, 1, 3))  # [batch, places, heads, cells]
        sure = ops.sum(taken, -1, keepdims=True)
        moved = _mean(attention, told.chroma - told.own)
        copied = _mean(attention, told.chroma) - sure * ops.reshape(own, (batch, height * width, 1, 2))
        both = ops.concatenate([moved, copied], 2)
        if doubtful:
            heard = ops.clip((ops.mean(sure, (1, 2, 3), keepdims=True) - _UNLIKE) / (_ALIKE - _UNLIKE), 0, 1)
            sure, both = heard * sure, heard * both
        change = ops.sum(both * ops.softmax(self.mixture(flat))[..., None], 2)
        known = ops.concatenate(
            [
                ops.reshape(both, (batch, height, width, 4 * _HEADS)) * _CHROMA_UNIT,
                ops.reshape(sure, (batch, height, width, _HEADS)),
                ops.reshape(self.summary(flat), (batch, height, width, _SUMMARY)) * 0.2,
            ],
            -1,
        )
        surest = ops.reshape(ops.mean(sure, 2), (batch, height, width, 1))
        return own + ops.reshape(change, (batch, height, width, 2)) + self.correction(self.refine(known)) * surest

    def _attention(self, flat: keras.KerasTensor, told: ToldCells, positions: keras.KerasTensor) -> keras.KerasTensor:
        """Returns what each place takes of each cell, `[batch, heads, places, cells]`; less than 1 in sum."""
        query, key = (_heads(layer(each), each) for layer, each in ((self.query, flat), (self.key, told.tokens)))
        likeness = 2 * ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        likeness = likeness - ops.sum(query * query, -1)[..., None] - ops.sum(key * key, -1)[:, :, None]
        none = ops.transpose(self.none_of_them(flat), (0, 2, 1))[..., None]
        if told.position is None:
            score = _REFERENCE_SHARPNESS * likeness / _KEY + _each_head(self.bias)
            none = none + _each_head(self.elsewhere)
        else:
            far = ops.sum(ops.square(positions[None, :, None] - told.position[:, None]), -1)[:, None]
            score = likeness / _KEY + _each_head(self.bias) - far * _each_head(ops.exp(self.near))
        if told.trust is not None:
            score = score + _each_head(self.trust) * ops.log(told.trust + _FEW)[:, None, None]
            score = ops.where((told.trust > 0)[:, None, None], score, -1e9)
        return ops.softmax(ops.concatenate([none, score], -1), -1)[..., 1:]


def of_hints(tokens: keras.KerasTensor, own: keras.KerasTensor, hints: keras.KerasTensor) -> ToldCells:
    """Returns the most trusted places of a map of hints.

    Args:
        tokens: `[batch, h, w, channels]` of the picture itself.
        own: `[batch, h, w, 2]`: the network's chroma.
        hints: `[batch, h, w, 3]`: U, V and trust in [0, 1], U and V multiplied by it.
    """
    shape = ops.shape(own)
    batch, height, width = shape[0], shape[1], shape[2]
    trusts = ops.reshape(hints[..., 2], (batch, height * width))
    if keras.backend.backend() == "jax":  # which has no sizes that depend on what is told
        count = min(MAX_CELLS, height * width)
    else:
        count = ops.clip(
            ops.max(ops.sum(ops.cast(trusts > 0, "int32"), axis=1)), 1, ops.minimum(MAX_CELLS, height * width)
        )
    trust, index = ops.top_k(trusts, count)

    def take(picture: keras.KerasTensor) -> keras.KerasTensor:
        rows = ops.reshape(picture, (batch, height * width, picture.shape[-1]))
        return ops.take_along_axis(rows, index[..., None], 1)

    chroma = take(hints[..., :2]) / ops.maximum(trust, 1e-6)[..., None]
    position = ops.take(_positions(height, width), index, axis=0)
    return ToldCells(take(tokens), chroma, take(own), trust, position)


def of_reference(tokens: keras.KerasTensor, own: keras.KerasTensor, chroma: keras.KerasTensor) -> ToldCells:
    """Returns the cells of another picture, whose colours are known everywhere.

    Args:
        tokens: `[batch, h, w, channels]` of that picture.
        own: `[batch, h, w, 2]`: the network's chroma for it.
        chroma: `[batch, h, w, 2]`: its true one.
    """

    def pooled(picture: keras.KerasTensor) -> keras.KerasTensor:
        small = ops.average_pool(picture, REFERENCE_STRIDE, REFERENCE_STRIDE)
        shape = ops.shape(small)
        return ops.reshape(small, (shape[0], shape[1] * shape[2], picture.shape[-1]))

    return ToldCells(pooled(tokens), pooled(chroma), pooled(own), None, None)


def _positions(height: int, width: int) -> keras.KerasTensor:
    """Returns y and x of each place, `[places, 2]`, in short sides."""
    short = ops.cast(ops.minimum(height, width), "float32")
    rows = (ops.arange(height, dtype="float32") + 0.5) / short
    columns = (ops.arange(width, dtype="float32") + 0.5) / short
    grid = ops.stack(ops.meshgrid(rows, columns, indexing="ij"), -1)
    return ops.reshape(grid, (-1, 2))


def _heads(values: keras.KerasTensor, tokens: keras.KerasTensor) -> keras.KerasTensor:
    """Returns what a layer makes of tokens, by heads: `[batch, heads, cells, key]`."""
    shape = ops.shape(tokens)  # in ONNX, tf2onnx 1.17 takes a wrong one of the layer's output, itself a reshape's
    return ops.transpose(ops.reshape(values, (shape[0], shape[1], _HEADS, _KEY)), (0, 2, 1, 3))


def _each_head(values: keras.KerasTensor) -> keras.KerasTensor:
    return ops.reshape(values, (1, _HEADS, 1, 1))


def _mean(attention: keras.KerasTensor, values: keras.KerasTensor) -> keras.KerasTensor:
    """Returns the values that each place takes, `[batch, places, heads, 2]`."""
    return ops.transpose(ops.matmul(attention, values[:, None]), (0, 2, 1, 3))
