"""Picture files for training: found in a folder, checked, and decoded inside a tf.data graph."""

import dataclasses
import functools
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image, ImageOps

from colorgan_tf.errors import InputError
from pipelines.media import formats, orientation

try:
    import tensorflow_io as tfio
except ImportError:  # it is not built for TensorFlow after 2.16: Pillow reads in its place
    tfio = None

# A small file can claim a huge picture: what its header says is refused before anything is decoded.
MAX_PIXELS = 100_000_000
MIN_SIDE = 2


@dataclasses.dataclass(frozen=True)
class Checked:
    """The outcome of `check`.

    Attributes:
        good: files that decode.
        bad: those that do not, with the reason.
        unpaired: those of `good` that are not exactly twice as wide as high.
    """

    good: tuple[Path, ...]
    bad: tuple[tuple[Path, str], ...]
    unpaired: tuple[Path, ...]

    def kind(self) -> str:
        """Returns "pairs" if every picture is exactly 2:1, else "photos".

        Raises:
            InputError: if most pictures are 2:1 but not all, as pair files with a stranger among them.
        """
        paired = len(self.good) - len(self.unpaired)
        if self.unpaired and paired > len(self.unpaired):
            raise InputError(
                f"A pair file must be exactly twice as wide as high, as {paired} of the {len(self.good)} pictures are. "
                f"Received: {self.unpaired[0]}; take it out, or make shards with --kind=pairs or photos."
            )
        return "photos" if self.unpaired else "pairs"


class Header(NamedTuple):
    """What a picture file's header says.

    Attributes:
        fault: why it alone rules the file out, or None.
        is_pair: whether the picture is exactly twice as wide as high.
    """

    fault: str | None
    is_pair: bool = False


def joined(parts: Iterable[Checked]) -> Checked:
    """Returns the outcome for several lists of files, one after the other."""
    fields = zip(*((part.good, part.bad, part.unpaired) for part in parts), strict=True)
    return Checked(*(tuple(itertools.chain.from_iterable(field)) for field in fields))


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


def read_header(path: Path) -> Header:
    """Reads a picture file's header; whatever is wrong with the file is the header's `fault`."""
    if path.stat().st_size == 0:
        return Header("the file is empty")
    try:
        with formats.open_header(path) as image:
            (width, height), kind, mode = image.size, image.format, image.mode
            turned = orientation.of(image.getexif())
    except Image.DecompressionBombError:
        return Header(f"more than {MAX_PIXELS // 10**6} megapixels")
    except Exception:  # Pillow's readers raise many kinds of error on damaged headers
        return Header("not a picture")
    fault = None
    if width * height > MAX_PIXELS:
        fault = f"more than {MAX_PIXELS // 10**6} megapixels ({width} x {height})"
    elif min(width, height) < MIN_SIDE:
        fault = f"too small ({width} x {height}); {MIN_SIDE} pixels a side are needed"
    # What `decode` cannot do: libtiff mirrors but does not turn, and only JPEG's EXIF is read inside the graph.
    elif turned > {"JPEG": 8, "TIFF": 4}.get(kind or "", 1):
        fault = f"it lies on its side or is mirrored, by an orientation tag that is not read from {kind}"
    elif (kind, mode) == ("BMP", "P"):
        fault = "a BMP with a palette"
    return Header(fault, width == 2 * height)


def check(paths: Sequence[Path], progress: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Checked:
    """Decodes every file once, so that training meets only files that decode.

    Args:
        paths: the files.
        progress: wraps the iteration over the files that decode, for example `tqdm`.
    """
    headers = {path: read_header(path) for path in paths}
    faults = {path: header.fault for path, header in headers.items() if header.fault}
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
    bad = tuple((path, faults[path]) for path in paths if path in faults)
    return Checked(tuple(good), bad, tuple(path for path in good if not headers[path].is_pair))


def decode(data: tf.Tensor) -> tf.Tensor:
    """Decodes one picture file inside a graph, upright.

    JPEG, PNG, BMP and the first frame of a GIF are read by TensorFlow, WebP, TIFF and the EXIF orientation by
    tensorflow-io or, where that is missing, by Pillow.

    Args:
        data: the file's bytes, a scalar string.

    Returns:
        uint8 `[height, width, 3]` RGB.
    """
    head = tf.strings.substr(data, 0, 4)
    rgb = tf.case(
        [
            (tf.equal(tf.strings.substr(data, 0, 2), b"\xff\xd8"), lambda: _decode_jpeg(data)),
            (tf.equal(head, b"RIFF"), lambda: _decode_webp(data)),
            (
                tf.equal(head, b"II*\x00") | tf.equal(head, b"MM\x00*"),
                lambda: _decode_tiff(data),
            ),
        ],
        default=lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    return tf.ensure_shape(rgb, [None, None, 3])


def _decode_webp(data: tf.Tensor) -> tf.Tensor:
    return tfio.image.decode_webp(data)[:, :, :3] if tfio else tf.numpy_function(_pillow, [data], tf.uint8)


def _decode_tiff(data: tf.Tensor) -> tf.Tensor:
    return tfio.experimental.image.decode_tiff(data)[:, :, :3] if tfio else tf.numpy_function(_pillow, [data], tf.uint8)


def _pillow(data: bytes) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))


def _stored_orientation(data: bytes) -> np.int64:
    with Image.open(io.BytesIO(data)) as picture:
        return np.int64(orientation.of(picture.getexif()))


def _decode_jpeg(data: tf.Tensor) -> tf.Tensor:
    rgb = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    if tfio:
        stored = tfio.experimental.image.decode_jpeg_exif(data)
    else:
        stored = tf.ensure_shape(tf.numpy_function(_stored_orientation, [data], tf.int64), [])
    return tf.cond(stored > 1, lambda: _upright(rgb, stored), lambda: rgb)


def _upright(rgb: tf.Tensor, stored: tf.Tensor) -> tf.Tensor:
    """Applies EXIF 2.3 orientation 2 to 8: mirrored, turned, or both."""
    transposed = tf.transpose(rgb, [1, 0, 2])

    def turned(swap: bool, rows: bool, columns: bool) -> tf.Tensor:
        return (transposed if swap else rgb)[:: -1 if rows else 1, :: -1 if columns else 1]

    ways = [functools.partial(turned, *orientation.TURNS[number]) for number in range(1, 9)]
    return tf.switch_case(tf.cast(tf.clip_by_value(stored, 1, 8), tf.int32) - 1, ways)
