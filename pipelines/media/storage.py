"""Files by path or by URL (s3://, gs://, memory:// ...): listed, read by ranges, fetched and written whole.

URLs go through fsspec, each kind by a package of its own; plain paths need none of it. Access and endpoints are set as
each store documents it (for S3: `AWS_...` variables or `~/.aws`).
"""

import contextlib
import dataclasses
import functools
import logging
import os
import posixpath
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from colorgan_tf.errors import InputError
from pipelines.media import writing

# A reader asks for ranges of this size; the last 32 are kept, since a film is read at several places at once.
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file that a listing found.

    Attributes:
        path: its whole path or URL.
        place: its path below the folder that was listed.
        size: bytes.
    """

    path: str
    place: str
    size: int


def is_url(path: str | Path) -> bool:
    """Tells a URL from a path."""
    return "://" in str(path)


def absolute(path: str | Path) -> str:
    """Returns what names the same file in any working folder."""
    return str(path).rstrip("/") if is_url(path) else os.path.abspath(path)


def join(folder: str, place: str) -> str:
    """Returns a path or URL below a folder."""
    return posixpath.join(folder, place) if is_url(folder) else os.path.join(folder, place)


def files(folder: str) -> Iterator[Entry]:
    """Lists a folder to its depths, in the order of the names; one that does not exist holds nothing.

    Raises:
        InputError: the store cannot be reached, or refuses.
    """
    if is_url(folder):
        with _naming_faults(folder):
            store, root = _open(folder)
            store.invalidate_cache()
            scheme = folder.partition("://")[0]
            for path, info in sorted(store.find(root, detail=True).items()):
                place = posixpath.relpath(path, root)
                yield Entry(f"{scheme}://{path.lstrip('/')}", place, int(info["size"] or 0))
        return
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            with contextlib.suppress(OSError):
                yield Entry(path, os.path.relpath(path, folder), os.stat(path).st_size)


def exists(path: str) -> bool:
    """Tells whether there is such a file."""
    if not is_url(path):
        return os.path.exists(path)
    with _naming_faults(path):
        store, place = _open(path)
        store.invalidate_cache()
        return bool(store.exists(place))


def size(path: str) -> int:
    """Returns a file's bytes."""
    if not is_url(path):
        return os.path.getsize(path)
    with _naming_faults(path):
        store, place = _open(path)
        return int(store.info(place)["size"])


def identity(path: str) -> tuple[Any, ...]:
    """Returns what changes when a file's content does: its name, its size, and when or as what it was written."""
    if not is_url(path):
        status = os.stat(path)
        return os.path.abspath(path), status.st_size, status.st_mtime_ns
    with _naming_faults(path):
        store, place = _open(path)
        info = store.info(place)
        mark = info.get("ETag") or info.get("etag") or info.get("LastModified") or info.get("created")
        return path, info["size"], str(mark)


def open_ranges(url: str) -> BinaryIO:
    """Opens a file of a store for reading here and there, without fetching all of it."""
    with _naming_faults(url):
        store, place = _open(url)
        file: BinaryIO = store.open(place, "rb", block_size=_BLOCK, cache_type="blockcache")
        return file


@contextlib.contextmanager
def local(path: str, folder: str) -> Iterator[str]:
    """Yields the path of a local file with the same content and name: the file itself, or a copy in `folder`."""
    if not is_url(path):
        os.stat(path)  # a missing file is missing here, not later
        yield path
        return
    copy = os.path.join(folder, posixpath.basename(path))
    fetch(path, copy)
    try:
        yield copy
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(copy)


def fetch(url: str, file: str) -> None:
    """Copies a file of a store to a local one."""
    with _naming_faults(url):
        store, place = _open(url)
        store.get_file(place, file)


def publish(file: str, target: str) -> None:
    """Moves a local file to its final place: whoever looks there finds the whole file, or none."""
    if not is_url(target):
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        try:
            os.replace(file, target)
        except OSError:  # another file system
            with writing.beside(target) as partial:
                shutil.copyfile(file, partial)
            os.remove(file)
        return
    with _naming_faults(target):
        store, place = _open(target)
        store.put_file(file, place)  # stores show an object when it is complete
    os.remove(file)


def publish_bytes(data: bytes, target: str) -> None:
    """Writes a small file, whole or not at all."""
    if not is_url(target):
        writing.write_bytes(target, data)
        return
    with _naming_faults(target):
        store, place = _open(target)
        store.pipe_file(place, data)


def remove(path: str) -> None:
    """Deletes a file, or a folder with all that is in it; what is not there counts as deleted."""
    if not is_url(path):
        writing.remove(Path(path))
        return
    with _naming_faults(path), contextlib.suppress(FileNotFoundError):
        store, place = _open(path)
        store.rm(place, recursive=True)


def _open(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise InputError(f"URLs need the package fsspec: pip install '.[cluster]'. Received: {url}.") from error
    _silence()
    store, place = fsspec.core.url_to_fs(url)
    return store, place


@functools.cache
def _silence() -> None:
    """Hides what packages of stores print beside the exceptions that they raise: of faults, and of Python's age."""
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")


@contextlib.contextmanager
def _naming_faults(url: str) -> Iterator[None]:
    """Turns what a store raises into an InputError of one line that names the URL; a missing file stays missing."""
    try:
        yield
    except (InputError, FileNotFoundError):
        raise
    except ImportError as error:
        raise InputError(f"The kind of URL needs another package. Received: {url}: {error}.") from error
    except Exception as error:  # each store has errors of its own
        reason = " ".join(str(error).split()) or type(error).__name__
        if "credentials" in reason.lower():
            reason = "no credentials: set those of the store, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for S3"
        raise InputError(f"The store must be reachable and allow it. Received: {url}: {reason.rstrip('.')}.") from error
