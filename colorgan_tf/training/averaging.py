"""Averages of trained models: the mean of their weights, and batch statistics estimated anew."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from colorgan_tf.config import Degradation, override, validate
from colorgan_tf.errors import InputError
from colorgan_tf.inference import restore
from colorgan_tf.networks.generator import Generator
from pipelines.data import dataset


def average(
    models: Sequence[str | Path], shares: Sequence[float] = (), weights: str = "last", settings: Sequence[str] = ()
) -> Generator:
    """Returns a generator of averaged weights.

    Args:
        models: runs or exported models of one network.
        shares: what each counts, relative to their sum; all the same by default.
        weights: "best" or "last" of a run's weights.
        settings: what the result has otherwise than the first model's configuration, as `config.override` takes it.

    Returns:
        A generator of the first one's configuration, with the mean of all weights; of the attention to hints, which not
        every model has, with the mean of those that have it.

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
    result = Generator(validate(override(opened[0].config, settings)))
    values = [each.weights() for each in opened]
    for model, each in zip(models, values, strict=True):
        result.assign(each, model)  # refuses another network
    result.assign(mean(values, shares), "the mean")
    return result


def mean(
    models: Sequence[Mapping[str, npt.NDArray[np.float32]]], shares: Sequence[float]
) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the mean of weights that are given by their paths; of each, over the models that have it.

    Args:
        models: the weights of each.
        shares: what each model counts.
    """
    having: dict[str, list[int]] = {}
    for number, values in enumerate(models):
        for path in values:
            having.setdefault(path, []).append(number)
    return {
        path: np.average([models[each][path] for each in numbers], axis=0, weights=[shares[each] for each in numbers])
        for path, numbers in having.items()
        if any(shares[each] for each in numbers)
    }


def estimate_statistics(generator: Generator, data: str | Path, batches: int = 100) -> int:
    """Gives batch normalization the statistics of training windows, as the network is used: no noise, no degradation.

    Args:
        generator: whose network it is done for, in place.
        data: folder of shards, pair files or photographs.
        batches: how many the statistics are the mean of.

    Returns:
        How many layers have statistics; 0 if the network has no batch normalization.

    Raises:
        InputError: for bad data.
    """
    config = generator.config
    quiet = dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, degradation=Degradation.NONE),
        model=dataclasses.replace(config.model, dropout=0.0, drop_path=0.0),
    )
    network = Generator(quiet).network
    network.set_weights(generator.network.get_weights())
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
        own = generator.network.get_layer(layer.name)
        mean, variance = total / batches
        own.moving_mean.assign(mean)
        own.moving_variance.assign(variance)
    return len(layers)
