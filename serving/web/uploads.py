"""Taking a file in: streamed to disk with its size counted, judged by its content, and put in the queue."""

import secrets
import time
from pathlib import Path
from typing import IO

from colorgan_tf.errors import RequestError
from serving import language
from serving.jobs.limits import check_upload
from serving.jobs.records import FileRecord
from serving.web import texts
from serving.web.settings import SiteLimits
from serving.web.site import Site

_CHUNK = 1 << 18
_LONGEST_NAME = 120


def take(site: Site, user: str, name: str, stream: IO[bytes], length: int | None) -> FileRecord:
    """Takes a file in.

    Args:
        site: the website.
        user: whose it is.
        name: what its user calls it.
        stream: its bytes.
        length: how many the request announces; None where it does not say.

    Raises:
        RequestError: too large, too many, or nothing that can be coloured.
    """
    limits = site.settings.limits
    if length is not None and length > limits.upload_bytes:
        raise RequestError(texts.too_large_file(limits.upload_bytes), 413)
    site.jobs.check_room(user)
    check_space(site, user)
    with site.store.incoming() as path:
        copy(stream, path, limits)
        kind = check_upload(path, limits)
        record = FileRecord(
            id=secrets.token_urlsafe(18),
            user=user,
            name=shown_name(name, kind.suffix),
            kind=kind.kind,
            suffix=kind.suffix,
            created=time.time(),
            language=language.current(),
            frames=kind.frames,
        )
        site.store.add(path, record)
    site.jobs.submit(record)
    return record


def shown_name(name: str, suffix: str) -> str:
    """Returns a name that is safe to show and to offer for a download: no folders, no control characters, not long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(letter for letter in last if letter.isprintable() and letter not in '"<>|:*?').strip(" .")
    if len(clean) > _LONGEST_NAME:  # cut in the middle: names mostly differ at their ends
        half = _LONGEST_NAME // 2
        clean = f"{clean[: half - 1]}…{clean[-half:]}"
    return clean or f"file{suffix}"


def check_space(site: Site, user: str, files: int = 1) -> None:
    """Checks that a user may keep so many more files.

    Raises:
        RequestError: there is no room for them.
    """
    limits = site.settings.limits
    own, everyone = site.store.usage(user), site.store.usage()
    if own.files + files > limits.files_each or own.bytes >= limits.bytes_each:
        raise RequestError(texts.FULL_EACH, 507)
    if everyone.bytes >= limits.bytes_all:
        raise RequestError(texts.FULL_ALL, 507)


def copy(stream: IO[bytes], path: Path, limits: SiteLimits) -> None:
    """Writes what is sent to a file.

    Raises:
        RequestError: it is larger than the limits allow.
    """
    size = 0
    with path.open("wb") as file:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > limits.upload_bytes:
                raise RequestError(texts.too_large_file(limits.upload_bytes), 413)
            file.write(chunk)
