"""What is to do in an archive: its files by path or URL, and the place of each result."""

import dataclasses
import os
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from colorgan_tf.errors import InputError
from pipelines import batch
from pipelines.media import formats, storage
from pipelines.media.storage import Entry


@dataclasses.dataclass(frozen=True)
class Item:
    """One file of an archive.

    Attributes:
        source: absolute path or URL.
        target: path or URL of its result.
        size: bytes.
    """

    source: str
    target: str
    size: int

    @property
    def film(self) -> bool:
        """Whether it is a film by its name; all else is a still here, animations too."""
        return PurePosixPath(self.source).suffix.lower() in formats.FILM_SUFFIXES


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the inputs stand for.

    Attributes:
        items: files to colour.
        faults: one line for each input that stands for none.
        left_out: number of files of other kinds.
    """

    items: tuple[Item, ...]
    faults: tuple[str, ...] = ()
    left_out: int = 0


def make(inputs: Sequence[str], output: str, suffix: str | None, done: Mapping[str, str]) -> Plan:
    """Finds all files, and gives each result the name that `pipelines.batch` gives it.

    Args:
        inputs: files and folders, as paths or URLs.
        output: folder of the results, absolute.
        suffix: ending of the results of still pictures; None for each file's own.
        done: results of earlier runs and what each was made from; no source gets the name of another's result.

    Raises:
        InputError: no input stands for any file, or a store cannot be read.
    """
    wanted: dict[str, Path] = {}
    sizes: dict[str, int] = {}
    faults: list[str] = []
    left_out = 0
    for given in map(storage.absolute, inputs):
        if not storage.is_url(given) and os.path.isfile(given):
            entries, below = [Entry(given, os.path.basename(given), os.path.getsize(given))], Path()
        else:
            entries, below = list(storage.files(given)), Path(posixpath.basename(given) if len(inputs) > 1 else "")
        if not entries and not storage.is_url(given) and not os.path.exists(given):
            faults.append(f"{given}: does not exist")
            continue
        before = len(wanted)
        for entry in entries:
            place = Path(entry.place) if entry.place != "." else Path(posixpath.basename(entry.path))
            if any(part.startswith(".") for part in place.parts):
                continue
            if place.suffix.lower() not in formats.SUFFIXES:
                left_out += 1
            elif entry.path not in wanted:
                wanted[entry.path], sizes[entry.path] = below / place, entry.size
        if len(wanted) == before:
            faults.append(f"{given}: without files that can be coloured ({' '.join(formats.SUFFIXES)})")
    if not wanted:
        raise InputError("Files or folders to colour are expected. Received: " + ("; ".join(faults) or "none") + ".")

    def free(source: str, place: Path) -> bool:
        return done.get(storage.join(output, place.as_posix()), source) == source

    items = [
        Item(source, storage.join(output, place.as_posix()), sizes[source])
        for source, place in batch.places(wanted, suffix, free)
    ]
    return Plan(tuple(items), tuple(faults), left_out)


def check_output(inputs: Sequence[str], output: str) -> None:
    """Checks that the results are not among the originals.

    Raises:
        InputError: `output` lies inside an input.
    """
    for given in map(storage.absolute, inputs):
        inner, outer = output, given
        if not storage.is_url(output) and not storage.is_url(given):
            inner, outer = os.path.realpath(output), os.path.realpath(given)
        if f"{inner}/".startswith(f"{outer.rstrip('/')}/"):
            raise InputError(f"`--output` must lie outside of the inputs. Received: {output} in {given}.")
