"""Colours animated pictures: GIF, animated WebP and APNG, in and out, with all frames, times and loops kept."""

import contextlib
import dataclasses
import errno
import math
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeVar

import numpy as np
from PIL import ExifTags, Image

from colorgan_tf import color
from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.animations import decoding, encoding, gif
from pipelines.animations.decoding import Animation, Frame
from pipelines.animations.made import Colored, Made, Small, luma_of
from pipelines.media import formats, icc, provenance, tone, writing
from pipelines.media.tone import Tone
from pipelines.motion.shots import ShotDetector
from pipelines.motion.stabilization import CausalStabilizer, StabilizerInput, TwoSidedStabilizer
from pipelines.motion.steady import DEFAULT_STEADY, Steady, check_steady
from pipelines.motion.tracking import MotionTracker

T = TypeVar("T")
Progress = Callable[[Iterable[T], int], Iterable[T]]  # goes through so many items, and shows how far it has come
PALETTES = ("auto", "shared", "frame")
_MEMORY = 256 << 20  # bytes of frames that are held
_JUDGED = (128, 72)  # width and height at which frames are judged
_JUDGED_FRAMES = 16  # at most, of a shot
_SHOWS_NOTHING = 0.02  # spread of the luma below which a frame tells nothing
_WINDOW = 12  # frames that `steady="high"` looks ahead


@dataclasses.dataclass(frozen=True)
class AnimationOptions:
    """How to colour an animation.

    Attributes:
        steady: "off", "low" or "high", as for films.
        palette: "shared", "frame" or "auto" (shared unless that costs too much); GIF only.
        quality: of an animated WebP, 0 to 100.
        batch: frames that the network gets at once.
        force: whether frames that have colours are coloured anew; they are copied otherwise.
        keep_colors: whether toned frames are copied as well; they are neutralised and coloured otherwise.
    """

    steady: str = DEFAULT_STEADY
    palette: str = "auto"
    quality: int = 90
    batch: int = 4
    force: bool = False
    keep_colors: bool = False

    def __post_init__(self) -> None:
        check_steady(self.steady)
        if self.palette not in PALETTES:
            raise InputError(f"`palette` must be one of {', '.join(PALETTES)}. Received: palette={self.palette}.")


@dataclasses.dataclass
class AnimationReport:
    """A coloured animation.

    Attributes:
        path: the file read.
        output: the file written.
        frames: its frames.
        seconds: time taken.
        bytes_read: size of the file read.
        bytes_written: size of the file written.
        palette: "shared" or "frame" for GIF, "none" otherwise.
        tone: what the frames that were coloured are; where none was, what the animation is.
        colored: frames that were coloured; the others had colours and are copied.
        converted: whether all frames had colours, and are written as another kind of file.
        notes: what was damaged or left out.
    """

    path: str
    output: str
    frames: int = 0
    seconds: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    palette: str = "none"
    tone: Tone = Tone.GREY
    colored: int = 0
    converted: bool = False
    notes: list[str] = dataclasses.field(default_factory=list)

    @property
    def copied(self) -> bool:
        """Whether all frames had colours and were left as they are."""
        return self.frames > 0 and self.colored == 0

    def to_text(self) -> str:
        """Returns the report as a few lines for people."""
        kilobytes = f"{self.bytes_read / 1000:.0f} kB -> {self.bytes_written / 1000:.0f} kB"
        lines = [f"{self.output}: {self.frames} frames in {self.seconds:.1f} s, {kilobytes}, palette {self.palette}"]
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])


def silent(items: Iterable[T], count: int) -> Iterable[T]:
    """Shows no progress."""
    return items


