"""Colours that a person tells: hints at places of a picture or of a film's frame, or another picture as a reference."""

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from colorgan_tf import color
from colorgan_tf.color import CHROMA_MAX, Floats
from colorgan_tf.errors import InputError

RADIUS = 0.01
_GREY = 0.01  # root mean square chroma of a reference below which it tells nothing


@dataclasses.dataclass(frozen=True)
class Hint:
    """The thing at this place has this colour.

    Attributes:
        x: from the left, as a part of the width, in [0, 1].
        y: from the top, as a part of the height, in [0, 1]; of the upright picture.
        chroma: U and V.
        radius: of the place, as a part of the short side.
        trust: how surely it is so, in [0, 1].
    """

    x: float
    y: float
    chroma: tuple[float, float]
    radius: float = RADIUS
    trust: float = 1.0

    @classmethod
    def of_rgb(cls, x: float, y: float, rgb: Sequence[int], radius: float = RADIUS) -> Self:
        """Returns the hint that asks for the hue and saturation of an RGB colour of 8 bits."""
        _, u, v = color.rgb_to_yuv(np.array(rgb, np.float32) / 255).tolist()
        return cls(x, y, (u, v), radius)


@dataclasses.dataclass(frozen=True, eq=False)
class Reference:
    """A picture that shows the colours of such things.

    Attributes:
        luma: `[h, w, 1]` float32 in [0, 1].
        chroma: `[h, w, 2]` float32.

    Raises:
        InputError: the picture is grey.
    """

    luma: Floats
    chroma: Floats

    def __post_init__(self) -> None:
        if float(np.sqrt(np.square(self.chroma).sum(-1).mean())) < _GREY:
            raise InputError("`reference` must be a picture in colour. Received: a grey one.")

    def __str__(self) -> str:
        content = hashlib.sha256(self.luma.tobytes() + self.chroma.tobytes())
        return f"reference {content.hexdigest()[:16]}"

    @classmethod
    def of_rgb(cls, rgb: Floats) -> Self:
        """Takes `[h, w, 3]` RGB in [0, 1]."""
        yuv = color.rgb_to_yuv(rgb)
        return cls(np.clip(yuv[..., :1], 0, 1), yuv[..., 1:])


Told = tuple[Hint, ...] | Reference


@dataclasses.dataclass(frozen=True)
class Moment:
    """What a person tells of one frame of a film; it holds for the frame's shot.

    Attributes:
        told: the frame in colour, or hints at its places.
        seconds: time of the frame; None where it is to be found by what the picture shows.
        name: by which a person knows it.
    """

    told: Told
    seconds: float | None
    name: str

    def __str__(self) -> str:
        return f"{self.told} at {self.seconds}"


def draw(hints: Sequence[Hint], height: int, width: int, gain: float = 1.0) -> Floats:
    """Draws hints as discs, the later ones over the earlier ones.

    Args:
        hints: to draw.
        height: in pixels.
        width: in pixels.
        gain: that the result's chroma will be multiplied by, and so is not here.

    Returns:
        `[height, width, 3]` float32: U, V and trust.
    """
    drawn = np.zeros((height, width, 3), np.float32)
    for hint in hints:
        centre = min(int(hint.x * width), width - 1), min(int(hint.y * height), height - 1)
        u, v = np.clip(np.divide(hint.chroma, max(gain, 0.1)), -CHROMA_MAX, CHROMA_MAX).tolist()
        cv2.circle(drawn, centre, round(hint.radius * min(height, width)), (u, v, hint.trust), cv2.FILLED)
    return drawn


def read_hints(path: str | Path) -> tuple[Hint, ...]:
    """Reads hints from a JSON file: `[{"x": 0.31, "y": 0.52, "color": "#7a3b2e", "radius": 0.01}, ...]`.

    Raises:
        InputError: the file cannot be read, or is not such a list.
    """
    return tuple(_hint(value, number, path) for number, value in enumerate(_objects(path)))


def read_film_hints(path: str | Path) -> tuple[Moment, ...]:
    """Reads hints of a film, each with the "time" of its frame in seconds; 0 where it has none.

    Raises:
        InputError: as `read_hints`.
    """
    moments: dict[float, list[Hint]] = {}
    for number, value in enumerate(_objects(path)):
        time = value.pop("time", 0) if isinstance(value, dict) else 0
        if isinstance(time, bool) or not isinstance(time, int | float) or not (time >= 0 and math.isfinite(time)):
            raise InputError(f"`time` of a hint must be seconds, 0 or more. Received: {path}, hint {number}: {time!r}.")
        moments.setdefault(float(time), []).append(_hint(value, number, path))
    return tuple(Moment(tuple(hints), time, f"{path}, time {time:g}") for time, hints in moments.items())


def _objects(path: str | Path) -> list[Any]:
    try:
        values = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"`hints` must be a file of JSON. Received: {path}: {error}.") from error
    if not isinstance(values, list) or not values:
        raise InputError(f"`hints` must be a list of at least one hint. Received: {path}, which holds none.")
    return values


def _hint(value: Any, number: int, path: str | Path) -> Hint:
    where = f"{path}, hint {number}"
    if not isinstance(value, dict) or not {"x", "y", "color"} <= set(value) <= {"x", "y", "color", "radius"}:
        raise InputError(f"A hint must be an object of x, y, color and, if wanted, radius. Received: {where}: {value}.")
    for name, most in (("x", 1.0), ("y", 1.0), ("radius", 0.5)):
        given = value.get(name, RADIUS)
        number_like = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
        if not number_like or not 0 <= given <= most:
            raise InputError(f"`{name}` of a hint must be a number from 0 to {most:g}. Received: {where}: {given!r}.")
    if not isinstance(value["color"], str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value["color"]):
        raise InputError(f'`color` of a hint must be like "#7a3b2e". Received: {where}: {value["color"]!r}.')
    rgb = bytes.fromhex(value["color"][1:])
    return Hint.of_rgb(float(value["x"]), float(value["y"]), tuple(rgb), float(value.get("radius", RADIUS)))
