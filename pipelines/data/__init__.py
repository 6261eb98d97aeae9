"""Training data: pictures in folders or shards, as a tf.data pipeline of luma and chroma windows."""
