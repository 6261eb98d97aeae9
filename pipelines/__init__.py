"""Data in and data out: films, pairs, shards, tf.data, and one module for each kind of medium."""
