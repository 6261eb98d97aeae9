"""The first stage of a film: frames, fields and the ends of chunks."""

from pipelines.films import decoding, stages
from tests.made_films import make_film


def test_chunk_ends_with_the_last_frames_own_time_whatever_the_encoder_writes_into_it(tmp_path):
    source = decoding.probe(make_film(tmp_path / "film.mkv", 7))
    frames = decoding.frames(source, decoding.DecodeLog())
    stamps, ends = [], []
    for item in stages.prepare(frames, source, (32, 32), 0, 1000.0, 3):
        if isinstance(item, stages.ChunkEnd):
            ends.append((item.frames, item.last_pts))
        else:
            stamps.append(item.frame.pts)
            item.frame.pts = -1
    assert ends == [(3, stamps[2]), (6, stamps[5]), (7, stamps[6])]
