"""The levels of temporal stabilization (`--steady`), for all front ends."""

import enum

from colorgan_tf.errors import InputError


class Steady(enum.StrEnum):
    """How much colours are stabilized over time: not at all, by past frames, or by past and future frames.

    Of films, `high` also makes a frame of each shot a reference for the others, where the model takes references.
    """

    OFF = "off"
    LOW = "low"
    HIGH = "high"


DEFAULT_STEADY = Steady.LOW


def check_steady(steady: str) -> None:
    """Checks an option.

    Raises:
        InputError: `steady` is not one of `Steady`.
    """
    if steady not in list(Steady):
        raise InputError(f"`steady` must be one of {', '.join(Steady)}. Received: steady={steady}.")
