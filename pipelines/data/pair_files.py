"""A|B pair files (the same scene twice, side by side, 2:1), made of pictures and taken apart."""

import json
from collections.abc import Callable, Iterable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.media import formats, names
from pipelines.media.writing import new_folder

REPORT = "pairs.json"
FORMATS = ("jpeg", "png")


def square(image: Image.Image, size: int = 960, multiple: int = 1) -> Image.Image:
    """Cuts the largest square out of the centre of a picture, reduced where it is larger than `size`, never enlarged.

    Args:
        image: the picture.
        size: the largest side, in pixels.
        multiple: the side is a multiple of this, unless it is smaller.
    """
    shorter = min(image.size)
    side = min(shorter, size)
    side -= side % multiple if side > multiple else 0
    # A reduced square keeps all it can; one that keeps its scale loses a few pixels at the edge instead.
    cut = shorter if shorter > size else side
    left, top = (image.width - cut) // 2, (image.height - cut) // 2
    cropped = image.crop((left, top, left + cut, top + cut))
    return cropped.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)


def join(half: Image.Image) -> Image.Image:
    """Returns a pair, `half` beside itself."""
    pair = Image.new("RGB", (2 * half.width, half.height))
    pair.paste(half, (0, 0))
    pair.paste(half, (half.width, 0))
    return pair


def halves(pair: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Takes a pair apart into A and B.

    Raises:
        InputError: if the pair is not exactly 2:1.
    """
    width, height = pair.size
    if width != 2 * height:
        raise InputError(f"a pair must be twice as wide as high. Received: {width} x {height}")
    return pair.crop((0, 0, height, height)), pair.crop((height, 0, width, height))


def _opened(path: Path) -> Image.Image:
    import tensorflow as tf

    from pipelines.data import pictures

    if fault := pictures.read_header(path).fault:
        raise InputError(fault)
    try:
        return Image.fromarray(pictures.decode(path.read_bytes()).numpy())
    except tf.errors.OpError:
        raise InputError("damaged: it cannot be decoded") from None


def _save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=95, subsampling=0)  # PNG has neither, and takes no notice


def targets(files: list[Path], folder: Path, suffix: str) -> list[Path]:
    """Returns the relative path of each result: the tree is kept, and `a.jpg` beside `a.tif` gives two results."""
    relative = [file.relative_to(folder) for file in files]
    plain = [str(path.with_suffix(suffix)) for path in relative]
    return [Path(name) for name in names.unshared(plain, [f"{path}{suffix}" for path in relative])]


def convert(
    folder: Path,
    output: Path,
    split: bool = False,
    size: int = 960,
    format: str = "jpeg",
    overwrite: bool = False,
    progress: Callable[..., Iterable[Any]] = lambda files, **_: files,
) -> tuple[int, dict[Path, str]]:
    """Makes pair files of a folder of pictures, or takes a folder of pair files apart into `A/` and `B/`.

    Args:
        folder: pictures, or pair files when `split`.
        output: the new folder, with the same tree.
        split: take apart instead of making.
        size: the largest side of a half, in pixels.
        format: "jpeg" (quality 95, 4:4:4) or "png".
        overwrite: replace a finished output.
        progress: wraps the iteration, for example `tqdm`.

    Returns:
        How many files were done, and the reasons for those that were not.

    Raises:
        InputError: if the folder is missing or empty, the output in use, or not one file could be done.
    """
    from pipelines.data import pictures

    files = pictures.find(folder)
    # Blocks of a JPEG are 8 pixels wide: a half of whole blocks does not bleed into the other half.
    multiple = 8 if format == "jpeg" else 1

    def make(file: Path, target: Path) -> None:
        _save(join(square(_opened(file), size, multiple)), partial / target)

    def take_apart(file: Path, target: Path) -> None:
        for name, half in zip("AB", halves(_opened(file)), strict=True):
            _save(half, partial / name / target)

    def attempt(job: tuple[Path, Path]) -> tuple[Path, str]:
        try:
            (take_apart if split else make)(*job)
        except InputError as error:
            return job[0], str(error)
        return job[0], ""

    with new_folder(output, REPORT, overwrite) as partial, ThreadPool() as pool:
        jobs = list(zip(files, targets(files, Path(folder), formats.usual_suffix(format.upper())), strict=True))
        outcomes = list(progress(pool.imap(attempt, jobs), total=len(jobs)))
        failed = {file: reason for file, reason in outcomes if reason}
        if len(failed) == len(files):
            file, reason = next(iter(failed.items()))
            raise InputError(
                f"None of the {len(files)} pictures in {folder} could be used. The first, {file}: {reason}."
            )
        report = {"count": len(files) - len(failed), "failed": {str(file): reason for file, reason in failed.items()}}
        (partial / REPORT).write_text(json.dumps(report, indent=1))
    return len(files) - len(failed), failed
