"""What an exported file says of itself: what goes in, what comes out, and at which resolution."""

from typing import Any

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.inference.backend import Backend


def describe(
    backend: Backend, precision: str, sides: tuple[int, int] | tuple[None, None], batch: int | None = 1
) -> dict[str, Any]:
    """Returns what a program must know to use a file that maps luma to chroma, for JSON.

    Args:
        backend: the model that was exported.
        precision: of weights and arithmetic.
        sides: height and width of the input, or two None for any that the model's multiple divides.
        batch: pictures at a time; None for any number.
    """
    limits = [round(float(largest), 3) for largest in CHROMA_MAX]
    shape = [batch, *sides]
    return {
        "model": backend.identity,
        "input_resolution": min(sides) if sides[0] and sides[1] else backend.input_resolution,
        "multiple": backend.multiple,
        "precision": precision,
        "input": {"name": "luma", "type": "float32", "shape": [*shape, 1], "range": [0, 1], "what": "BT.601 Y"},
        "output": {
            "name": "chroma",
            "type": "float32",
            "shape": [*shape, 2],
            "range": [[-limit, limit] for limit in limits],
            "what": "BT.601 U and V",
        },
    }
