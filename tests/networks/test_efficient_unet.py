"""The generator with a pretrained encoder."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.networks import efficient_unet, efficientnet


@pytest.fixture(scope="module")
def network():
    return efficient_unet.efficient_unet(7, decoder=(16, 12, 8, 8))


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_output_is_a_quarter_of_the_input(network, size):
    assert network(tf.zeros((2, *size, 1))).shape == (2, size[0] // 4, size[1] // 4, 7)


def test_output_stride_2_needs_a_fifth_decoder_block():
    half = efficient_unet.efficient_unet(3, decoder=(16, 12, 8, 8, 8), output_stride=2)
    assert half(tf.zeros((1, 64, 64, 1))).shape == (1, 32, 32, 3)
    with pytest.raises(ValueError, match="`decoder` must have 5 blocks"):
        efficient_unet.efficient_unet(3, decoder=(16, 12, 8, 8), output_stride=2)


def test_encoder_sees_grey_as_three_equal_channels_with_imagenet_weights(network):
    luma = np.random.default_rng(1).random((1, 64, 64, 1), np.float32)
    encoder = efficientnet.load_imagenet_weights(efficientnet.efficientnet_lite0())
    expected = encoder(efficientnet.preprocess(np.repeat(luma, 3, axis=-1)))[3]
    level = keras.Model(network.input, network.get_layer("block10_output").output)(luma)
    np.testing.assert_allclose(level, expected, atol=1e-3)


def test_training_leaves_out_residual_branches_and_inference_none(network):
    dropping = efficient_unet.efficient_unet(7, decoder=(16, 12, 8, 8), drop_path=0.5)
    luma = tf.random.stateless_uniform((1, 64, 64, 1), (1, 2))

    def level(model, training):
        return keras.Model(model.input, model.get_layer("block10_output").output)(luma, training=training)

    np.testing.assert_allclose(level(dropping, False), level(network, False), atol=1e-5)
    assert len({float(tf.reduce_sum(level(dropping, True))) for _ in range(4)}) > 1
    # A branch is left out as a whole, or enlarged by what is left out elsewhere.
    branch = tf.ones((64, 2, 2, 192))
    made = dropping.get_layer("block12_drop_path")(branch, training=True).numpy().reshape(64, -1)
    kept = 1 - 0.5 * 13 / 16
    assert {round(float(value), 4) for value in made.ravel()} == {0.0, round(1 / kept, 4)}
    assert (np.ptp(made, axis=1) == 0).all()


def test_phases_choose_what_learns(network):
    def learning(encoder):
        return {v.path for v in network.trainable_variables if efficient_unet.learns(v.path, encoder)}

    frozen, late, trained = learning("frozen"), learning("late"), learning("trained")
    assert frozen < late < trained == {v.path for v in network.trainable_variables}
    assert not any(path.startswith(("stem", "block")) for path in frozen)
    assert "block5_depthwise_conv/kernel" in late
    assert "block4_depthwise_conv/kernel" not in late


def test_size_may_be_unknown_when_the_graph_is_built(network):
    graph = tf.function(network, input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32)])
    luma = np.random.default_rng(2).random((1, 64, 96, 1), np.float32)
    np.testing.assert_allclose(graph(luma), network(luma), atol=1e-4)
