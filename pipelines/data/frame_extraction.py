"""Frames for training out of films: read, judged, and written as pictures, many films at once."""

import concurrent.futures
import dataclasses
import hashlib
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from colorgan_tf.errors import InputError
from pipelines.data.frame_selection import THUMBNAIL, FrameSelector
from pipelines.media import formats, names
from pipelines.media.writing import new_folder

if TYPE_CHECKING:
    import av

    from pipelines.films.decoding import FilmSource

# What a folder is searched for; a film named on its own may have any name.
SUFFIXES = (*formats.FILM_SUFFIXES, *formats.MORE_FILM_SUFFIXES, ".gif")
REPORT = "frames.json"


@dataclasses.dataclass(frozen=True)
class Counts:
    """What became of the frames that were looked at."""

    kept: int = 0
    duplicate: int = 0
    black: int = 0
    grey: int = 0

    def __str__(self) -> str:
        return f"{self.kept} kept; dropped: {self.duplicate} near duplicates, {self.black} black, {self.grey} grey"


@dataclasses.dataclass(frozen=True)
class FilmFrames:
    """The outcome for one film; `warning` says what was wrong with it, if anything."""

    film: str
    every: int
    counts: Counts
    warning: str = ""


def picture(frame: "av.VideoFrame", source: "FilmSource") -> NDArray[np.uint8]:
    """Converts a decoded frame to what a player shows: uint8 `[height, width, 3]` RGB, square pixels, upright."""
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    from pipelines.films import pixel_formats

    height, width = pixel_formats.display_size(frame.height, frame.width, source.aspect, rotation=0)
    rgb = frame.reformat(
        width,
        height,
        "rgb24",
        # swscale goes by the frame's own tags, and takes an untagged frame as BT.601; HD is BT.709 then.
        src_colorspace=Colorspace.ITU709 if source.pixel_format.matrix == pixel_formats.BT709 else None,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND,
        threads=1,
    ).to_ndarray()
    return np.rot90(rgb, source.rotation // 90)


def _thumbnail(frame: "av.VideoFrame") -> NDArray[np.float32]:
    from av.video.reformatter import ColorRange, Interpolation

    small = frame.reformat(
        THUMBNAIL,
        THUMBNAIL,
        "yuv444p",
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA,
        threads=1,
    ).to_ndarray(channel_last=True)
    # Cb = U / 0.872 + 0.5, Cr = V / 1.230 + 0.5
    return (small.astype(np.float32) - [0, 128, 128]) / 255 * np.array([1, 0.872, 1.23], np.float32)


def take(film: Path, folder: Path, every: int) -> FilmFrames:
    """Writes the frames of one film that are worth training on, as JPEG of quality 95, 4:4:4.

    Args:
        film: the film, in any container that PyAV opens.
        folder: where the frames go; their names begin with its name.
        every: every n-th frame is looked at.

    Raises:
        InputError: if the film cannot be opened, has no video, or not one frame that can be decoded.
    """
    import imageio.v3 as iio

    from pipelines.films import decoding

    source = decoding.probe(str(film))
    log = decoding.DecodeLog()
    selector = FrameSelector()
    labels: Counter[str] = Counter()
    number, seconds, start = 0, 0.0, None
    broken, damaged, spoilt = 0, 0, False
    for number, frame in enumerate(decoding.frames(source, log)):
        start = frame.time if start is None else start
        seconds = frame.time - start
        # Damage spreads from frame to frame up to the next one that leans on no other.
        spoilt = frame.is_corrupt or (not frame.key_frame and (spoilt or log.broken > broken))
        broken = log.broken
        if spoilt:
            damaged += 1
            continue
        thumbnail = _thumbnail(frame)
        selector.follow(thumbnail)
        if number % every:
            continue
        label = selector.judge(thumbnail)
        labels[label] += 1
        if label == "kept":
            name = f"{folder.name}_frame{number:06d}_t{seconds:09.3f}s.jpg"
            iio.imwrite(folder / name, picture(frame, source), plugin="pillow", quality=95, subsampling=0)

    warnings = []
    # A file says how many frames it has, or how long it is; a sound track may then run on a little longer.
    if number + 1 < 0.95 * source.frames or (not source.frames and seconds < 0.95 * source.duration - 1):
        warnings.append(f"truncated: the pictures end after {seconds:.1f} of {source.duration:.1f} seconds")
    if log.broken or damaged:
        warnings.append(f"damaged: {log.broken} packets and {damaged} frames could not be used")
    return FilmFrames(str(film), every, Counts(**labels), "; ".join(warnings))


def find(arguments: Sequence[str]) -> list[Path]:
    """Returns the films named, and those below the folders named.

    Raises:
        InputError: if a path does not exist, or there is no film.
    """
    films: list[Path] = []
    for path in map(Path, arguments):
        if not path.exists():
            raise InputError(f"A film or a folder of films is expected. Received: {path}, which does not exist.")
        below = sorted(path.rglob("*")) if path.is_dir() else []
        found = [file for file in below if file.suffix.lower() in SUFFIXES and file.is_file()]
        films += found if path.is_dir() else [path]
    if not films:
        raise InputError(f"At least one film is expected. Received: {' '.join(arguments) or 'none'}.")
    return list(dict.fromkeys(film.resolve() for film in films))


def folder_names(films: Sequence[Path]) -> list[str]:
    """Returns a folder name for each film: its own, and where two have the same, a digest of the path after it."""
    with_digest = [f"{film.stem}-{hashlib.sha256(bytes(film)).hexdigest()[:8]}" for film in films]
    return names.unshared([film.stem for film in films], with_digest)


def _finished(film: Path, folder: Path, every: int) -> FilmFrames | None:
    """Returns the report of a film that was finished before with the same settings."""
    try:
        fields = json.loads((folder / REPORT).read_text())
        report = FilmFrames(counts=Counts(**fields.pop("counts")), **fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if (report.film, report.every) != (str(film), every):
        raise InputError(
            f"{folder} holds frames of {report.film} with --every={report.every}. Received: {film} with "
            f"--every={every}; choose another --output or give --overwrite."
        )
    return report


def _extract_into(film: Path, folder: Path, every: int, overwrite: bool) -> FilmFrames:
    with new_folder(folder, REPORT, overwrite) as partial:
        named = partial / folder.name  # file names carry the film's name, not that of the temporary folder
        named.mkdir()
        report = take(film, named, every)
        (named / REPORT).write_text(json.dumps(dataclasses.asdict(report), indent=1))
        for file in named.iterdir():
            os.replace(file, partial / file.name)
        named.rmdir()
    return report


def extract(
    films: Sequence[Path],
    output: Path,
    every: int = 50,
    workers: int | None = None,
    overwrite: bool = False,
    progress: Callable[..., Iterable[Any]] = lambda films, **_: films,
    pool: concurrent.futures.Executor | None = None,
) -> tuple[dict[Path, FilmFrames], dict[Path, str]]:
    """Takes frames from many films, each in a process of its own.

    Args:
        films: as `find` returns them.
        output: folder in which each film gets one of its own.
        every: every n-th frame is looked at.
        workers: processes of this machine; as many as it has cores by default.
        overwrite: take the frames again from films that are finished.
        progress: wraps the films as they end, for example `tqdm`.
        pool: other machines, in place of `workers`; they see films and output under the same paths.

    Returns:
        The reports of the films that were read, and the reasons for those that were not.

    Raises:
        InputError: if the output holds frames of other films under the same names, or of other settings.
    """
    output = output.absolute() if pool else output
    folders = {film: output / name for film, name in zip(films, folder_names(films), strict=True)}
    finished = {} if overwrite else {film: _finished(film, folder, every) for film, folder in folders.items()}
    reports = {film: report for film, report in finished.items() if report}
    failed: dict[Path, str] = {}
    # Films are decoded by native threads, which a forked process could not use.
    context = multiprocessing.get_context("spawn")
    with pool or concurrent.futures.ProcessPoolExecutor(workers or os.cpu_count(), mp_context=context) as pool:
        jobs = {
            pool.submit(_extract_into, film, folder, every, overwrite): film
            for film, folder in folders.items()
            if film not in reports
        }
        for job in progress(concurrent.futures.as_completed(jobs), total=len(jobs)):
            try:
                reports[jobs[job]] = job.result()
            except (InputError, OSError, concurrent.futures.BrokenExecutor) as error:
                failed[jobs[job]] = str(error)
    return {film: reports[film] for film in films if film in reports}, failed
