"""What an exported model exposes to TensorFlow Serving: its signatures, built of core operations alone."""

from pathlib import Path

import keras
import tensorflow as tf

from colorgan_tf.gan import ColorGAN

LUMA_TO_CHROMA = "luma_to_chroma"


class ExportModule:
    """All signatures of a model.

    Args:
        gan: with the weights to export.
    """

    def __init__(self, gan: ColorGAN):
        self._gan = gan

    def luma_to_chroma(self, luma: tf.Tensor) -> dict[str, tf.Tensor]:
        """Luma `[N, H, W, 1]` float32 in [0, 1], any H and W from 1 up, to chroma `[N, H, W, 2]`, U and V."""
        # A wrong rank that reaches a convolution aborts the process; zero sizes give wrong shapes.
        luma = tf.ensure_shape(luma, [None, None, None, 1])
        with tf.control_dependencies([tf.debugging.assert_positive(tf.size(luma), "luma must not be empty")]):
            luma = tf.clip_by_value(tf.identity(luma), 0.0, 1.0)
        return {"chroma": self._gan(luma, training=False)}

    def save(self, folder: Path) -> None:
        """Writes the SavedModel into `folder`."""
        # Not `track`ed: the functions bring their variables along, and tracking would store each of them twice.
        archive = keras.export.ExportArchive()
        archive.add_endpoint(
            LUMA_TO_CHROMA,
            self.luma_to_chroma,
            input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")],
        )
        archive.write_out(str(folder), verbose=False)
