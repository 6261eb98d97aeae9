"""The U-Net of the patent (AU 2018100325) with a pretrained encoder: EfficientNet-Lite0, then a decoder with skips."""

import keras
from keras import ops

from colorgan_tf.config import EncoderTraining, Normalization
from colorgan_tf.networks import efficientnet
from colorgan_tf.networks.enlarging import resize
from colorgan_tf.networks.precision import dtype_policy
from colorgan_tf.networks.unet import normalize

MULTIPLE = 32
# Blocks of the encoder from this one on work at strides 16 and 32: half of its weights' cost, nearly all its meaning.
LATE_BLOCK = 5
DECODER_LEVELS = ("up4_relu6", "up8_relu6", "up16_again_relu6")  # layers whose outputs tell what a place is


class Enlarge(keras.layers.Layer):
    """Doubles height and width, bilinear, for sizes unknown when the graph is built.

    (Keras' UpSampling2D cannot do that with bilinear interpolation.)
    """

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Returns `[batch, 2 height, 2 width, channels]`."""
        _, height, width, _ = ops.shape(x)
        return resize(x, (2 * height, 2 * width))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the doubled shape; unknown sides stay unknown."""
        batch, height, width, channels = shape
        return batch, height and 2 * height, width and 2 * width, channels


def efficient_unet(
    channels: int,
    decoder: tuple[int, ...] = (256, 192, 128, 96),
    normalization: str = "batch",
    dropout: float = 0.0,
    drop_path: float = 0.0,
    output_stride: int = 4,
    name: str = "efficient_unet",
) -> keras.Model:
    """Builds the generator with ImageNet weights in its encoder.

    The encoder's batch normalization is folded into its convolutions: statistics stay ImageNet's, and both training
    and inference are faster.

    Args:
        channels: of the output, linear and float32; the head reads them.
        decoder: filters of the decoder's blocks, at strides 32, 16, 8, 4 (and 2).
        normalization: of the decoder: "batch", "instance" or "none".
        dropout: rate of the noise z in the innermost decoder block.
        drop_path: as in `efficientnet.encode`.
        output_stride: 2 or 4.
        name: of the model.

    Returns:
        A model from luma `[batch, height, width, 1]` in [0, 1] to
        `[batch, height / output_stride, width / output_stride, channels]`. Sides must be multiples of 32.

    Raises:
        ValueError: if `decoder` does not reach `output_stride`.
    """
    levels = len(efficientnet.LEVEL_STRIDES) - output_stride.bit_length() + 2
    if len(decoder) < levels or output_stride not in (2, 4):
        raise ValueError(
            f"`decoder` must have {levels} blocks for an output stride of 2 or 4. "
            f"Received: decoder={decoder}, output_stride={output_stride}."
        )
    # === Functional model ===
    luma = keras.Input((None, None, 1), name="luma")
    # Depthwise convolutions gain nothing from bfloat16 on a CPU.
    with dtype_policy("float32"):
        rgb = keras.layers.Concatenate(name="grey_as_rgb")([efficientnet.preprocess(luma)] * 3)
        features = efficientnet.encode(rgb, folded=True, drop_path=drop_path)
    efficientnet.load_imagenet_weights(keras.Model(luma, features))

    # Innermost: local features, and what the whole picture is about.
    x = keras.layers.Conv2D(decoder[0], 1, use_bias=False, name="inner_conv")(features[-1])
    scene = keras.layers.GlobalAveragePooling2D(keepdims=True, name="scene_pool")(features[-1])
    scene = keras.layers.Conv2D(decoder[0], 1, name="scene_conv")(scene)
    x = keras.layers.Add(name="inner_scene")([x, scene])
    x = _activated(x, normalization, "inner")
    x = _block(x, decoder[0], normalization, "up32")
    if dropout:
        x = keras.layers.Dropout(dropout, name="noise")(x)

    # Up: every block doubles width and height, fed with the mirrored encoder level.
    for filters, skip, stride in zip(decoder[1:levels], features[-2::-1], (16, 8, 4, 2), strict=False):
        x = Enlarge(name=f"up{stride}_enlarge")(x)
        x = keras.layers.Concatenate(name=f"up{stride}_skip")([x, skip])
        x = _block(x, filters, normalization, f"up{stride}")
        if stride == 16:
            x = _block(x, filters, normalization, f"up{stride}_again")
    x = keras.layers.Conv2D(channels, 1, name="output_conv")(x)
    x = keras.layers.Activation("linear", dtype="float32", name="output")(x)
    return keras.Model(luma, x, name=name)


def in_encoder(path: str) -> bool:
    """Returns whether a variable, by its path, belongs to the pretrained encoder."""
    return path.startswith(("stem_", "block"))


def learns(path: str, encoder: str) -> bool:
    """Returns whether a variable learns in a phase.

    Args:
        path: of the variable, which begins with its layer's name.
        encoder: the phase's setting, an `EncoderTraining`.
    """
    if not in_encoder(path) or encoder == EncoderTraining.TRAINED:
        return True
    number = path.removeprefix("block").split("_")[0]
    return encoder == EncoderTraining.LATE and number.isdigit() and int(number) >= LATE_BLOCK


def _block(x: keras.KerasTensor, filters: int, normalization: str, name: str) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=normalization == Normalization.NONE, name=f"{name}_conv"
    )(x)
    return _activated(x, normalization, name)


def _activated(x: keras.KerasTensor, normalization: str, name: str) -> keras.KerasTensor:
    x = normalize(x, normalization, f"{name}_norm")
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)
