"""The generator as the rest of the program uses it: luma in, chroma out."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.config import Config, GeneratorName, Model
from colorgan_tf.errors import InputError
from colorgan_tf.networks import efficient_unet, heads, unet
from colorgan_tf.networks.enlarging import enlarge
from colorgan_tf.networks.padding import at_any_size
from colorgan_tf.networks.saturation import strengthen


class Generator:
    """A network, the head that gives its output a meaning, and the decoding of that output to chroma.

    Args:
        config: of the run; model and decoding count here.

    Attributes:
        network: from luma to the head's channels, at the output's resolution.
        head: see `heads`.
        multiple: that the sides of the network's input must have.
    """

    def __init__(self, config: Config):
        self.config = config
        self.head = heads.build(config.model, config.decoding, config.loss.rebalance)
        self.network, self.multiple = build_network(config.model, self.head.channels)

    def chroma(self, luma: tf.Tensor) -> tf.Tensor:
        """Returns the chroma `[batch, height, width, 2]`, U and V, for luma `[batch, height, width, 1]` of any size."""
        decoding, stride = self.config.decoding, self.config.model.output_stride

        def decoded(padded: tf.Tensor) -> tf.Tensor:
            output = self.network(padded, training=False)
            small = self.head.chroma(self.head.colour(output))
            variance = self.head.variance(output)
            small = strengthen(
                small, decoding.chroma_gain, decoding.chroma_gamma, variance, decoding.uncertainty_exponent
            )
            return tf.clip_by_value(enlarge(small, stride, decoding.unsharp_mask), -CHROMA_MAX, CHROMA_MAX)

        return at_any_size(decoded, luma, self.multiple)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Returns the network's weights by their paths."""
        return {weight.path: weight.numpy() for weight in self.network.weights}

    def assign(self, values: Mapping[str, npt.NDArray[np.float32]], name: str | Path) -> None:
        """Takes the weights of another generator.

        Args:
            values: as `weights` returns them.
            name: of the model that they come from, for the message.

        Raises:
            InputError: if the networks differ, naming the first weight that does.
        """
        for weight in self.network.weights:
            found = values.get(weight.path)
            if found is None or found.shape != tuple(weight.shape):
                other = "has none of this name" if found is None else f"has {found.shape}"
                raise InputError(
                    f"Models must be of one network, here with {weight.path} of shape {tuple(weight.shape)}. "
                    f"Received: {name}, which {other}."
                )
            weight.assign(found)


def build_network(model: Model, channels: int) -> tuple[keras.Model, int]:
    """Builds the network that the configuration names.

    Returns:
        The network, and the multiple that its input's sides must have.
    """
    if model.generator == GeneratorName.UNET:
        network = unet.unet(channels, model.filters, model.normalization, model.dropout, model.output_stride)
        return network, unet.MULTIPLE
    network = efficient_unet.efficient_unet(
        channels, model.decoder, model.normalization, model.dropout, model.drop_path, model.output_stride
    )
    return network, efficient_unet.MULTIPLE
