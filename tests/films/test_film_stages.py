"""The first stage of a film: frames, fields and the ends of chunks."""

from pipelines.films import decoding, stages
from tests.made_films import make_film, pattern


def test_chunk_ends_with_the_last_frames_own_time_whatever_the_encoder_writes_into_it(tmp_path):
    source = decoding.probe(make_film(tmp_path / "film.mkv", 7))
    frames = decoding.frames(source, decoding.DecodeLog())
    stamps, ends = [], []
    motion = stages.MotionStage(source, "off", 1, None, chunk=stages.ChunkLength(1000.0, 3))
    for item in motion(stages.prepare(frames, source, (32, 32), 0)):
        if isinstance(item, stages.ChunkEnd):
            ends.append((item.frames, item.last_pts))
        else:
            stamps.append(item.frame.pts)
            item.frame.pts = -1
    assert ends == [(3, stamps[2]), (6, stamps[5]), (7, stamps[6])]


def test_chunk_ends_at_the_first_shot_of_its_second_half_else_when_it_is_full(tmp_path):
    shots = [0] * 4 + [1] * 10 + [2] * 6 + [3] * 20  # cuts at 4 (first half), 14 (second half), 20 (first half)
    film = make_film(tmp_path / "film.mkv", 40, luma=lambda n, size, bits: pattern(n, size, shots[n], bits))
    source = decoding.probe(film)
    frames = stages.prepare(decoding.frames(source, decoding.DecodeLog()), source, (64, 96), 0)
    motion = stages.MotionStage(source, "off", 1, None, chunk=stages.ChunkLength(16 / 24))
    ends = [item for item in motion(frames) if isinstance(item, stages.ChunkEnd)]
    assert [(end.frames, end.boundary is not None) for end in ends] == [(14, True), (30, False), (40, False)]
    assert (ends[0].boundary.frame, ends[0].boundary.kind) == (14, "cut")
