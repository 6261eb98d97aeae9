"""What the generator's last layer means: a head turns its output into colour.

Three heads share one interface, so that the rest of the program need not know which is in use. "Colour" is the tensor
that the pixel loss compares and the discriminator judges, in units near [-1, 1].
"""

import dataclasses
from typing import Protocol

import keras
from keras import ops

from colorgan_tf.color import CHROMA_MAX, RGB_TO_YUV, YUV_TO_RGB
from colorgan_tf.config import Decoding, HeadName, Model
from colorgan_tf.networks.bins import BinHead


class Head(Protocol):
    """The interface of every head."""

    @property
    def channels(self) -> int:
        """Channels of the generator's output."""

    @property
    def colour_channels(self) -> int:
        """Channels of a colour."""

    def colour(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the colour `[batch, height, width, colour_channels]` of a generator's output."""

    def target(self, luma: keras.KerasTensor, chroma: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the true colour for luma `[..., 1]` and chroma `[..., 2]` (U and V)."""

    def chroma(self, colour: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the chroma `[..., 2]` (U and V) of a colour."""

    def variance(self, output: keras.KerasTensor) -> keras.KerasTensor | None:
        """Returns the variance `[batch, height, width, 1]` of the chroma that the output holds for likely, or None if
        the head knows of one colour only."""


@dataclasses.dataclass(frozen=True)
class YuvHead:
    """Regresses U and V, as the patent (AU 2018100325) does."""

    channels: int = 2
    colour_channels: int = 2

    def colour(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return ops.tanh(output)

    def target(self, luma: keras.KerasTensor, chroma: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return chroma / CHROMA_MAX

    def chroma(self, colour: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return colour * CHROMA_MAX

    def variance(self, output: keras.KerasTensor) -> keras.KerasTensor | None:
        """See `Head`."""
        return None


@dataclasses.dataclass(frozen=True)
class RgbHead:
    """Regresses R, G and B, for the comparison that the patent draws; the generated luma is thrown away."""

    channels: int = 3
    colour_channels: int = 3

    def colour(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return ops.tanh(output)

    def target(self, luma: keras.KerasTensor, chroma: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        rgb = ops.tensordot(ops.concatenate([luma, chroma], axis=-1), YUV_TO_RGB.T, 1)
        return 2.0 * ops.clip(rgb, 0.0, 1.0) - 1.0

    def chroma(self, colour: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        # A grey offset has no chroma, so [-1, 1] needs only its scale brought back.
        return ops.tensordot(0.5 * colour, RGB_TO_YUV[1:].T, 1)

    def variance(self, output: keras.KerasTensor) -> keras.KerasTensor | None:
        """See `Head`."""
        return None


def build(model: Model, decoding: Decoding, rebalance: float) -> Head:
    """Returns the head that the configuration names; see `BinHead` for `rebalance`."""
    if model.head == HeadName.YUV:
        return YuvHead()
    if model.head == HeadName.RGB:
        return RgbHead()
    return BinHead(rebalance, decoding.temperature, decoding.logit_adjustment)
