"""How much work goes into each picture: the one list of levels, for every front end."""

import enum
from typing import NoReturn

from colorgan_tf.errors import InputError


class Quality(enum.StrEnum):
    """A level of quality; each is also its own name, so `Quality.GOOD == "good"`.

    Attributes:
        FAST: one pass of the network, plain bilinear enlarging.
        GOOD: one pass, and colour edges follow the edges of the picture.
        BEST: the mirror image and a second input resolution as well, averaged: four passes.
    """

    FAST = "fast"
    GOOD = "good"
    BEST = "best"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise InputError(f"`quality` must be one of {', '.join(cls)}. Received: quality={value}.")