def colorize_animation(
    path: str,
    output: str,
    colorizer: Colorizer,
    options: AnimationOptions | None = None,
    progress: Progress[Any] = silent,
) -> AnimationReport:
    """Colours an animation. The output's ending (gif, webp, png, apng) chooses its kind.

    Frames that do not change are kept in GIF and APNG; the WebP writer joins them and adds up their times.

    Args:
        path: GIF, WebP or PNG to read; one frame is enough.
        output: file to write.
        colorizer: what colours.
        options: how; the defaults where None.
        progress: shows how far it has come, first through the network, then through the file that is written.

    Raises:
        InputError: the file cannot be read or the output cannot be written.
    """
    options = options or AnimationOptions()
    began = time.perf_counter()
    if os.path.abspath(path) == os.path.abspath(output):
        raise InputError(f"The output must be another file than the animation. Received: {output}.")
    animation = decoding.probe(path)
    kind = formats.of_result(animation.kind, path, output, formats.ANIMATED)
    report = AnimationReport(path, output, bytes_read=os.path.getsize(path))
    frames = _Kept(lambda: decoding.frames(animation, report.notes))
    tones = _tones(frames)
    report.frames = len(tones)
    if not tones:
        reason = "; ".join(report.notes) or "none"
        raise InputError(f"The animation must have a readable frame. Received: {path}: {reason}.")
    kept = [tone.stays(each, options.force, options.keep_colors) for each in tones]
    changed = [each for each, keep in zip(tones, kept, strict=True) if not keep]
    report.tone = max(changed, key=changed.count) if changed else max(tones, key=tones.count)
    report.colored = len(changed)
    try:
        with writing.beside(output) as partial:
            report.converted = report.copied and kind != animation.kind
            if report.copied and not report.converted:
                shutil.copyfile(path, partial)
            else:
                grey = (frame for frame, keep in zip(frames, kept, strict=True) if not keep)
                small = _chromas(animation, grey, colorizer, options, progress)
                made = Made(frames, small, kept, colorizer)
                with partial.open("wb") as file:
                    _write(file, kind, animation, made, options, report, progress)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InputError(f"The disk must have room for the animation. Received: disk full at {output}.") from error
        raise InputError(f"The output must be writable. Received: {output}: {error.strerror or error}.") from error
    if report.copied:
        what = f"its colours are kept, it is {kind} now" if report.converted else "is left as it is"
        report.notes.append(f"it has colours already: {what}")
    elif report.colored < report.frames:
        report.notes.append(f"{sum(kept)} of {len(kept)} frames have colours already and are left as they are")
    if Tone.TONED in changed and not options.force:
        report.notes.append(tone.NEUTRALISED)
    report.bytes_written = os.path.getsize(output)
    report.seconds = time.perf_counter() - began
    return report


class _Kept:
    """Frames that can be gone through again: held while they are few, else read anew each time.

    Args:
        make: reads them.
    """

    def __init__(self, make: Callable[[], Iterator[Frame]]):
        self._make = make
        self._rest = make()
        self._held: list[Frame] | None = []
        self._free = _MEMORY

    def __iter__(self) -> Iterator[Frame]:
        if self._held is None:
            yield from self._make()
            return
        yield from self._held
        for item in self._rest:
            self._free -= item.rgba.nbytes
            if self._held is not None and self._free >= 0:
                self._held.append(item)
            else:
                self._held = None
            yield item


def _tones(frames: Iterable[Frame]) -> list[Tone]:
    """Tells what each frame is: shot by shot, from frames of the whole shot that show anything."""
    import cv2

    detector = ShotDetector()
    lengths: list[int] = []
    seen: list[list[tuple[np.ndarray, np.ndarray]]] = []
    plain = 0.0  # strongest chroma of frames of one shade
    for frame in frames:
        visible: np.ndarray = frame.rgba[..., :3] * (frame.rgba[..., 3:] > 0).astype(np.uint8)
        # Means of pixels for photographs, and single ones for graphics.
        small, single = (
            color.rgb_to_yuv(cv2.resize(visible, _JUDGED, interpolation=how).astype(np.float32) / 255.0)
            for how in (cv2.INTER_AREA, cv2.INTER_NEAREST)
        )
        if detector.push(small[..., 0]) is not None or not lengths:
            lengths.append(0)
            seen.append([])
        lengths[-1] += 1
        if small[..., 0].std() > _SHOWS_NOTHING:
            seen[-1].append((small, single))
            # Every second one is dropped where there are many, so that they stay spread over the shot.
            seen[-1] = seen[-1][::2] if len(seen[-1]) > _JUDGED_FRAMES else seen[-1]
        else:
            plain = max(plain, float(np.linalg.norm(small[..., 1:].mean(axis=(0, 1)))))
    tones = [_tone_of_shot(*map(np.stack, zip(*shot, strict=True))) if shot else None for shot in seen]
    # A shot that shows nothing is what the one before it is, or the next.
    decided = [each for each in tones if each is not None]
    last = decided[0] if decided else Tone.COLOUR if plain > tone.STRONG_PAPER else Tone.GREY
    result: list[Tone] = []
    for each, length in zip(tones, lengths, strict=True):
        last = each or last
        result += [last] * length
    return result


def _tone_of_shot(small: np.ndarray, single: np.ndarray) -> Tone:
    """Tells what a shot is from its frames `[N, H, W, 3]` in YUV: means of pixels, and single pixels."""
    graphic = tone.examine_graphic(single)
    return graphic.tone if graphic else tone.judge(np.clip(small[..., 0], 0, 1), small[..., 1:], tone.FILM)


