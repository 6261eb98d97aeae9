"""Kinds of files that are coloured: their formats, their endings, and how a file's content tells them.

Nothing that is not on these lists reaches a decoder, playlists above all, which could name other files.
"""

import enum
import io
import mimetypes
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from colorgan_tf.errors import InputError, UnsupportedError
from pipelines.media import optional, storage, tiff


class Kind(enum.StrEnum):
    """What a file is to whoever colours it."""

    PICTURE = "picture"
    ANIMATION = "animation"
    FILM = "film"


# The endings of each picture format by Pillow's name, the usual one first.
PICTURES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "TIFF": (".tiff", ".tif"),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
}
# Formats that are read; their results are PNG files. TGA comes last: it has no signature, icons pass for it too.
READ_ONLY = {
    "AVIF": (".avif", ".avifs"),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PPM": (".pgm", ".ppm", ".pbm", ".pnm"),
    "PCX": (".pcx",),
    "ICO": (".ico",),
    "TGA": (".tga",),
    **optional.SUFFIXES,
}
STILL = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")  # are written
ANIMATED = ("GIF", "PNG", "WEBP")  # are written; a GIF counts as an animation, also with one frame
READ_ANIMATED = (*ANIMATED, "AVIF")
PAGED = ("TIFF", "PDF")  # may hold several pages
PICTURE_SUFFIXES = {suffix: name for name, suffixes in PICTURES.items() for suffix in suffixes}
READ_ONLY_SUFFIXES = {suffix: name for name, suffixes in READ_ONLY.items() for suffix in suffixes}
READ = (*PICTURES, *READ_ONLY)
READ_STILL = (*STILL, *READ_ONLY)
# Containers that films are read from and written to, with libavformat's name of the muxer.
FILM_MUXERS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".mov": "mov", ".avi": "avi", ".webm": "webm", ".mpg": "mpeg",
    ".mpeg": "mpeg", ".ts": "mpegts", ".m2ts": "mpegts", ".wmv": "asf", ".flv": "flv", ".3gp": "3gp", ".asf": "asf",
    ".divx": "avi", ".f4v": "f4v", ".mts": "mpegts", ".mxf": "mxf", ".vob": "vob",
}  # fmt: skip
# Containers that films are only read from, as they hold no codec that is written: the endings of their results.
FILM_RESULTS = {".ogv": ".mkv", ".dv": ".mov", ".h264": ".mp4"}
FILM_SUFFIXES = (*FILM_MUXERS, *FILM_RESULTS)
# Containers that frames for training are read from as well.
MORE_FILM_SUFFIXES = (".m2v", ".nut", ".rm", ".y4m")
SUFFIXES = (*PICTURE_SUFFIXES, *READ_ONLY_SUFFIXES, *FILM_SUFFIXES)  # of all that is coloured
# What people bring that is not read, and what helps.
ADVICE = {
    ".psd": "a Photoshop file must be saved as TIFF or PNG first",
}
# Pillow's names of a JPEG that holds more pictures, and of a BMP without its first 14 bytes.
_VARIANTS = {"MPO": "JPEG", "DIB": "BMP"}
_KINDS = "JPEG, PNG, WebP, TIFF, BMP, AVIF, JPEG 2000, PGM, PPM, PCX, TGA, ICO"
EXPECTED_STILL = f"A picture ({_KINDS}) is expected."
EXPECTED = f"A picture ({_KINDS}), an animation (GIF, PNG, WebP) or a film is expected."
# A small file can claim a huge picture. Pillow's own limit is near.
MAX_PIXELS = 175_000_000
_TOO_LARGE = f"A picture of at most {MAX_PIXELS // 10**6} megapixels is expected."
_HEAD = 600
_HEIF = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")  # pictures


def usual_suffix(picture_format: str) -> str:
    """Returns the usual ending of a picture format, or of the results of one that is only read."""
    return PICTURES["PNG" if picture_format in READ_ONLY else picture_format][0]


def result_name(path: Path, suffix: str | None = None) -> Path:
    """Returns a file's name with the ending of its result.

    Args:
        path: of the file.
        suffix: that still pictures are to have; None for each one's own.
    """
    if path.suffix.lower() in READ_ONLY_SUFFIXES:
        return path.with_suffix(suffix or usual_suffix("PNG"))
    if path.suffix.lower() in FILM_RESULTS:
        return path.with_suffix(FILM_RESULTS[path.suffix.lower()])
    return path.with_suffix(suffix) if suffix and picture_format(path) in STILL else path


def picture_format(path: str | Path) -> str | None:
    """Returns the picture format that a file name's ending means, or None."""
    return PICTURE_SUFFIXES.get(Path(path).suffix.lower())


def of_target(path: str | Path, possible: Collection[str]) -> str:
    """Returns the picture format that a file to be written must have by its ending.

    Raises:
        InputError: it is none of the `possible` ones.
    """
    name = picture_format(path)
    if name is None or name not in possible:
        endings = ", ".join(suffix for each in possible for suffix in PICTURES[each])
        raise InputError(f"The result's name must end in {endings}. Received: {path}.")
    return name


def of_result(content: str, source: str | Path, target: str | Path, possible: Collection[str]) -> str:
    """Returns the format of a result: its content's where the name keeps its ending, right or wrong; else the ending's.

    Args:
        content: format of the source by its content.
        source: the file's path.
        target: the path of the file to be written.
        possible: formats that can be written.

    Raises:
        InputError: neither is one of the `possible` ones.
    """
    same = Path(source).suffix.lower() == Path(target).suffix.lower()
    return content if same and content in possible else of_target(target, possible)


