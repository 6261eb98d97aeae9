"""The U-Net as the patent (AU 2018100325) draws it: shapes of every block, parameters counted by hand, options."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks.unet import unet

WIDTHS = (64, 128, 256, 512, 512, 512, 512, 512)
SIZES = [(256, 128), (128, 64), (64, 32), (32, 16), (16, 8), (8, 4), (4, 2), (2, 1)]  # width, height


@pytest.fixture(scope="module")
def patent():
    return unet(2)


def spatial(network, layer, size=(256, 512)):
    """Height, width and channels of a layer's output for luma of a size, without running it."""
    tensor = network.get_layer(layer).output
    probe = tf.keras.Model(network.inputs, tensor)
    return tuple(probe.compute_output_shape((1, *size, 1))[1:])


def test_blocks_halve_a_512_x_256_picture_down_to_2_x_1_and_double_it_back(patent):
    for level, ((width, height), filters) in enumerate(zip(SIZES, WIDTHS, strict=True), start=1):
        assert spatial(patent, f"down{level}_conv") == (height, width, filters)
    ups = [(512, 256), *SIZES[:-1]]
    widths = [2, *WIDTHS[:-1]]
    for level in range(8, 0, -1):
        width, height = ups[level - 1]
        assert spatial(patent, f"up{level}_conv") == (height, width, widths[level - 1])
    for level in range(7, 0, -1):  # each fed with the block before it and the mirrored one
        width, height = SIZES[level - 1]
        assert spatial(patent, f"up{level}_skip") == (height, width, 2 * WIDTHS[level - 1])


def test_output_of_a_real_picture_has_the_last_blocks_shape():
    assert unet(2, filters=1)(tf.zeros((1, 256, 512, 1))).shape == (1, 256, 512, 2)


def parameters(filters, channels):
    """Kernel 4 x 4: in * out * 16 weights and out biases a block; batch normalization has 4 numbers a filter."""
    widths = [filters * width // 64 for width in WIDTHS]
    down = sum(16 * a * b + b for a, b in zip([1, *widths[:-1]], widths, strict=True))
    # Innermost block sees its input alone; the others see it joined with the skip of the same width.
    up = 16 * widths[7] * widths[6] + widths[6]
    up += sum(16 * 2 * a * b + b for a, b in zip(widths[1:7], widths[:6], strict=True))
    up += 16 * 2 * widths[0] * channels + channels
    norms = 4 * (sum(widths[1:7]) + sum(widths[:7]))
    return down + up + norms


def test_parameters_are_those_counted_by_hand(patent):
    # Down: 1088 + 131200 + 524544 + 2097664 + 4 * 4194816 = 19533760.
    # Up: 4194816 + 3 * 8389120 + 4194560 + 1048704 + 262208 + 4098 = 34871746.
    # Normalization: 4 * (128 + 256 + 4 * 512) + 4 * (4 * 512 + 256 + 128 + 64) = 19712.
    assert patent.count_params() == 19_533_760 + 34_871_746 + 19_712 == parameters(64, 2)
    assert unet(3, filters=8).count_params() == parameters(8, 3)


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


@pytest.mark.parametrize(
    ("normalization", "layer"), [("batch", "BatchNormalization"), ("instance", "GroupNormalization"), ("none", "")]
)
def test_normalization_is_everywhere_but_in_the_outermost_and_innermost_blocks(normalization, layer):
    network = unet(2, filters=1, normalization=normalization)
    names = [
        each.name for each in network.layers if type(each).__name__ in ("BatchNormalization", "GroupNormalization")
    ]
    expected = [f"down{level}_norm" for level in range(2, 8)] + [f"up{level}_norm" for level in range(8, 1, -1)]
    assert names == (expected if layer else [])
    assert kinds(network).count(layer) == len(names)


def test_slopes_and_rectifiers_are_the_patents(patent):
    slopes = [layer.negative_slope for layer in patent.layers if type(layer).__name__ == "LeakyReLU"]
    assert slopes == pytest.approx([0.2] * 7)
    assert kinds(patent).count("ReLU") == 8


def test_noise_is_dropout_in_the_three_innermost_decoder_blocks(patent):
    noise = [layer for layer in patent.layers if type(layer).__name__ == "Dropout"]
    assert [layer.name for layer in noise] == ["up8_noise", "up7_noise", "up6_noise"]
    assert {layer.rate for layer in noise} == {0.5}
    assert "Dropout" not in kinds(unet(2, filters=1, dropout=0.0))


def test_noise_varies_the_output_in_training_only():
    # Instance normalization of the innermost block's one pixel would be 0, so it is left out here.
    network = unet(2, filters=4, normalization="none")
    luma = tf.constant(np.random.default_rng(0).random((1, 256, 256, 1), np.float32))
    first, second = (network(luma, training=True).numpy() for _ in range(2))
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(network(luma), network(luma))


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_output_stride_leaves_out_the_last_blocks(stride):
    network = unet(5, filters=1, output_stride=stride)
    assert network.compute_output_shape((1, 256, 512, 1)) == (1, 256 // stride, 512 // stride, 5)
    assert network.output.dtype == "float32"
    assert sum("conv" in layer.name for layer in network.layers) == 16 - (stride.bit_length() - 1)
