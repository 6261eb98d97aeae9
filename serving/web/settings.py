"""How the website is set up: where things are, what it accepts, and how much of it."""

import dataclasses
from pathlib import Path

from serving.jobs.limits import MEGA, Limits


@dataclasses.dataclass(frozen=True)
class SiteLimits(Limits):
    """How much a user of the website may ask for.

    Attributes:
        files_each: files that a user may keep.
        bytes_each: bytes that a user may keep, originals and results together.
        bytes_all: bytes that all users may keep.
        age_days: files are removed that long after they were last worked on.
        requests_a_minute: of one address.
        uploads_a_minute: of one address.
        streams: progress streams at once; further pages ask every two seconds instead.
    """

    files_each: int = 300
    bytes_each: int = 4096 * MEGA
    bytes_all: int = 32768 * MEGA
    age_days: float = 7.0
    requests_a_minute: int = 1200
    uploads_a_minute: int = 120
    streams: int = 256


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the website runs.

    Attributes:
        data: folder of originals and results.
        model: SavedModel, .tflite or .onnx file, or training run that colours.
        server: host:port of a TensorFlow Serving to colour with, in place of `model`.
        samples: folder of the pictures that can be tried with one click.
        limits: see there.
        https: whether users come by HTTPS (through a proxy): cookies are then never sent in the open.
        proxy: address of the proxy in front, whose word on where users come from is taken.
        hosts: host names under which the site answers; empty for any.
        isolate: colour in a process of its own, which a damaged file may crash without harm.
    """

    data: Path
    model: Path | None = None
    server: str | None = None
    samples: Path | None = None
    limits: SiteLimits = SiteLimits()
    https: bool = False
    proxy: str | None = None
    hosts: tuple[str, ...] = ()
    isolate: bool = True
