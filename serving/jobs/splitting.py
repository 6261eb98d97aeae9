"""Splits a scan with several photographs: each becomes a file of its own, the scan stays."""

import dataclasses
import os
import secrets
import shutil
import time

from serving.jobs import records
from serving.jobs.queue import JobQueue
from serving.jobs.records import FileRecord
from serving.jobs.store import Store


def split(store: Store, jobs: JobQueue, scan: FileRecord) -> list[FileRecord]:
    """Makes a file of each photograph that was found on a scan, and has it coloured.

    Each keeps the whole scan as its original: its frame can be changed, or taken away, as that of any picture.
    """
    made = []
    for number, part in enumerate(scan.parts, start=1):
        record = dataclasses.replace(
            scan,
            id=secrets.token_urlsafe(18),
            name=f"{scan.stem}-{number}{scan.suffix}",
            created=time.time(),
            state=records.WAITING,
            settings=dataclasses.replace(scan.settings, crop=part, hints=(), reference=""),
            note="",
            in_colour=False,
            result="",
            version=0,
            parts=(),
            versions=(),
        )
        with store.incoming() as path:
            try:
                os.link(store.original(scan).resolve(), path)
            except OSError:  # a file system without links
                shutil.copyfile(store.original(scan), path)
            made.append(store.add(path, record))
        jobs.submit(record)
    return made
