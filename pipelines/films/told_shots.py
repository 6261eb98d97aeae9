"""Which shots of a film a person told colours for: a frame in colour or hints on one hold for the whole shot."""

import bisect
import dataclasses
from collections.abc import Sequence

import numpy as np

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Moment, Reference, Told
from pipelines.films import decoding, stages
from pipelines.films.decoding import DecodeLog, FilmSource
from pipelines.films.stages import FilmFrame
from pipelines.motion.shots import thumbnail
from pipelines.motion.steady import Steady

_SAME = 0.95  # correlation of small lumas from which a picture is taken for a frame of the film


@dataclasses.dataclass
class _Found:
    """The frame that comes closest to a moment so far."""

    likeness: float = -np.inf
    frame: int = 0
    luma: np.ndarray | None = None


class ToldShots:
    """What is told for each frame of a film.

    Args:
        firsts: first frames of all shots.
        references: pictures by the frame that each is of.
        otherwise: what is told in shots without any.
    """

    def __init__(
        self, firsts: Sequence[int] = (0,), references: Sequence[tuple[int, Reference]] = (), otherwise: Told = ()
    ):
        self._firsts = firsts
        self._references = references
        self._otherwise = otherwise

    def told(self, frame: int) -> Told:
        """Returns the reference of the frame's shot: of several, that of the nearest frame."""
        shot = bisect.bisect(self._firsts, frame)
        own = [each for each in self._references if bisect.bisect(self._firsts, each[0]) == shot]
        return min(own, key=lambda each: abs(each[0] - frame))[1] if own else self._otherwise


def find(source: FilmSource, moments: Sequence[Moment], colorizer: Colorizer) -> ToldShots:
    """Looks through a film for the shots of moments.

    Hints become a reference too: their frame, coloured by them. A single picture that is no frame of the film tells
    the whole of it.

    Args:
        source: the film.
        moments: what is told.
        colorizer: what colours, told nothing.

    Raises:
        InputError: a time lies after the film's end, or one of several pictures is of no frame.
    """
    if not moments:
        return ToldShots(otherwise=colorizer.told)
    firsts: list[int] = []
    found = [_Found() for _ in moments]
    shown = [_normalized(each.told.luma) if isinstance(each.told, Reference) else None for each in moments]
    begin: float | None = None
    time = 0.0  # as players count it
    size = colorizer.input_resolution(*source.display_size)
    frames = stages.prepare(decoding.frames(source, DecodeLog()), source, size, 0)
    for item in stages.MotionStage(source, Steady.OFF, 1, None, True)(frames):
        if not isinstance(item, FilmFrame):
            continue
        if item.shot is not None:
            firsts.append(item.number)
        begin = float(item.frame.pts * source.time_base) if begin is None else begin
        time = float(item.frame.pts * source.time_base) - begin
        small = _normalized(item.luma)
        for best, moment, picture in zip(found, moments, shown, strict=True):
            if moment.seconds is not None:
                likeness = -abs(moment.seconds - time)
            else:
                assert picture is not None
                likeness = float((picture * small).mean())
            if likeness > best.likeness:
                best.likeness, best.frame, best.luma = likeness, item.number, item.luma
    references = []
    for best, moment in zip(found, moments, strict=True):
        if moment.seconds is not None and moment.seconds > time + 1 / float(source.rate):
            raise InputError(f"A time must lie in the film, which ends at {time:.1f} s. Received: {moment.name}.")
        if moment.seconds is None and best.likeness < _SAME:
            if len(moments) > 1:
                raise InputError(
                    f"A picture must be a frame of the film or named by its time. Received: {moment.name}."
                )
            return ToldShots(otherwise=moment.told)
        references.append((best.frame, _reference(moment.told, best.luma, colorizer)))
    return ToldShots(firsts, references)


def _normalized(luma: np.ndarray) -> np.ndarray:
    small = thumbnail(luma)
    return (small - small.mean()) / max(float(small.std()), 1e-3)


def _reference(told: Told, luma: np.ndarray | None, colorizer: Colorizer) -> Reference:
    if isinstance(told, Reference):
        return told
    assert luma is not None
    return colorizer.telling(told).as_reference(luma[..., None])
