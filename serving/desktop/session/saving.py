"""Results on their way out: names that overwrite nothing, files that appear whole. No Qt."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def free_name(path: Path) -> Path:
    """Returns the path itself, or the first of `NAME-2.EXT`, `NAME-3.EXT` ... that does not exist."""
    return next(name for name in _names(path) if not name.exists())


def _names(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, 1_000_000):
        yield path.with_stem(f"{path.stem}-{number}")


def save(result: Path, target: Path) -> Path:
    """Copies a result; the name appears when all of it is there.

    Returns:
        Where it is: always with the result's own ending, since that says what is in the file.

    Raises:
        OSError: the target cannot be written.
    """
    if target.suffix.lower() != result.suffix.lower():
        target = target.with_name(target.name + result.suffix)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        shutil.copyfile(result, partial)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return target
