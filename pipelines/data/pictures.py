"""Picture files for training: found in a folder, checked, and decoded inside a tf.data graph."""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_io as tfio
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.media import formats, orientation

# A small file can claim a huge picture: what its header says is refused before anything is decoded.
MAX_PIXELS = 100_000_000
MIN_SIDE = 2


@dataclasses.dataclass(frozen=True)
class Checked:
    """The outcome of `check`: the files that decode, and those that do not with the reason."""

    good: tuple[Path, ...]
    bad: tuple[tuple[Path, str], ...]


def find(folder: str | Path) -> list[Path]:
    """Returns the picture files below `folder`, sorted, so that their order is the same on every machine.

    Hidden files and folders, whose names begin with a dot, are left out.

    Raises:
        InputError: if the folder is missing or holds no picture file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"A folder of pictures is expected. Received: {folder}, which is not a folder.")
    below = (path for path in folder.rglob("*") if formats.picture_format(path) and path.is_file())
    files = sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    if not files:
        raise InputError(
            f"The folder must hold pictures ({' '.join(formats.PICTURE_SUFFIXES)}). Received: {folder} with none."
        )
    return files


def header_fault(path: Path) -> str | None:
    """Returns why the header alone rules a file out, or None."""
    if path.stat().st_size == 0:
        return "the file is empty"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is our own
            with Image.open(path) as image:
                (width, height), kind, mode = image.size, image.format, image.mode
                turned = orientation.of(image.getexif())
    except Image.DecompressionBombError:
        return f"more than {MAX_PIXELS // 10**6} megapixels"
    except Exception:  # Pillow's readers raise many kinds of error on damaged headers
        return "not a picture"
    if width * height > MAX_PIXELS:
        return f"more than {MAX_PIXELS // 10**6} megapixels ({width} x {height})"
    if min(width, height) < MIN_SIDE:
        return f"too small ({width} x {height}); {MIN_SIDE} pixels a side are needed"
    # What `decode` cannot do: libtiff mirrors but does not turn, and only JPEG's EXIF is read inside the graph.
    if turned > {"JPEG": 8, "TIFF": 4}.get(kind or "", 1):
        return f"it lies on its side or is mirrored, by an orientation tag that is not read from {kind}"
    if (kind, mode) == ("BMP", "P"):
        return "a BMP with a palette"
    return None


def is_pair(path: Path) -> bool:
    """Returns whether a picture file is exactly twice as wide as high, as its header says."""
    with Image.open(path) as image:
        width, height = image.size
    return width == 2 * height


def check(paths: Sequence[Path], progress: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Checked:
    """Decodes every file once, so that training meets only files that decode.

    Args:
        paths: the files.
        progress: wraps the iteration over the files that decode, for example `tqdm`.
    """
    faults = {path: fault for path in paths if (fault := header_fault(path))}
    candidates = [path for path in paths if path not in faults]
    good: list[Path] = []
    if candidates:
        numbered = tf.data.Dataset.from_tensor_slices([str(path) for path in candidates]).enumerate()
        decoded = numbered.map(
            lambda number, path: (number, tf.size(decode(tf.io.read_file(path)))), num_parallel_calls=tf.data.AUTOTUNE
        )
        numbers = decoded.ignore_errors().map(lambda number, size: number)
        good = [candidates[number] for number in progress(numbers.as_numpy_iterator())]
    decodable = set(good)
    faults |= {path: "damaged: it cannot be decoded" for path in candidates if path not in decodable}
    return Checked(tuple(good), tuple((path, faults[path]) for path in paths if path in faults))


def decode(data: tf.Tensor) -> tf.Tensor:
    """Decodes one picture file inside a graph, upright.

    JPEG, PNG, BMP and the first frame of a GIF are read by TensorFlow, WebP, TIFF and the EXIF orientation by
    tensorflow-io.

    Args:
        data: the file's bytes, a scalar string.

    Returns:
        uint8 `[height, width, 3]` RGB.
    """
    head = tf.strings.substr(data, 0, 4)
    rgb = tf.case(
        [
            (tf.equal(tf.strings.substr(data, 0, 2), b"\xff\xd8"), lambda: _decode_jpeg(data)),
            (tf.equal(head, b"RIFF"), lambda: tfio.image.decode_webp(data)[:, :, :3]),
            (
                tf.equal(head, b"II*\x00") | tf.equal(head, b"MM\x00*"),
                lambda: tfio.experimental.image.decode_tiff(data)[:, :, :3],
            ),
        ],
        default=lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    return tf.ensure_shape(rgb, [None, None, 3])


def _decode_jpeg(data: tf.Tensor) -> tf.Tensor:
    rgb = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    stored = tfio.experimental.image.decode_jpeg_exif(data)
    return tf.cond(stored > 1, lambda: _upright(rgb, stored), lambda: rgb)


def _upright(rgb: tf.Tensor, stored: tf.Tensor) -> tf.Tensor:
    """Applies EXIF 2.3 orientation 2 to 8: mirrored, turned, or both."""
    transposed = tf.transpose(rgb, [1, 0, 2])

    def turned(swap: bool, rows: bool, columns: bool) -> tf.Tensor:
        return (transposed if swap else rgb)[:: -1 if rows else 1, :: -1 if columns else 1]

    ways = [functools.partial(turned, *orientation.TURNS[number]) for number in range(1, 9)]
    return tf.switch_case(tf.cast(tf.clip_by_value(stored, 1, 8), tf.int32) - 1, ways)
