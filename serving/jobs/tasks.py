"""Tasks: how one file is to be coloured, how far that is, and what became of it; `run` does it, in a worker."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from colorgan_tf.errors import InputError
from colorgan_tf.inference import finish
from colorgan_tf.inference.backend import REFERENCE_TO_CHROMA, Backend
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.quality import Quality
from pipelines.media import formats, writing
from pipelines.media.formats import Kind
from pipelines.media.orientation import upright
from pipelines.media.tone import Tone
from pipelines.stills.crop import WHOLE, Crop
from serving.jobs import drafts, hint_tracking, likely_colors, preview, references, texts, versions
from serving.jobs.colorizer import CachedBackend, HintedColorizer, spot_of
from serving.jobs.hint_tracking import FrameHint
from serving.jobs.limits import Limits
from serving.jobs.records import Hint, JobSettings
from serving.language import gettext, speaking

_PREVIEW_SECONDS = 0.6
# A film that is stopped keeps whole chunks: short ones, so that little of what was seen is lost.
_CHUNK_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class Task:
    """What to do.

    Attributes:
        folder: of the file; results are written into it.
        original: the file.
        kind: "picture", "animation" or "film".
        settings: how to colour it.
        limits: of films, which only the worker opens.
        keep_container: whether a film comes back in the container that it came in, as on the command line; else as MP4,
            which every browser plays.
        language: of notes.
        draft: only a draft is wanted, of a picture or of a frame.
        frame: of an animation or film, that the draft is of.
        page: of a picture file, see `FileRecord`.
    """

    folder: Path
    original: Path
    kind: str
    settings: JobSettings
    limits: Limits
    keep_container: bool = False
    language: str = "en"
    draft: bool = False
    frame: int = 0
    page: int | None = None


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far the work is: frames done, of how many (0 where unknown), and whether a new frame can be looked at."""

    done: int
    total: int
    preview: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        result: name of the result in the folder; empty where a stop left none.
        note: for the user; may be empty.
        in_colour: whether the original has colours and was left as it is.
        stopped: whether the work was stopped before its end.
        frames: of the result.
        size: (width, height) of the upright picture.
        parts: frames of the photographs on a scan that shows several, where all of it was coloured.
        pages: of the file, see `FileRecord`.
        offers: see `FileRecord`.
        versions: hints of each version of a picture.
    """

    result: str
    note: str = ""
    in_colour: bool = False
    stopped: bool = False
    frames: int = 1
    size: tuple[int, int] = (0, 0)
    parts: tuple[Crop, ...] = ()
    pages: int = 1
    offers: tuple[str, ...] = ()
    versions: tuple[tuple[Hint, ...], ...] = ()


Report = Callable[[Progress], None]


def run(task: Task, backend: Backend, report: Report, stopped: Callable[[], bool]) -> Outcome:
    """Does a task.

    Args:
        task: what to do.
        backend: runs the network.
        report: called now and then while it works.
        stopped: asked now and then whether to stop.

    Raises:
        InputError: the file cannot be coloured.
    """
    watch = _Watch(task, report, stopped)
    colorizer = HintedColorizer(CachedBackend(backend, task.folder / "cache"), task.settings, watch)
    takes_reference = REFERENCE_TO_CHROMA in backend.signatures
    if task.settings.reference:
        if not takes_reference:
            raise InputError(texts.NO_REFERENCES)
        colorizer = colorizer.telling(references.read(task.folder))
    if task.draft:
        _draft(task, colorizer)
        return Outcome(drafts.NAME)
    work = {Kind.PICTURE: _picture, Kind.ANIMATION: _animation, Kind.FILM: _film}[Kind(task.kind)]
    with speaking(task.language):
        outcome = work(task, colorizer, watch)
    able = {"versions": task.kind == Kind.PICTURE and versions.can(backend), "reference": takes_reference}
    return dataclasses.replace(
        outcome, offers=tuple(name for name, can in able.items() if can and not outcome.in_colour)
    )


class _Watch:
    """Watches while frames are coloured: counts them, keeps one as a preview, and stops when asked to."""

    def __init__(self, task: Task, report: Report, stopped: Callable[[], bool]):
        self._task, self._report, self._stopped = task, report, stopped
        self.done, self.total, self.most = 0, 0, 0
        self.aspect = 1.0
        self._last = 0.0

    def __call__(self, luma: npt.NDArray[np.float32], chroma: npt.NDArray[np.float32]) -> None:
        """Takes a batch.

        Raises:
            KeyboardInterrupt: the user asked to stop; the film code then leaves what is done.
            InputError: there are more frames than allowed.
        """
        if self._stopped():
            raise KeyboardInterrupt
        if self._task.kind == Kind.PICTURE or self._task.draft:  # is seen when it is done
            return
        self.done += len(luma)
        if self.most and self.done > self.most:
            raise InputError(texts.TOO_MANY_FRAMES)
        now = time.monotonic()
        seen = now - self._last > _PREVIEW_SECONDS
        if seen:
            self._last = now
            self._show(finish.quantize(luma[-1], chroma[-1], 255))
        self._report(Progress(self.done, self.total, seen))

    def _show(self, rgb: npt.NDArray[np.uint8]) -> None:
        height = rgb.shape[0]
        rgb = preview.resized(rgb, max(1, round(height * self.aspect)), height)
        writing.write_bytes(self._task.folder / "preview.jpg", preview.jpeg(rgb))
        _thumbnail(self._task, rgb)


def _draft(task: Task, colorizer: HintedColorizer) -> None:
    hints = task.settings.hints
    if task.kind == Kind.PICTURE:
        drafts.make(colorizer, drafts.of_picture(task.folder), hints, task.folder)
        return
    luma = drafts.of_frame(task.original, Kind(task.kind), task.frame)
    likely_colors.keep(colorizer, luma, task.folder, task.frame)
    drafts.make(colorizer, luma, (hint for hint in hints if hint.frame == task.frame), task.folder)


def _picture(task: Task, colorizer: HintedColorizer, watch: _Watch) -> Outcome:
    from pipelines.stills import preparation, splitting
    from pipelines.stills import still as stills
    from pipelines.stills.colorize import colorize_still, encode_result, encode_unchanged

    whole = stills.read(task.original, task.page or 0)
    pages = whole.pages if task.page is None and whole.file_format in formats.PAGED else 1
    parts: tuple[Crop, ...] = ()
    if task.settings.crop == WHOLE:
        parts = tuple(splitting.photographs(upright(whole.luma, whole.metadata.orientation)))
    else:
        scan = preview.view(whole.values, whole.alpha, whole.metadata.orientation)
        writing.write_bytes(task.folder / "whole.jpg", preview.jpeg(scan))
    cropped = preparation.cropped(whole, task.settings.crop)
    still = preparation.stretched(cropped) if task.settings.stretch else cropped
    name = f"result{task.original.suffix}"
    left = still.in_colour and not task.settings.force
    colorizer.spots = iter([tuple(spot_of(hint) for hint in task.settings.hints)])
    made: tuple[tuple[Hint, ...], ...] = ()
    try:
        values = still.values if left else colorize_still(still, colorizer)
        if not left:
            luma = np.ascontiguousarray(upright(still.luma, still.metadata.orientation))
            likely_colors.keep(colorizer, luma, task.folder)
            if task.settings.versions and versions.can(colorizer.backend):
                made = versions.make(colorizer, luma, task.folder)
    except KeyboardInterrupt:
        return Outcome("", stopped=True)
    before, after = (preview.view(each, still.alpha, still.metadata.orientation) for each in (cropped.values, values))
    writing.write_bytes(task.folder / "before.jpg", preview.jpeg(before))
    writing.write_bytes(task.folder / "after.jpg", preview.jpeg(after))
    _thumbnail(task, after)
    try:
        if not left:
            data = encode_result(still, values)
        elif still is whole and still.result_format == still.file_format:
            data = task.original.read_bytes()
        else:
            data = encode_unchanged(still)
    except ValueError as error:
        raise InputError(str(error)) from error
    writing.write_bytes(task.folder / name, data)
    height, width = upright(still.values, still.metadata.orientation).shape[:2]
    notes = [gettext(texts.ONLY_FIRST_PAGE).format(pages=pages)] if pages > 1 else []
    if not left and task.settings.reference:
        plain = Colorizer(colorizer.backend, finish=colorizer.finish).telling(colorizer.told)
        notes += [] if plain.makes_difference(luma) else [gettext(texts.NO_DIFFERENCE)]
    note = " ".join([*notes, "; ".join(still.notes)]).strip()
    note = texts.HAS_COLOURS if left else note
    return Outcome(name, note, left, size=(width, height), parts=parts, pages=pages, versions=made)


def _animation(task: Task, colorizer: HintedColorizer, watch: _Watch) -> Outcome:
    from pipelines.animations import decoding
    from pipelines.animations.colorize import AnimationOptions, colorize_animation

    animation = decoding.probe(str(task.original))
    with formats.open_header(task.original) as image:
        watch.total = formats.frames(image)
    watch.aspect = animation.width / animation.height
    if task.settings.hints:
        size = colorizer.input_resolution(animation.height, animation.width)
        steps = hint_tracking.animation_steps(str(task.original), size)
        colorizer.spots = iter(hint_tracking.carry(steps, _hints(task.settings)))
    result = task.folder / f"result{task.original.suffix}"
    try:
        options = AnimationOptions(force=task.settings.force)
        report = colorize_animation(str(task.original), str(result), colorizer, options)
    except KeyboardInterrupt:
        return Outcome("", stopped=True)
    left = report.tone == Tone.COLOUR and not task.settings.force
    if left:
        _thumbnail(task, preview.animation_frame(result, 0))
    return Outcome(
        result.name,
        texts.HAS_COLOURS if left else "; ".join(report.notes),
        left,
        frames=report.frames or watch.total,
        size=(animation.width, animation.height),
    )


def _film(task: Task, colorizer: HintedColorizer, watch: _Watch) -> Outcome:
    from pipelines.films import decoding
    from pipelines.films.colorize import FilmOptions, colorize_film

    source = decoding.probe(str(task.original))
    height, width = source.display_size
    limits = task.limits
    if source.duration > limits.film_seconds:
        raise InputError(texts.too_long_film(source.duration, limits.film_seconds))
    if source.width * source.height > limits.film_pixels:
        raise InputError(texts.too_large_film(source.width, source.height, limits.film_pixels))
    watch.total = source.frames or round(source.duration * float(source.rate))
    watch.most = round(limits.film_seconds * 120)
    watch.aspect = width / height
    settings = task.settings
    if settings.hints:
        size = colorizer.input_resolution(height, width)
        steps = hint_tracking.film_steps(str(task.original), size, settings.force)
        colorizer.spots = iter(hint_tracking.carry(steps, _hints(settings)))
    own = formats.result_name(task.original).suffix
    result = task.folder / f"result{own if task.keep_container else '.mp4'}"
    options = FilmOptions(
        quality=Quality.FAST if settings.quality == Quality.FAST else Quality.GOOD,
        every=1,  # progress counts frames that the network colours, and spots are given for each
        chunk_seconds=_CHUNK_SECONDS,
        force=settings.force,
        resume=not settings.hints,  # spots are counted from the first frame
    )
    try:
        report = colorize_film(str(task.original), str(result), colorizer, options)
    except KeyboardInterrupt:
        return _stopped_film(task, result, (width, height))
    coloured = any(shot.tone == Tone.COLOUR for shot in report.shots)
    left = report.in_colour and not settings.force
    if left:
        _thumbnail(task, preview.film_frame(result, 0))
    notes = [texts.HAS_COLOURS] if left else [texts.SOME_SHOTS_HAVE_COLOURS] if coloured and not settings.force else []
    notes += [] if result.suffix == task.original.suffix else [texts.AS_MP4]
    note = " ".join([*map(gettext, notes), *(f"{each[:1].upper()}{each[1:]}." for each in report.notes)])
    return Outcome(result.name, note, left, frames=report.frames, size=(width, height))


def _stopped_film(task: Task, result: Path, size: tuple[int, int]) -> Outcome:
    from pipelines.films import decoding
    from pipelines.films.colorize import partial_name

    partial = Path(partial_name(str(result)))
    if not partial.exists():
        return Outcome("", stopped=True)
    return Outcome(
        partial.name, texts.STOPPED_EARLY, stopped=True, frames=decoding.probe(str(partial)).frames, size=size
    )


def _thumbnail(task: Task, rgb: npt.NDArray[np.uint8]) -> None:
    writing.write_bytes(task.folder / "thumbnail.jpg", preview.jpeg(preview.fitted(rgb, preview.THUMBNAIL_SIDE)))


def _hints(settings: JobSettings) -> list[FrameHint]:
    return [FrameHint(hint.frame, spot_of(hint)) for hint in settings.hints]
