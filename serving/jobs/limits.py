"""How much one file may ask for, and the check of an upload: what its content is, and whether its header is too much.

Films are recognized by their first bytes only: nothing but the worker's process opens them. Whatever is not on the list
never reaches a decoder, playlists above all, which could name other files.
"""

import dataclasses
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from colorgan_tf.errors import RequestError
from serving.jobs import texts
from serving.jobs.records import ANIMATION, FILM, PICTURE

MEGA = 10**6
_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tiff", "BMP": ".bmp", "GIF": ".gif"}
_HEAD = 600


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


@dataclasses.dataclass(frozen=True)
class Kind:
    """What a file is.

    Attributes:
        kind: "picture", "animation" or "film".
        suffix: the ending that goes with its content.
        frames: of an animation; 1 for a picture, 0 for a film, where it is not known yet.
    """

    kind: str
    suffix: str
    frames: int


def check_upload(path: Path, limits: Limits) -> Kind:
    """Finds out what a file is.

    Raises:
        RequestError: it is empty, nothing that can be coloured, or larger than the limits allow.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise RequestError(texts.EMPTY_FILE)
    film = _film_suffix(head)
    return Kind(FILM, film, 0) if film else _picture(path, limits)


def _film_suffix(head: bytes) -> str | None:
    """Returns the ending of a film by the first bytes of its container."""
    if head[4:12] == b"ftypqt  ":
        return ".mov"
    if head[4:8] == b"ftyp" and head[8:12] not in (b"avif", b"heic", b"heix", b"mif1", b"msf1"):
        return ".mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime files may begin with any of these
        return ".mov"
    if head[:4] == b"\x1aE\xdf\xa3":
        return ".webm" if b"webm" in head[:64] else ".mkv"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return ".avi"
    if head[:4] in (b"\0\0\1\xba", b"\0\0\1\xb3"):
        return ".mpg"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return ".ts"
    if len(head) > 388 and head[4] == head[196] == head[388] == 0x47:  # each packet after four bytes of its time
        return ".m2ts"
    if head[:4] == b"\x30\x26\xb2\x75":
        return ".wmv"
    return ".flv" if head[:3] == b"FLV" else None


def _picture(path: Path, limits: Limits) -> Kind:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limits below are ours
            with Image.open(path, formats=tuple(_SUFFIXES)) as image:
                width, height, form = image.width, image.height, image.format or ""
                if width * height > limits.picture_pixels:
                    raise RequestError(texts.too_many_pixels(width, height, limits.picture_pixels), 413)
                frames = getattr(image, "n_frames", 1) if form in ("GIF", "PNG", "WEBP") else 1
    except Image.DecompressionBombError as error:
        raise RequestError(texts.FAR_TOO_MANY_PIXELS, 413) from error
    except UnidentifiedImageError as error:
        raise RequestError(texts.UNKNOWN_KIND, 415) from error
    except RequestError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds of error on damaged files
        raise RequestError(texts.DAMAGED, 415) from error
    if form != "GIF" and frames == 1:
        return Kind(PICTURE, _SUFFIXES[form], 1)
    if frames > limits.animation_frames or frames * width * height > limits.animation_pixels:
        most = limits.animation_frames, limits.animation_pixels
        raise RequestError(texts.too_long_animation(frames, width, height, *most), 413)
    return Kind(ANIMATION, _SUFFIXES[form], frames)
