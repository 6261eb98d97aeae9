"""The adversaries: what they look at, and that a projected one learns while its feature extractor does not."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from made_pictures import photograph

from colorgan_tf import color, config
from colorgan_tf.metrics import pictures as metrics
from colorgan_tf.networks import heads
from colorgan_tf.training import adversaries
from colorgan_tf.training.gan import ColorGAN

MODEL = config.Model(
    "efficient_unet",
    head="bins",
    output_stride=4,
    decoder=(8, 8, 8, 8),
    discriminator="projected",
    discriminator_filters=8,
)
TINY = config.Config(
    model=MODEL, loss=config.Loss(lambda_p=1.0, lambda_a=0.2, lambda_f=3.0), phases=(config.Phase(steps=100),)
)


@pytest.fixture(scope="module")
def batch():
    yuv = color.rgb_to_yuv(np.stack([photograph(seed, 256, 256) for seed in (0, 1)]) / np.float32(255))
    return tf.constant(yuv[..., :1]), tf.constant(yuv[..., 1:])


@pytest.fixture
def gan():
    keras.utils.set_random_seed(0)
    gan = ColorGAN(TINY)
    gan.build_optimizers()
    return gan


def test_the_levels_end_in_the_features_of_the_frechet_distance(batch):
    luma, chroma = batch
    levels = adversaries.FeatureExtractor()(luma, chroma)
    assert [tuple(level.shape[1:]) for level in levels] == [
        (128, 128, 16),
        (64, 64, 24),
        (32, 32, 40),
        (16, 16, 112),
        (8, 8, 320),
        (1280,),
    ]
    measured = metrics.FeatureExtractor()(color.merge(luma.numpy(), chroma.numpy()))
    np.testing.assert_allclose(levels[-1], measured, atol=1e-3)


def test_chroma_of_a_lower_resolution_is_enlarged(batch):
    luma, chroma = batch
    extractor = adversaries.FeatureExtractor()
    small = tf.nn.avg_pool2d(chroma, 4, 4, "VALID")
    np.testing.assert_allclose(
        extractor(luma, small)[-1], extractor(luma, tf.image.resize(small, (256, 256)))[-1], atol=1e-3
    )


def test_who_only_colours_does_without_the_feature_extractor(batch, monkeypatch):
    monkeypatch.delattr(adversaries, "FeatureExtractor")
    assert ColorGAN(TINY)(batch[0]).shape == batch[1].shape


def test_every_loss_is_reported_and_weighted(gan, batch):
    scores = {name: float(score) for name, score in gan.train_step(batch).items()}
    assert set(scores) == {"generator", "pixel", "adversarial", "discriminator", "feature"}
    expected = scores["pixel"] + 0.2 * scores["adversarial"] + 3.0 * scores["feature"]
    assert scores["generator"] == pytest.approx(expected, rel=1e-5)


def test_both_networks_learn_and_the_feature_extractor_does_not(gan, batch):
    networks = {"generator": gan.generator.network, "discriminator": gan.adversary.network}
    before = {name: [v.numpy() for v in network.trainable_variables] for name, network in networks.items()}
    before_levels = [level.numpy() for level in gan.adversary.extractor(*batch)]
    gan.train_step(batch)
    for name, network in networks.items():
        assert any(not np.array_equal(v, b) for v, b in zip(network.trainable_variables, before[name], strict=True))
    for level, same in zip(gan.adversary.extractor(*batch), before_levels, strict=True):
        np.testing.assert_array_equal(level, same)


def test_the_discriminator_learns_to_tell_true_from_generated(batch):
    rates = {"learning_rate": 0.0, "final_learning_rate": 0.0, "discriminator_learning_rate": 5e-3}
    keras.utils.set_random_seed(0)
    gan = ColorGAN(dataclasses.replace(TINY, phases=(config.Phase(steps=100, **rates),)))
    gan.build_optimizers()
    losses = [float(gan.train_step(batch)["discriminator"]) for _ in range(6)]
    assert losses[-1] < 0.5 * losses[0]


def test_the_feature_loss_alone_draws_the_features_together(batch):
    loss = config.Loss(lambda_p=0.0, lambda_a=0.0, lambda_f=1.0)
    rates = {"learning_rate": 3e-3, "final_learning_rate": 3e-3}
    keras.utils.set_random_seed(0)
    gan = ColorGAN(dataclasses.replace(TINY, loss=loss, phases=(config.Phase(steps=100, **rates),)))
    gan.build_optimizers()
    losses = [float(gan.train_step(batch)["feature"]) for _ in range(8)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("head", "colour"), [("yuv", [0.5, -0.25]), ("rgb", [0.5, 0.0, -1.0])])
def test_a_patch_adversary_is_shown_grey_and_colour_in_the_same_range(head, colour):
    model = config.Model(head=head, discriminator_filters=2)
    adversary = adversaries.build(model, heads.build(model, config.Decoding(), 0.5))
    luma, small_luma = (np.full((1, side, side, 1), 0.25, np.float32) for side in (128, 64))
    features = adversary.features(luma, small_luma, np.full((1, 64, 64, len(colour)), colour, np.float32))
    np.testing.assert_array_equal(features, np.full((1, 1, 64, 64, 1 + len(colour)), [-0.5, *colour]))
    assert [logits.shape for logits in adversary.logits(features)] == [(1, 6, 6, 1)]
    assert adversary.feature_loss(features, features) is None
