import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf import config as config_lib
from colorgan_tf.errors import InputError
from colorgan_tf.networks import hint_attention
from colorgan_tf.networks.generator import Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    keras.utils.set_random_seed(1)
    return Generator(config_lib.preset("colorgan"))


def picture(seed: int, height: int = 70, width: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).random((1, height, width, 1)).astype(np.float32)


def test_nothing_told_is_the_networks_own_chroma(generator):
    luma = picture(1)
    told = generator.chroma_by_hints(luma, tf.zeros((1, 70, 100, 3)))
    np.testing.assert_array_equal(told, generator.chroma(luma))


def test_a_hint_moves_its_place_towards_its_colour(generator):
    luma = np.full((1, 96, 96, 1), 0.5, np.float32)
    luma[:, :, 48:] = 0.9
    hints = np.zeros((1, 96, 96, 3), np.float32)
    hints[:, 40:56, 16:32] = 0.2, -0.1, 1.0
    own, told = generator.chroma(luma).numpy()[0], generator.chroma_by_hints(luma, hints).numpy()[0]
    before, after = (np.linalg.norm(each[44:52, 20:28] - [0.2, -0.1], axis=-1).mean() for each in (own, told))
    assert after < 0.7 * before
    there, elsewhere = (np.linalg.norm(told - own, axis=-1)[area].mean() for area in (np.s_[:, :40], np.s_[:, 56:]))
    assert there > elsewhere


def test_where_nothing_is_trusted_the_colours_that_are_told_do_not_matter(generator):
    luma = picture(2)
    hints = np.zeros((1, 70, 100, 3), np.float32)
    hints[..., :2] = 0.3
    np.testing.assert_array_equal(generator.chroma_by_hints(luma, hints), generator.chroma(luma))


def test_a_picture_is_its_own_best_reference(generator):
    luma = picture(3, 64, 64)
    yuv = np.concatenate([luma, np.broadcast_to(np.float32([0.1, 0.2]), (1, 64, 64, 2))], axis=-1)
    own, told = generator.chroma(luma).numpy(), generator.chroma_by_reference(luma, yuv).numpy()
    before, after = (np.linalg.norm(each - [0.1, 0.2], axis=-1).mean() for each in (own, told))
    assert after < before


def test_reference_may_have_another_size(generator):
    assert generator.chroma_by_reference(picture(4), np.zeros((1, 33, 45, 3), np.float32)).shape == (1, 70, 100, 2)


def test_cells_are_the_most_trusted_places():
    hints = np.zeros((1, 4, 6, 3), np.float32)
    hints[0, 1, 2] = 0.1, 0.2, 0.5
    hints[0, 3, 5] = 0.4, -0.4, 1.0
    tokens = np.arange(24, dtype=np.float32).reshape(1, 4, 6, 1)
    told = hint_attention.of_hints(tokens, np.zeros((1, 4, 6, 2), np.float32), hints)
    np.testing.assert_allclose(told.trust, [[1.0, 0.5]])
    np.testing.assert_allclose(told.chroma, [[[0.4, -0.4], [0.2, 0.4]]], rtol=1e-6)
    np.testing.assert_allclose(told.tokens[..., 0], [[23, 8]])
    np.testing.assert_allclose(told.position, [[[3.5 / 4, 5.5 / 4], [1.5 / 4, 2.5 / 4]]])  # in short sides


def test_weights_come_back_from_a_file(generator, tmp_path):
    for weight in generator.hints.trainable_variables:
        weight.assign(keras.random.normal(weight.shape, stddev=0.1))
    generator.model.save_weights(tmp_path / "a.weights.h5")
    other = Generator(config_lib.preset("colorgan"))
    other.model.load_weights(tmp_path / "a.weights.h5")
    assert all(np.array_equal(value, other.weights()[path]) for path, value in generator.weights().items())
    assert sum(path.startswith("hint_attention/") for path in other.weights()) == 20


def test_a_model_without_hints_begins_one_with_hints(generator):
    without = Generator(config_lib.override(config_lib.preset("hints"), ["model.hints=false"]))
    generator.assign(without.weights(), "another")
    with pytest.raises(InputError, match="hint_attention/.*has none of this name"):
        generator.assign(without.weights() | {"hint_attention/near": np.zeros(4, np.float32)}, "another")


def test_likely_colours_are_the_distributions_parts(generator):
    found = generator.likely(picture(5), 6).numpy()
    assert found.shape == (1, 18, 25, 6, 3)
    shares = found[..., 2]
    assert (shares >= 0).all()
    assert shares.sum(axis=-1).max() <= 1 + 1e-5
    assert (np.diff(shares, axis=-1) <= 1e-6).all()
