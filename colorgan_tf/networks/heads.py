"""What the generator's last layer means: a head turns its output into colour, and says how wrong it is.

Three heads share one interface, so that the rest of the program need not know which is in use. "Colour" is the tensor
that the pixel loss compares and the discriminator sees, in units near [-1, 1].
"""

import dataclasses
from typing import Protocol

import tensorflow as tf

from colorgan_tf import config as config_lib
from colorgan_tf.color import CHROMA_MAX, RGB_TO_YUV, YUV_TO_RGB
from colorgan_tf.networks.bins import BinHead
from colorgan_tf.training import losses


class Head(Protocol):
    """The interface of every head."""

    @property
    def channels(self) -> int:
        """Channels of the generator's output."""

    @property
    def colour_channels(self) -> int:
        """Channels of a colour."""

    def colour(self, output: tf.Tensor) -> tf.Tensor:
        """Returns the colour `[batch, height, width, colour_channels]` of a generator's output."""

    def target(self, luma: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
        """Returns the true colour for luma `[..., 1]` and chroma `[..., 2]` (U and V)."""

    def chroma(self, colour: tf.Tensor) -> tf.Tensor:
        """Returns the chroma `[..., 2]` (U and V) of a colour."""

    def variance(self, output: tf.Tensor) -> tf.Tensor | None:
        """Returns how far apart the colours are that a generator's output holds for likely, as the variance of their
        chroma `[batch, height, width, 1]`; None if the head knows of one colour only."""

    def loss(self, output: tf.Tensor, luma: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
        """Returns the scalar loss L_p of a generator's output against the truth."""


@dataclasses.dataclass(frozen=True)
class YuvHead:
    """Regresses U and V: the method."""

    channels: int = 2
    colour_channels: int = 2

    def colour(self, output):
        """See `Head`."""
        return tf.tanh(output)

    def target(self, luma, chroma):
        """See `Head`."""
        return chroma / CHROMA_MAX

    def chroma(self, colour):
        """See `Head`."""
        return colour * CHROMA_MAX

    def variance(self, output):
        """See `Head`."""
        return None

    def loss(self, output, luma, chroma):
        """See `Head`."""
        return losses.pixel_loss(self.colour(output), self.target(luma, chroma))


@dataclasses.dataclass(frozen=True)
class RgbHead:
    """Regresses R, G and B, for the comparison that the method draws; the generated luma is thrown away."""

    channels: int = 3
    colour_channels: int = 3

    def colour(self, output):
        """See `Head`."""
        return tf.tanh(output)

    def target(self, luma, chroma):
        """See `Head`."""
        rgb = tf.tensordot(tf.concat([luma, chroma], axis=-1), YUV_TO_RGB.T, 1)
        return 2.0 * tf.clip_by_value(rgb, 0.0, 1.0) - 1.0

    def chroma(self, colour):
        """See `Head`."""
        # A grey offset has no chroma, so [-1, 1] needs only its scale brought back.
        return tf.tensordot(0.5 * colour, RGB_TO_YUV[1:].T, 1)

    def variance(self, output):
        """See `Head`."""
        return None

    def loss(self, output, luma, chroma):
        """See `Head`."""
        return losses.pixel_loss(self.colour(output), self.target(luma, chroma))


def build(model: config_lib.Model, loss: config_lib.Loss) -> Head:
    """Returns the head that the configuration names."""
    if model.head == "yuv":
        return YuvHead()
    if model.head == "rgb":
        return RgbHead()
    return BinHead(loss.rebalance, loss.temperature, loss.correction)
