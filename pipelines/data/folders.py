"""Output folders of the commands that prepare data: made beside, and renamed when they are finished."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from colorgan_tf.errors import InputError


@contextlib.contextmanager
def fresh_folder(folder: Path, mark: str, overwrite: bool = False) -> Iterator[Path]:
    """Yields a folder beside `folder`, and gives it that name when the block ends without an error.

    Args:
        folder: the folder to be made.
        mark: a file that the finished folder holds. Only a folder with it is ever replaced.
        overwrite: replace a finished folder.

    Raises:
        InputError: if the folder is in use already.
    """
    folder = folder.resolve()
    partial, old = (folder.with_name(f".{folder.name}.{state}") for state in ("partial", "old"))
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        if not (folder / mark).is_file():
            raise InputError(f"--output must be a new or an empty folder. Received: {folder}, which holds other files.")
        if not overwrite:
            raise InputError(f"--output holds a finished result already. Received: {folder}; --overwrite replaces it.")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        yield partial
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.replace(folder, old)
        os.replace(partial, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
