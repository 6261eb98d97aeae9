"""What all pages share: the files, the queue, the figures. Held by the Flask app."""

import dataclasses
import threading
from typing import Any

from flask import current_app, g

from colorgan_tf.errors import RequestError
from serving.jobs import records
from serving.jobs.queue import JobQueue
from serving.jobs.records import FileRecord
from serving.jobs.store import Store
from serving.language import gettext
from serving.web import texts
from serving.web.metrics import Metrics
from serving.web.settings import Settings
from serving.web.streams import Streams

_CLEAN_SECONDS = 600.0


@dataclasses.dataclass(frozen=True)
class Site:
    """The parts of a running website."""

    settings: Settings
    store: Store
    jobs: JobQueue
    metrics: Metrics
    streams: Streams
    closed: threading.Event = dataclasses.field(default_factory=threading.Event)

    def start(self) -> None:
        """Begins to work and to tidy up."""
        self.jobs.start()
        threading.Thread(target=self._tidy, daemon=True).start()

    def close(self) -> None:
        """Ends the work; what is unfinished goes on at the next start."""
        self.closed.set()
        self.jobs.events.close()
        self.jobs.close()
        self.store.close()

    def remove_old(self) -> int:
        """Removes the files that are older than the set age; returns how many."""
        old = self.store.older_than(self.settings.limits.age_days)
        for record in old:
            self.remove(record)
        return len(old)

    def remove(self, record: FileRecord) -> None:
        """Removes a file, whatever is being done with it."""
        self.jobs.stop(record)
        self.store.delete(record)
        self.jobs.events.publish(record.user)

    def _tidy(self) -> None:
        while not self.closed.is_set():
            self.remove_old()
            self.closed.wait(_CLEAN_SECONDS)


def site() -> Site:
    """Returns the running website."""
    found = current_app.extensions["colorgan"]
    assert isinstance(found, Site)
    return found


def own_file(identity: str) -> FileRecord:
    """Returns a file of the user who asks.

    Raises:
        RequestError: there is none, or it is another's; both look the same from outside.
    """
    record = site().store.get(identity, g.user)
    if record is None:
        raise RequestError(texts.NOT_FOUND, 404)
    return record


def as_json(record: FileRecord) -> dict[str, Any]:
    """Returns a file as the API shows it."""
    jobs = site().jobs
    live = jobs.live(record.id)
    base = f"/api/files/{record.id}"
    links = {"self": base, "page": f"/files/{record.id}"}
    if record.result:
        links["result"] = f"{base}/result?v={record.version}"
        links["thumbnail"] = f"{base}/thumbnail?v={record.version}"
    if live.previews and record.state == records.WORKING:
        links["preview"] = f"{base}/preview?v={record.version}.{live.previews}"
    if record.settings.reference:
        links["reference"] = f"{base}/reference?v={record.settings.reference}"
    settings = dataclasses.asdict(record.settings)
    return {
        "id": record.id,
        "name": record.name,
        "kind": record.kind,
        "state": record.state,
        "note": gettext(record.note),
        "in_colour": record.in_colour,
        "size": list(record.size),
        "frames": record.frames,
        "result_name": record.download_name if record.result else "",
        "version": record.version,
        "seconds": record.seconds,
        "place": jobs.place(record) if record.state == records.WAITING else 0,
        "progress": {"done": live.done, "total": live.total, "seconds_left": live.seconds_left},
        "pages": record.pages,
        "parts": [dataclasses.asdict(part) for part in record.parts],
        "offers": list(record.offers),
        "versions": [
            {
                "hints": [dataclasses.asdict(hint) for hint in hints],
                "thumbnail": f"{base}/versions/{number}?v={record.version}",
            }
            for number, hints in enumerate(record.versions)
        ],
        "settings": settings,
        "wishes": settings,  # the name that programs of before know
        "links": links,
    }
