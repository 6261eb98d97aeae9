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


def tiny_gan(generator: str):
    """An untrained ColorGAN: an `efficient_unet` whose head speaks up, or a `unet` that regresses U and V."""
    import keras

    from colorgan_tf.training.gan import ColorGAN

    # Of some random weights the smaller precisions make another picture.
    keras.utils.set_random_seed(0)
    if generator == "unet":
        tiny = config.PRESETS["tiny"]
        model = dataclasses.replace(tiny.model, filters=4, discriminator_filters=4)
        return ColorGAN(dataclasses.replace(tiny, model=model))
    recipe = config.PRESETS["colorgan"]
    gan = ColorGAN(
        dataclasses.replace(
            recipe,
            data=dataclasses.replace(recipe.data, window=(96, 96)),
            model=dataclasses.replace(recipe.model, decoder=DECODER, discriminator_filters=4),
            # An untrained head doubts everything, which would enlarge its colours and what float16 rounds off them.
            loss=dataclasses.replace(recipe.loss, gain=0.25),
        )
    )
    rng = np.random.default_rng(0)
    kernel, bias = gan.generator.get_layer("output_conv").weights
    kernel.assign(rng.normal(0.0, 0.1, kernel.shape))
    bias.assign(rng.normal(0.0, 1.0, bias.shape))
    return gan


@functools.cache
def folder(generator: str) -> Path:
    """Returns the folder of a servable with one version; made once in each process of the tests."""
    parent = Path(tempfile.mkdtemp(prefix="colorgan-exported-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    export.write(tiny_gan(generator), parent / "tiny", metrics={}, weights="best")
    return parent / "tiny"
