"""The discriminators' networks: PatchGANs on pictures, and on the features that a pretrained network has of them.

Each output is the logit of one patch of the picture, positive for patches taken as real. The first follows the patent
(AU 2018100325), the second Sauer, Chitta, Mueller and Geiger, "Projected GANs Converge Faster" (NeurIPS 2021).
"""

import keras

from colorgan_tf.networks import efficientnet
from colorgan_tf.networks.unet import normalize

# The encoder's levels that a projected discriminator has a PatchGAN for, by number: strides 8, 16 and 32.
PROJECTED_LEVELS = (2, 3, 4)


def patch_gan(
    channels: int, filters: int = 64, levels: int = 3, normalization: str = "batch", name: str = "discriminator"
) -> keras.Model:
    """Builds the conditional PatchGAN (Isola et al. 2017, 70 x 70 patches with three levels).

    Args:
        channels: of the picture that is judged: grey and colour together.
        filters: of the first convolution; each level doubles them, up to eight times.
        levels: stride-2 convolutions. 512 x 256 gives 64 x 32 after three, then 63 x 31, then 62 x 30 patch scores.
        normalization: "batch", "instance" or "none"; not in the first convolution.
        name: of the model.

    Returns:
        A model from `[batch, height, width, channels]` to logits `[batch, ~height / 2**levels, ~width / 2**levels, 1]`,
        float32.
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
    x = _convolution(x, 1, 1, "logits")
    x = keras.layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model(picture, x, name=name)


def projected_patch_gan(filters: int = 96, name: str = "discriminator") -> keras.Model:
    """Builds a small PatchGAN on each of the levels `PROJECTED_LEVELS` of EfficientNet-Lite0.

    Args:
        filters: of its convolutions.
        name: of the model.

    Returns:
        A model from the list of the levels `[batch, height / stride, width / stride, channels]` to the list of their
        logits `[batch, height / stride, width / stride, 1]`, float32.
    """
    levels = [
        keras.Input((None, None, efficientnet.LEVEL_CHANNELS[number]), name=f"level{number}")
        for number in PROJECTED_LEVELS
    ]
    logits = []
    for level, number in zip(levels, PROJECTED_LEVELS, strict=True):
        x = keras.layers.Conv2D(filters, 1, name=f"level{number}_mix_conv")(level)
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"level{number}_mix_activation")(x)
        x = keras.layers.Conv2D(filters, 3, padding="same", name=f"level{number}_context_conv")(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"level{number}_context_activation")(x)
        x = keras.layers.Conv2D(1, 1, name=f"level{number}_logits_conv")(x)
        logits.append(keras.layers.Activation("linear", dtype="float32", name=f"level{number}_logits")(x))
    return keras.Model(levels, logits, name=name)


def _convolution(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    """A 4 x 4 convolution with one pixel of zeros around, so that stride 1 takes one pixel off each side."""
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    initializer = keras.initializers.RandomNormal(0.0, 0.02)
    return keras.layers.Conv2D(filters, 4, stride, "valid", kernel_initializer=initializer, name=f"{name}_conv")(x)
