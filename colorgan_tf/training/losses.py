"""The losses, as pure functions of tensors: those of the patent (AU 2018100325), of colour classes and of features."""

from collections.abc import Callable, Sequence

import keras
from keras import ops

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.config import Loss
from colorgan_tf.networks.bins import BinHead, bin_weights, nearest_bins
from colorgan_tf.networks.heads import Head


def reconstruction_loss(
    head: Head, options: Loss, output: keras.KerasTensor, luma: keras.KerasTensor, chroma: keras.KerasTensor
) -> keras.KerasTensor:
    """Returns the scalar loss L_p of a network's output against the truth: the pixel loss, or the cross-entropy.

    Args:
        head: that gives the output its meaning.
        options: of the cross-entropy.
        output: of the generator's network, `[batch, height, width, head.channels]`.
        luma: `[batch, height, width, 1]` in [0, 1].
        chroma: `[batch, height, width, 2]`, U and V.
    """
    if isinstance(head, BinHead):
        return bin_cross_entropy(output, luma, chroma, options.rebalance, options.skin_weight)
    return pixel_loss(head.colour(output), head.target(luma, chroma))


def bin_cross_entropy(
    logits: keras.KerasTensor,
    luma: keras.KerasTensor,
    chroma: keras.KerasTensor,
    rebalance: float,
    skin_weight: float = 1.0,
) -> keras.KerasTensor:
    """Mean cross-entropy with the true colour, spread over the four bins around it, rebalanced.

    Args:
        logits: `[batch, height, width, bins]`.
        luma: `[batch, height, width, 1]` in [0, 1].
        chroma: `[batch, height, width, 2]`, U and V.
        rebalance: see `bin_weights`.
        skin_weight: how many times as much a pixel of the colour of skin counts.

    Returns:
        A scalar float32.
    """
    indices, shares = nearest_bins(ops.reshape(chroma, [-1, 2]))
    logits = ops.reshape(ops.cast(logits, "float32"), [-1, logits.shape[-1]])
    pixels = ops.shape(logits)[0]
    rows = ops.repeat(ops.arange(pixels), 4)
    places = ops.stack([rows, ops.reshape(indices, [-1])], axis=1)
    labels = ops.scatter(places, ops.reshape(shares, [-1]), ops.shape(logits))
    weights = ops.sum(ops.take(bin_weights(rebalance), indices, axis=0) * shares, axis=1)
    weights *= 1.0 + (skin_weight - 1.0) * ops.reshape(skin_like(luma, chroma), [-1])
    return ops.mean(weights * ops.categorical_crossentropy(labels, logits, from_logits=True))


def skin_like(luma: keras.KerasTensor, chroma: keras.KerasTensor) -> keras.KerasTensor:
    """Returns 1 where a colour may be that of skin and 0 elsewhere, float32 `[..., 1]`.

    Chai and Ngan, "Face Segmentation Using Skin-Color Map in Videophone Applications" (1999): Cb in 77 to 127 and Cr
    in 133 to 173 of 8 bit. Sand and wood pass as well; the darkest and lightest places, where hue means nothing, do
    not.

    Args:
        luma: `[..., 1]` in [0, 1].
        chroma: `[..., 2]`, U and V.
    """
    cb, cr = ops.unstack(255.0 * chroma / (2.0 * CHROMA_MAX) + 128.0, axis=-1)
    light = (luma[..., 0] > 0.15) & (luma[..., 0] < 0.95)
    skin = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173) & light
    return ops.cast(skin, "float32")[..., None]


def pixel_loss(colour: keras.KerasTensor, target: keras.KerasTensor) -> keras.KerasTensor:
    """Mean squared error per pixel and channel: L_p = 1/(CWH) * sum (G(x) - y)^2.

    Args:
        colour: `[batch, height, width, channels]`.
        target: the same shape.

    Returns:
        A scalar float32.
    """
    return ops.mean(ops.square(ops.cast(colour, "float32") - target))


def chroma_distance(chroma: keras.KerasTensor, true: keras.KerasTensor) -> keras.KerasTensor:
    """Mean distance of colours, and three times its square: places that are far off count more.

    The distance is Charbonnier's, sqrt(d^2 + 0.01^2), which has a gradient everywhere.

    Args:
        chroma: `[batch, height, width, 2]`, U and V.
        true: the same shape.

    Returns:
        A scalar float32.
    """
    square = ops.sum(ops.square(chroma - true), axis=-1)
    return ops.mean(ops.sqrt(square + 1e-4)) + 3.0 * ops.mean(square)


def discriminator_loss(real_logits: keras.KerasTensor, generated_logits: keras.KerasTensor) -> keras.KerasTensor:
    """Binary cross-entropy of the patch scores, labels 1 for real and 0 for generated, over both halves.

    L_A = -1/N * sum (l_i log D_i + (1 - l_i) log(1 - D_i)), with N counting real and generated patches alike; the
    plus sign inside the bracket is the cross-entropy's (a minus would reward a wrong score).

    Args:
        real_logits: `[batch, height, width, 1]` for true colours.
        generated_logits: the same shape, for generated ones.

    Returns:
        A scalar float32; ln 2 when the discriminator can only guess.
    """
    # -log sigmoid(x) = softplus(-x), and -log(1 - sigmoid(x)) = softplus(x).
    real = ops.mean(ops.softplus(-real_logits))
    generated = ops.mean(ops.softplus(generated_logits))
    return 0.5 * (real + generated)


def adversarial_loss(generated_logits: keras.KerasTensor) -> keras.KerasTensor:
    """The generator's side of the game, -E[log D(x, G(x, z))], which has gradients where log(1 - D) is flat.

    (Goodfellow et al. 2014, section 3: same fixed point as minimizing log(1 - D), stronger gradients early on.)

    Args:
        generated_logits: `[batch, height, width, 1]`.

    Returns:
        A scalar float32.
    """
    return ops.mean(ops.softplus(-generated_logits))


def feature_loss(generated: keras.KerasTensor, true: keras.KerasTensor) -> keras.KerasTensor:
    """Distance between the features of a generated picture and of the true one, in units of their spread.

    The perceptual loss of Johnson, Alahi and Fei-Fei ("Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016, equation 2), each channel divided by its standard deviation over the true batch, so
    that all channels and levels count alike.

    Args:
        generated: `[batch, ..., channels]`.
        true: the same shape.

    Returns:
        A scalar float32: 0 for equal features, about 2 for pictures that have nothing to do with each other.
    """
    variance = ops.var(true, axis=tuple(range(len(true.shape) - 1)))
    return ops.mean(ops.square(generated - true) / (variance + 1e-3))


def mean_over_levels(loss: Callable[..., keras.KerasTensor], *levels: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    """Returns the mean of a loss over the levels of a picture, each of which has a tensor in every one of `levels`."""
    return ops.mean(ops.stack([loss(*tensors) for tensors in zip(*levels, strict=True)]))
