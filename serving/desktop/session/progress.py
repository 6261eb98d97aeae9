"""How far all that was asked for is, and how long it will still take. No Qt."""

import dataclasses
from collections.abc import Sequence

from serving.desktop.session.session import BUSY, Work


@dataclasses.dataclass(frozen=True)
class Overall:
    """How far the work is.

    Attributes:
        done: files that are finished, stopped or failed.
        total: files that were asked for.
        fraction: of the work that is done, in [0, 1].
        seconds_left: estimated; None where nothing can be said yet.
        current: name of the file that is worked on; empty where none is.
    """

    done: int
    total: int
    fraction: float
    seconds_left: float | None
    current: str

    @property
    def busy(self) -> bool:
        """Whether anything is still to be done."""
        return self.done < self.total


def overall(works: Sequence[Work], seconds: float) -> Overall:
    """Sums up.

    Pictures and films are worked on side by side, so what takes longest counts: the film's own estimate, or what the
    pictures took so far, times those that are left.

    Args:
        works: all that was asked for.
        seconds: since then.
    """
    done = sum(work.record.state not in BUSY for work in works)
    current = next((work.record.name for work in works if work.record.state == "working"), "")
    if not works:
        return Overall(0, 0, 0.0, None, "")
    parts = sum(work.fraction for work in works)
    estimates = [work.live.seconds_left for work in works if work.live.seconds_left is not None]
    short = [work for work in works if work.record.kind == "picture"]
    ready = sum(work.record.state not in BUSY for work in short)
    if ready and ready < len(short):
        estimates.append(seconds / ready * (len(short) - ready))
    return Overall(done, len(works), parts / len(works), max(estimates, default=None), current)
