"""Names for results that no other result and no other file has."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path

_LONGEST = 250  # bytes of a name: file systems hold 255, and a number may come


def numbered(path: Path) -> Iterator[Path]:
    """Yields the path itself, then `NAME-2.EXT`, `NAME-3.EXT` and so on beside it."""
    yield path
    for number in count(2):
        yield path.with_stem(f"{path.stem}-{number}")


def extended(path: Path, ending: str) -> Path:
    """Returns the path with `ending` after its whole name; of a name too long for file systems, the end is left out."""
    name = os.fsencode(path.name)[: _LONGEST - len(os.fsencode(ending))]
    return path.with_name(name.decode(errors="ignore") + ending)


def free(path: Path) -> Path:
    """Returns the first of `numbered(path)` that does not exist."""
    return next(name for name in numbered(path) if not name.exists())


class Distinct:
    """Gives out names one by one, each only once, also where the file system takes `A` and `a` for the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: Path, *others: Path, free: Callable[[Path], bool] = lambda name: True) -> Path:
        """Returns the first of `wanted`, `others` and `numbered(wanted)` that is `free` and not given out before."""
        possible = chain((wanted, *others), islice(numbered(wanted), 1, None))
        name = next(each for each in possible if str(each).casefold() not in self._taken and free(each))
        self._taken.add(str(name).casefold())
        return name


def unshared(wanted: Sequence[str], otherwise: Sequence[str]) -> list[str]:
    """Returns each wanted name, or the one in `otherwise` where several want the same: none of them gets it then.

    So a result's name does not depend on the order of the files.
    """
    times = Counter(name.casefold() for name in wanted)
    return [name if times[name.casefold()] == 1 else other for name, other in zip(wanted, otherwise, strict=True)]
