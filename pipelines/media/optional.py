"""Kinds of pictures that are read where an optional library is installed.

HEIC by pillow-heif, raw camera files by rawpy, the pages of a PDF by pypdfium2.
"""

import contextlib
import functools
import importlib.util
import io
import math
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from colorgan_tf.errors import UnsupportedError
from pipelines.media import orientation

SUFFIXES = {
    "HEIF": (".heic", ".heif", ".hif"),
    "PDF": (".pdf",),
    "RAW": (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef", ".srw"),
}
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_LIBRARIES = {
    "HEIF": ("HEIC", "pillow-heif", "pillow_heif"),
    "PDF": ("a PDF", "pypdfium2", "pypdfium2"),
    "RAW": ("a raw camera file", "rawpy", "rawpy"),
}
# Pixels per point (1/72 inch) of a page without a scan, and the most of one with.
_USUAL_SCALE, _MOST_SCALE = 200 / 72, 1200 / 72
_DNG_VERSION = 50706
_RAW_SUFFIXES = SUFFIXES["RAW"]


def kind(source: str | Path | bytes, head: bytes, known: Image.Image | None = None) -> str | None:
    """Tells what only an optional library reads: "HEIF", "PDF", "RAW", or None for everything else.

    Args:
        source: a path, or a file's bytes.
        head: the file's first bytes.
        known: the picture, where Pillow has opened it: many raw files are TIFF files that show a preview.
    """
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "HEIF" if known is None else None  # pictures of any brand may be AVIF
    if head.startswith(b"%PDF-"):
        return "PDF"
    if known is not None and known.format == "TIFF" and _DNG_VERSION in getattr(known, "tag_v2", {}):
        return "RAW"
    return "RAW" if not isinstance(source, bytes) and Path(source).suffix.lower() in _RAW_SUFFIXES else None


def installed(kind: str) -> bool:
    """Tells whether the library for "HEIF", "PDF" or "RAW" is there."""
    return importlib.util.find_spec(_LIBRARIES[kind][2]) is not None


def open_header(source: str | Path | bytes, kind: str) -> Image.Image:
    """Opens a picture. Raises whatever the library raises.

    Raises:
        UnsupportedError: the library is not installed.
    """
    name, package, _ = _LIBRARIES[kind]
    if not installed(kind):
        raise UnsupportedError(f"{name}: `pip install {package}` makes it readable; or save it as JPEG or PNG first")
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    if kind != "HEIF":
        return RawFile(file) if kind == "RAW" else PdfFile(file)
    _register_heif()
    return Image.open(file, formats=("HEIF",))


class RawFile(ImageFile.ImageFile):
    """A raw camera file, developed with the camera's own white balance, upright, in 8 bits."""

    format = "RAW"
    format_description = "raw camera file"

    def _open(self) -> None:
        import rawpy

        assert self.fp is not None
        self._raw: Any = rawpy.imread(self.fp)
        sizes = self._raw.sizes
        turned = sizes.flip in (5, 6)
        self._size = (sizes.height, sizes.width) if turned else (sizes.width, sizes.height)
        self._mode = "RGB"
        self._entries = Image.Exif()
        self.fp.seek(0)
        with contextlib.suppress(SyntaxError):  # most raw files are TIFF files
            self._entries.load_from_fp(self.fp)
        self._entries.pop(orientation.TAG, None)

    def getexif(self) -> Image.Exif:
        """Returns what the file says of the scene."""
        return self._entries

    def load(self) -> Any:
        """Develops the picture."""
        if self._im is None:
            developed = Image.fromarray(self._raw.postprocess(use_camera_wb=True))
            self._size = developed.size
            self.im = developed.im
        return super().load()


class PdfFile(ImageFile.ImageFile):
    """The pages of a PDF, each as large as the finest picture on it: the scan, mostly."""

    format = "PDF"
    format_description = "Portable Document Format"

    def _open(self) -> None:
        import pypdfium2

        self._document: Any = pypdfium2.PdfDocument(self.fp)
        self._n_frames = len(self._document)
        self._mode = "RGB"
        self._show(0)

    @property
    def n_frames(self) -> int:
        """Number of pages."""
        return self._n_frames

    def _show(self, page: int) -> None:
        self._page, self._number = self._document[page], page
        self._scale = _scan_scale(self._page)
        self._size = tuple(max(1, math.ceil(side * self._scale)) for side in self._page.get_size())

    def seek(self, frame: int) -> None:
        """Goes to a page."""
        if frame >= self.n_frames:
            raise EOFError(f"There are {self.n_frames} pages.")
        if frame != self._number:
            self._im = None
            self._show(frame)

    def tell(self) -> int:
        """Returns which page is shown."""
        return self._number

    def load(self) -> Any:
        """Draws the page."""
        if self._im is None:
            drawn = self._page.render(scale=self._scale).to_pil().convert("RGB")
            self._size = drawn.size
            self.im = drawn.im
        return super().load()


def _scan_scale(page: Any) -> float:
    """Returns the pixels per point of the finest picture on a page of a PDF."""
    from pypdfium2 import raw

    scales = []
    for image in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,)):
        left, bottom, right, top = image.get_bounds()
        area = float((right - left) * (top - bottom))
        if area > 0:
            width, height = image.get_px_size()
            scales.append(math.sqrt(width * height / area))
    # A little less: sides are rounded up, and few numbers are exact.
    return min(max(scales, default=_USUAL_SCALE), _MOST_SCALE) * (1 - 1e-5)


@functools.cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
