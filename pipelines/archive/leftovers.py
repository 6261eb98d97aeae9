"""What actors leave beside the results when they are killed: found and deleted when a run ends."""

import re
from pathlib import Path, PurePosixPath

from pipelines.media import storage

_PIECES = re.compile(r"\.(?P<end>.+)\.[0-9a-f]{12}\.pieces", re.DOTALL)
_NAME_END = 60  # characters of a film's name that its folder of pieces bears


def pieces_folder(target: str, digest: str) -> str:
    """Returns the folder for the pieces of the film `target`, beside it; `digest`, of 12 hex digits, tells settings."""
    folder, _, name = target.rpartition("/")
    return f"{folder}/.{name[-_NAME_END:]}.{digest}.pieces"


def remove(output: str) -> None:
    """Deletes half-written files, and the pieces of films that are whole; those of other films stay.

    Args:
        output: folder of the results. No run may be writing to it.
    """
    files = [entry.place for entry in storage.files(output)]
    if storage.is_url(output):
        paths = {PurePosixPath(place) for file in files for place in (file, *map(str, PurePosixPath(file).parents))}
        hidden = [path for path in paths if path.name.startswith(".")]
    else:
        hidden = [PurePosixPath(path.relative_to(output).as_posix()) for path in Path(output).rglob(".*")]
    whole = {(place.parent, place.name[-_NAME_END:]) for place in map(PurePosixPath, files)}
    for path in hidden:
        pieces = _PIECES.fullmatch(path.name)
        if path.name.startswith((".partial-", ".archive-")) or (pieces and (path.parent, pieces["end"]) in whole):
            storage.remove(storage.join(output, str(path)))
