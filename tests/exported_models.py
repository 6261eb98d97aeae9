"""Small exported models for the tests of everything that comes after the export."""

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path

import numpy as np

from colorgan_tf import config
from colorgan_tf.export import saved_model as export

DECODER = (16, 12, 8, 8)


def tiny_generator(generator: str):
    """An untrained generator: an `efficient_unet` whose head speaks up, or a `unet` that regresses U and V."""
    import keras

    from colorgan_tf.networks.generator import Generator

    # Of some random weights the smaller precisions make another picture.
    keras.utils.set_random_seed(0)
    if generator == "unet":
        tiny = config.PRESETS["tiny"]
        model = dataclasses.replace(tiny.model, filters=4, discriminator_filters=4)
        return Generator(dataclasses.replace(tiny, model=model))
    recipe = config.PRESETS["colorgan"]
    made = Generator(
        dataclasses.replace(
            recipe,
            data=dataclasses.replace(recipe.data, window=(96, 96)),
            model=dataclasses.replace(recipe.model, decoder=DECODER, discriminator_filters=4),
            # An untrained head is uncertain of all, which would enlarge its colours and what float16 rounds off them.
            decoding=dataclasses.replace(recipe.decoding, chroma_gain=0.25),
        )
    )
    rng = np.random.default_rng(0)
    kernel, bias = made.network.get_layer("output_conv").weights
    kernel.assign(rng.normal(0.0, 0.1, kernel.shape))
    bias.assign(rng.normal(0.0, 1.0, bias.shape))
    return made


@functools.cache
def folder(generator: str) -> Path:
    """Returns the folder of a servable with one version; made once in each process of the tests."""
    parent = Path(tempfile.mkdtemp(prefix="colorgan-exported-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    export.write(tiny_generator(generator), parent / "tiny", metrics={}, weights="best")
    return parent / "tiny"
