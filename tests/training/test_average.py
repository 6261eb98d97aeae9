"""Averaging: the mean of weights, batch statistics of training windows, and what is refused."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import exported_models
import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import config
from colorgan_tf.errors import InputError
from colorgan_tf.export import saved_model as export
from colorgan_tf.inference import restore
from colorgan_tf.networks.generator import Generator
from colorgan_tf.training import averaging, loop
from pipelines.data import dataset

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def servables(tmp_path_factory):
    """Two exported U-Nets of one shape and different random weights."""
    folder = tmp_path_factory.mktemp("servables")
    recipe = exported_models.tiny_generator("unet").config
    for number in (1, 2):
        keras.utils.set_random_seed(number)
        export.write(Generator(recipe), folder / str(number), metrics={}, weights="last")
    return folder / "1", folder / "2"


def kernels(folder):
    """The weights of a servable as its own variables file has them."""
    model = tf.saved_model.load(str(folder / "1"))
    found = {each.name.removesuffix(":0"): each.numpy() for each in model.signatures["luma_to_chroma"].variables}
    return {name: value for name, value in found.items() if name.endswith("kernel")}


def test_an_exported_model_opens_with_its_weights_and_configuration(servables):
    generator = restore.exported(servables[0])
    assert generator.config == exported_models.tiny_generator("unet").config
    luma = np.random.default_rng(0).uniform(size=(1, 256, 256, 1)).astype(np.float32)
    served = tf.saved_model.load(str(servables[0] / "1")).signatures["luma_to_chroma"](luma=tf.constant(luma))["chroma"]
    np.testing.assert_allclose(generator.chroma(luma), served, atol=1e-6)


def test_shares_weigh_the_mean(servables):
    first, second = map(kernels, servables)
    mean = averaging.average(servables, shares=[3, 1]).weights()
    assert len(first) > 10
    for name in first:
        np.testing.assert_allclose(mean[name], 0.75 * first[name] + 0.25 * second[name], atol=1e-7)


def test_what_only_some_models_have_is_the_mean_of_those():
    models = [{"a": np.array([1.0, 2.0])}, {"a": np.array([5.0, 6.0]), "hint_attention/b": np.array([7.0])}]
    mean = averaging.mean(models, [1, 3])
    assert mean.keys() == {"a", "hint_attention/b"}
    np.testing.assert_allclose(mean["a"], [4.0, 5.0])
    np.testing.assert_allclose(mean["hint_attention/b"], [7.0])
    assert averaging.mean(models, [1, 0]).keys() == {"a"}


def test_settings_change_what_comes_out_after_training(servables):
    luma = np.random.default_rng(0).uniform(size=(1, 256, 256, 1)).astype(np.float32)
    plain, strong = (
        averaging.average(servables, settings=each).chroma(luma) for each in ([], ["decoding.chroma_gain=2"])
    )
    np.testing.assert_allclose(
        strong, np.clip(2 * plain, *np.array([[-0.436, -0.615], [0.436, 0.615]])[:, None]), atol=1e-5
    )


def test_statistics_are_those_of_the_windows_without_noise_or_degradation(photographs):
    recipe = config.PRESETS["tiny"]
    recipe = dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, window=(64, 64), degradation="old_film"),
        model=dataclasses.replace(
            config.PRESETS["colorgan"].model, decoder=exported_models.DECODER, discriminator_filters=4, drop_path=0.5
        ),
        runtime=dataclasses.replace(recipe.runtime, batch=2),
    )
    generator = Generator(recipe)
    before = generator.weights()
    assert averaging.estimate_statistics(generator, photographs, batches=3) > 3
    # The first layer's input depends on no statistics; three batches of two are the six photographs, once each.
    layer = generator.network.get_layer("inner_norm")
    into = keras.Model(generator.network.input, layer.input)
    clean = dataclasses.replace(recipe.data, degradation="none")
    batches = dataset.training(dataset.open_source(photographs), clean, 2, recipe.runtime.seed).take(3)
    seen = [np.asarray(into(luma, training=False), np.float64) for luma, _ in batches]
    np.testing.assert_allclose(layer.moving_mean, np.mean([each.mean((0, 1, 2)) for each in seen], 0), atol=1e-3)
    np.testing.assert_allclose(layer.moving_variance, np.mean([each.var((0, 1, 2)) for each in seen], 0), rtol=1e-2)
    after = generator.weights()
    assert {path.rsplit("/")[-1] for path in before if not np.array_equal(before[path], after[path])} == {
        "moving_mean",
        "moving_variance",
    }


@pytest.mark.parametrize("shares", [[1], [1, -1], [0, 0], [1, 1, 1]])
def test_shares_that_make_no_mean_are_refused(servables, shares):
    with pytest.raises(InputError, match="`shares` must be one number of at least 0 for each of 2 models"):
        averaging.average(servables, shares)


def test_models_of_different_networks_are_refused(servables):
    other = exported_models.folder("efficient_unet")
    with pytest.raises(InputError, match="Models must be of one network, here with .* Received: .*tiny, which has"):
        averaging.average([servables[0], other])


def test_a_run_begins_with_the_weights_of_another_model(servables, tmp_path, photographs, tiny_config):
    recipe = dataclasses.replace(
        tiny_config, phases=(config.Phase(steps=1, learning_rate=0.0, final_learning_rate=0.0),)
    )
    workdir = tmp_path / "run"
    loop.train(recipe, photographs, workdir, start=servables[1], report=lambda text: None)
    trained = restore.trained(workdir, "last").weights()
    for name, value in kernels(servables[1]).items():
        np.testing.assert_array_equal(trained[name], value)
    # The same command resumes it; another beginning is refused.
    assert loop.train(recipe, photographs, workdir, start=servables[1], report=lambda text: None).finished
    for other in (servables[0], None):
        with pytest.raises(InputError, match="must be resumed with the `start` that it began with"):
            loop.train(recipe, photographs, workdir, start=other, report=lambda text: None)


def test_a_start_of_another_network_leaves_nothing(servables, tmp_path, photographs, tiny_config):
    wide = dataclasses.replace(tiny_config, model=dataclasses.replace(tiny_config.model, filters=8))
    with pytest.raises(InputError, match="Models must be of one network"):
        loop.train(wide, photographs, tmp_path / "run", start=servables[0], report=lambda text: None)
    assert not (tmp_path / "run").exists()


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "colorgan_tf.average", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )


def test_the_command_exports_a_model_that_can_be_evaluated(servables, tiny_run, photographs, tmp_path):
    output = tmp_path / "mean"
    done = command(
        f"--model={servables[0]}", f"--model={tiny_run}", f"--data={photographs}", f"--output={output}", "--batches=1"
    )
    assert done.returncode == 0, done.stderr
    assert f"exported {output / '1'}" in done.stdout
    assert restore.exported(output).config == restore.exported(servables[0]).config


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "`model` must name a folder. Received: nothing."),
        (["--model=a", "--data=b"], "`output` must name a folder. Received: nothing."),
        (["--model=a", "--data=b", "--output=c", "--shares=x"], "`shares` must be numbers. Received: x."),
        (["--model=a", "--data=b", "--output=c"], "The model must be"),
    ],
)
def test_bad_flags_are_one_line_and_exit_2(arguments, message):
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"average: {message}")
    assert len(done.stderr.splitlines()) == 1
