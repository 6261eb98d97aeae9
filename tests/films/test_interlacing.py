"""Interlaced films: they stay interlaced, each field has its own colours, and `deinterlace` makes them progressive."""

import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest

from pipelines.films import decoding
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.films.interlacing import FieldMarker
from tests.made_films import WarmColorizer, lumas, packets, pattern, put, times


def make_interlaced_film(path, top_first=True, frames=12, field=lambda number: pattern(number)):
    """Writes 96 x 64 frames whose fields are rows of two pictures that follow each other in time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 6
        stream.codec_context.time_base = stream.time_base = Fraction(1, 25)
        marker = FieldMarker(top_first)
        for number in range(frames):
            frame = av.VideoFrame(96, 64, "yuv420p")
            codes = field(2 * number + (not top_first)).copy()
            codes[1::2] = field(2 * number + top_first)[1::2]
            put(frame, 0, codes)
            for index in (1, 2):
                put(frame, index, np.full((32, 48), 128, np.uint8))
            frame.pts, frame.time_base, frame.color_range, frame.colorspace = number, Fraction(1, 25), 1, 6
            container.mux(stream.encode(marker.mark(frame)))
        container.mux(stream.encode(None))
    return str(path)


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("h264", "mkv"),
        ("h264", "mp4"),
        ("h264", "ts"),
        ("ffv1", "mkv"),
        ("ffv1", "avi"),
        ("prores", "mov"),
        ("mpeg2", "mpg"),
        ("mpeg2", "mkv"),
        ("mpeg4", "avi"),
    ],
)
def test_field_order_is_kept(tmp_path, codec, ending, top_first):
    film, out = make_interlaced_film(tmp_path / "film.mkv", top_first), str(tmp_path / f"out.{ending}")
    assert decoding.probe(film).top_first == top_first
    report = colorize_film(film, out, WarmColorizer(), FilmOptions(codec, "fast", chunk_seconds=0.2))
    assert report.notes == [] and report.frames == len(times(out)) == 12
    assert sum(shot.frames for shot in report.shots) == 12
    assert decoding.probe(out).top_first == top_first
    with av.open(out) as container:
        assert all(frame.interlaced_frame for frame in container.decode(video=0))


@pytest.mark.parametrize("steady", ["off", "low", "high"])
def test_luma_of_both_fields_stays(tmp_path, steady):
    film = make_interlaced_film(tmp_path / "film.mkv")
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", steady=steady, window=3))
    assert np.array_equal(lumas(film), lumas(tmp_path / "out.mkv"))
    assert times(film) == times(tmp_path / "out.mkv")


@pytest.mark.parametrize("top_first", [True, False])
def test_each_field_has_its_own_colours_in_the_order_of_time(tmp_path, top_first):
    class ByBrightness(WarmColorizer):
        def network(self, luma):
            super().network(luma)
            red = np.where(luma.mean((1, 2, 3), keepdims=True) > 0.5, 0.2, -0.2)
            return (np.ones_like(luma) * np.concatenate([0 * red, red], axis=-1)).astype(np.float32)

    film = make_interlaced_film(
        tmp_path / "film.mkv", top_first, field=lambda number: pattern(0) // 4 + (140 if number % 2 == 0 else 50)
    )
    colorizer = ByBrightness()
    colorize_film(film, str(tmp_path / "out.mkv"), colorizer, FilmOptions("ffv1", steady="off", batch=1))
    assert [float(call.mean()) > 0.5 for call in colorizer.calls] == [True, False] * 12
    with av.open(str(tmp_path / "out.mkv")) as container:
        plane = next(container.decode(video=0)).planes[2]
        red = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]
    bright, dark = (red[::2], red[1::2]) if top_first else (red[1::2], red[::2])
    assert bright.min() > 140 and dark.max() < 116


def test_resumed_interlaced_film_equals_an_uninterrupted_one(tmp_path):
    class Dying(WarmColorizer):
        def network(self, luma):
            if len(self.calls) >= 30:
                raise KeyboardInterrupt
            return super().network(luma)

    film, whole, out = (str(tmp_path / name) for name in ("film.mkv", "whole.mkv", "out.mkv"))
    make_interlaced_film(film, False, frames=30)
    options = FilmOptions("h264", "fast", chunk_seconds=0.3, batch=1, every=1)
    colorize_film(film, whole, WarmColorizer(), options)
    with pytest.raises(KeyboardInterrupt):
        colorize_film(film, out, Dying(), options)
    report = colorize_film(film, out, WarmColorizer(), options)
    assert report.resumed in range(1, 30) and report.frames == 30
    assert packets(out, "video") == packets(whole, "video")


def test_codec_without_interlacing_is_noted_and_deinterlace_makes_whole_frames(tmp_path):
    film, out = make_interlaced_film(tmp_path / "film.mkv"), str(tmp_path / "out.webm")
    report = colorize_film(film, out, WarmColorizer(), FilmOptions("vp9", "fast"))
    assert len(report.notes) == 1 and "interlaced" in report.notes[0]
    report = colorize_film(film, out, WarmColorizer(), FilmOptions("vp9", "fast", deinterlace=True))
    assert report.notes == [] and times(out) == times(film)
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", deinterlace=True))
    assert decoding.probe(str(tmp_path / "out.mkv")).top_first is None
    combing, after = (
        np.abs(np.diff(np.array(lumas(path), float), axis=1)).mean() for path in (film, tmp_path / "out.mkv")
    )
    assert after < 0.8 * combing


def test_deinterlaced_film_goes_on_where_it_stopped(tmp_path):
    film = make_interlaced_film(tmp_path / "film.mkv", frames=80)
    source = decoding.probe(film)
    for how in ({}, {"top_first": None, "deinterlaced": True}):
        source = dataclasses.replace(source, **how)
        whole = [(frame.pts, bytes(frame.planes[0])) for frame in decoding.frames(source, decoding.DecodeLog())]
        rest = [
            (frame.pts, bytes(frame.planes[0]))
            for frame in decoding.frames(source, decoding.DecodeLog(), whole[69][0], 70)
        ]
        assert len(whole) == 80 and rest == whole[70:]
