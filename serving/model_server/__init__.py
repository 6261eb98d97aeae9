"""The embedded model server, which speaks the protocol of TensorFlow Serving."""
