"""Looks through a film before anything is coloured: one that is in colour already is not encoded anew."""

from pipelines.films import decoding, stages
from pipelines.films.decoding import DecodeLog, FilmSource
from pipelines.films.report import ShotTally
from pipelines.films.stages import FilmFrame
from pipelines.films.threads import Pipeline
from pipelines.media import tone
from pipelines.media.tone import Tone
from pipelines.motion.steady import Steady


def in_colour(source: FilmSource, size: tuple[int, int]) -> ShotTally | None:
    """Returns the shots of a film that is in colour; None once one of its shots is not, or if it shows nothing.

    Dark shots and title cards do not count: there is nothing in them that could have colour.

    Args:
        source: the film.
        size: (height, width) at which its luma is looked at.
    """
    frames = decoding.frames(source, DecodeLog())
    reading = stages.prepare(frames, source, size, 0)
    motion = stages.MotionStage(source, Steady.OFF, 1, None, chunk=stages.ChunkLength(1e9, 1 << 62))
    tally, colours = ShotTally(), False
    items = iter(Pipeline(("decode", reading), [("motion", motion)]))
    try:
        for item in items:
            if isinstance(item, FilmFrame):
                if item.tone in (Tone.GREY, Tone.TONED) and not tone.is_graphic(item.luma):
                    return None
                colours = colours or item.keep
                if item.shot is not None:
                    tally.begin(item.shot)
                if item.field in (None, 0):
                    tally.add(None, None)
    finally:
        items.close()
    return tally if colours else None
