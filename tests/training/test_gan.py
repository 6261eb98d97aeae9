"""ColorGAN's steps, run eagerly: who learns in which phase, what the losses are, and the average of the weights."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from made_pictures import photograph

from colorgan_tf import color, config
from colorgan_tf.errors import TrainingDiverged
from colorgan_tf.networks.precision import dtype_policy
from colorgan_tf.training.gan import ColorGAN
from colorgan_tf.training.monitoring import guard_against_nan
from colorgan_tf.training.validation import averaged_weights

TINY = dataclasses.replace(
    config.PRESETS["tiny"], model=config.Model(filters=2, discriminator_filters=2), phases=(config.Phase(steps=100),)
)


@pytest.fixture(scope="module")
def batch():
    yuv = color.rgb_to_yuv(np.stack([photograph(seed, 256, 256) for seed in (0, 1)]) / np.float32(255))
    return tf.constant(yuv[..., :1]), tf.constant(yuv[..., 1:])


def build(settings=TINY, **phase):
    keras.utils.set_random_seed(0)
    changed = dataclasses.replace(settings, phases=(dataclasses.replace(settings.phases[0], **phase),))
    gan = ColorGAN(changed)
    gan.build_optimizers()
    return gan


def values(network):
    return {variable.path: variable.numpy() for variable in network.trainable_variables}


def changed(network, before):
    return {path for path, value in values(network).items() if not np.array_equal(value, before[path])}


def test_training_on_one_batch_again_and_again_lowers_its_pixel_loss(batch):
    gan = build(learning_rate=1e-2, final_learning_rate=1e-2)
    losses = [float(gan.train_step(batch)["pixel"]) for _ in range(8)]
    assert losses[-1] < 0.7 * losses[0]


def test_in_an_adversarial_phase_both_networks_learn_and_all_losses_are_reported(batch):
    gan = build()
    generator, discriminator = values(gan.generator.network), values(gan.adversary.network)
    scores = {name: float(score) for name, score in gan.train_step(batch).items()}
    assert set(scores) == {"generator", "pixel", "adversarial", "discriminator"}
    assert scores["generator"] == pytest.approx(100 * scores["pixel"] + scores["adversarial"], rel=1e-5)
    # A new discriminator can only guess: ln 2 for each side.
    assert scores["discriminator"] == pytest.approx(np.log(2), abs=0.1)
    assert any("conv" in path for path in changed(gan.generator.network, generator))
    assert any("conv" in path for path in changed(gan.adversary.network, discriminator))


def test_without_an_adversarial_phase_the_discriminator_rests(batch):
    gan = build(discriminator_learning_rate=0.0)
    generator, discriminator = values(gan.generator.network), values(gan.adversary.network)
    scores = gan.train_step(batch)
    assert set(scores) == {"generator", "pixel"}
    assert changed(gan.generator.network, generator)
    assert not changed(gan.adversary.network, discriminator)


def test_a_phase_of_hints_trains_hints_alone():
    recipe = config.PRESETS["hints"]
    model = dataclasses.replace(recipe.model, decoder=(8, 8, 8, 8), discriminator_filters=4)
    gan = ColorGAN(dataclasses.replace(recipe, model=model, phases=(dataclasses.replace(recipe.phases[0], warmup=0),)))
    gan.build_optimizers()
    rng = np.random.default_rng(0)
    luma, colour = rng.random((3, 64, 64, 1), np.float32), np.float32([0.2, -0.2])
    batch = tf.constant(luma), tf.constant(np.broadcast_to(colour, (3, 64, 64, 2)))
    own, before = values(gan.generator.network), values(gan.generator.hints)
    losses = [gan.train_step(batch) for _ in range(8)]
    assert set(losses[0]) == {"generator", "by_hints", "by_reference"}
    assert float(losses[-1]["generator"]) < float(losses[0]["generator"])
    assert not changed(gan.generator.network, own)
    assert len(changed(gan.generator.hints, before)) > 15


def test_the_discriminator_learns_to_tell_true_from_generated(batch):
    # Without normalization and noise a few steps are enough.
    model = config.Model(filters=2, discriminator_filters=8, normalization="none", dropout=0.0)
    rates = {"learning_rate": 0.0, "final_learning_rate": 0.0, "discriminator_learning_rate": 5e-3}
    gan = build(dataclasses.replace(TINY, model=model), **rates)
    losses = [float(gan.train_step(batch)["discriminator"]) for _ in range(6)]
    assert losses[0] == pytest.approx(np.log(2), abs=0.01)
    assert losses[-1] < 0.8 * losses[0]


def test_a_frozen_encoder_does_not_learn(batch):
    model = config.Model("efficient_unet", normalization="none", output_stride=4, decoder=(8, 8, 8, 8))
    gan = build(dataclasses.replace(TINY, model=model), encoder="frozen", discriminator_learning_rate=0.0)
    before = values(gan.generator.network)
    small = tuple(tf.image.resize(tensor, (64, 64)) for tensor in batch)
    gan.train_step(small)
    learnt = changed(gan.generator.network, before)
    assert learnt
    assert not [path for path in learnt if path.startswith(("stem", "block"))]
    gan.begin(dataclasses.replace(gan.phase, encoder="trained"))
    gan.train_step(small)
    assert any(path.startswith("block") for path in changed(gan.generator.network, before))


def test_the_kernels_of_the_encoder_move_in_proportion_to_their_size(batch):
    model = config.Model("efficient_unet", normalization="none", output_stride=4, decoder=(8, 8, 8, 8))
    gan = build(dataclasses.replace(TINY, model=model), discriminator_learning_rate=0.0)
    before = values(gan.generator.network)
    gan.train_step(tuple(tf.image.resize(tensor, (64, 64)) for tensor in batch))
    after = values(gan.generator.network)
    # The first step of Adam is as long as the learning rate for every weight that has a gradient.
    kernels = ("stem_conv/kernel", "block5_expand_conv/kernel", "block14_depthwise_conv/kernel")
    ways = [np.abs(after[path] - before[path]).max() / before[path].std() for path in kernels]
    np.testing.assert_allclose(ways, ways[0], rtol=0.02)


def test_the_average_of_the_weights_is_that_computed_by_hand(batch):
    gan = build()  # of 100 steps: the decay is 1 - 10 / 100
    path = "up1_conv/kernel"
    gan.train_step(batch)
    first = values(gan.generator.network)[path]
    gan.train_step(batch)
    second = values(gan.generator.network)[path]
    with averaged_weights(gan):
        np.testing.assert_allclose(values(gan.generator.network)[path], 0.9 * first + 0.1 * second, atol=1e-7)
    np.testing.assert_array_equal(values(gan.generator.network)[path], second)


def test_gradients_are_clipped_to_the_norm_asked_for(batch):
    optimizer = config.Optimizer(clip_norm=1e-3)
    gan = build(dataclasses.replace(TINY, optimizer=optimizer))
    gan.train_step(batch)
    # Adam's first moment after one step is (1 - beta_1) times the clipped gradient.
    moments = [v for v in gan.generator_optimizer.variables if "momentum" in v.path]
    norm = float(tf.linalg.global_norm([v.value for v in moments])) / (1 - optimizer.beta_1)
    assert norm == pytest.approx(1e-3, rel=1e-3)


def test_fit_and_evaluate_work_on_one_device(batch):
    gan = build()
    data = tf.data.Dataset.from_tensors(batch).repeat(2)
    history = gan.fit(data, epochs=1, verbose=0).history
    assert {"pixel", "discriminator"} <= set(history)
    assert np.isfinite(history["pixel"]).all()
    score = gan.evaluate(data, verbose=0, return_dict=True)["pixel"]
    assert score == pytest.approx(float(gan.test_step(batch)["pixel"]), rel=1e-4)


def test_test_step_is_the_pixel_loss_without_noise(batch):
    gan = build()
    luma, chroma = batch
    guess = gan(luma).numpy() / color.CHROMA_MAX
    expected = np.mean((guess - chroma.numpy() / color.CHROMA_MAX) ** 2)
    assert float(gan.test_step(batch)["pixel"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("head", ["yuv", "rgb"])
@pytest.mark.parametrize("stride", [1, 4])
def test_any_size_gives_chroma_of_its_own_size(head, stride):
    gan = ColorGAN(dataclasses.replace(TINY, model=config.Model(filters=1, head=head, output_stride=stride)))
    for size in ((1, 1), (3, 270)):
        assert gan(tf.zeros((1, *size, 1))).shape == (1, *size, 2)


def test_losses_are_compared_at_the_output_resolution(batch):
    gan = build(dataclasses.replace(TINY, model=dataclasses.replace(TINY.model, output_stride=2)))
    gan.generator.network.get_layer("up2_conv").kernel.assign(
        tf.zeros_like(gan.generator.network.get_layer("up2_conv").kernel.value)
    )
    target = tf.nn.avg_pool2d(batch[1], 2, 2, "VALID") / color.CHROMA_MAX
    assert float(gan.test_step(batch)["pixel"]) == pytest.approx(float(tf.reduce_mean(target**2)), rel=1e-5)
    assert np.isfinite(float(gan.train_step(batch)["adversarial"]))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(batch, policy):
    with dtype_policy(policy):
        gan = build()
    scaled = isinstance(gan.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    before = values(gan.generator.network)
    for _ in range(8):  # loss scaling begins too high on purpose, and skips the steps that overflow
        scores = gan.train_step(batch)
        if changed(gan.generator.network, before):
            break
    assert {score.dtype for score in scores.values()} == {tf.float32}
    assert all(np.isfinite(float(score)) for score in scores.values())
    assert changed(gan.generator.network, before)
    with averaged_weights(gan):
        assert gan(batch[0]).dtype == tf.float32


def test_the_nan_guard_names_the_loss_the_step_and_what_is_kept():
    guard_against_nan(5, {"pixel": 1.0}, None)
    with pytest.raises(
        TrainingDiverged, match="at step 5: pixel=nan; the last good weights are in run/ckpt-4. A lower"
    ):
        guard_against_nan(5, {"pixel": float("nan"), "generator": 1.0}, "run/ckpt-4")
    with pytest.raises(TrainingDiverged, match="generator weights=inf; no checkpoint had been written yet"):
        guard_against_nan(5, {"generator weights": float("inf")}, None)


def test_the_gain_makes_what_comes_out_more_saturated_within_the_range_of_chroma(batch):
    model = config.Model(filters=2, dropout=0.0)
    gains = [config.Decoding(chroma_gain=gain) for gain in (1.0, 1.5, 1e6)]
    plain, vivid, loud = (build(dataclasses.replace(TINY, model=model, decoding=each)) for each in gains)
    np.testing.assert_allclose(vivid(batch[0]), 1.5 * plain(batch[0]).numpy(), rtol=1e-5)
    np.testing.assert_allclose(np.abs(loud(batch[0])).max(axis=(0, 1, 2)), [0.436, 0.615], atol=1e-3)
    assert float(vivid.test_step(batch)["pixel"]) == float(plain.test_step(batch)["pixel"])
