"""What the years do to a print: fading, scratches, dust and hairs.

Each operation: `luma [height, width, 1] float32 in [0, 1]`, `strength` scalar float32, `seed [2]` integer -> luma of
the same shape and range. The units of the strengths are in `pipelines.degrade.settings.Degradation`.
"""

import math

import tensorflow as tf

# A mark hides at most this much of the picture's own tone: even a scratch to the base is not a pure white.
_BRIGHT, _DARK = 0.97, 0.03
_SPECK_POINTS = 16
_HAIR_POINTS = 256


def fade(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Lifts black to `strength` and lowers white by a random share of the same."""
    white = 1.0 - strength * tf.random.stateless_uniform([], seed, 0.0, 0.8)
    return strength + luma * (white - strength)


def scratches(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws `strength` vertical scratches, bright or dark, that wander a little and may end inside the picture."""
    count, height = _count(strength), tf.shape(luma)[0]
    draw = tf.random.stateless_uniform([10, count, 1], seed)
    rows = tf.range(tf.cast(height, tf.float32))[tf.newaxis]
    way = rows / tf.cast(height, tf.float32)
    wander = 4.0 * (draw[1] - 0.5) * way + 2.0 * draw[2] * tf.sin(math.tau * (draw[3] + (0.3 + draw[4]) * way))
    columns = draw[0] * tf.cast(tf.shape(luma)[1], tf.float32) + wander
    # Ends are soft: the needle lifts over some ten rows.
    ends = tf.clip_by_value(((0.15 + 0.9 * draw[5]) - tf.abs(way - draw[6])) * 20.0, 0.0, 1.0)
    # The depth swells and ebbs along the way; noise from row to row would look like a dotted line.
    rough = 0.65 + 0.35 * tf.sin(math.tau * (draw[9] + (2.0 + 6.0 * draw[2]) * way)) * tf.sin(math.tau * 3.0 * way)
    amounts = _sign(draw[7], bright=0.6) * (0.08 + 0.5 * draw[8] ** 2) * ends * rough
    # Two lines side by side, up to 1.2 pixels apart, give each scratch its own width.
    half = 0.6 * draw[8] * draw[5]
    rows = tf.broadcast_to(rows, tf.shape(columns))
    return _mark(
        luma,
        tf.concat([rows, rows], axis=0),
        tf.concat([columns - half, columns + half], axis=0),
        tf.concat([amounts, amounts], axis=0),
    )


def dust(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Scatters `strength` specks: small irregular clouds, most of them tiny, two thirds bright (dirt on a negative)."""
    seeds = tf.random.split(seed, 2)
    count = _count(strength)
    draw = tf.random.stateless_uniform([7, count, 1], seeds[0])
    cloud = tf.random.stateless_normal([2, count, _SPECK_POINTS], seeds[1])
    radius = (0.25 + 1.1 * draw[2] ** 3) * _unit(luma)
    lean = math.tau * draw[3]
    long, short = radius * cloud[0], radius * cloud[1] * (0.3 + 0.7 * draw[4])
    rows = draw[0] * tf.cast(tf.shape(luma)[0], tf.float32) + long * tf.sin(lean) + short * tf.cos(lean)
    columns = draw[1] * tf.cast(tf.shape(luma)[1], tf.float32) + long * tf.cos(lean) - short * tf.sin(lean)
    # A wide cloud needs more ink for each point to stay opaque.
    amounts = _sign(draw[5], bright=0.65) * (0.1 + 0.3 * draw[6]) * tf.maximum(radius, 0.5)
    return _mark(luma, rows, columns, tf.broadcast_to(amounts, tf.shape(rows)))


def hairs(luma: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Lays `strength` hairs or fibres: thin quadratic Bezier curves, bright or dark."""
    count = _count(strength)
    draw = tf.random.stateless_uniform([8, count, 1], seed)
    unit = _unit(luma)
    length = (15.0 + 70.0 * draw[2]) * unit
    # The three points of the curve: start, bend and end, which lie on a way that turns by up to half a circle.
    lean, turn = math.tau * draw[3], math.pi * (draw[4] - 0.5)
    t = tf.linspace(0.0, 1.0, _HAIR_POINTS)[tf.newaxis]
    bend, end = 2.0 * t * (1.0 - t) * 0.5 * length, t * t * length
    rows = bend * tf.sin(lean) + end * tf.sin(lean + turn)
    columns = bend * tf.cos(lean) + end * tf.cos(lean + turn)
    rows += draw[0] * tf.cast(tf.shape(luma)[0], tf.float32)
    columns += draw[1] * tf.cast(tf.shape(luma)[1], tf.float32)
    # Ink for each pixel of the way, not for each point of the curve.
    amounts = _sign(draw[5], bright=0.6) * (0.4 + 0.5 * draw[6]) * length / _HAIR_POINTS
    return _mark(luma, rows, columns, tf.broadcast_to(amounts, tf.shape(rows)))


def _count(strength: tf.Tensor) -> tf.Tensor:
    return tf.maximum(tf.cast(tf.round(strength), tf.int32), 1)


def _sign(draw: tf.Tensor, bright: float) -> tf.Tensor:
    return tf.where(draw < bright, 1.0, -1.0)


def _unit(luma: tf.Tensor) -> tf.Tensor:
    """Marks are drawn for a picture of 256 pixels and grow with larger ones."""
    return tf.maximum(tf.cast(tf.reduce_min(tf.shape(luma)[:2]), tf.float32) / 256.0, 0.5)


def _mark(luma: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Inks points into a picture, each shared out among the four pixels around it; points outside are dropped.

    Args:
        luma: `[height, width, 1]` float32 in [0, 1].
        rows: `[...]` float32, in pixels.
        columns: `[...]` float32, in pixels.
        amounts: `[...]` float32; positive covers with white, negative with black, sums are cut at 1.

    Returns:
        `[height, width, 1]` float32 in [0, 1].
    """
    rows, columns, amounts = tf.reshape(rows, [-1]), tf.reshape(columns, [-1]), tf.reshape(amounts, [-1])
    size = tf.shape(luma)[:2]
    top, left = tf.floor(rows), tf.floor(columns)
    down, right = rows - top, columns - left
    top, left = tf.cast(top, tf.int32), tf.cast(left, tf.int32)
    places, shares = [], []
    for row, column, share in (
        (top, left, (1.0 - down) * (1.0 - right)),
        (top, left + 1, (1.0 - down) * right),
        (top + 1, left, down * (1.0 - right)),
        (top + 1, left + 1, down * right),
    ):
        inside = (row >= 0) & (row < size[0]) & (column >= 0) & (column < size[1])
        # On a CPU scatter_nd refuses places outside: they go to the first pixel with no ink.
        places.append(tf.where(inside[:, tf.newaxis], tf.stack([row, column], axis=-1), 0))
        shares.append(tf.where(inside, share * amounts, 0.0))
    ink = tf.scatter_nd(tf.concat(places, axis=0), tf.concat(shares, axis=0), size)
    ink = tf.ensure_shape(tf.clip_by_value(ink, -1.0, 1.0)[..., tf.newaxis], luma.shape)
    tone = tf.where(ink > 0.0, _BRIGHT, _DARK)
    return luma + tf.abs(ink) * (tone - luma)
