"""VapourSynth filter: gives a clip colours, frame by frame in any order. Needs the extra `vapoursynth` (Python 3.12).

    import vapoursynth as vs
    from colorgan_tf.vapoursynth import colorize
    clip = colorize(clip, quality="good", steady="high")
    clip = colorize(clip, reference={0: "street.jpg", 1430: "garden.jpg"})  # colours of pictures, from these frames on

A frame's colours depend on the `window` frames before and after it and on nothing else, so that requests may come
in any order. What is found out of a frame is a frame of a hidden clip: VapourSynth's own cache, bounded, keeps it.
"""

import bisect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import vapoursynth as vs

from colorgan_tf.color import Floats
from colorgan_tf.errors import InputError
from colorgan_tf.inference import model_files
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.flow import FlowEstimator, Motion
from colorgan_tf.inference.quality import Quality
from colorgan_tf.inference.told import Hint, Told, read_hints
from pipelines.films import pixel_formats
from pipelines.films.pixel_formats import PixelFormat
from pipelines.motion import shots, stabilization
from pipelines.motion.stabilization import StabilizerInput
from pipelines.motion.steady import Steady, check_steady
from pipelines.stills.reference import read_reference

# Hints, or the path of a file of them or of a reference picture; None where nothing is told.
Telling = str | Path | Sequence[Hint] | None


