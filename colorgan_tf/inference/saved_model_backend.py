"""A SavedModel as a back end for the Colorizer, through TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files
from colorgan_tf.inference.backend import LUMA_TO_CHROMA
from colorgan_tf.tensorflow_environment import silence_tensorflow


class SavedModelBackend:
    """Runs a SavedModel; see `Backend`.

    Args:
        path: NAME/ with version folders (the largest number is taken, as TF Serving does), or one version folder.

    Raises:
        InputError: if there is no SavedModel at the path, or it lacks the signature `luma_to_chroma`.
    """

    def __init__(self, path: str | Path):
        folder = model_files.version_folder(path)
        silence_tensorflow()
        import tensorflow as tf  # late: the desktop's executable has none

        self._model = tf.saved_model.load(str(folder))  # a signature alone does not keep its variables alive
        if LUMA_TO_CHROMA not in self._model.signatures:
            names = ", ".join(self._model.signatures) or "none"
            raise InputError(
                f"The SavedModel must have the signature {LUMA_TO_CHROMA}. Received: {folder} with {names}."
            )
        self.signatures = frozenset(self._model.signatures)
        settings = model_files.settings(folder / model_files.SETTINGS)
        self.input_resolution, self.multiple = int(settings["input_resolution"]), int(settings["multiple"])
        self.identity = model_files.identity(folder)

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """See `Backend`."""
        return self.predict(LUMA_TO_CHROMA, {"luma": luma})

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """See `Backend`."""
        import tensorflow as tf

        given = {name: tf.constant(values, tf.float32) for name, values in inputs.items()}
        outputs = self._model.signatures[signature](**given)
        result: Floats = outputs[min(outputs)].numpy()
        return result
