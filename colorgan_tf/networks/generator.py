"""The generator as the rest of the program uses it: luma in, chroma out."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.config import Config, GeneratorName, Model
from colorgan_tf.errors import InputError
from colorgan_tf.networks import efficient_unet, heads, hint_attention, unet
from colorgan_tf.networks.bins import BinHead
from colorgan_tf.networks.enlarging import enlarge
from colorgan_tf.networks.hint_attention import HintAttention, ToldCells
from colorgan_tf.networks.padding import at_any_size, pad_to_multiple
from colorgan_tf.networks.saturation import strengthen

_HINTS = "hint_attention"  # the layer's name, with which the paths of its weights begin


class View(NamedTuple):
    """What the network sees in a picture, at the output's resolution.

    Attributes:
        tokens: `[batch, h, w, channels]`: what each place is, for the attention to hints.
        chroma: `[batch, h, w, 2]`: the network's.
    """

    tokens: keras.KerasTensor
    chroma: keras.KerasTensor


class Generator:
    """A network, the head that gives its output a meaning, and the decoding of that output to chroma.

    With `model.hints` it can be told colours as well: some of the picture's own, or another picture.

    Args:
        config: of the run; model and decoding count here.

    Attributes:
        network: from luma to the head's channels, at the output's resolution.
        hints: spreads told colours; None without `model.hints`.
        model: all that has weights: the network itself, or the network and `hints`.
        head: see `heads`.
        multiple: that the sides of the network's input must have.
    """

    def __init__(self, config: Config):
        self.config = config
        self.head = heads.build(config.model, config.decoding, config.loss.rebalance)
        self.network, self.multiple = build_network(config.model, self.head.channels)
        self.hints: HintAttention | None = None
        self.model = self.network
        if config.model.hints:
            levels = [self.network.get_layer(name).output for name in efficient_unet.DECODER_LEVELS]
            self._levels = keras.Model(self.network.inputs, [*levels, self.network.output])
            self.hints = HintAttention(sum(level.shape[-1] for level in levels), dtype="float32", name=_HINTS)
            self.model = _Both(self.network, self.hints)

    def chroma(self, luma: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the chroma `[batch, height, width, 2]`, U and V, for luma `[batch, height, width, 1]` of any size."""

        def decoded(padded: keras.KerasTensor) -> keras.KerasTensor:
            return self._enlarged(self._decoded(self.network(padded, training=False)))

        return at_any_size(decoded, luma, self.multiple)

    def chroma_by_hints(self, luma: keras.KerasTensor, hints: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the chroma where some colours are told.

        Args:
            luma: `[batch, height, width, 1]` of any size.
            hints: `[batch, height, width, 3]`: U, V, and how far they are to be trusted, 0 (nothing is told) to 1.

        Returns:
            `[batch, height, width, 2]`; that of `chroma` where nothing is told.
        """

        def decoded(padded: keras.KerasTensor) -> keras.KerasTensor:
            view = self.view(padded[..., :1])
            return self._enlarged(self.told(view, self.told_by_hints(view, padded[..., 1:])))

        return at_any_size(decoded, ops.concatenate([luma, hints], axis=-1), self.multiple)

    def chroma_by_reference(self, luma: keras.KerasTensor, reference: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the chroma where another picture tells the colours of what is like its own things.

        A picture in which most places find nothing like them is not heard: it would tint everything.

        Args:
            luma: `[batch, height, width, 1]` of any size.
            reference: `[batch, height', width', 3]`: Y, U and V of the other picture, of any size.

        Returns:
            `[batch, height, width, 2]`.
        """
        other = pad_to_multiple(reference, self.multiple)
        told = self.told_by_reference(self.view(other[..., :1]), other[..., 1:])

        def decoded(padded: keras.KerasTensor) -> keras.KerasTensor:
            return self._enlarged(self.told(self.view(padded), told, doubtful=True))

        return at_any_size(decoded, luma, self.multiple)

    def likely(self, luma: keras.KerasTensor, count: int) -> keras.KerasTensor:
        """Returns the colours that each place could have, the likeliest first; for a head with bins.

        Args:
            luma: `[batch, height, width, 1]` of any size.
            count: colours for each place.

        Returns:
            `[batch, height / stride, width / stride, count, 3]`, sides rounded up: U, V, and the part of the
            distribution that the colour stands for.
        """
        assert isinstance(self.head, BinHead)
        stride = self.config.model.output_stride
        output = self.network(pad_to_multiple(luma, self.multiple), training=False)
        height, width = ((side + stride - 1) // stride for side in ops.shape(luma)[1:3])
        colours, shares = self.head.likely(output[:, :height, :width], count)
        return ops.concatenate([colours, ops.expand_dims(shares, -1)], axis=-1)

    def view(self, luma: keras.KerasTensor) -> View:
        """Returns what the network sees in luma `[batch, height, width, 1]` whose sides are multiples."""
        assert self.hints is not None
        *levels, output = self._levels(luma, training=False)
        return View(self.hints.describe(self.at_output_resolution(luma), levels), self._decoded(output))

    def told(self, view: View, told: ToldCells, doubtful: bool = False) -> keras.KerasTensor:
        """Returns the chroma `[batch, h, w, 2]` of a picture, given what is told, at the output's resolution.

        Args:
            view: of the picture.
            told: of it, or of another picture.
            doubtful: whether that may show something else altogether; as for `HintAttention`.
        """
        assert self.hints is not None
        return self.hints(view.tokens, view.chroma, told, doubtful=doubtful)

    def told_by_hints(self, view: View, hints: keras.KerasTensor) -> ToldCells:
        """Returns what hints `[batch, height, width, 3]` tell of the picture of a view."""
        weighted = ops.concatenate([hints[..., :2] * hints[..., 2:], hints[..., 2:]], axis=-1)
        return hint_attention.of_hints(view.tokens, view.chroma, self.at_output_resolution(weighted))

    def told_by_reference(self, view: View, chroma: keras.KerasTensor) -> ToldCells:
        """Returns what the true chroma `[batch, height, width, 2]` of the picture of a view tells."""
        return hint_attention.of_reference(view.tokens, view.chroma, self.at_output_resolution(chroma))

    def at_output_resolution(self, picture: keras.KerasTensor) -> keras.KerasTensor:
        """Reduces pictures `[batch, height, width, channels]` to the output's size."""
        stride = self.config.model.output_stride
        return picture if stride == 1 else ops.average_pool(picture, stride, stride)

    def _decoded(self, output: keras.KerasTensor) -> keras.KerasTensor:
        decoding = self.config.decoding
        return strengthen(
            self.head.chroma(self.head.colour(output)),
            decoding.chroma_gain,
            decoding.chroma_gamma,
            self.head.variance(output),
            decoding.uncertainty_exponent,
        )

    def _enlarged(self, chroma: keras.KerasTensor) -> keras.KerasTensor:
        large = enlarge(chroma, self.config.model.output_stride, self.config.decoding.unsharp_mask)
        return ops.clip(large, -CHROMA_MAX, CHROMA_MAX)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Returns all weights by their paths."""
        return {weight.path: weight.numpy() for weight in self.model.weights}

    def assign(self, values: Mapping[str, npt.NDArray[np.float32]], name: str | Path) -> None:
        """Takes the weights of another generator; one without hints leaves those of `hints` as they are.

        Args:
            values: as `weights` returns them.
            name: of the model that they come from, for the message.

        Raises:
            InputError: if the networks differ, naming the first weight that does.
        """
        untold = not any(path.startswith(f"{_HINTS}/") for path in values)
        for weight in self.network.weights if untold else self.model.weights:
            found = values.get(weight.path)
            if found is None or found.shape != tuple(weight.shape):
                other = "has none of this name" if found is None else f"has {found.shape}"
                raise InputError(
                    f"Models must be of one network, here with {weight.path} of shape {tuple(weight.shape)}. "
                    f"Received: {name}, which {other}."
                )
            weight.assign(found)


class _Both(keras.Model):
    """Holds a network and its attention to hints, so that both are stored in one file."""

    def __init__(self, network: keras.Model, hints: HintAttention):
        super().__init__(name="generator")
        self.network, self.hints = network, hints
        self.built = True


def build_network(model: Model, channels: int) -> tuple[keras.Model, int]:
    """Builds the network that the configuration names.

    Returns:
        The network, and the multiple that its input's sides must have.
    """
    if model.generator == GeneratorName.UNET:
        network = unet.unet(channels, model.filters, model.normalization, model.dropout, model.output_stride)
        return network, unet.MULTIPLE
    network = efficient_unet.efficient_unet(
        channels, model.decoder, model.normalization, model.dropout, model.drop_path, model.output_stride
    )
    return network, efficient_unet.MULTIPLE
