"""One file of the window: what is known of it, and how far the work on it is. No Qt."""

import dataclasses

from serving.jobs import records
from serving.jobs.queue import Live
from serving.jobs.records import FileRecord

READY = "ready"  # opened, and not asked to be coloured yet
BUSY = (records.WAITING, records.WORKING)


@dataclasses.dataclass(frozen=True)
class Item:
    """One file, and how far the work on it is."""

    record: FileRecord
    live: Live

    @property
    def fraction(self) -> float:
        """How much of it is done, in [0, 1]."""
        if self.record.state not in BUSY:
            return 1.0
        return min(1.0, self.live.done / self.live.total) if self.live.total else 0.0
