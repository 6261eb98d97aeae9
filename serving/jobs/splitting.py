"""Splits a file of several pages, or a scan with several photographs: each becomes a file of its own, it stays."""

import dataclasses
import os
import secrets
import shutil
import time

from pipelines.stills.crop import WHOLE
from serving.jobs import records
from serving.jobs.queue import JobQueue
from serving.jobs.records import FileRecord
from serving.jobs.store import Store


def count(record: FileRecord) -> int:
    """Returns how many files a file can be split into: its pages, or the photographs on its only one; 0 for none."""
    return record.pages if record.pages > 1 else len(record.parts)


def split(store: Store, jobs: JobQueue, scan: FileRecord) -> list[FileRecord]:
    """Makes a file of each page, or of each photograph that was found on a scan, and has it coloured.

    Each keeps the whole scan as its original: its frame can be changed, or taken away, as that of any picture.
    """
    pages = [(page, WHOLE) for page in range(scan.pages)] if scan.pages > 1 else []
    made = []
    for number, (page, part) in enumerate(pages or [(scan.page, part) for part in scan.parts], start=1):
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
            pages=1,
            page=page,
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
