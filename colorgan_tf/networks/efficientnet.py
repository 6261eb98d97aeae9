"""EfficientNet-Lite0 in Keras with ImageNet weights: the pretrained encoder, and the features of the Frechet distance.

Source: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (ICML 2019), in the
Lite variant of github.com/tensorflow/tpu (models/official/efficientnet/lite): no squeeze-and-excitation, ReLU6 in
place of swish, stem and head not scaled. The weights and their licence are in `saved_models/efficientnet_lite0`.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

WEIGHTS = Path(__file__).resolve().parents[2] / "saved_models" / "efficientnet_lite0" / "weights.npz"

# Stages: (repeats, kernel, stride of the first block, expansion, filters).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_FILTERS = 32
HEAD_FILTERS = 1280
NORM_EPSILON = 1e-3
CLASSES = 1000

# The last block at each stride, by its number, and the channels it gives.
LEVEL_STRIDES = (2, 4, 8, 16, 32)
LEVEL_CHANNELS = (16, 24, 40, 112, 320)
LEVEL_BLOCKS = (0, 2, 4, 10, 15)


def preprocess(rgb: Any) -> Any:
    """Maps RGB in [0, 1] (array or tensor) to the units the ImageNet weights expect: (255 x - 127) / 128."""
    return (255.0 * rgb - 127.0) / 128.0


def efficientnet_lite0(
    input_shape: tuple[int | None, int | None, int] = (None, None, 3),
    include_top: bool = False,
    folded: bool = False,
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Builds EfficientNet-Lite0, fully convolutional, with randomly initialised weights.

    Args:
        input_shape: height, width and channels of the input, which `preprocess` has scaled. Defaults to any size;
            level k then has ceil(size / stride) rows and columns.
        include_top: whether to end in the ImageNet classifier. Defaults to `False`: an encoder needs no classes.
        folded: whether each convolution has a bias in the place of its batch normalization: the same function, faster.
            Defaults to `False`, the layout of the weights file.
        name: name of the model.

    Returns:
        Without top, a model whose outputs are the list of the five feature maps at strides 2, 4, 8, 16 and 32, with
        16, 24, 40, 112 and 320 channels. With top, a model whose output is the `[batch, 1000]` ImageNet logits.
    """
    # === Functional Model ===
    inputs = keras.Input(shape=input_shape, name="image")
    levels = encode(inputs, folded)
    if not include_top:
        return keras.Model(inputs, levels, name=name)
    x = _conv_norm(levels[-1], layers.Conv2D(HEAD_FILTERS, 1, use_bias=folded, name="head_conv"), relu=True)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    # Float32 whatever the policy: a softmax over half-precision logits loses the tail.
    logits = layers.Dense(CLASSES, dtype="float32", name="classifier")(x)
    return keras.Model(inputs, logits, name=name)


def encode(image: keras.KerasTensor, folded: bool = False, drop_path: float = 0.0) -> list[keras.KerasTensor]:
    """Applies the encoder to a symbolic image, for models that are built around it.

    Args:
        image: `[batch, height, width, 3]`, scaled by `preprocess`.
        folded: as in `efficientnet_lite0`.
        drop_path: rate at which training leaves out a picture's last residual branch, rising linearly from the first
            (stochastic depth: Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016).

    Returns:
        The feature maps at strides 2, 4, 8, 16 and 32.
    """
    x = _conv_norm(image, layers.Conv2D(STEM_FILTERS, 3, 2, "same", use_bias=folded, name="stem_conv"), relu=True)
    blocks: list[keras.KerasTensor] = []
    count = sum(repeats for repeats, *_ in STAGES)
    for repeats, kernel, stride, expansion, filters in STAGES:
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            rate = drop_path * (len(blocks) + 1) / count
            x = _inverted_residual(x, kernel, step, expansion, filters, folded, rate, prefix=f"block{len(blocks)}_")
            blocks.append(x)
    return [blocks[number] for number in LEVEL_BLOCKS]


