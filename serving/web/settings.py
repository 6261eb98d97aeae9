"""What the website can be told: where things are, what it accepts, and how much of it."""

import dataclasses
from pathlib import Path

MEGA = 10**6


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much a visitor may ask for; everything above is refused with a friendly message.

    Attributes:
        upload_bytes: size of one file.
        picture_pixels: width times height of a picture.
        animation_frames: frames of a GIF, WebP or PNG animation.
        animation_pixels: width times height times frames of it; all frames pass through memory at a reduced size.
        film_seconds: length of a film.
        film_pixels: width times height of one of its frames.
        waiting: files that wait to be coloured, of all visitors.
        waiting_each: files that wait to be coloured, of one visitor.
        files_each: files that a visitor may keep.
        bytes_each: bytes that a visitor may keep, originals and results together.
        bytes_all: bytes that all visitors may keep.
        age_days: files are removed that long after they were last worked on.
        requests_a_minute: of one address.
        uploads_a_minute: of one address.
        streams: progress streams at once; further pages ask every two seconds instead.
        task_seconds: work on one file is given up after this long.
    """

    upload_bytes: int = 512 * MEGA
    picture_pixels: int = 64_000_000
    animation_frames: int = 1000
    animation_pixels: int = 500_000_000
    film_seconds: float = 900.0
    film_pixels: int = 4096 * 2304
    waiting: int = 100
    waiting_each: int = 60
    files_each: int = 300
    bytes_each: int = 4096 * MEGA
    bytes_all: int = 32768 * MEGA
    age_days: float = 7.0
    requests_a_minute: int = 1200
    uploads_a_minute: int = 120
    streams: int = 16
    task_seconds: float = 4 * 3600.0


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the website runs.

    Attributes:
        data: folder of originals and results.
        model: SavedModel, .tflite file or training run that colours.
        server: host:port of a TensorFlow Serving to colour with, in place of `model`.
        samples: folder of the pictures that can be tried with one click.
        limits: see there.
        https: whether visitors come by HTTPS (through a proxy): cookies are then never sent in the open.
        proxy: address of the proxy in front, whose word on where visitors come from is taken.
        hosts: host names under which the site answers; empty for any.
        isolate: colour in a process of its own, which a damaged file may crash without harm.
    """

    data: Path
    model: Path | None = None
    server: str | None = None
    samples: Path | None = None
    limits: Limits = Limits()
    https: bool = False
    proxy: str | None = None
    hosts: tuple[str, ...] = ()
    isolate: bool = True
