"""Results on their way out: names that overwrite nothing, files that appear whole. No Qt."""

import shutil
from pathlib import Path

from pipelines.media import writing


def save(result: Path, target: Path) -> Path:
    """Copies a result; the name appears when all of it is there.

    Returns:
        Where it is: always with the result's own ending, since that says what is in the file.

    Raises:
        OSError: the target cannot be written.
    """
    if target.suffix.lower() != result.suffix.lower():
        target = target.with_name(target.name + result.suffix)
    if not target.parent.is_dir():  # `beside` would make it: of a drive that was taken out, on the wrong disk
        raise FileNotFoundError(f"{target.parent} must be a folder.")
    with writing.beside(target) as partial:
        shutil.copyfile(result, partial)
    return target
