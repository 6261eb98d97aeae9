"""A still picture in memory, with all that its file says, and how it is read."""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorgan_tf import color
from colorgan_tf.errors import InputError, UnsupportedError
from pipelines.media import formats, icc, tiff, tone
from pipelines.media.tone import Judgement, Tone
from pipelines.stills import metadata as metadata_of_file
from pipelines.stills import pixels, repair
from pipelines.stills.metadata import Metadata
from pipelines.stills.pixels import Channels, Pixels


@dataclasses.dataclass(frozen=True)
class Still:
    """A decoded picture; pixels as stored, not turned by the EXIF orientation.

    Attributes:
        values: `[H, W, 1]` grey or `[H, W, 3]` RGB, uint8 or uint16.
        alpha: `[H, W, 1]` of the same type, or None.
        tone: what its chroma says of it.
        file_format: one of `formats.READ_STILL`.
        metadata: what the file says beside its pixels.
        pages: pictures in the file, of which this is one.
        notes: what of the file could not be kept, for a person.
        missing_rows: of the lowest rows as stored, how many are not in the file, which is truncated.
        borderline: whether a person might take the tone for another, or small parts differ from the rest.
    """

    values: Channels
    alpha: Channels | None
    tone: Tone
    file_format: str
    metadata: Metadata
    pages: int = 1
    notes: tuple[str, ...] = ()
    missing_rows: int = 0
    borderline: bool = False

    @property
    def levels(self) -> int:
        """The largest value of a channel: 255 or 65535."""
        return int(np.iinfo(self.values.dtype).max)

    @property
    def result_format(self) -> str:
        """The format of its result: its own where that is written."""
        return self.file_format if self.file_format in formats.STILL else "PNG"

    @functools.cached_property
    def luma(self) -> NDArray[np.float32]:
        """The picture's luma `[H, W, 1]`, float32 in [0, 1]. A toned picture is neutralized by it."""
        scaled = self.values.astype(np.float32) / np.float32(self.levels)
        return scaled if scaled.shape[-1] == 1 else np.clip(color.luma(scaled), 0, 1)

    @property
    def in_colour(self) -> bool:
        """Whether there is nothing to colour."""
        return self.tone == Tone.COLOUR


def read(source: str | Path | bytes, page: int = 0) -> Still:
    """Reads a picture.

    Args:
        source: a path, or a file's bytes.
        page: of a file of several pages, from 0.

    Raises:
        InputError: if it is missing, empty, damaged, too large, an animation or no picture. The message names the file.
    """
    name = "the bytes" if isinstance(source, bytes) else str(source)
    with (
        formats.naming_faults(name, formats.EXPECTED_STILL),
        formats.open_header(source, formats.READ_STILL) as image,
    ):
        if page:
            image.seek(page)
        return decode(image, name)


def decode_pages(image: Image.Image, name: str) -> Iterator[Still]:
    """Reads each page of a file whose header is open; see `decode`."""
    count = getattr(image, "n_frames", 1)
    for number in range(count):
        of_page = f"{name}, page {number + 1} of {count}"
        with formats.naming_faults(of_page, formats.EXPECTED_STILL):
            image.seek(number)
        yield decode(image, of_page)


def decode(image: Image.Image, name: str) -> Still:
    """Reads a picture whose header is open; `name` stands in the message of an error, see `read`."""
    with formats.naming_faults(name, formats.EXPECTED_STILL):
        formats.check_size(image, name)
        if formats.kind(image) == formats.Kind.ANIMATION:
            count = formats.frames(image)
            raise InputError(f"A still picture is expected. Received: {name}, an animation of {count} frames.")
        file = image.fp  # type: ignore[attr-defined]
        try:
            return _decode(image)
        except (UnsupportedError, MemoryError):
            raise
        except Exception:  # Pillow's readers raise many kinds of error on damaged files
            still = _decode_damaged(image.filename or file.getvalue())  # type: ignore[attr-defined]
            if still is None:
                raise
            return still


def _decode(image: Image.Image, filled: Callable[[Channels], Channels] = lambda values: values) -> Still:
    # A JPEG may hold a preview or a gain map after its picture, which Pillow does not count.
    pages = max(getattr(image, "n_frames", 1), 2 if "mp" in image.info else 1)
    # In this order: Pillow closes a PNG file once its text is read, and a TIFF file once its pixels are.
    deep = pixels.deep_content(image)
    has_subpictures = tiff.has_subpictures(image)
    metadata = metadata_of_file.read(image)
    values, alpha, notes = pixels.decode(image, deep, metadata.orientation)
    decoded = Pixels(filled(values), None if alpha is None else filled(alpha), notes)
    if metadata.profile and icc.is_table(metadata.profile, "GRAY" if decoded.values.shape[-1] == 1 else "RGB"):
        decoded = pixels.through_profile(decoded, metadata.profile) or decoded
        coding = metadata.jpeg_coding and dataclasses.replace(metadata.jpeg_coding, luma=None)
        metadata = dataclasses.replace(metadata, profile=None, jpeg_coding=coding)
    values, alpha, notes = decoded
    if has_subpictures:
        notes += ("the pictures inside the page (SubIFDs) are not kept",)
    judged = Judgement(Tone.GREY) if values.shape[-1] == 1 else tone.examine_rgb(values)
    borderline = judged.borderline
    return Still(values, alpha, judged.tone, image.format or "", metadata, pages, notes, borderline=borderline)


def _decode_damaged(source: str | bytes) -> Still | None:
    """Reads what there is of a truncated JPEG or PNG; None where that is nothing."""
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    whole = repair.repaired(data)
    if whole is None:
        return None
    try:
        with formats.open_header(whole.data, ("JPEG", "PNG")) as image:
            still = _decode(image, whole.filled)
    except Exception:  # the first error says more
        return None
    height = len(still.values)
    missing = whole.missing_rows(still.values)
    if missing == height:
        return None
    share = f"the lowest {missing / height:.0%} of it is missing" if missing else "a part of it is missing or coarse"
    note = f"the file is truncated: {share}"
    return dataclasses.replace(still, missing_rows=missing, notes=(*still.notes, note))