def media_type(path: str | Path) -> str:
    """Returns the media type that a file name's ending means, for HTTP."""
    name = picture_format(path)
    fallback = "application/octet-stream"
    return f"image/{name.lower()}" if name else mimetypes.types_map.get(Path(path).suffix.lower(), fallback)


# === By content ===


def head(path: str | Path) -> bytes:
    """Returns as much of the beginning of a file, by path or URL, as `film_suffix` looks at."""
    with storage.open_ranges(str(path)) if storage.is_url(path) else open(path, "rb") as file:
        return file.read(_HEAD)


def film_suffix(head: bytes) -> str | None:
    """Returns the ending of a film by the first bytes of its container; None where it is no film that is known."""
    if head[4:12] == b"ftypqt  ":
        return ".mov"
    if head[4:8] == b"ftyp" and head[8:12] not in _HEIF:
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
    if head[:4] == b"OggS" and any(mark in head for mark in (b"\x80theora", b"fishead", b"OVP80", b"BBCD")):
        return ".ogv"  # a picture stream, or the index that goes with one, comes before any sound
    if head[:4] == b"\x06\x0e\x2b\x34":
        return ".mxf"
    if head[:3] == b"\x1f\x07\0" and len(head) > 80 and head[80] >> 5 == 1:  # a header block, then subcode
        return ".dv"
    start = head[1:5] if head[:4] == b"\0\0\0\1" else head[:4]  # four bytes or three, then a unit of H.264
    if start[:3] == b"\0\0\1" and len(start) == 4 and start[3] & 0x80 == 0 and start[3] & 0x1F in (6, 7, 9):
        return ".h264"
    return ".flv" if head[:3] == b"FLV" else None


def open_header(source: str | Path | bytes, picture_formats: Collection[str] = READ) -> Image.Image:
    """Opens a picture by Pillow and reads its header; raises whatever Pillow raises.

    Pillow's warnings are kept silent: callers have limits of their own, and what is damaged shows itself later.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            known = [each for each in picture_formats if each not in optional.SUFFIXES]
            image = Image.open(file, formats=[*known, "DIB"] if "BMP" in known else known)
            if special := _special(source, picture_formats, image):
                image.close()
                return special
            image.format = _VARIANTS.get(image.format or "", image.format)
            return image
        except UnidentifiedImageError:
            special = _special(source, picture_formats)
            if special is None and "TIFF" in picture_formats:
                special = tiff.open_unknown(source)
            if special is None:
                raise
            return special


def _special(
    source: str | Path | bytes, picture_formats: Collection[str], known: Image.Image | None = None
) -> Image.Image | None:
    """Opens what only an optional library reads; None for all else.

    Raises:
        UnsupportedError: the library is missing.
    """
    kind = optional.kind(source, source[:_HEAD] if isinstance(source, bytes) else head(source), known)
    return optional.open_header(source, kind) if kind and kind in picture_formats else None


def frames(image: Image.Image) -> int:
    """Returns the number of frames of an opened animation; 1 for a still picture, whatever its number of pages."""
    return getattr(image, "n_frames", 1) if image.format in READ_ANIMATED else 1


def kind(image: Image.Image) -> Kind:
    """Tells a still picture from an animation."""
    return Kind.ANIMATION if image.format == "GIF" or frames(image) > 1 else Kind.PICTURE


def is_film(path: Path) -> bool:
    """Tells whether a file is a film: by its content, or by its ending where the content is not known."""
    return film_suffix(head(path)) is not None or path.suffix.lower() in FILM_SUFFIXES


def suffix_by_content(path: str | Path) -> str:
    """Returns the ending that goes with a file's content, whatever its name is.

    Raises:
        InputError: the file cannot be read, or is nothing that is coloured.
    """
    path = Path(path)
    with naming_faults(path, EXPECTED):
        if is_film(path):
            return film_suffix(head(path)) or path.suffix.lower()
        with open_header(path) as image:
            return usual_suffix(image.format or "")


def check_size(image: Image.Image, name: str) -> None:
    """Refuses a picture whose header says that it is huge, before anything is decoded.

    Raises:
        InputError: it has more than `MAX_PIXELS`.
    """
    if image.width * image.height > MAX_PIXELS:
        raise InputError(f"{_TOO_LARGE} Received: {name} with {image.width} x {image.height}.")


@contextmanager
def naming_faults(name: str | Path, expected: str) -> Iterator[None]:
    """Turns whatever is raised while a file is opened and decoded into an InputError that names the file.

    Args:
        name: of the file.
        expected: the sentence that says what was expected.
    """
    try:
        yield
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{_TOO_LARGE} Received: {name}.") from error
    except UnidentifiedImageError as error:
        begin = head(name) if Path(name).is_file() else b"?"
        raise InputError(f"{expected} Received: {name}, {_unknown(begin)}.") from error
    except UnsupportedError as error:
        raise InputError(f"{expected} Received: {name}, which is not supported: {error}.") from error
    except Exception as error:  # Pillow's readers raise many kinds of error on damaged files
        if isinstance(error, OSError) and error.strerror:  # the file itself cannot be read
            raise InputError(f"{expected} Received: {name}: {error.strerror}.") from error
        reason = str(error) or type(error).__name__
        beyond = any(each in reason.lower() for each in ("unsupported", "too large"))
        fault = "not supported" if beyond else "damaged"
        raise InputError(f"{expected} Received: {name}, which is {fault}: {reason.rstrip('.')}.") from error


def _unknown(begin: bytes) -> str:
    """Says what a file is that nothing opens, by its first bytes."""
    if not begin:
        return "which is empty"
    for name in READ:
        accepts = Image.OPEN.get(name, (None, None))[1]
        if accepts and accepts(begin) is True:
            return f"which begins as {name} does but has a header that cannot be read"
    return "which is none of these"