def colorize(
    clip: "vs.VideoNode",
    quality: Quality | str = Quality.GOOD,
    steady: Steady | str = Steady.HIGH,
    *,
    hints: Telling | Mapping[int, Telling] = None,
    reference: Telling | Mapping[int, Telling] = None,
    model: str | Path | None = None,
    saturation: float = 1.0,
    window: int = 12,
) -> "vs.VideoNode":
    """Colours a clip; its luma and its frame properties stay as they are.

    Colours are averaged along the motion, within a shot. A shot begins where `_SceneChangePrev` says so; where a frame
    lacks this property, the filter decides. The command for films averages over all frames since the beginning of the
    shot and denoises what the network sees; this filter looks at `window` frames.

    Args:
        clip: YUV or GRAY of one format and size, progressive, 8 to 16 bits or float. Range and matrix are those of each
            frame's properties; without them limited range is taken, and BT.709 for HD, BT.601 below.
        quality: how much work goes into each frame.
        steady: "off", "low" (average of the frames before) or "high" (before and after).
        hints: colours at places of the picture: a JSON file, as `colorgan --hints` takes it, or a list of `told.Hint`.
            They stay in their places, so that where things move, `{frame: hints}` tells from which frame on which ones
            hold; None ends them.
        reference: a picture in colour, whose colours are taken for what is like its things; `{frame: picture}` tells
            from which frame on which one holds. Not together with hints.
        model: what colours; see `Colorizer.load`.
        saturation: gain of the chroma.
        window: frames before and after that count.

    Returns:
        YUV of the clip's own bits and subsampling; GRAY becomes 4:2:0, or 4:4:4 where a side is odd.

    Raises:
        InputError: the clip is RGB or of several formats or sizes, an argument is out of its range, or the model cannot
            be told colours.
    """
    check_steady(steady)
    if window < 1:
        raise InputError(f"`window` must be at least 1. Received: window={window}.")
    if clip.format is None or not clip.width or clip.format.color_family not in (vs.YUV, vs.GRAY):
        received = clip.format.name if clip.format and clip.width else "several formats or sizes"
        raise InputError(f"`clip` must be YUV or GRAY, of one format and size. Received: {received}.")
    tells = hints is not None or reference is not None
    model = model or model_files.default_path(Quality.GOOD if tells else quality)  # the one for `fast` takes no hints
    colorizer = Colorizer.load(model, quality=quality, saturation=saturation)
    whole = _whole_numbers(clip)
    size = colorizer.input_resolution(clip.height, clip.width)
    window = min(window, len(clip) - 1)
    kept = 2 * window + 1 + vs.core.num_threads  # frames that are made of one, and those that are made at once
    colors = _kept(_colors(whole, _telling(colorizer, hints, reference), size), kept)
    before = 0 if steady == Steady.OFF else window
    after = window if steady == Steady.HIGH else 0
    sources = [whole, colors]
    if before:
        tracks = _kept(_tracks(whole, colors, (size[0] // 2, size[1] // 2)), kept)
        sources += [_shifted(tracks, by) for by in range(-before, after + 1)]

    def merged(n: int, f: "Sequence[vs.VideoFrame]") -> "vs.VideoFrame":
        near = [_input(frame) for by, frame in enumerate(f[2:], -before) if 0 <= n + by < len(clip)]
        return _merged(f[0], _planes(f[1]), near, min(n, before), colorizer)

    result = whole.std.ModifyFrame(sources, merged)
    if clip.format.sample_type == vs.INTEGER:
        return result
    chroma = result.resize.Point(format=result.format.replace(sample_type=vs.FLOAT, bits_per_sample=32).id)
    chroma = chroma.resize.Point(format=chroma.format.replace(bits_per_sample=clip.format.bits_per_sample).id)
    return vs.core.std.ShufflePlanes([clip, chroma, chroma], [0, 1, 2], vs.YUV).std.CopyFrameProps(
        chroma, props=["_Matrix"]
    )


def _telling(
    colorizer: Colorizer, hints: Telling | Mapping[int, Telling], reference: Telling | Mapping[int, Telling]
) -> Callable[[int], Colorizer]:
    """Returns what colours a frame, by the frame's number."""
    if hints is not None and reference is not None:
        raise InputError("`hints` and `reference` must not be given together. Received: both.")
    name, told = ("hints", hints) if reference is None else ("reference", reference)
    by_frame = told if isinstance(told, Mapping) else {0: told}
    starts = sorted(by_frame)
    if not all(isinstance(start, int) and start >= 0 for start in starts):
        raise InputError(f"`{name}` must be given by the numbers of frames, from 0 up. Received: {starts}.")
    used = [colorizer, *(colorizer.telling(_told(name, by_frame[start])) for start in starts)]
    return lambda n: used[bisect.bisect_right(starts, n)]


def _told(name: str, value: Telling) -> Told:
    if isinstance(value, str | Path):
        return read_hints(value) if name == "hints" else read_reference(value)
    if name == "reference" and value is not None:
        raise InputError(f"`reference` must be the path of a picture. Received: {value!r}.")
    return tuple(value or ())


def _whole_numbers(clip: "vs.VideoNode") -> "vs.VideoNode":
    """Returns YUV of whole numbers: GRAY gets empty chroma planes, float becomes 16 bits."""
    if clip.format.sample_type == vs.FLOAT:
        clip = clip.resize.Point(format=clip.format.replace(sample_type=vs.INTEGER, bits_per_sample=16).id)
    if clip.format.color_family == vs.YUV:
        return clip
    half = 0 if clip.width % 2 or clip.height % 2 else 1
    yuv = vs.core.query_video_format(vs.YUV, vs.INTEGER, clip.format.bits_per_sample, half, half)
    empty = vs.core.std.BlankClip(clip, format=yuv.id, keep=True)
    return vs.core.std.ShufflePlanes([clip, empty, empty], [0, 1, 2], vs.YUV)


def _colors(clip: "vs.VideoNode", colorizer: Callable[[int], Colorizer], size: tuple[int, int]) -> "vs.VideoNode":
    """Returns the network's colours: planes of float32 luma, U and V at input resolution."""

    def colored(n: int, f: "Sequence[vs.VideoFrame]") -> "vs.VideoFrame":
        luma = pixel_formats.to_luma(np.asarray(f[1][0]), _pixel_format(f[1]), size)
        small_luma, chroma = colorizer(n).coarse(luma[None, ..., None])
        return _filled(f[0], np.concatenate([small_luma, chroma], axis=-1)[0])

    blank = _blank(clip, size)
    return blank.std.ModifyFrame([blank, clip], colored)


def _tracks(clip: "vs.VideoNode", colors: "vs.VideoNode", half: tuple[int, int]) -> "vs.VideoNode":
    """Returns what stabilizing needs of each frame, one below the other, three planes each: luma, U and V at half the
    input resolution; backward flow and its confidence; forward flow and its confidence (see `Motion`). Where a shot
    begins, the confidence is 0 throughout.
    """

    def tracked(n: int, f: "Sequence[vs.VideoFrame]") -> "vs.VideoFrame":
        blank, frame, *both = f
        earlier, later = (cv2.resize(_planes(each), half[::-1], interpolation=cv2.INTER_AREA) for each in both)
        motions = [np.zeros_like(later)] * 2
        begins = frame.props.get("_SceneChangePrev")
        if n > 0 and not (shots.is_cut(earlier[..., 0], later[..., 0]) if begins is None else begins):
            before, now = (np.ascontiguousarray(each[..., 0]) for each in (earlier, later))
            found = FlowEstimator().estimate(before, now)
            motions = [np.dstack([each.flow, each.confidence]) for each in found if each]
        return _filled(blank, np.concatenate([later, *motions]))

    blank = _blank(clip, (3 * half[0], half[1]))
    return blank.std.ModifyFrame([blank, clip, _shifted(colors, -1), colors], tracked)


def _input(frame: "vs.VideoFrame") -> StabilizerInput:
    own, *motions = np.split(_planes(frame), 3)
    backward, forward = (Motion(np.ascontiguousarray(each[..., :2]), each[..., 2]) for each in motions)
    return StabilizerInput(np.ascontiguousarray(own[..., 1:]), backward, forward)


def _merged(
    frame: "vs.VideoFrame", colors: Floats, near: list[StabilizerInput], own: int, colorizer: Colorizer
) -> "vs.VideoFrame":
    """Returns a copy of the frame with the network's colours.

    Args:
        frame: YUV of whole numbers.
        colors: `[height, width, 3]`, luma, U and V at input resolution.
        near: of the frame and its neighbours; nothing where colours are not stabilized.
        own: which of them is the frame's own.
        colorizer: what enlarges the colours.
    """
    codes, pixel_format = np.asarray(frame[0]), _pixel_format(frame)
    luma, chroma = colors[..., 0], np.ascontiguousarray(colors[..., 1:])
    if near:
        stable = stabilization.around(near[:own], near[own], near[own + 1 :])
        # Only the change is enlarged: detail that the network drew at its input resolution stays.
        change = stable - near[own].chroma
        chroma = chroma + cv2.resize(change, luma.shape[::-1], interpolation=cv2.INTER_LINEAR)
    chroma = pixel_formats.fit_to_luma(chroma, luma)
    if colorizer.finish.guided:
        plane_luma = pixel_formats.to_luma(codes, pixel_format, pixel_format.chroma_size(*codes.shape))
        chroma = colorizer.enlarge(chroma, luma[..., None], plane_luma[..., None])
    parts = pixel_formats.chroma_planes(chroma, pixel_format, *codes.shape)
    pixel_formats.blank_border(parts, pixel_formats.black_border(codes, pixel_format), pixel_format)
    result = frame.copy()
    for plane, part in enumerate(parts, 1):
        np.asarray(result[plane])[:] = part
    result.props["_Matrix"] = pixel_format.matrix  # the one that the colours are written for, also where none was given
    return result


def _pixel_format(frame: "vs.VideoFrame") -> PixelFormat:
    """Reads a frame's properties; they have the numbers of ITU-T H.273, as libavutil has them."""
    form, props = frame.format, frame.props
    # Up to R72, a property of the opposite meaning.
    full = props["_Range"] == 1 if "_Range" in props else props.get("_ColorRange") == 0
    matrix = pixel_formats.known_matrix(int(props.get("_Matrix", 2)), frame.height, frame.width)
    return PixelFormat(form.name, form.bits_per_sample, (form.subsampling_w, form.subsampling_h), full, matrix)


def _blank(clip: "vs.VideoNode", size: tuple[int, int]) -> "vs.VideoNode":
    height, width = size
    return vs.core.std.BlankClip(
        format=vs.YUV444PS, width=width, height=height, length=len(clip), fpsnum=clip.fps_num, fpsden=clip.fps_den
    )


def _kept(clip: "vs.VideoNode", frames: int) -> "vs.VideoNode":
    """Lets VapourSynth keep so many of the clip's last frames: several frames of the result are made of each."""
    clip.std.SetVideoCache(mode=1, fixedsize=True, maxsize=frames)
    return clip


def _shifted(clip: "vs.VideoNode", by: int) -> "vs.VideoNode":
    """Returns a clip whose frame n is the clip's frame n + `by`; its first or last frame stands in at the ends."""
    if by > 0:
        return clip[by:] + clip[-1] * by
    return clip[0] * -by + clip[:by] if by < 0 else clip


def _planes(frame: "vs.VideoFrame") -> Any:
    return np.dstack([np.asarray(frame[plane]) for plane in range(3)])


def _filled(blank: "vs.VideoFrame", values: Floats) -> "vs.VideoFrame":
    """Returns a copy of a blank frame with planes of values."""
    frame = blank.copy()
    for plane in range(3):
        np.asarray(frame[plane])[:] = values[..., plane]
    return frame
