"""Degradation as of old film, of the grey input of a training or test picture, never of its colour target.

`degrade` works on tensors inside tf.data, `degrade_picture` on numpy pictures; `python -m pipelines.degrade` draws a
contact sheet. Every operation is a function of its own in `camera`, `stock`, `wear` and `transfer`. TensorFlow is
imported late, so that a configuration can hold a `Degradation` without it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipelines.degrade.settings import EFFECTS, EVALUATION, TRAINING, Degradation, Effect, alone

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "EFFECTS",
    "EVALUATION",
    "TRAINING",
    "Degradation",
    "Effect",
    "alone",
    "degrade",
    "degrade_picture",
    "operations",
]


def operations() -> dict[str, Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]]:
    """Returns the operations on luma by the name of their effect, in the physical order in which they strike."""
    from pipelines.degrade import camera, stock, transfer, wear

    return {
        "blur": camera.blur,
        "motion": camera.motion,
        "vignetting": camera.vignetting,
        "flicker": camera.flicker,
        "unevenness": camera.unevenness,
        "contrast": stock.contrast,
        "gamma": stock.gamma,
        # Grain sits in the emulsion: a soft lens does not soften it, a bad copy does.
        "grain": stock.grain,
        "fade": wear.fade,
        "scratches": wear.scratches,
        "dust": wear.dust,
        "hairs": wear.hairs,
        "scaling": transfer.scaling,
        "combing": transfer.combing,
        "jpeg": transfer.jpeg,
    }


def degrade(rgb: tf.Tensor, seed: tf.Tensor, degradation: Degradation = TRAINING) -> tf.Tensor:
    """Degrades a colour picture as if it were photographed on old film, worn and copied.

    Geometry stays, so the picture's own chroma still fits. An operation that is not drawn costs nothing.

    Args:
        rgb: `[height, width, 3]` float32 in [0, 1], at least 8 pixels each way.
        seed: `[2]` int32 or int64; the same seed gives the same picture, eager and inside tf.data.
        degradation: probabilities and strengths. Defaults to the training settings.

    Returns:
        Luma `[height, width, 1]` float32 in [0, 1]; with the probability `degradation.clean` it is the plain
        BT.601 luma.
    """
    import tensorflow as tf

    # Nothing here needs AutoGraph, which would make the building of a tf.data graph several times slower.
    compose = tf.autograph.experimental.do_not_convert(_compose)
    return compose(rgb, seed, degradation)


def _compose(rgb: tf.Tensor, seed: tf.Tensor, settings: Degradation) -> tf.Tensor:
    import tensorflow as tf

    from pipelines.degrade import stock

    seeds = tf.random.split(seed, len(EFFECTS) + 1)
    chances = tf.random.stateless_uniform([len(EFFECTS) + 1, 2], seeds[-1])
    draws = {name: (chances[i, 0], chances[i, 1], seeds[i]) for i, name in enumerate(EFFECTS)}

    def sometimes(name: str, change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], value: tf.Tensor) -> tf.Tensor:
        effect: Effect = getattr(settings, name)
        if effect.probability <= 0.0:
            return value
        chance, share, own_seed = draws[name]
        strength = effect.weak + (effect.strong - effect.weak) * share
        return tf.cond(chance < effect.probability, lambda: change(strength, own_seed), lambda: value)

    def degraded() -> tf.Tensor:
        weights = tf.constant(stock.BT601)
        weights = sometimes("panchromatic", stock.panchromatic, weights)
        weights = sometimes("orthochromatic", stock.orthochromatic, weights)
        luma = tf.clip_by_value(stock.grey(rgb, weights), 0.0, 1.0)
        for name, operation in operations().items():
            luma = sometimes(name, functools.partial(operation, luma), luma)
        return luma

    def clean() -> tf.Tensor:
        return tf.clip_by_value(stock.grey(rgb, tf.constant(stock.BT601)), 0.0, 1.0)

    if settings.clean >= 1.0:
        return clean()
    if settings.clean <= 0.0:
        return degraded()
    return tf.cond(chances[-1, 0] < settings.clean, clean, degraded)


def degrade_picture(rgb: NDArray[Any], seed: int, degradation: Degradation = EVALUATION) -> NDArray[np.float32]:
    """Degrades one numpy picture with the same operations as `degrade`.

    Args:
        rgb: `[height, width, 3]`, uint8, or float in [0, 1].
        seed: any integer; the same one gives the same picture.
        degradation: probabilities and strengths. Defaults to the fixed preset for measuring, `EVALUATION`.

    Returns:
        Luma `[height, width, 1]` float32 in [0, 1].

    Raises:
        ValueError: if the shape is not that of a colour picture of at least 8x8 pixels.
    """
    import tensorflow as tf

    if rgb.ndim != 3 or rgb.shape[-1] != 3 or min(rgb.shape[:2]) < 8:
        raise ValueError(f"`rgb` must be [height, width, 3], at least 8x8. Received: shape={list(rgb.shape)}.")
    scale = 255.0 if rgb.dtype == np.uint8 else 1.0
    picture = np.asarray(rgb, np.float32) / np.float32(scale)
    halves = np.array([int(seed) & 0x7FFFFFFF, (int(seed) >> 31) & 0x7FFFFFFF], np.int32)
    with tf.device("CPU"):  # The random numbers of a GPU are others.
        return degrade(tf.constant(picture), tf.constant(halves), degradation).numpy()
