"""The PatchGAN: the patent's shapes and parameters, and patches of 70 pixels (seen by moving one)."""

import keras
import numpy as np
import pytest

from colorgan_tf.networks.discriminators import patch_gan


@pytest.fixture(scope="module")
def patent():
    return patch_gan(3)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("down1_conv", (128, 256, 64)),
        ("down2_conv", (64, 128, 128)),
        ("down3_conv", (32, 64, 256)),
        ("context_conv", (31, 63, 512)),
        ("logits_conv", (30, 62, 1)),
    ],
)
def test_maps_of_a_512_x_256_picture(patent, layer, shape):
    probe = keras.Model(patent.inputs, patent.get_layer(layer).output)
    assert probe.compute_output_shape((1, 256, 512, 3)) == (1, *shape)


def test_a_256_x_256_picture_gives_the_30_x_30_patch_scores_that_the_patent_prints(patent):
    assert patent.compute_output_shape((1, 256, 256, 3)) == (1, 30, 30, 1)


def test_parameters_are_those_counted_by_hand(patent):
    # 16 * in * out + out for each convolution: 3-64-128-256-512-1; batch normalization after the middle three.
    convolutions = 3_136 + 131_200 + 524_544 + 2_097_664 + 8_193
    assert patent.count_params() == convolutions + 4 * (128 + 256 + 512) == 2_768_321


def test_each_patch_score_sees_70_x_70_pixels():
    network = patch_gan(1, filters=2, normalization="none")
    grey = np.random.default_rng(0).normal(size=(1, 256, 256, 1)).astype(np.float32)
    scores = network(grey).numpy()

    def judges(row, column):
        """Which patch scores change with one pixel."""
        changed = grey.copy()
        changed[0, row, column] += 100
        return network(changed).numpy()[0, ..., 0] != scores[0, ..., 0]

    # Three strides of 2 and five paddings of 1 put score 15's first pixel at 8 * 15 - (1 + 2 + 4 + 8 + 8); from there
    # it sees 70 in each direction, neither one more nor one less.
    first = 8 * 15 - 23
    for pixel, seen in ((first - 1, False), (first, True), (first + 69, True), (first + 70, False)):
        assert judges(pixel, 128)[15].any() == seen
        assert judges(128, pixel)[:, 15].any() == seen


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_levels_change_the_patch(levels):
    network = patch_gan(3, filters=4, levels=levels)
    side = 256 // 2**levels - 2
    assert network.compute_output_shape((2, 256, 256, 3)) == (2, side, side, 1)


def test_the_first_convolution_is_never_normalized():
    names = [layer.name for layer in patch_gan(3, 2).layers if layer.name.endswith("norm")]
    assert names == ["down2_norm", "down3_norm", "context_norm"]
    assert not [layer for layer in patch_gan(3, 2, normalization="none").layers if layer.name.endswith("norm")]