def pooled_features(model: keras.Model) -> keras.Model:
    """Returns the model that ends at the 1,280 pooled features; `model` was built with `include_top=True`."""
    return keras.Model(model.input, model.get_layer("head_pool").output, name=f"{model.name}_pooled")


def load_imagenet_weights(model: keras.Model, path: Path | str = WEIGHTS) -> keras.Model:
    """Sets every variable of `model` to the ImageNet weights and returns the model.

    Args:
        model: made by `efficientnet_lite0`, with or without top.
        path: archive with one array `LAYER/VARIABLE` for each variable, in Keras layout.

    Raises:
        ValueError: if the archive lacks a variable of the model or holds it in another shape.
    """
    with np.load(path) as archive:
        arrays = {name: archive[name].astype(np.float32) for name in archive.files}
    layer_names = {layer.name for layer in model.layers}
    for norm in {name.split("/")[0] for name in arrays if name.endswith("/gamma")} - layer_names:
        _fold(arrays, norm.removesuffix("_norm"))
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            if key not in arrays:
                raise ValueError(f"`path` must hold an array for each variable. Received: {path} without {key}.")
            if arrays[key].shape != tuple(variable.shape):
                raise ValueError(f"{key} must have shape {tuple(variable.shape)}. Received: shape {arrays[key].shape}.")
            variable.assign(arrays[key])
    return model


def _fold(arrays: dict[str, npt.NDArray[np.float32]], stem: str) -> None:
    """Merges a batch normalization at inference into its convolution: kernel * scale, and a bias."""
    norm = {name: arrays[f"{stem}_norm/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    scale = norm["gamma"] / np.sqrt(norm["moving_variance"] + NORM_EPSILON)
    arrays[f"{stem}_conv/bias"] = norm["beta"] - norm["moving_mean"] * scale
    # Depthwise kernels are [h, w, channels, 1], others [h, w, in, out].
    kernel = arrays[f"{stem}_conv/kernel"]
    arrays[f"{stem}_conv/kernel"] = kernel * (scale[:, None] if kernel.shape[-1] == 1 else scale)


def _conv_norm(x: keras.KerasTensor, convolution: layers.Layer, relu: bool) -> keras.KerasTensor:
    """Convolution, batch normalization named after it (unless folded), and ReLU6 where the block has one."""
    stem = convolution.name.removesuffix("_conv")
    x = convolution(x)
    if not convolution.use_bias:
        x = layers.BatchNormalization(momentum=0.99, epsilon=NORM_EPSILON, name=f"{stem}_norm")(x)
    return layers.ReLU(max_value=6.0, name=f"{stem}_relu6")(x) if relu else x


def _inverted_residual(
    x: keras.KerasTensor,
    kernel: int,
    stride: int,
    expansion: int,
    filters: int,
    folded: bool,
    drop_path: float,
    prefix: str,
) -> keras.KerasTensor:
    """Expand 1x1, depthwise kxk, project 1x1 without activation; joined with its input where shapes allow."""
    inputs, channels = x, x.shape[-1]
    joined = stride == 1 and channels == filters
    if expansion != 1:
        expand = layers.Conv2D(channels * expansion, 1, use_bias=folded, name=f"{prefix}expand_conv")
        x = _conv_norm(x, expand, relu=True)
    depthwise = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=folded, name=f"{prefix}depthwise_conv")
    x = _conv_norm(x, depthwise, relu=True)
    project = layers.Conv2D(filters, 1, use_bias=folded, name=f"{prefix}project_conv")
    x = _conv_norm(x, project, relu=False)
    if joined and drop_path:
        x = layers.Dropout(drop_path, noise_shape=(None, 1, 1, 1), name=f"{prefix}drop_path")(x)
    # The join, or a mere name for the output, so that every block ends in a layer called `blockN_output`.
    return layers.Add(name=f"{prefix}output")([inputs, x]) if joined else layers.Identity(name=f"{prefix}output")(x)
