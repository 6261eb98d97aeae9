"""How far all that was asked for is, and how long it will still take. No Qt."""

import dataclasses
from collections.abc import Sequence

from pipelines.media.formats import Kind
from serving.desktop.session.item import BUSY, Item
from serving.jobs import records


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


def overall(items: Sequence[Item], seconds: float) -> Overall:
    """Sums up.

    Pictures and films are worked on side by side, so what takes longest counts: the film's own estimate, or what the
    pictures took so far, times those that are left.

    Args:
        items: all that was asked for.
        seconds: since then.
    """
    done = sum(item.record.state not in BUSY for item in items)
    current = next((item.record.name for item in items if item.record.state == records.WORKING), "")
    if not items:
        return Overall(0, 0, 0.0, None, "")
    parts = sum(item.fraction for item in items)
    estimates = [item.live.seconds_left for item in items if item.live.seconds_left is not None]
    short = [item for item in items if item.record.kind == Kind.PICTURE]
    ready = sum(item.record.state not in BUSY for item in short)
    if ready and ready < len(short):
        estimates.append(seconds / ready * (len(short) - ready))
    return Overall(done, len(items), parts / len(items), max(estimates, default=None), current)
