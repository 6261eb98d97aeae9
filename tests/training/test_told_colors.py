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


def test_a_thing_of_another_colour_ends_at_its_edge_and_far_away():
    # A dark and a light half; the next picture is of one colour.
    luma = np.full((2, 64, 64, 1), 0.3, np.float32)
    luma[:, :, 32:] = 0.8
    true = np.zeros((2, 64, 64, 2), np.float32)
    true[1] = (0.2, -0.1)
    changes = 0
    for step in range(20):
        shown, places = (
            part.numpy() for part in told_colors.recolored(luma, tf.constant(true), tf.constant([step, 0]))
        )
        row, column = places[0]
        if np.array_equal(shown[0], true[0]):
            continue
        changes += 1
        np.testing.assert_allclose(shown[0, row, column], (0.2, -0.1), atol=1e-5)
        strength = shown[0, ..., 0] / 0.2
        half = np.arange(64) >= 32
        other_half = half != half[column]
        other_half[28:36] = False  # the edge is smoothed
        assert strength[:, other_half].max() < np.exp(-((0.5 / 0.3) ** 2))  # as unlike as the halves are
        far = np.hypot(*(np.indices((64, 64)) - places[0][:, None, None])) > 0.8 * 64
        assert strength[far].max(initial=0.0) < 0.01
    assert 4 < changes < 16


def test_the_first_hint_is_where_it_is_wanted():
    first = tf.constant([[10, 20], [30, 40], [0, 63], [63, 0]])
    told = told_colors.hints(chroma(), SEED, 3, first).numpy()
    assert all(drawn[row, column, 2] == 1 for drawn, (row, column) in zip(told, first.numpy(), strict=True))
