"""A contact sheet of a coloured film: one frame a shot, the original beside the coloured one."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipelines.films import decoding
from pipelines.films.report import FilmReport, ShotReport
from pipelines.media.contact_sheet import contact_sheet

MOST_SHOTS = 240


def write_contact_sheet(report: FilmReport, path: str, height: int = 144) -> list[Path]:
    """Draws a film's shots, worst first, and returns the pages written.

    Of a film with very many shots, the worst ones are drawn; a shot that cannot be read is left out.
    """
    shots = report.worst_first()[:MOST_SHOTS]
    after = {shot.first: picture for shot, picture in _frames(report.output, shots)}
    before = {shot.first: picture for shot, picture in _frames(report.path, shots)}
    rows, captions = [], []
    for shot in shots:
        if shot.first in after and shot.first in before:
            rows.append([before[shot.first], after[shot.first]])
            captions.append(
                f"{shot.begin:.1f} s, {shot.transition}, {shot.frames} frames, {shot.tone}, "
                f"warp error {shot.warp_error[1]:.1e}"
            )
    if not rows:
        return []
    return contact_sheet(rows, path, ["original", "coloured"], captions, height=height, across=3)


def _frames(path: str, shots: list[ShotReport]) -> Iterator[tuple[ShotReport, np.ndarray]]:
    """Yields the frame in the middle of each shot, or the last readable one before it, upright, as small RGB."""
    import av

    with decoding.open_film(path) as container:
        stream = decoding.picture_stream(container, path)
        stream.thread_type = "AUTO"
        rate = float(stream.average_rate or 25)
        for shot in shots:
            wanted = shot.begin + shot.frames // 2 / rate
            frame = None
            for back in (0.0, 15.0, wanted):  # a seek may land behind the last key frame
                with contextlib.suppress(av.error.FFmpegError):
                    container.seek(max(0, int((wanted - back) * 1e6)))
                    for frame in container.decode(stream):
                        if frame.time is None or frame.time >= wanted - 1e-3:
                            break
                if frame is not None:
                    break
            if frame is not None:
                small = frame.to_ndarray(format="rgb24", width=max(1, 288 * frame.width // frame.height), height=288)
                yield shot, np.rot90(small, round(frame.rotation / 90))
