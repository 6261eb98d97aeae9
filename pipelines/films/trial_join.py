"""The trial join: what an output can hold is known before the first frame is coloured."""

import contextlib
import logging
import os

from pipelines.films import decoding, encoding, muxing
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan
from pipelines.films.other_streams import Kept, Refused

# Enough for a minute of most films.
_PACKETS = 3000


def select(source: FilmSource, plan: EncoderPlan, scratch: str) -> Kept:
    """Finds out, before anything is coloured, what the output can hold: joins headers and first packets.

    Args:
        source: the film.
        plan: how its picture will be encoded.
        scratch: file to write to; it is removed.

    Raises:
        FFmpegError, ValueError: not even the picture fits.
    """
    import av

    with decoding.open_film(source.path) as old:
        others = [stream.index for stream in old.streams if stream.index != source.index]
        begin = old.streams[source.index].start_time or 0
    picture = encoding.blank_packets(plan, source.time_base, begin)

    def fits(*indices: int) -> bool:
        try:
            muxing.join(source, plan, picture, scratch, set(indices), packets=_PACKETS)
        except (Refused, ValueError, RuntimeError, av.error.FFmpegError) as error:
            logging.debug("streams %s do not fit %s: %s", indices, plan.muxer, error)
            return False
        return True

    kept = Kept(set(others), [])
    try:
        muxing.join(source, plan, picture, scratch, set(), packets=0)
        if not fits(*others):
            together: list[int] = []
            for index in others:
                if fits(*together, index):
                    together.append(index)
                else:
                    kept.drop(index, source, plan)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(scratch)
    return kept
