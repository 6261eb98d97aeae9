"""Command: averages the weights of models that share a beginning, and exports the mean as one model.

    python -m colorgan_tf.average --model=runs/a --model=saved_models/colorgan --shares=0.7,0.3 --data=shards/ \\
        --output=saved_models/mine

Runs that began with the same weights mostly lie in one basin of the loss: their mean is often better than each of them
(model soups, Wortsman et al. 2022). Batch statistics cannot be averaged, so they are estimated anew on --data, as in
stochastic weight averaging (Izmailov et al. 2018). With one --model it only does that; with --set=loss.gain=1.1, say,
it changes a read-out after training.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from colorgan_tf import command
from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.inference import restore

if TYPE_CHECKING:  # TensorFlow is not imported for --help
    from colorgan_tf.training.gan import ColorGAN


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_multi_string("model", [], "A run or an exported model; the first one's configuration is exported.")
    flags.DEFINE_list("shares", [], "What each model counts, in their order; all the same by default.")
    flags.DEFINE_enum("weights", "last", ["best", "last"], "Which of a run's weights.")
    flags.DEFINE_string("data", None, "Shards, pair files or photographs to estimate batch statistics on.")
    flags.DEFINE_integer("batches", 100, "How many batches of the configuration's size for that.", lower_bound=1)
    flags.DEFINE_multi_string("set", [], "Any option of the configuration that is exported, such as loss.gain=1.1.")
    flags.DEFINE_string("output", None, "Folder of the servable; the next version is written into it.")


def average(
    models: Sequence[str | Path], shares: Sequence[float] = (), weights: str = "last", settings: Sequence[str] = ()
) -> "ColorGAN":
    """Returns a model of averaged weights.

    Args:
        models: runs or exported models of one network.
        shares: what each counts, relative to their sum; all the same by default.
        weights: "best" or "last" of a run's weights.
        settings: what the result has otherwise than the first model's configuration, as `config.override` takes it.

    Returns:
        A model of the first one's configuration, with the mean of all as its generator's weights.

    Raises:
        InputError: if shares and models differ in number, a share is negative, all are 0, or the networks differ.
    """
    shares = shares or [1.0] * len(models)
    if len(shares) != len(models) or min(shares) < 0 or not sum(shares):
        raise InputError(
            f"`shares` must be one number of at least 0 for each of {len(models)} models, not all 0. "
            f"Received: {', '.join(map(str, shares))}."
        )
    opened = [restore.trained(model, weights) for model in models]

    from colorgan_tf.training.gan import ColorGAN

    gan = ColorGAN(config_lib.validate(config_lib.override(opened[0].config, settings)))
    mean = {path: np.zeros_like(value) for path, value in restore.weights_of(gan).items()}
    for model, each, share in zip(models, opened, shares, strict=True):
        values = restore.weights_of(each)
        restore.assign(gan, values, model)  # refuses another network
        mean = {path: total + share / sum(shares) * values[path] for path, total in mean.items()}
    restore.assign(gan, mean, "the mean")
    return gan


def estimate_statistics(gan: "ColorGAN", data: str | Path, batches: int = 100) -> int:
    """Gives batch normalization the statistics of training windows, as the network is used: without noise or ageing.

    Args:
        gan: whose generator it is done for, in place.
        data: folder of shards, pair files or photographs.
        batches: how many the statistics are the mean of.

    Returns:
        How many layers have statistics; 0 if the network has no batch normalization.

    Raises:
        InputError: for bad data.
    """
    import keras
    import tensorflow as tf

    from colorgan_tf.training.gan import ColorGAN
    from pipelines.data import dataset

    config = gan.config
    quiet = dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, degradation="none"),
        model=dataclasses.replace(config.model, dropout=0.0, drop_path=0.0),
    )
    network = ColorGAN(quiet).generator
    network.set_weights(gan.generator.get_weights())
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if not layers:
        return 0
    for layer in layers:
        layer.momentum = 0.0  # what is kept is the last batch's
    windows = dataset.training(dataset.open_source(data), quiet.data, config.runtime.batch, config.runtime.seed)
    forward = tf.function(lambda luma: network(luma, training=True))
    sums = [np.zeros((2, *layer.moving_mean.shape)) for layer in layers]
    for luma, _ in windows.take(batches):
        forward(luma)
        for layer, total in zip(layers, sums, strict=True):
            total += [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
    for layer, total in zip(layers, sums, strict=True):
        mine = gan.generator.get_layer(layer.name)
        mean, variance = total / batches
        mine.moving_mean.assign(mean)
        mine.moving_variance.assign(variance)
    return len(layers)


def main(argv: list[str]) -> None:
    """Averages and exports what the flags name."""
    del argv
    values = flags.FLAGS
    for name in ("model", "data", "output"):
        if not values[name].value:
            raise InputError(f"`{name}` must name a folder. Received: nothing.")
    try:
        shares = [float(share) for share in values.shares]
    except ValueError as error:
        raise InputError(f"`shares` must be numbers. Received: {', '.join(values.shares)}.") from error

    from colorgan_tf.export import saved_model as export

    gan = average(values.model, shares, values.weights, values.set)
    layers = estimate_statistics(gan, values.data, values.batches)
    print(f"batch statistics of {layers} layers estimated on {values.batches * gan.config.runtime.batch} windows")
    print(f"exported {export.write(gan, values.output, {}, 'average')}")


if __name__ == "__main__":
    define_flags()
    command.run(main)
