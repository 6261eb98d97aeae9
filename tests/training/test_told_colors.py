import numpy as np
import tensorflow as tf

from colorgan_tf.training import told_colors

SEED = tf.constant([3, 1])


def chroma(batch: int = 4, side: int = 64) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).uniform(-0.3, 0.3, (batch, side, side, 2)), tf.float32)


def test_hints_are_the_mean_colours_of_their_squares():
    truth = chroma()
    told = told_colors.hints(truth, SEED, 1).numpy()
    for true, drawn in zip(truth.numpy(), told, strict=True):
        rows, columns = np.nonzero(drawn[..., 2])
        assert len(rows) in (16, 20, 24, 28, 25, 30, 35, 36, 42, 49)  # 7 x 7, less where the picture ends
        square = true[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        np.testing.assert_allclose(drawn[rows[0], columns[0], :2], square.mean(axis=(0, 1)), atol=1e-5)


def test_numbers_of_hints_lie_between_1_and_50():
    marks = [told_colors.hints(chroma(2), tf.constant([step, 0])).numpy()[..., 2].sum((1, 2)) for step in range(30)]
    assert np.min(marks) >= 1
    assert np.max(marks) <= 50 * 81
    assert np.max(marks) > 20 * np.median(np.min(marks, axis=1).min())


def test_the_seed_decides():
    truth = chroma()
    one, same, other = (told_colors.hints(truth, tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_references_are_views_of_the_same_colours_or_of_the_neighbours():
    flat = tf.constant(np.repeat(np.float32([0.1, 0.2, 0.3, 0.4]), 32 * 32 * 2).reshape(4, 32, 32, 2))
    luma = tf.fill((4, 32, 32, 1), 0.5)
    related = unrelated = 0
    for step in range(20):
        seen, colours = told_colors.references(luma, flat, tf.constant([step, 0]))
        assert seen.shape == (4, 32, 32, 1)
        assert 0.5 ** np.exp(0.21) < seen.numpy().min() <= seen.numpy().max() < 0.5 ** np.exp(-0.21)
        for number in range(4):
            own = np.allclose(colours[number], 0.1 * (number + 1), atol=1e-5)
            related, unrelated = related + own, unrelated + (not own)
    assert 0.1 < unrelated / (related + unrelated) < 0.4
