"""What the Colorizer asks of whatever runs a network: a model file or folder, a training run or a server."""

from collections.abc import Mapping
from typing import Protocol

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError

# What models can do, by the names of their signatures; every one can do the first.
LUMA_TO_CHROMA = "luma_to_chroma"
HINTS_TO_CHROMA = "luma_and_hints_to_chroma"
REFERENCE_TO_CHROMA = "luma_and_reference_to_chroma"
LIKELY_COLORS = "likely_colors"


class Backend(Protocol):
    """Runs the network.

    Attributes:
        input_resolution: short side in pixels that the network was trained for.
        multiple: sides that are a multiple of it need no padding.
        identity: a short text that tells the model from others.
        signatures: what the model can do, of the names above.
    """

    @property
    def input_resolution(self) -> int: ...  # noqa: D102

    @property
    def multiple(self) -> int: ...  # noqa: D102

    @property
    def identity(self) -> str: ...  # noqa: D102

    @property
    def signatures(self) -> frozenset[str]: ...  # noqa: D102

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """Runs the network.

        Args:
            luma: `[N, h, w, 1]` float32 in [0, 1]; any h and w from 1 up.

        Returns:
            `[N, h, w, 2]` float32: U and V in the units of `color`.
        """
        ...

    def predict(self, signature: str, inputs: Mapping[str, Floats]) -> Floats:
        """Runs another signature of the model (`export.signatures` says what each takes and gives).

        Args:
            signature: one of `signatures`.
            inputs: float32 arrays by their names.

        Returns:
            The signature's output, or its first one.
        """
        ...


def require(backend: Backend, signature: str) -> None:
    """Refuses a model that cannot do what is asked for.

    Raises:
        InputError: if it lacks the signature.
    """
    if signature not in backend.signatures:
        raise InputError(f"The model must have the signature {signature}. Received: one without ({backend.identity}).")
