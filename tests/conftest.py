"""What several tests need: made photographs, pair files, and a tiny training run."""

import dataclasses

import numpy as np
import pytest
from PIL import Image


def photograph(seed: int, width: int = 300, height: int = 270) -> np.ndarray:
    """A made landscape whose colours follow what is seen: blue sky, a sun, green ground, red houses; uint8 RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    horizon = rng.uniform(0.4, 0.6) + 0.05 * np.sin(x * rng.uniform(4, 9))
    sky = np.stack([0.45 + 0.4 * y, 0.6 + 0.3 * y, 0.95 - 0.1 * y], axis=-1)
    ground = np.stack([0.25 + 0.2 * x, 0.55 - 0.3 * (y - 0.5), 0.15 + 0.1 * x], axis=-1)
    rgb = np.where((y < horizon)[..., None], sky, ground)
    left, top = rng.uniform(0.1, 0.7), horizon.mean() - 0.1
    house = (x > left) & (x < left + 0.2) & (y > top) & (y < top + 0.25)
    rgb[house] = (0.7, 0.25, 0.2)
    rgb[(x - rng.uniform(0.2, 0.8)) ** 2 + (y - 0.15) ** 2 < 0.005] = (1.0, 0.9, 0.4)
    rgb += rng.normal(0, 0.01, (height, width, 1))
    return np.round(255 * rgb.clip(0, 1)).astype(np.uint8)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A folder of six small photographs."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(6):
        Image.fromarray(photograph(number)).save(folder / f"{number}.jpg", quality=95)
    return folder


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """A folder of four pair files: grey left, colour right."""
    folder = tmp_path_factory.mktemp("pairs")
    for number in range(4):
        colour = Image.fromarray(photograph(number, 260, 260))
        pair = Image.new("RGB", (520, 260))
        pair.paste(colour.convert("L").convert("RGB"), (0, 0))
        pair.paste(colour, (260, 0))
        pair.save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_config():
    """The smallest run that has everything: 2 steps, a checkpoint after each."""
    from colorgan_tf import config

    tiny = config.PRESETS["tiny"]
    return dataclasses.replace(
        tiny,
        data=dataclasses.replace(tiny.data, validation_pictures=2),
        model=dataclasses.replace(tiny.model, filters=4, discriminator_filters=4),
        phases=(config.Phase(steps=2),),
        runtime=config.Runtime(batch=2, checkpoint_every=1, log_every=1, precision="float32", strategy="one"),
    )


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, photographs, tiny_config):
    """The workdir of a finished run of `tiny_config`; tests that change it work on a copy."""
    from colorgan_tf import loop

    workdir = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(tiny_config, photographs, workdir, say=lambda text: None)
    return workdir
