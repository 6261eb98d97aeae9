"""Colours one file of any kind: judged by its content, coloured, and written whole or not at all."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.quality import Quality
from colorgan_tf.inference.told import Moment, Reference
from colorgan_tf.inference.variants import variants
from pipelines.animations.colorize import AnimationOptions, Progress, colorize_animation, silent
from pipelines.batch import Job, Outcome, State
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.contact_sheet import write_contact_sheet
from pipelines.films.report import FilmReport
from pipelines.media import formats, names, tone, writing
from pipelines.media.formats import Kind
from pipelines.media.orientation import upright
from pipelines.media.tone import Tone
from pipelines.motion.steady import DEFAULT_STEADY
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_pages, colorize_still, encode_result, encode_unchanged
from pipelines.stills.still import Still

# Pictures above this many pixels are done one at a time, so that memory stays bounded however many threads there are.
LARGE = 24_000_000
_alone = threading.Lock()


@dataclasses.dataclass(frozen=True)
class ColorizeOptions:
    """How to colour a file.

    Attributes:
        force: colour what is in colour already; it is copied otherwise.
        steady: temporal stabilization of animations and films: "off", "low" or "high".
        side_by_side: of a picture, write the original left and the result right, in one.
        codec: of a film; "auto" takes the best that the container holds.
        effort: of a film's encoder: "fast", "good" or "best".
        report: write `NAME.report.json` and `NAME.report.png` beside a film; NAME holds its ending.
        deinterlace: make an interlaced film progressive.
        keep_colors: leave as it is what is toned (sepia ...) as well, and pictures that have small parts in colour.
        variants: versions of a picture, which differ where the network is in doubt; the first is its own.
        moments: of a film, see `FilmOptions`.

    Raises:
        InputError: both `force` and `keep_colors` are asked for.
    """

    force: bool = False
    steady: str = DEFAULT_STEADY
    side_by_side: bool = False
    codec: str = "auto"
    effort: Quality | str = Quality.GOOD
    report: bool = False
    deinterlace: bool = False
    keep_colors: bool = False
    variants: int = 1
    moments: tuple[Moment, ...] = ()

    @property
    def film(self) -> FilmOptions:
        """The same for a film."""
        return FilmOptions(
            codec=self.codec,
            quality=self.effort,
            steady=self.steady,
            force=self.force,
            deinterlace=self.deinterlace,
            keep_colors=self.keep_colors,
            moments=self.moments,
        )

    def __post_init__(self) -> None:
        if self.force and self.keep_colors:
            raise InputError("`force` and `keep_colors` must not be given together. Received: both.")


def colorize_file(
    source: str | Path,
    target: str | Path,
    colorizer: Colorizer,
    options: ColorizeOptions | None = None,
    progress: Progress[Any] = silent,
) -> Outcome:
    """Colours a file. The source's content says what it is, the target's ending what is written.

    Args:
        source: picture, animation or film.
        target: file to write; folders above it are made.
        colorizer: what colours.
        options: how; the defaults where None.
        progress: shows how far an animation has come.

    Returns:
        Whether it was coloured, or left since it has colours already, and what a person should know of it.

    Raises:
        InputError: the source cannot be coloured, or the target cannot be written.
        ValueError: the target's format cannot hold the result.
    """
    options = options or ColorizeOptions()
    job = Job(Path(source), Path(target))
    with formats.naming_faults(job.source, formats.EXPECTED):
        film = formats.is_film(job.source)
    if film:
        _refuse_choices(colorizer, options, "a film")
        return _film(job, colorizer, options)
    with formats.naming_faults(job.source, formats.EXPECTED):
        image = formats.open_header(job.source)
        kind = formats.kind(image)
    with image:
        if kind == Kind.PICTURE:
            with _alone if image.width * image.height > LARGE else contextlib.nullcontext():
                return _picture(job, image, colorizer, options)
    _refuse_choices(colorizer, options, "an animation")
    return _animation(job, colorizer, options, progress)


def _refuse_choices(colorizer: Colorizer, options: ColorizeOptions, what: str) -> None:
    if colorizer.told and not isinstance(colorizer.told, Reference):
        raise InputError(f"`hints` must be of one picture, whose places they name. Received: {what}.")
    # Whether one version of a shot is better than another shows in motion, and each costs as much as the film.
    if options.variants > 1:
        raise InputError(f"`variants` must be asked for of pictures, whose versions can be compared. Received: {what}.")


def _picture(job: Job, image: Image.Image, colorizer: Colorizer, options: ColorizeOptions) -> Outcome:
    file_format = formats.of_result(image.format or "", job.source, job.target, formats.STILL)
    if file_format == image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
        _refuse_choices(colorizer, options, "a file of several pages")
        return _pages(job, image, colorizer, options)
    still = stills.decode(image, str(job.source))
    kept = tone.stays(still.tone, options.force, options.keep_colors) or (options.keep_colors and still.borderline)
    if kept:
        same = file_format == still.file_format or job.source.suffix.lower() == job.target.suffix.lower()
        writing.write_bytes(job.target, job.source.read_bytes() if same else encode_unchanged(still, file_format))
        what = "toned" if still.tone == Tone.TONED else "some parts are in colour"
        if still.in_colour:
            what = f"already in colour{tone.FAINT if still.borderline else ''}"
        return Outcome(job, State.COPIED if same else State.CONVERTED, what if same else f"{what}, now {file_format}")
    notes = []
    if options.variants > 1:
        luma = upright(still.luma, still.metadata.orientation)
        versions = variants(colorizer, luma, options.variants)[1:]
        targets = [job.target.with_stem(f"{job.target.stem}-{number}") for number in range(2, 2 + len(versions))]
        for hints, target in zip(versions, targets, strict=True):
            rgb = colorize_still(still, colorizer.telling(hints))
            writing.write_bytes(target, encode_result(still, rgb, file_format, options.side_by_side))
        notes.append(f"other versions: {', '.join(target.name for target in targets)}")
    rgb = colorize_still(still, colorizer)
    writing.write_bytes(job.target, encode_result(still, rgb, file_format, options.side_by_side))
    if still.pages > 1:
        notes.append(f"only the first of {still.pages} {'pages' if image.format in formats.PAGED else 'pictures'}")
    notes += still.notes
    if isinstance(colorizer.told, Reference):
        luma = upright(still.luma, still.metadata.orientation)
        notes += [] if colorizer.makes_difference(luma) else ["the reference made hardly any difference"]
    if not options.force and (still.tone == Tone.TONED or still.borderline):
        notes.append(tone.NEUTRALISED if still.tone == Tone.TONED else tone.SMALL_PARTS)
    if formats.picture_format(job.target) != file_format:
        notes.append(f"{file_format} by its content, and so is the result")
    return Outcome(job, State.COLOURED, "; ".join(notes))


def _pages(job: Job, image: Image.Image, colorizer: Colorizer, options: ColorizeOptions) -> Outcome:
    notes: dict[str, None] = {}

    def pages() -> Iterator[Still]:
        for still in stills.decode_pages(image, str(job.source)):
            notes.update(dict.fromkeys(still.notes))
            yield still

    data, counts = colorize_pages(pages(), colorizer, options.force, options.side_by_side, options.keep_colors)
    already = "in colour or toned" if options.keep_colors else "in colour"
    if not counts[True]:
        writing.write_bytes(job.target, job.source.read_bytes())
        return Outcome(job, State.COPIED, f"{counts[False]} pages, already {already}")
    writing.write_bytes(job.target, data)
    kept = f", {counts[False]} of them {already} already" if counts[False] else ""
    return Outcome(job, State.COLOURED, "; ".join([f"{counts.total()} pages{kept}", *notes]))


def _animation(job: Job, colorizer: Colorizer, options: ColorizeOptions, progress: Progress[Any]) -> Outcome:
    how = AnimationOptions(steady=options.steady, force=options.force, keep_colors=options.keep_colors)
    report = colorize_animation(str(job.source), str(job.target), colorizer, how, progress)
    state = (State.CONVERTED if report.converted else State.COPIED) if report.copied else State.COLOURED
    return Outcome(job, state, report.to_text())


def _film(job: Job, colorizer: Colorizer, options: ColorizeOptions) -> Outcome:
    job.target.parent.mkdir(parents=True, exist_ok=True)
    report = colorize_film(str(job.source), str(job.target), colorizer, options.film)
    if options.report:
        writing.write_text(names.extended(job.target, ".report.json"), report.to_json() + "\n")
        write_contact_sheet(report, str(names.extended(job.target, ".report.png")))
    return Outcome(job, film_state(report, options), report.to_text())


def film_state(report: FilmReport, options: ColorizeOptions) -> State:
    """Returns what became of a film."""
    tones = {shot.tone for shot in report.shots} - {"dark"}
    kept = bool(tones) and all(tone.stays(each, options.force, options.keep_colors) for each in tones)
    return (State.COPIED if report.copied else State.CONVERTED) if kept else State.COLOURED
