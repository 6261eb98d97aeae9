"""Files that are opened: checked by their content, found in folders, and linked rather than copied. No Qt."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from colorgan_tf.errors import InputError, RequestError
from pipelines import batch
from pipelines.media import formats
from serving.desktop import texts
from serving.jobs.limits import MEGA, Limits, Upload, check_upload

# On their own machine people may do as they like: these only keep a file from taking all of the memory.
LIMITS = Limits(
    upload_bytes=1_000_000 * MEGA,
    picture_pixels=formats.MAX_PIXELS,
    animation_frames=3000,
    animation_pixels=20_000_000_000,
    film_seconds=24 * 3600.0,
    film_pixels=8192 * 4608,
    waiting=1_000_000,
    waiting_each=1_000_000,
    task_seconds=14 * 24 * 3600.0,
)


def identify(path: Path) -> Upload:
    """Finds out what a file is.

    Raises:
        RequestError: it cannot be read, or is nothing that can be coloured.
    """
    if path.is_dir():
        raise RequestError(texts.IS_A_FOLDER)
    try:
        return check_upload(path, LIMITS)
    except FileNotFoundError as error:
        raise RequestError(texts.GONE) from error
    except OSError as error:
        raise RequestError(texts.UNREADABLE) from error


def find(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Looks for files, also in all folders below those given.

    Returns:
        The files that may be coloured, and the folders that hold none. Files that were named themselves are all taken:
        `identify` tells what is wrong with them.
    """
    files: list[Path] = []
    empty: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside: list[Path] = []
        with contextlib.suppress(InputError):
            inside = [job.source for job in batch.find([path], path / ".none", formats.SUFFIXES).jobs]
        files += inside
        empty += [] if inside else [path]
    return list(dict.fromkeys(files)), empty


def link(path: Path, place: Path) -> None:
    """Makes a file appear in another place: by a symbolic link, by a hard one, or as a copy where neither is possible.

    Raises:
        OSError: it cannot be copied either.
    """
    for link_to in (os.symlink, os.link):
        with contextlib.suppress(OSError):
            link_to(path.resolve(), place)
            return
    shutil.copyfile(path, place)