def _chromas(
    animation: Animation,
    frames: Iterable[Frame],
    colorizer: Colorizer,
    options: AnimationOptions,
    progress: Progress[int],
) -> list[Small]:
    """Returns the stabilized chroma of all frames, at input resolution."""
    import cv2

    size = colorizer.input_resolution(animation.height, animation.width)
    lumas = [
        np.clip(cv2.resize(luma_of(frame), size[::-1], interpolation=cv2.INTER_AREA), 0.0, 1.0).astype(np.float16)
        for frame in frames
    ]
    chromas: list[np.ndarray] = []
    starts = range(0, len(lumas), options.batch)
    for start in progress(starts, len(starts)):
        batch = np.stack(lumas[start : start + options.batch]).astype(np.float32)[..., None]
        chromas += list(colorizer.coarse(batch)[1].astype(np.float16))
    if options.steady != Steady.OFF and len(lumas) > 1:
        chromas = list(_stabilized(lumas, chromas, options.steady))
    return [Small(luma, chroma) for luma, chroma in zip(lumas, chromas, strict=True)]


def _stabilized(lumas: list[np.ndarray], chromas: list[np.ndarray], steady: str) -> Iterator[np.ndarray]:
    import cv2

    size = lumas[0].shape
    half = (size[0] // 2, size[1] // 2)
    tracker = MotionTracker(forward=math.inf if steady == Steady.HIGH else 0)
    inputs: list[StabilizerInput] = []
    for luma, chroma in zip(lumas, chromas, strict=True):
        motion = tracker.push(luma.astype(np.float32))
        small = cv2.resize(chroma.astype(np.float32), half[::-1], interpolation=cv2.INTER_AREA)
        inputs.append(StabilizerInput(small, motion.backward, motion.forward))
    if steady == Steady.HIGH:
        results = _two_sided(inputs, half)
    else:
        causal = CausalStabilizer(half)
        results = (causal.push(each) for each in inputs)
    for given, result, chroma in zip(inputs, results, chromas, strict=True):
        change = cv2.resize(result - given.chroma, size[::-1], interpolation=cv2.INTER_LINEAR)
        yield (chroma + change).astype(np.float16)


def _two_sided(inputs: list[StabilizerInput], size: tuple[int, int]) -> Iterator[np.ndarray]:
    stabilizer = TwoSidedStabilizer(size)
    for start in range(0, len(inputs), _WINDOW):
        end = start + _WINDOW
        yield from stabilizer.block(inputs[start:end], inputs[end : end + _WINDOW])


def _write(
    file: BinaryIO,
    kind: str,
    animation: Animation,
    made: Made,
    options: AnimationOptions,
    report: AnimationReport,
    progress: Progress[Any],
) -> None:
    described = _described(animation, report)
    if kind == "GIF":
        report.palette = gif.write(file, animation, made, options.palette, described, progress)
        return

    def picture(each: Colored) -> Frame:
        return Frame(np.dstack([np.rint(each.rgb).astype(np.uint8), each.frame.rgba[..., 3]]), each.frame.milliseconds)

    pictures = iter(progress(made.results(picture), report.frames))
    quality = options.quality if report.colored == report.frames else None  # frames that are copied stay as they are
    if kind == "WEBP":
        encoding.write_webp(file, pictures, report.frames, animation.loop, quality, described)
    else:
        encoding.write_apng(file, pictures, animation.loop, described)


def _described(animation: Animation, report: AnimationReport) -> encoding.Description:
    """Returns what the result's file says: what the source's does, and where colours were made, that they were."""
    given = encoding.Description(animation.comment, animation.profile, animation.exif, animation.xmp)
    if report.copied:
        return given
    comment = provenance.tagged(animation.comment.decode("utf-8", "surrogateescape"))
    exif = Image.Exif()
    with contextlib.suppress(Exception):  # Pillow's reader raises many kinds of error on damaged entries
        exif.load(animation.exif)
    exif[ExifTags.Base.Software] = provenance.tagged(str(exif.get(ExifTags.Base.Software, "")))
    table = icc.is_table(animation.profile, "RGB")
    if table:
        report.notes.append("its colour profile is a table and is not kept")
    return dataclasses.replace(
        given,
        comment=comment.encode("utf-8", "surrogateescape"),
        exif=exif.tobytes(),
        profile=b"" if table else icc.for_coloured(animation.profile) or b"",
    )
