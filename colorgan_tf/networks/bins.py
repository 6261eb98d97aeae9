"""Colour as classification: a head that predicts a distribution over bins of the UV plane.

After Zhang, Isola and Efros, "Colorful Image Colorization" (ECCV 2016), in YUV in place of Lab: regression averages
possible colours to brown, a distribution keeps them apart and is decoded as its annealed mean.
"""

import dataclasses
import functools
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from colorgan_tf.color import CHROMA_MAX

BINS = Path(__file__).with_name("color_bins.npz")  # written by pipelines.color_bins
STEP = 0.04  # grid of the bins
_ALIKE = 0.09  # bins nearer than this are one colour to a person who chooses
_REACH = 16  # grid points from grey to the edge of the lookup table, beyond every chroma


@dataclasses.dataclass(frozen=True)
class BinHead:
    """Classifies the chroma of each pixel; its colour is the mean at a temperature.

    Attributes:
        rebalance: l in the weight of a bin of frequency p among Q bins, w ~ 1 / ((1 - l) p + l / Q) (Zhang et al.,
            equation 4): 1 treats all bins alike (no reweighting), 0 weights by rarity alone.
        temperature: of the annealed mean (Zhang et al., equation 5): 1 gives the mean, towards 0 the mode.
        logit_adjustment: which part of the rebalancing the decoding takes back (Menon et al., "Long-tail learning via
            logit adjustment", ICLR 2021). A network trained with weights w predicts w p / sum(w p) in place of p; with
            1 p is decoded, with 0 w p.
        colour_channels: U and V.
    """

    rebalance: float = 0.5
    temperature: float = 0.4
    logit_adjustment: float = 0.0
    colour_channels: int = 2

    @property
    def channels(self) -> int:
        """One logit a bin."""
        return len(_bins()[0])

    def colour(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """Decodes the logits as their annealed mean, in the units of a colour."""
        return ops.tensordot(self.probabilities(output), _bins()[0] / CHROMA_MAX, 1)

    def probabilities(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the sharpened distribution `[batch, height, width, bins]`."""
        return ops.softmax(self._adjusted(output) / self.temperature)

    def variance(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the variance of the sharpened distribution around its mean, `[batch, height, width, 1]`."""
        centres = _bins()[0]
        moments = np.concatenate([centres, np.square(centres).sum(axis=1, keepdims=True)], axis=1)
        means = ops.tensordot(self.probabilities(output), moments, 1)
        return ops.maximum(means[..., 2:] - ops.sum(ops.square(means[..., :2]), axis=-1, keepdims=True), 0.0)

    def likely(self, output: keras.KerasTensor, count: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Returns the colours that the head holds for likely, the likeliest first.

        The likeliest neighbourhood of bins is taken out of the distribution, then the likeliest of what is left, and so
        on.

        Args:
            output: `[batch, height, width, bins]`.
            count: how many.

        Returns:
            Their chroma `[batch, height, width, count, 2]`, and how much of the distribution each stands for `[batch,
            height, width, count]`.
        """
        centres = _bins()[0]
        apart = np.linalg.norm(centres[:, None] - centres, axis=-1)
        near = ops.convert_to_tensor((apart < _ALIKE).astype(np.float32))  # once in a graph, not once a colour
        left = ops.softmax(self._adjusted(output))
        colours, shares = [], []
        for _ in range(count):
            _, likeliest = ops.top_k(ops.tensordot(left, near, 1), 1)  # TFLite has no operation for Keras' argmax
            part = left * ops.take(near, likeliest[..., 0], axis=0)
            share = ops.sum(part, axis=-1, keepdims=True)
            colours.append(ops.tensordot(part / ops.maximum(share, 1e-6), centres, 1))
            shares.append(share[..., 0])
            left -= part
        return ops.stack(colours, axis=-2), ops.stack(shares, axis=-1)

    def confidence(self, output: keras.KerasTensor) -> keras.KerasTensor:
        """Returns how sure the head is, `[batch, height, width, 1]` in [0, 1].

        One minus the entropy of the distribution as a part of the largest possible: 1 for a single bin, 0 where all
        bins are as likely.
        """
        log_p = ops.log_softmax(self._adjusted(output))
        entropy = -ops.sum(ops.exp(log_p) * log_p, axis=-1, keepdims=True)
        return 1.0 - entropy / np.log(self.channels)

    def target(self, luma: keras.KerasTensor, chroma: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return chroma / CHROMA_MAX

    def chroma(self, colour: keras.KerasTensor) -> keras.KerasTensor:
        """See `Head`."""
        return colour * CHROMA_MAX

    def _adjusted(self, output: keras.KerasTensor) -> keras.KerasTensor:
        return output - self.logit_adjustment * np.log(bin_weights(self.rebalance)) if self.logit_adjustment else output


def nearest_bins(chroma: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Spreads chroma over the bins at the four corners of its grid cell, bilinearly.

    Where all four corners are bins the shares' mean is the chroma itself; a corner that is no bin passes its share on
    to the bin nearest to it.

    Args:
        chroma: `[pixels, 2]` U and V.

    Returns:
        Bin numbers `[pixels, 4]` int32 and their shares `[pixels, 4]` float32, which sum to 1.
    """
    position = chroma / STEP + _REACH
    corner = ops.floor(position)
    part = position - corner
    corner = ops.cast(corner, "int32")
    offsets = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)
    cell = ops.clip(corner[:, None, :] + offsets, 0, 2 * _REACH)
    indices = ops.take(_bins()[2].reshape(-1), cell[..., 0] * (2 * _REACH + 1) + cell[..., 1], axis=0)
    near = 1.0 - ops.abs(offsets.astype(np.float32) - part[:, None, :])
    return indices, near[..., 0] * near[..., 1]


@functools.cache
def bin_weights(rebalance: float) -> npt.NDArray[np.float32]:
    """Returns the weight of each bin, float32 `[bins]`; the mean weight of a pixel is 1."""
    frequency = _bins()[1].astype(np.float64)
    weights = 1.0 / ((1.0 - rebalance) * frequency + rebalance / len(frequency))
    return (weights / np.sum(weights * frequency)).astype(np.float32)


@functools.cache
def _bins() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Centres `[bins, 2]`, frequencies `[bins]`, and the nearest bin of each grid point `[33, 33]` int32."""
    with np.load(BINS) as archive:
        centres, frequency = archive["centres"], archive["frequency"]
    axis = (np.arange(2 * _REACH + 1) - _REACH) * STEP
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    distance = np.square(grid[:, :, None, :] - centres).sum(axis=-1)
    return centres, frequency, distance.argmin(axis=-1).astype(np.int32)
