"""How much one file may ask for, and the check of an upload: what its content is, and whether its header is too much.

Films are recognized by their first bytes only: nothing but the worker's process opens them.
"""

import dataclasses
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from colorgan_tf.errors import RequestError, UnsupportedError
from pipelines.media import formats, optional
from pipelines.media.formats import Kind
from serving.jobs import texts

MEGA = 10**6
_PICTURES, _OPTIONAL = ("JPEG", "PNG", "WebP", "TIFF", "BMP"), {"HEIC": "HEIF", "PDF": "PDF"}


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much may be asked for; everything above is refused with a friendly message.

    Attributes:
        upload_bytes: size of one file.
        picture_pixels: width times height of a picture.
        animation_frames: frames of a GIF, WebP or PNG animation.
        animation_pixels: width times height times frames of it; all frames pass through memory at a reduced size.
        film_seconds: length of a film.
        film_pixels: width times height of one of its frames.
        waiting: files that wait to be coloured, of all users.
        waiting_each: files that wait to be coloured, of one user.
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
    task_seconds: float = 4 * 3600.0


def optional_kinds() -> dict[str, str]:
    """Returns the kinds of pictures that an optional library reads here: how people call it, and `optional` does."""
    return {name: kind for name, kind in _OPTIONAL.items() if optional.installed(kind)}


def picture_kinds() -> list[str]:
    """Returns the kinds of pictures that are read here, as people call them."""
    return [*_PICTURES, *optional_kinds()]


@dataclasses.dataclass(frozen=True)
class Upload:
    """What a file is.

    Attributes:
        kind: picture, animation or film.
        suffix: the ending that goes with its content.
        frames: of an animation; 1 for a picture, 0 for a film, where it is not known yet.
    """

    kind: Kind
    suffix: str
    frames: int


def check_upload(path: Path, limits: Limits) -> Upload:
    """Finds out what a file is.

    Raises:
        RequestError: it is empty, nothing that can be coloured, or larger than the limits allow.
    """
    head = formats.head(path)
    if not head:
        raise RequestError(texts.EMPTY_FILE)
    film = formats.film_suffix(head)
    return Upload(Kind.FILM, film, 0) if film else _picture(path, limits)


def _picture(path: Path, limits: Limits) -> Upload:
    try:
        with formats.open_header(path) as image:
            width, height, suffix = image.width, image.height, formats.usual_suffix(image.format or "")
            if width * height > limits.picture_pixels:
                raise RequestError(texts.too_many_pixels(width, height, limits.picture_pixels), 413)
            kind, frames = formats.kind(image), formats.frames(image)
    except Image.DecompressionBombError as error:
        raise RequestError(texts.FAR_TOO_MANY_PIXELS, 413) from error
    except UnidentifiedImageError as error:
        raise RequestError(texts.UNKNOWN_KIND, 415) from error
    except UnsupportedError as error:
        advice = {"HEIF": texts.NO_HEIC, "PDF": texts.NO_PDF}
        raise RequestError(advice.get(optional.kind(path, formats.head(path)) or "", texts.NOT_READ), 415) from error
    except RequestError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds of error on damaged files
        raise RequestError(texts.DAMAGED, 415) from error
    if kind == Kind.PICTURE:
        return Upload(kind, suffix, 1)
    if frames > limits.animation_frames or frames * width * height > limits.animation_pixels:
        most = limits.animation_frames, limits.animation_pixels
        raise RequestError(texts.too_long_animation(frames, width, height, *most), 413)
    return Upload(kind, suffix, frames)
