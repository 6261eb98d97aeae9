"""A reference: a picture in colour beside a file, whose colours the network takes for the things that are alike."""

import hashlib
import threading
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from colorgan_tf.errors import InputError, RequestError
from colorgan_tf.inference.told import Reference
from pipelines.media import formats, writing
from pipelines.media.formats import Kind
from serving.jobs import preview, texts
from serving.jobs.limits import Limits, check_upload

NAME = "reference.jpg"  # in the folder of the file that it is for
_SIDE = 640  # the network looks at it at its own input resolution, which is smaller
_DECODING = threading.BoundedSemaphore(1)  # a large picture takes memory


def take(upload: Path, folder: Path, limits: Limits) -> str:
    """Reads a picture and keeps it, reduced, in the folder of the file that it is for.

    Returns:
        A short text that differs between references, for `JobSettings.reference`.

    Raises:
        RequestError: it is no picture, too large, damaged, or grey.
    """
    if check_upload(upload, limits).kind != Kind.PICTURE:
        raise RequestError(texts.NO_PICTURE, 415)
    try:
        with _DECODING, formats.open_header(upload, formats.READ_STILL) as image:
            image.draft("RGB", (_SIDE, _SIDE))  # a JPEG is decoded at about this size, much faster than at its own
            image.thumbnail((_SIDE, _SIDE))
            data = preview.jpeg(np.asarray(ImageOps.exif_transpose(image).convert("RGB")))
    except Exception as error:  # Pillow's readers raise many kinds of error on damaged files
        raise RequestError(texts.DAMAGED, 415) from error
    with writing.beside(folder / NAME) as partial:
        partial.write_bytes(data)
        try:
            _read(partial)
        except InputError as error:
            raise RequestError(texts.GREY_REFERENCE, 415) from error
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def read(folder: Path) -> Reference:
    """Returns the reference in a file's folder."""
    return _read(folder / NAME)


def remove(folder: Path) -> None:
    """Removes the reference from a file's folder."""
    (folder / NAME).unlink(missing_ok=True)


def _read(path: Path) -> Reference:
    with Image.open(path) as image:
        return Reference.of_rgb(np.asarray(image.convert("RGB"), np.float32) / 255)
