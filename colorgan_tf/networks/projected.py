"""A discriminator that looks at pictures through a pretrained network: PatchGANs on the features of a frozen encoder.

Sauer, Chitta, Mueller and Geiger, "Projected GANs Converge Faster", NeurIPS 2021. A discriminator of its own has to
learn first what a face or a tree is; this one knows, and only has to learn how their colours look.
"""

import keras
import tensorflow as tf

from colorgan_tf import color
from colorgan_tf.networks import efficientnet
from colorgan_tf.networks.heads import Head
from colorgan_tf.training import losses

# The encoder's levels that are judged, by number: strides 8, 16 and 32.
JUDGED = (2, 3, 4)


class FeatureView:
    """What a projected discriminator sees: features of the coloured picture from EfficientNet-Lite0, frozen."""

    def __init__(self):
        """Builds the network with ImageNet weights."""
        network = efficientnet.efficientnet_lite0(include_top=True, folded=True, name="view")
        efficientnet.load_imagenet_weights(network)
        blocks = [network.get_layer(f"block{number}_output").output for number in efficientnet.LEVEL_BLOCKS]
        self._network = keras.Model(network.input, [*blocks, network.get_layer("head_pool").output])
        self._network.trainable = False

    def __call__(self, luma: tf.Tensor, chroma: tf.Tensor) -> list[tf.Tensor]:
        """Returns the encoder's five levels and the 1,280 pooled features of a picture, float32.

        Args:
            luma: `[batch, height, width, 1]` in [0, 1].
            chroma: `[batch, h, w, 2]`, U and V; enlarged to the luma's size.
        """
        chroma = tf.image.resize(chroma, tf.shape(luma)[1:3])
        rgb = tf.tensordot(tf.concat([luma, chroma], axis=-1), color.YUV_TO_RGB.T, 1)
        levels = self._network(efficientnet.preprocess(tf.clip_by_value(rgb, 0.0, 1.0)), training=False)
        return [tf.cast(level, tf.float32) for level in levels]


class ProjectedDiscriminator:
    """Judges the features of the coloured picture, and draws the generated ones to the true ones."""

    def __init__(self, filters: int, head: Head):
        """Builds the network that learns, without the one that it looks through.

        Args:
            filters: see `projected_patch_gan`.
            head: whose colours are judged.
        """
        self.network = projected_patch_gan(filters)
        self._head = head

    def prepare(self):
        """See `Discriminator`."""
        self.view = FeatureView()

    def seen(self, luma, small_luma, colour):
        """See `Discriminator`."""
        return self.view(luma, self._head.chroma(colour))

    def verdicts(self, seen):
        """See `Discriminator`."""
        return self.network([seen[level] for level in JUDGED], training=True)

    def feature_loss(self, generated, true):
        """See `Discriminator`."""
        return losses.mean_over_levels(losses.feature_loss, generated, true)


def projected_patch_gan(filters: int = 96, name: str = "discriminator") -> keras.Model:
    """Builds the discriminator: on each judged level a small PatchGAN.

    Args:
        filters: of its convolutions.
        name: of the model.

    Returns:
        A model from the list of the judged levels `[batch, height / stride, width / stride, channels]` to the list of
        their logits `[batch, height / stride, width / stride, 1]`, positive for pictures taken as real, float32.
    """
    levels = [
        keras.Input((None, None, efficientnet.LEVEL_CHANNELS[number]), name=f"level{number}") for number in JUDGED
    ]
    verdicts = []
    for level, number in zip(levels, JUDGED, strict=True):
        x = keras.layers.Conv2D(filters, 1, name=f"level{number}_mix_conv")(level)
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"level{number}_mix_activation")(x)
        x = keras.layers.Conv2D(filters, 3, padding="same", name=f"level{number}_context_conv")(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"level{number}_context_activation")(x)
        x = keras.layers.Conv2D(1, 1, name=f"level{number}_verdict_conv")(x)
        verdicts.append(keras.layers.Activation("linear", dtype="float32", name=f"level{number}_logits")(x))
    return keras.Model(levels, verdicts, name=name)
