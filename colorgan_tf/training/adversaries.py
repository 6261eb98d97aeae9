"""The generator's adversaries in training: a discriminator, the features that it judges, and their distance.

Both share one interface, so that the training step need not know which is in use. "patch" follows the patent
(AU 2018100325).
"""

from typing import Protocol

import keras
from keras import ops

from colorgan_tf import color
from colorgan_tf.config import DiscriminatorName, Model
from colorgan_tf.networks import discriminators, efficientnet
from colorgan_tf.networks.enlarging import resize
from colorgan_tf.networks.heads import Head
from colorgan_tf.training import losses


class Adversary(Protocol):
    """The interface of every adversary.

    Attributes:
        network: the discriminator.
    """

    network: keras.Model

    def prepare(self) -> None:
        """Makes ready what only training needs; before `features`."""

    def features(
        self, luma: keras.KerasTensor, small_luma: keras.KerasTensor, colour: keras.KerasTensor
    ) -> list[keras.KerasTensor]:
        """Returns what is looked at in a coloured picture, level by level.

        Args:
            luma: `[batch, height, width, 1]` in [0, 1].
            small_luma: the same at the resolution of the colour.
            colour: `[batch, h, w, colour_channels]`, of a `Head`.
        """

    def logits(self, features: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        """Returns the patch scores of each level that is judged, positive for real, in training mode."""

    def feature_loss(
        self, generated: list[keras.KerasTensor], true: list[keras.KerasTensor]
    ) -> keras.KerasTensor | None:
        """Returns the scalar distance between the features of a generated and of the true picture; None for no loss."""


class PatchAdversary:
    """Judges grey and colour together, at the resolution of the colour."""

    def __init__(self, channels: int, filters: int, levels: int, normalization: str):
        """Builds the discriminator; see `discriminators.patch_gan`."""
        self.network = discriminators.patch_gan(channels, filters, levels, normalization)

    def prepare(self) -> None:
        """See `Adversary`."""

    def features(
        self, luma: keras.KerasTensor, small_luma: keras.KerasTensor, colour: keras.KerasTensor
    ) -> list[keras.KerasTensor]:
        """See `Adversary`."""
        return [ops.concatenate([2.0 * small_luma - 1.0, colour], axis=-1)]

    def logits(self, features: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        """See `Adversary`."""
        return [self.network(picture, training=True) for picture in features]

    def feature_loss(
        self, generated: list[keras.KerasTensor], true: list[keras.KerasTensor]
    ) -> keras.KerasTensor | None:
        """See `Adversary`."""
        return None


class ProjectedAdversary:
    """Judges the features that a pretrained network has of the coloured picture, and draws them to the true ones.

    A discriminator of its own has to learn first what a face or a tree is; this one only has to learn how their colours
    look.

    Args:
        filters: see `discriminators.projected_patch_gan`.
        head: whose colours are judged.
    """

    def __init__(self, filters: int, head: Head):
        self.network = discriminators.projected_patch_gan(filters)
        self._head = head

    def prepare(self) -> None:
        """See `Adversary`."""
        self.extractor = FeatureExtractor()

    def features(
        self, luma: keras.KerasTensor, small_luma: keras.KerasTensor, colour: keras.KerasTensor
    ) -> list[keras.KerasTensor]:
        """See `Adversary`."""
        return self.extractor(luma, self._head.chroma(colour))

    def logits(self, features: list[keras.KerasTensor]) -> list[keras.KerasTensor]:
        """See `Adversary`."""
        levels: list[keras.KerasTensor] = self.network(
            [features[level] for level in discriminators.PROJECTED_LEVELS], training=True
        )
        return levels

    def feature_loss(
        self, generated: list[keras.KerasTensor], true: list[keras.KerasTensor]
    ) -> keras.KerasTensor | None:
        """See `Adversary`."""
        return losses.mean_over_levels(losses.feature_loss, generated, true)


class FeatureExtractor:
    """The features that a frozen EfficientNet-Lite0 with ImageNet weights has of a coloured picture."""

    def __init__(self) -> None:
        network = efficientnet.efficientnet_lite0(include_top=True, folded=True, name="feature_extractor")
        efficientnet.load_imagenet_weights(network)
        blocks = [network.get_layer(f"block{number}_output").output for number in efficientnet.LEVEL_BLOCKS]
        self._network = keras.Model(network.input, [*blocks, network.get_layer("head_pool").output])
        self._network.trainable = False

    def __call__(self, luma: keras.KerasTensor, chroma: keras.KerasTensor) -> list[keras.KerasTensor]:
        """Returns the encoder's five levels and the 1,280 pooled features of a picture, float32.

        Args:
            luma: `[batch, height, width, 1]` in [0, 1].
            chroma: `[batch, h, w, 2]`, U and V; enlarged to the luma's size.
        """
        chroma = resize(chroma, ops.shape(luma)[1:3])
        rgb = ops.tensordot(ops.concatenate([luma, chroma], axis=-1), color.YUV_TO_RGB.T, 1)
        levels = self._network(efficientnet.preprocess(ops.clip(rgb, 0.0, 1.0)), training=False)
        return [ops.cast(level, "float32") for level in levels]


def build(model: Model, head: Head) -> Adversary:
    """Returns the adversary that the configuration names, for the colours of a head."""
    if model.discriminator == DiscriminatorName.PROJECTED:
        return ProjectedAdversary(model.discriminator_filters, head)
    channels = 1 + head.colour_channels
    return PatchAdversary(channels, model.discriminator_filters, model.discriminator_levels, model.normalization)
