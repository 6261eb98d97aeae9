"""What several tests need: made photographs, pair files, and a tiny training run."""

import dataclasses
import os

import pytest
from made_pictures import photograph
from PIL import Image

os.environ["LANGUAGE"] = "en"  # whatever the system's: tests look for English texts
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # JAX, where it is installed, asks for more; commands inherit it


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
    from colorgan_tf.training import loop

    workdir = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(tiny_config, photographs, workdir, report=lambda text: None)
    return workdir


@pytest.fixture
def s3():
    """A real S3 server on loopback, with an empty bucket."""
    import s3_server

    with s3_server.running() as server:
        yield server


@pytest.fixture
def gs(monkeypatch):
    """An emulator of Google Cloud Storage on loopback, with an empty bucket."""
    import gs_server

    with gs_server.running(monkeypatch) as bucket:
        yield bucket
