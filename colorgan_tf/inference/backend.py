"""What the Colorizer asks of whatever runs a network: a model file or folder, a training run or a server."""

from typing import Protocol

from colorgan_tf.color import Floats


class Backend(Protocol):
    """Runs the network.

    Attributes:
        input_resolution: short side in pixels that the network was trained for.
        multiple: sides that are a multiple of it need no padding.
        identity: a short text that tells the model from others.
    """

    @property
    def input_resolution(self) -> int: ...  # noqa: D102

    @property
    def multiple(self) -> int: ...  # noqa: D102

    @property
    def identity(self) -> str: ...  # noqa: D102

    def luma_to_chroma(self, luma: Floats) -> Floats:
        """Runs the network.

        Args:
            luma: `[N, h, w, 1]` float32 in [0, 1]; any h and w from 1 up.

        Returns:
            `[N, h, w, 2]` float32: U and V in the units of `color`.
        """
        ...
