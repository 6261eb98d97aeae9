"""Kinds of pictures that are read where an optional library is installed: HEIC by pillow-heif, raw files by rawpy."""

import contextlib
import functools
import importlib.util
import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from colorgan_tf.errors import UnsupportedError
from pipelines.media import orientation

SUFFIXES = {
    "HEIF": (".heic", ".heif", ".hif"),
    "RAW": (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".pef", ".srw"),
}
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_LIBRARIES = {"HEIF": ("HEIC", "pillow-heif", "pillow_heif"), "RAW": ("a raw camera file", "rawpy", "rawpy")}
_DNG_VERSION = 50706
_RAW_SUFFIXES = SUFFIXES["RAW"]


def kind(source: str | Path | bytes, head: bytes, known: Image.Image | None = None) -> str | None:
    """Tells what only an optional library reads: "HEIF", "RAW", or None for everything else.

    Args:
        source: a path, or a file's bytes.
        head: the file's first bytes.
        known: the picture, where Pillow has opened it: many raw files are TIFF files that show a preview.
    """
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return "HEIF" if known is None else None  # pictures of any brand may be AVIF
    if known is not None and known.format == "TIFF" and _DNG_VERSION in getattr(known, "tag_v2", {}):
        return "RAW"
    return "RAW" if not isinstance(source, bytes) and Path(source).suffix.lower() in _RAW_SUFFIXES else None


def open_header(source: str | Path | bytes, kind: str) -> Image.Image:
    """Opens a picture. Raises whatever the library raises.

    Raises:
        UnsupportedError: the library is not installed.
    """
    name, package, module = _LIBRARIES[kind]
    if importlib.util.find_spec(module) is None:
        raise UnsupportedError(f"{name}: `pip install {package}` makes it readable; or save it as JPEG or PNG first")
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    if kind == "RAW":
        return RawFile(file)
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


@functools.cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
