"""Command: films in, training frames out; 1 frame in 50, without near duplicates, black and grey frames.

    python -m pipelines.frames FILM_OR_FOLDER... --output=frames/ [--every=50] [--workers=N]

Each film gets a folder of its own below the output, `frames/film/film_frame000150_t00006.006s.jpg`, which appears
when the film is finished. The same command again goes on with the films that are missing.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure
from pipelines.media import formats, names, tone
from pipelines.media.writing import new_folder

if TYPE_CHECKING:
    import av

    from pipelines.films.decoding import FilmSource

# What a folder is searched for; a film named on its own may have any name.
SUFFIXES = (*formats.FILM_SUFFIXES, *formats.MORE_FILM_SUFFIXES, ".gif")
REPORT = "frames.json"
THUMBNAIL = 64  # pixels a side; every judgement below is made on thumbnails, in which grain and noise are gone


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
class FilmReport:
    """The outcome for one film; `warning` says what was wrong with it, if anything."""

    film: str
    every: int
    counts: Counts
    warning: str = ""


# === Judging a frame by its thumbnail: [64, 64, 3] float32, Y in [0, 1], U and V in YUV units ===


def is_black(thumbnail: np.ndarray) -> bool:
    """Says whether a frame is black or one even tone, as in a fade: nothing to learn from either."""
    luma = thumbnail[..., 0]
    return bool(np.quantile(luma, 0.98) < 0.08 or luma.std() < 0.02)


def is_grey(thumbnail: np.ndarray) -> bool:
    """Says whether a frame is black and white, or toned: its chroma is then near zero, or follows from its luma.

    A sepia, blue or two-tone print is a curve through the YUV cube, so that a parabola in Y explains U and V. In 2,095
    colour photographs the smallest root-mean-square rest was 0.011 and the smallest mean chroma 0.013.
    """
    luma, chroma = thumbnail[..., 0].reshape(-1), thumbnail[..., 1:].reshape(-1, 2)
    left = tone.off_curve(luma, chroma, 2)
    return bool(np.linalg.norm(chroma, axis=1).mean() < 0.013 or np.sqrt(np.square(left).sum(axis=1).mean()) < 0.01)


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Says whether a new shot begins between two neighbouring frames.

    A cut that is missed or seen where there is none does little harm: it only decides with which frames the next ones
    are compared.
    """
    difference = np.abs(after[..., 0] - before[..., 0]).mean()
    old, new = (np.histogram(thumbnail[..., 0], 16, (0, 1))[0] for thumbnail in (before, after))
    moved = np.abs(old - new).sum() / (2 * THUMBNAIL**2)  # the share of pixels that changed their luma bin
    return bool(difference > 0.1 or (moved > 0.3 and difference > 0.04))


def is_duplicate(first: np.ndarray, second: np.ndarray) -> bool:
    """Says whether two frames of one shot show the same: less than a tenth of the picture changed visibly."""
    return bool((np.abs(first - second).max(axis=-1) > 0.06).mean() < 0.1)


class Sieve:
    """Follows a film frame by frame and says what to do with those that are looked at."""

    def __init__(self):
        self._before: np.ndarray | None = None
        self._kept: list[np.ndarray] = []  # in the present shot

    def follow(self, thumbnail: np.ndarray) -> None:
        """Takes notice of a frame, so that shot cuts are seen between neighbours."""
        if self._before is not None and is_cut(self._before, thumbnail):
            self._kept = []
        self._before = thumbnail

    def judge(self, thumbnail: np.ndarray) -> str:
        """Returns "kept", "black", "grey" or "duplicate"."""
        if is_black(thumbnail):
            return "black"
        if is_grey(thumbnail):
            return "grey"
        if any(is_duplicate(thumbnail, kept) for kept in self._kept):
            return "duplicate"
        self._kept.append(thumbnail)
        return "kept"


# === Reading a film ===


def picture(frame: "av.VideoFrame", source: "FilmSource") -> np.ndarray:
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


def _thumbnail(frame: "av.VideoFrame") -> np.ndarray:
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


