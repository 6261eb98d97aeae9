"""Files and folders that are whole or absent: written beside their place, renamed when they are finished."""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from colorgan_tf.errors import InputError

_LONGEST = 140  # bytes of a name; the file systems in use hold 255, encrypted ones 143
_KEPT_END = 24  # characters, of up to four bytes


@contextlib.contextmanager
def beside(target: str | Path) -> Iterator[Path]:
    """Yields a new name beside `target` to write a file or a folder to, and renames that to `target` at the end.

    If the block raises, nothing is left. The new name ends as the target does, since many libraries choose a format by
    the ending. Folders above `target` are made.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".partial-{secrets.token_hex(4)}-{target.name[-_KEPT_END:]}")
    try:
        yield partial
        os.replace(partial, target)
    finally:
        remove(partial)


def write_bytes(target: str | Path, data: bytes) -> None:
    """Writes a file: whoever reads meanwhile gets the old one or the new one, whole."""
    with beside(target) as partial:
        partial.write_bytes(data)


def write_text(target: str | Path, text: str) -> None:
    """Writes a text file in UTF-8; see `write_bytes`."""
    write_bytes(target, text.encode())


@contextlib.contextmanager
def new_folder(folder: Path, mark: str, overwrite: bool = False) -> Iterator[Path]:
    """Yields a folder beside `folder`, and gives it that name when the block ends without an error.

    Args:
        folder: the folder to be made.
        mark: a file that the finished folder holds. Only a folder with it is ever replaced.
        overwrite: replace a finished folder.

    Raises:
        InputError: if the folder is in use already.
    """
    folder = folder.resolve()
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        if not (folder / mark).is_file():
            raise InputError(f"--output must be a new or an empty folder. Received: {folder}, which holds other files.")
        if not overwrite:
            raise InputError(f"--output holds a finished result already. Received: {folder}; --overwrite replaces it.")
    partial, old = hidden(folder, "partial"), hidden(folder, "old")
    remove(partial)
    try:
        partial.mkdir(parents=True)
        yield partial
        remove(old)
        if folder.exists():
            os.replace(folder, old)
        os.replace(partial, folder)
        remove(old)
    finally:
        remove(partial)


def hidden(target: Path, purpose: str) -> Path:
    """Returns `.NAME.PURPOSE` beside `target`, always the same; of a long name, a digest stands for its beginning."""
    name = target.name
    if len(os.fsencode(name)) > _LONGEST - len(purpose):
        name = f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}{name[-_KEPT_END:]}"
    return target.with_name(f".{name}.{purpose}")


def remove(path: Path) -> None:
    """Deletes a file, or a folder with all that is in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
