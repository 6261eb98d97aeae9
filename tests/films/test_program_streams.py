"""MPEG program streams: the times that are read are those of the pictures."""

import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest

from pipelines.films import encoding, muxing
from pipelines.films.colorize import FilmOptions, open_film
from tests.made_films import make_film, pattern, put, times


def chunk(source, plan, first):
    """Three encoded pictures."""
    encoder = encoding.ChunkEncoder(plan, source.time_base)
    packets = []
    for number in range(first, first + 3):
        frame = av.VideoFrame(plan.width, plan.height, "yuv420p")
        put(frame, 0, pattern(number))
        for index in (1, 2):
            put(frame, index, np.full((32, 48), 110, np.uint8))
        frame.pts, frame.duration = 40 * number, 40
        packets += encoder.encode(frame)
    return packets + encoder.close()


@pytest.mark.parametrize("ending", ["mpg", "vob"])
def test_times_do_not_depend_on_where_the_pieces_of_the_stream_begin(tmp_path, ending):
    out = str(tmp_path / f"out.{ending}")
    source, plan = open_film(make_film(tmp_path / "film.mkv", 6, rate=Fraction(25)), out, FilmOptions())
    packets = chunk(source, plan, 0) + chunk(source, plan, 3)
    for zeros in range(0, 2048, 20):  # the headers of the second chunk pass the border between two pieces
        packets[2] = dataclasses.replace(packets[2], data=packets[2].data + bytes(zeros))
        muxing.join(source, plan, packets, out, set())
        found = times(out)
        assert [stamp - found[0] for stamp in found] == [Fraction(number, 25) for number in range(6)], zeros
        packets[2] = dataclasses.replace(packets[2], data=packets[2].data[: len(packets[2].data) - zeros])
