"""A training run opened again: its generator with averaged weights, and that as a back end for the Colorizer."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from colorgan_tf import config as config_lib
from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files, run_files
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.tensorflow_environment import silence_tensorflow

if TYPE_CHECKING:  # TensorFlow is imported when a run is opened
    from colorgan_tf.networks.generator import Generator


def generator(workdir: str | Path, weights: str = "best") -> "Generator":
    """Builds a run's generator and loads its averaged weights.

    Args:
        workdir: of the run.
        weights: "best" (smallest Frechet distance to the validation set) or "last".

    Returns:
        A generator in float32.

    Raises:
        InputError: if the folder holds no run, or the run has not reached its first checkpoint.
    """
    workdir = Path(workdir)
    if not (workdir / run_files.CONFIG).is_file():
        raise InputError(f"`workdir` must be the folder of a training run. Received: {workdir} without config.json.")
    path = workdir / {"best": run_files.BEST, "last": run_files.LAST}[weights]
    if not path.is_file():
        raise InputError(f"The run must have reached its first checkpoint. Received: {workdir} without {path.name}.")
    silence_tensorflow()
    from colorgan_tf.networks.generator import Generator

    generator = Generator(config_lib.load(workdir / run_files.CONFIG))
    generator.model.load_weights(path)
    return generator


class RunBackend:
    """A run as a back end; see `Backend`.

    Args:
        workdir: of the run.

    Raises:
        InputError: as `generator` does.
    """

    def __init__(self, workdir: str | Path):
        opened = generator(workdir)
        import tensorflow as tf

        planes = [tf.TensorSpec([None, None, None, channels], tf.float32) for channels in (1, 3)]
        self._functions = {LUMA_TO_CHROMA: tf.function(opened.chroma, input_signature=planes[:1])}
        if opened.hints:
            self._functions[HINTS_TO_CHROMA] = tf.function(opened.chroma_by_hints, input_signature=planes)
            self._functions[REFERENCE_TO_CHROMA] = tf.function(opened.chroma_by_reference, input_signature=planes)
        self.signatures = frozenset(self._functions)
        self.input_resolution, self.multiple = opened.config.input_resolution, opened.multiple
        self.identity = model_files.identity(workdir)

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """See `Backend`."""
        return self.predict(LUMA_TO_CHROMA, {"luma": luma})

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """See `Backend`."""
        result: Floats = self._functions[signature](*inputs.values()).numpy()
        return result
