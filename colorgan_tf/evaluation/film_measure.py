"""Measures steadiness and colour on a colour clip: turned to grey, coloured, decoded again and compared with itself."""

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from colorgan_tf import color
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.flow import Motion, warp
from colorgan_tf.metrics.films import cdc, chroma_colourfulness, still_change, warp_error
from pipelines.films import decoding, encoding, pixel_formats
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.decoding import DecodeLog, FilmSource
from pipelines.motion.steady import Steady
from pipelines.motion.tracking import MotionTracker

# Figures are taken at this short side: the chroma of a 4:2:0 film has no more than half its lines.
MEASURED = 240


@dataclasses.dataclass(frozen=True)
class ClipFigures:
    """Figures of one version of a clip.

    Attributes:
        name: "grey", "true", "off" (frame by frame), "low" or "high".
        warp_error: mean squared U/V difference along the flow of the original, over pixels that are not occluded.
        cdc: colour distribution consistency.
        colourfulness: mean over frames.
        still_change: mean of |dU| + |dV| from frame to frame in places that do not move, see `metrics.films`.
        luma_difference: largest difference of the luma plane from the original's, in code values.
        rate: frames a second, decode to encode; 0 for versions that were not coloured here.
    """

    name: str
    warp_error: float
    cdc: float
    colourfulness: float
    still_change: float
    luma_difference: int = 0
    rate: float = 0.0


def measure(
    path: str,
    colorizer: Colorizer,
    options: FilmOptions | None = None,
    limit: int = 0,
    modes: tuple[str, ...] = tuple(Steady),
) -> list[ClipFigures]:
    """Measures a colour clip.

    Args:
        path: the clip.
        colorizer: what colours.
        options: how; codec and stabilization are set here.
        limit: frames to look at, 0 for all.
        modes: levels of stabilization.

    Returns:
        Figures of the grey and the true clip, then of each level of stabilization.

    Raises:
        InputError: the clip cannot be read.
    """
    options = options or FilmOptions()
    source = decoding.probe(path)
    with tempfile.TemporaryDirectory(prefix="film_measure.") as folder:
        grey = os.path.join(folder, "grey.mkv")
        _write_grey(source, grey, limit)
        true = list(_read(path, limit))
        motion = _motions([luma for luma, _ in true])
        rows = [
            _figures("grey", [(luma, np.zeros_like(chroma)) for luma, chroma in true], motion),
            _figures("true", true, motion),
        ]
        for mode in modes:
            output = os.path.join(folder, f"{mode}.mkv")
            chosen = dataclasses.replace(options, codec="ffv1", steady=mode, resume=False, force=True)
            report = colorize_film(grey, output, colorizer, chosen)
            figures = _figures(mode, list(_read(output, limit)), motion)
            difference = _luma_difference(grey, output)
            rows.append(dataclasses.replace(figures, luma_difference=difference, rate=report.rate))
        return rows


def to_table(rows: list[ClipFigures]) -> str:
    """Returns the figures as an aligned table; losses are against frame by frame."""
    by_name = {row.name: row for row in rows}
    base, true = by_name.get("off"), by_name["true"]
    head = f"{'':16}{'warp error':>12}{'vs. off':>9}{'CDC':>10}{'vs. true':>9}{'colour':>8}{'vs. off':>9}"
    lines = [f"{head}{'still':>10}{'vs. true':>9}{'luma':>6}"]
    names = {"off": "frame by frame", "low": "steady low", "high": "steady high", "true": "true colours"}
    for row in rows:
        loss, colour_loss = "", ""
        if base is not None and row.name in ("low", "high"):
            loss = f"{100 * (row.warp_error / base.warp_error - 1):+.0f} %" if base.warp_error else ""
            colour_loss = f"{100 * (row.colourfulness / base.colourfulness - 1):+.1f} %" if base.colourfulness else ""
        still = f"{row.still_change / true.still_change:.2f}" if true.still_change else ""
        ratio = f"{row.cdc / true.cdc:.2f}" if true.cdc else ""
        lines.append(
            f"{names.get(row.name, row.name):16}{row.warp_error:12.2e}{loss:>9}{row.cdc:10.5f}{ratio:>9}"
            f"{row.colourfulness:8.1f}{colour_loss:>9}{row.still_change:10.2e}{still:>9}{row.luma_difference:6d}"
        )
    return "\n".join(lines)


