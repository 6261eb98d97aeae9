"""The discriminators' interface, and the method's PatchGAN, whose every output judges one patch of the picture.

Two discriminators share the interface, so that the training step need not know which is in use.
"""

from typing import Protocol

import keras
import tensorflow as tf

from colorgan_tf import config as config_lib
from colorgan_tf.networks.heads import Head
from colorgan_tf.networks.projected import ProjectedDiscriminator
from colorgan_tf.networks.unet import normalize


class Discriminator(Protocol):
    """The interface of every discriminator.

    Attributes:
        network: what learns to judge.
    """

    network: keras.Model

    def prepare(self) -> None:
        """Makes ready what only training needs; before `seen`."""

    def seen(self, luma: tf.Tensor, small_luma: tf.Tensor, colour: tf.Tensor) -> list[tf.Tensor]:
        """Returns what the discriminator sees of a coloured picture, level by level.

        Args:
            luma: `[batch, height, width, 1]` in [0, 1].
            small_luma: the same at the resolution of the colour.
            colour: `[batch, h, w, colour_channels]`, of a `Head`.
        """

    def verdicts(self, seen: list[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the logits of each level that is judged, positive for pictures taken as real, in training mode."""

    def feature_loss(self, generated: list[tf.Tensor], true: list[tf.Tensor]) -> tf.Tensor | None:
        """Returns the scalar distance between what is seen of a generated and of the true picture; None for no loss."""


class PatchDiscriminator:
    """Judges grey and colour together, at the resolution of the colour: the method."""

    def __init__(self, channels: int, filters: int, levels: int, normalization: str):
        """Builds the network; see `patch_gan`."""
        self.network = patch_gan(channels, filters, levels, normalization)

    def prepare(self):
        """See `Discriminator`."""

    def seen(self, luma, small_luma, colour):
        """See `Discriminator`."""
        return [tf.concat([2.0 * small_luma - 1.0, colour], axis=-1)]

    def verdicts(self, seen):
        """See `Discriminator`."""
        return [self.network(picture, training=True) for picture in seen]

    def feature_loss(self, generated, true):
        """See `Discriminator`."""
        return None


def build(model: config_lib.Model, head: Head) -> Discriminator:
    """Returns the discriminator that the configuration names, for the colours of a head."""
    if model.discriminator == "projected":
        return ProjectedDiscriminator(model.discriminator_filters, head)
    channels = 1 + head.colour_channels
    return PatchDiscriminator(channels, model.discriminator_filters, model.discriminator_levels, model.normalization)


def patch_gan(
    channels: int, filters: int = 64, levels: int = 3, normalization: str = "batch", name: str = "discriminator"
) -> keras.Model:
    """Builds the conditional PatchGAN of the method (Isola et al. 2017, 70 x 70 patches with three levels).

    Args:
        channels: of the picture that is judged: grey and colour together.
        filters: of the first convolution; each level doubles them, up to eight times.
        levels: stride-2 convolutions. 512 x 256 gives 64 x 32 after three, then 63 x 31, then 62 x 30 verdicts.
        normalization: "batch", "instance" or "none"; not in the first convolution.
        name: of the model.

    Returns:
        A model from `[batch, height, width, channels]` to logits `[batch, ~height / 2**levels, ~width / 2**levels, 1]`,
        positive for pictures taken as real, float32.
    """
    # === Functional model ===
    picture = keras.Input((None, None, channels), name="picture")
    x = picture
    for level in range(levels):
        x = _convolution(x, filters * min(2**level, 8), 2, f"down{level + 1}")
        if level:
            x = normalize(x, normalization, f"down{level + 1}_norm")
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"down{level + 1}_activation")(x)
    x = _convolution(x, filters * min(2**levels, 8), 1, "context")
    x = normalize(x, normalization, "context_norm")
    x = keras.layers.LeakyReLU(negative_slope=0.2, name="context_activation")(x)
    x = _convolution(x, 1, 1, "verdict")
    x = keras.layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(picture, x, name=name)


def _convolution(x, filters: int, stride: int, name: str):
    """A 4 x 4 convolution with one pixel of zeros around, so that stride 1 takes one pixel off each side."""
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    initializer = keras.initializers.RandomNormal(0.0, 0.02)
    return keras.layers.Conv2D(filters, 4, stride, "valid", kernel_initializer=initializer, name=f"{name}_conv")(x)