def take(film: Path, folder: Path, every: int) -> FilmReport:
    """Writes the frames of one film that are worth training on, as JPEG of quality 95, 4:4:4.

    Args:
        film: the film, in any container that PyAV opens.
        folder: where the frames go; their names begin with its name.
        every: one frame in so many is looked at.

    Raises:
        InputError: if the film cannot be opened, has no video, or not one frame that can be decoded.
    """
    import imageio.v3 as iio

    from pipelines.films import decoding

    source = decoding.probe(str(film))
    log = decoding.DecodeLog()
    sieve = Sieve()
    verdicts: Counter[str] = Counter()
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
        sieve.follow(thumbnail)
        if number % every:
            continue
        verdict = sieve.judge(thumbnail)
        verdicts[verdict] += 1
        if verdict == "kept":
            name = f"{folder.name}_frame{number:06d}_t{seconds:09.3f}s.jpg"
            iio.imwrite(folder / name, picture(frame, source), plugin="pillow", quality=95, subsampling=0)

    warnings = []
    # A file says how many frames it has, or how long it is; a sound track may then run on a little longer.
    if number + 1 < 0.95 * source.frames or (not source.frames and seconds < 0.95 * source.duration - 1):
        warnings.append(f"truncated: the pictures end after {seconds:.1f} of {source.duration:.1f} seconds")
    if log.broken or damaged:
        warnings.append(f"damaged: {log.broken} packets and {damaged} frames could not be used")
    return FilmReport(str(film), every, Counts(**verdicts), "; ".join(warnings))


# === Many films ===


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


def _finished(film: Path, folder: Path, every: int) -> FilmReport | None:
    """Returns the report of a film that was finished before with the same settings."""
    try:
        fields = json.loads((folder / REPORT).read_text())
        report = FilmReport(counts=Counts(**fields.pop("counts")), **fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if (report.film, report.every) != (str(film), every):
        raise InputError(
            f"{folder} holds frames of {report.film} with --every={report.every}. Received: {film} with "
            f"--every={every}; choose another --output or give --overwrite."
        )
    return report


def _take_into(film: Path, folder: Path, every: int, overwrite: bool) -> FilmReport:
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
    progress: Callable[..., Iterable] = lambda films, **_: films,
) -> tuple[dict[Path, FilmReport], dict[Path, str]]:
    """Takes frames from many films, each in a process of its own.

    Returns:
        The reports of the films that were read, and the reasons for those that were not.

    Raises:
        InputError: if the output holds frames of other films under the same names, or of other settings.
    """
    folders = {film: output / name for film, name in zip(films, folder_names(films), strict=True)}
    finished = {} if overwrite else {film: _finished(film, folder, every) for film, folder in folders.items()}
    reports = {film: report for film, report in finished.items() if report}
    failed: dict[Path, str] = {}
    # Films are decoded by native threads, which a forked process could not use.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers or os.cpu_count(), mp_context=context) as pool:
        jobs = {
            pool.submit(_take_into, film, folder, every, overwrite): film
            for film, folder in folders.items()
            if film not in reports
        }
        for job in progress(concurrent.futures.as_completed(jobs), total=len(jobs)):
            try:
                reports[jobs[job]] = job.result()
            except (InputError, OSError, concurrent.futures.BrokenExecutor) as error:
                failed[jobs[job]] = str(error)
    return {film: reports[film] for film in films if film in reports}, failed


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string(
        "output", None, "Folder for the frames; each film gets a folder of its own in it.", required=True
    )
    flags.DEFINE_integer("every", 50, "One frame in so many is looked at.", lower_bound=1)
    flags.DEFINE_integer(
        "workers", None, "Films read at the same time; as many as the machine has cores by default.", 1
    )
    flags.DEFINE_bool("overwrite", False, "Take the frames again from films that are finished.")


def main(argv: list[str]) -> None:
    """Takes frames from the films and folders named, and reports on each."""
    from tqdm import tqdm

    args = flags.FLAGS
    films = find(argv[1:])
    progress = lambda jobs, total: tqdm(jobs, total=total, unit="film")  # noqa: E731
    reports, failed = extract(films, Path(args.output), args.every, args.workers, args.overwrite, progress)
    for film, report in reports.items():
        print(f"{film.name}: {report.counts}" + (f"; warning: {report.warning}" if report.warning else ""))
    total = sum((Counter(dataclasses.asdict(report.counts)) for report in reports.values()), Counter())
    print(f"{len(reports)} films, 1 frame in {args.every}: {Counts(**total)}")
    if failed:
        lines = [f"{film}: {reason}" for film, reason in failed.items()]
        raise PartialFailure("\n  ".join([f"{len(failed)} of {len(films)} films could not be read:", *lines]))


if __name__ == "__main__":
    define_flags()
    command.run(main)