def _limited(source: FilmSource, limit: int) -> Iterator[Any]:
    for number, frame in enumerate(decoding.frames(source, DecodeLog())):
        if limit and number >= limit:
            return
        yield frame


def _write_grey(source: FilmSource, path: str, limit: int) -> None:
    """Writes the clip without its colours, losslessly."""
    import av

    plan = encoding.make_plan(source, path, "ffv1")
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(plan.encoder, rate=plan.rate)
        encoding.configure(stream.codec_context, plan, global_header=True)
        stream.time_base = plan.time_base
        for frame in _limited(source, limit):
            made = av.VideoFrame(source.width, source.height, plan.pixel_format.name)
            luma = pixel_formats.plane(frame, 0, source.pixel_format.dtype)
            luma = pixel_formats.convert_luma(luma, source.pixel_format, plan.pixel_format)
            size = plan.pixel_format.chroma_size(source.height, source.width)
            empty = np.full(size, plan.pixel_format.neutral, plan.pixel_format.dtype)
            pixel_formats.fill_frame(made, (luma, empty, empty), plan.pixel_format)
            made.pts, made.time_base = frame.pts, source.time_base
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))


def _read(path: str, limit: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields luma `[h, w]` and chroma `[h, w, 2]` of each frame, reduced to what is measured."""
    source = decoding.probe(path)
    scale = min(1.0, MEASURED / min(source.height, source.width))
    size = (round(source.height * scale), round(source.width * scale))
    for frame in _limited(source, limit):
        codes = pixel_formats.plane(frame, 0, source.pixel_format.dtype)
        luma = pixel_formats.to_luma(codes, source.pixel_format, size)
        yield luma, pixel_formats.to_chroma(frame, source.pixel_format, size).astype(np.float32)


def _motions(lumas: list[np.ndarray]) -> list[Motion | None]:
    """Motion from each frame to the one before, by a finer search than that of stabilization; None at a cut."""
    tracker = MotionTracker(fine=True)
    return [tracker.push(luma).backward for luma in lumas]


def _figures(name: str, clip: list[tuple[np.ndarray, np.ndarray]], motions: list[Motion | None]) -> ClipFigures:
    pairs = [
        (clip[number - 1][1], clip[number][1], motion)
        for number, motion in enumerate(motions)
        if motion is not None and number < len(clip)
    ]
    errors = [warp_error(warp(before, m.flow), after, m.confidence) for before, after, m in pairs]
    changes = np.array([still_change(before, after, m.flow, m.confidence) for before, after, m in pairs] or [(0, 0)])
    return ClipFigures(
        name,
        warp_error=float(np.mean([error for error, covered in errors if covered])) if errors else 0.0,
        cdc=cdc(_rgb(*frame) for frame in clip),
        colourfulness=float(np.mean([chroma_colourfulness(y[..., None], uv) for y, uv in clip])),
        still_change=float(np.average(changes[:, 0], weights=changes[:, 1])) if changes[:, 1].any() else 0.0,
    )


def _rgb(luma: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    rgb = color.yuv_to_rgb(np.concatenate([luma[..., None], chroma], axis=-1))
    return np.rint(np.clip(rgb, 0.0, 1.0) * 255.0).astype(np.uint8)


def _luma_difference(one: str, other: str) -> int:
    first, second = decoding.probe(one), decoding.probe(other)
    largest = 0
    pairs = zip(decoding.frames(first, DecodeLog()), decoding.frames(second, DecodeLog()), strict=True)
    for before, after in pairs:
        a = pixel_formats.plane(before, 0, first.pixel_format.dtype).astype(np.int32)
        b = pixel_formats.plane(after, 0, second.pixel_format.dtype).astype(np.int32)
        largest = max(largest, int(np.abs(a - b).max()))
    return largest
