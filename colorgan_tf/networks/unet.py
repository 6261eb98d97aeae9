"""The generator of the patent (AU 2018100325): a U-Net of stride-2 convolutions, mirrored by transposed ones."""

import keras

from colorgan_tf.config import Normalization
from colorgan_tf.networks.normalization import BatchNormalization

# Filters of the eight blocks as multiples of the outermost block's (64 in the patent: 64 ... 512).
WIDTHS = (1, 2, 4, 8, 8, 8, 8, 8)
# A side is halved once a block, so a picture must be a multiple of this.
MULTIPLE = 2 ** len(WIDTHS)
# How many of the innermost decoder blocks carry dropout, the noise z (Isola et al. 2017, section 6.1).
NOISY_BLOCKS = 3


def unet(
    channels: int,
    filters: int = 64,
    normalization: str = "batch",
    dropout: float = 0.5,
    output_stride: int = 1,
    name: str = "unet",
) -> keras.Model:
    """Builds the U-Net: kernel 4, stride 2, eight blocks down, eight up (pix2pix's `unet_256` widths).

    Args:
        channels: of the output, linear and float32; the head reads them.
        filters: of the outermost block.
        normalization: "batch", "instance" or "none"; never in the outermost and innermost encoder blocks nor in the
            last decoder block.
        dropout: rate of the noise z in the innermost decoder blocks.
        output_stride: 1, 2 or 4; larger strides leave out the last decoder blocks.
        name: of the model.

    Returns:
        A model from luma `[batch, height, width, 1]` in [0, 1] to
        `[batch, height / output_stride, width / output_stride, channels]`. Sides must be multiples of 256.
    """
    # === Functional model ===
    luma = keras.Input((None, None, 1), name="luma")
    x = keras.layers.Rescaling(2.0, offset=-1.0, name="centre")(luma)

    # Down: every block halves width and height.
    skips = []
    for level, width in enumerate(WIDTHS, start=1):
        if level > 1:
            x = keras.layers.LeakyReLU(negative_slope=0.2, name=f"down{level}_activation")(x)
        x = keras.layers.Conv2D(
            filters * width, 4, 2, "same", kernel_initializer=_initializer(), name=f"down{level}_conv"
        )(x)
        if level not in (1, len(WIDTHS)):
            x = normalize(x, normalization, f"down{level}_norm")
        skips.append(x)

    # Up: every block doubles them, fed with the block before it and the mirrored encoder block.
    last = output_stride.bit_length()
    for level in range(len(WIDTHS), last - 1, -1):
        if level < len(WIDTHS):
            x = keras.layers.Concatenate(name=f"up{level}_skip")([x, skips[level - 1]])
        x = keras.layers.ReLU(name=f"up{level}_activation")(x)
        width = channels if level == last else filters * WIDTHS[level - 2]
        x = keras.layers.Conv2DTranspose(
            width, 4, 2, "same", kernel_initializer=_initializer(), name=f"up{level}_conv"
        )(x)
        if level > last:
            x = normalize(x, normalization, f"up{level}_norm")
            if level > len(WIDTHS) - NOISY_BLOCKS and dropout:
                x = keras.layers.Dropout(dropout, name=f"up{level}_noise")(x)
    x = keras.layers.Activation("linear", dtype="float32", name="output")(x)
    return keras.Model(luma, x, name=name)


def normalize(x: keras.KerasTensor, kind: str, name: str) -> keras.KerasTensor:
    """Applies the chosen normalization layer; statistics are taken over all replicas."""
    if kind == Normalization.BATCH:
        # Momentum as in PyTorch's pix2pix: small batches, short runs.
        # JAX sees the whole batch at once, so only TensorFlow has replicas to synchronize.
        shared = keras.backend.backend() == "tensorflow"
        return BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=shared, name=name)(x)
    if kind == Normalization.INSTANCE:
        return keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, name=name)(x)
    return x


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, 0.02)
