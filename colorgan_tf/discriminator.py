"""PatchGAN: a convolutional discriminator whose every output judges one patch of the picture."""

import keras

from colorgan_tf.unet import normalize


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
