"""What a film says of its picture, and what a reader of the coloured film learns: range, pixel aspect, HDR, alpha."""

import types
from fractions import Fraction

import av
import numpy as np
import pytest

from pipelines.films import decoding, hdr, matroska, pixel_formats
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, make_film

EVERY_KIND = [
    ("h264", "mkv"),
    ("h264", "mp4"),
    ("h264", "mov"),
    ("h264", "ts"),
    ("h265", "mp4"),
    ("av1", "mp4"),
    ("av1", "webm"),
    ("vp9", "webm"),
    ("vp9", "mkv"),
    ("vp9", "mp4"),
    ("ffv1", "mkv"),
    ("ffv1", "avi"),
    ("prores", "mov"),
    ("prores", "mkv"),
    ("mpeg2", "mkv"),
    ("mpeg2", "mpg"),
    ("mpeg4", "avi"),
    ("mpeg4", "mp4"),
]


def ramp(number, size, bits=8):
    """Columns from black to white in full range, moving down."""
    row = np.linspace(0, 255, size[1]).round()
    return np.roll(np.tile(row, (size[0], 1)), number, axis=0).astype(np.uint8)


def seen_luma(path):
    """The first frame's luma as a reader sees it, from what the file says."""
    source = decoding.probe(str(path))
    frame = next(decoding.frames(source, decoding.DecodeLog()))
    codes = pixel_formats.plane(frame, 0, source.pixel_format.dtype)
    return pixel_formats.to_luma(codes, source.pixel_format, (source.height, source.width))


@pytest.mark.parametrize(("codec", "ending"), EVERY_KIND)
def test_full_range_is_said_or_converted(tmp_path, codec, ending):
    film = make_film(tmp_path / "film.mkv", 4, luma=ramp, full=True, rate=Fraction(25))
    out = tmp_path / f"out.{ending}"
    report = colorize_film(film, str(out), WarmColorizer(), FilmOptions(codec, "best"))
    assert np.abs(seen_luma(out) - seen_luma(film)).max() < 0.05
    assert np.abs(seen_luma(out) - seen_luma(film)).mean() < 0.008
    converted = not decoding.probe(str(out)).pixel_format.full_range
    assert any("full range" in note for note in report.notes) == converted
    assert converted == ((codec, ending) == ("ffv1", "avi") or codec in ("prores", "mpeg2", "mpeg4"))


def test_full_range_shot_in_colour_is_converted_too(tmp_path):
    def colour(number, index, height, width):  # across the ramp: of one luma there are both colours
        return np.broadcast_to(np.where(np.arange(height) // 8 % 2, 90, 170)[:, None], (height, width)).astype(np.uint8)

    film = make_film(tmp_path / "film.mkv", 4, luma=ramp, full=True, colour=colour)
    report = colorize_film(film, str(tmp_path / "out.avi"), WarmColorizer(), FilmOptions("ffv1"))
    assert [shot.tone for shot in report.shots] == ["colour"]
    assert np.abs(seen_luma(tmp_path / "out.avi") - seen_luma(film)).max() < 0.005


@pytest.mark.parametrize(("codec", "ending"), EVERY_KIND)
def test_pixel_aspect_is_kept(tmp_path, codec, ending):
    aspect = Fraction(64, 45)  # 90 x 72 shown as 16:9, which MPEG-2 knows
    film = make_film(tmp_path / "film.mkv", 3, "libx264", size=(72, 90), luma=ramp, rate=Fraction(25), aspect=aspect)
    out = str(tmp_path / f"out.{ending}")
    report = colorize_film(film, out, WarmColorizer(), FilmOptions(codec, "fast"))
    if (codec, ending) == ("ffv1", "avi"):
        assert len(report.notes) == 1 and "not square" in report.notes[0]
    else:
        assert report.notes == [] and decoding.probe(out).aspect == aspect


def test_pixel_aspect_that_mpeg2_does_not_know_is_noted(tmp_path):
    film = make_film(tmp_path / "film.mkv", 3, "libx264", rate=Fraction(25), aspect=Fraction(5, 4))
    report = colorize_film(film, str(tmp_path / "out.mpg"), WarmColorizer())
    assert len(report.notes) == 1 and "MPEG-2" in report.notes[0]


HDR = hdr.HdrMetadata((0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329), (0.005, 1000.0), (900, 300))


def make_hdr_film(path):
    parameters = (
        "log-level=error:master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,50)"
        ":max-cll=900,300"
    )
    return make_film(path, 4, "libx265", "yuv420p10le", matrix=9, options={"x265-params": parameters})


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("auto", "mkv"),
        ("h264", "mp4"),
        ("h265", "mp4"),
        ("h265", "mkv"),
        ("av1", "mp4"),
        ("av1", "webm"),
        ("vp9", "webm"),
        ("vp9", "mkv"),
        ("ffv1", "mkv"),
    ],
)
def test_hdr_metadata_are_kept(tmp_path, codec, ending):
    film, out = make_hdr_film(tmp_path / "film.mkv"), str(tmp_path / f"out.{ending}")
    report = colorize_film(film, out, WarmColorizer(), FilmOptions(codec, "fast"))
    assert report.notes == (["libvpx-vp9 holds 8 of the film's 10 bits"] if codec == "vp9" else [])
    found = decoding.probe(out).hdr
    assert found is not None and found.light_levels == HDR.light_levels
    assert found.primaries == pytest.approx(HDR.primaries, abs=2e-4)
    assert found.luminance == pytest.approx(HDR.luminance, rel=0.02)


def test_hdr_metadata_that_do_not_fit_are_noted(tmp_path):
    film = make_hdr_film(tmp_path / "film.mkv")
    report = colorize_film(film, str(tmp_path / "out.mp4"), WarmColorizer(), FilmOptions("vp9", "fast"))
    assert any("HDR mastering data" in note for note in report.notes)


def test_dropped_alpha_and_dynamic_metadata_are_noted(tmp_path):
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuva420p"
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(ramp(number, (64, 96))[..., None].repeat(3, 2), "rgb24")
            container.mux(stream.encode(frame.reformat(format="yuva420p")))
        container.mux(stream.encode(None))
    report = colorize_film(str(tmp_path / "film.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.notes == ["alpha channel is dropped"]
    frame = types.SimpleNamespace(side_data={"DOVI_RPU_BUFFER": b"12345", "DOVI_METADATA": b"1234"})
    assert hdr.dynamic(frame) == ["Dolby Vision"]


def test_completed_matroska_header_keeps_name_and_length(tmp_path):
    film = make_film(tmp_path / "film.mkv", 3, "libx264", size=(72, 90), luma=ramp, aspect=Fraction(64, 45))
    out = tmp_path / "out.mkv"
    colorize_film(film, str(out), WarmColorizer(), FilmOptions("ffv1"))
    assert matroska.PADDING.encode() not in out.read_bytes()
    with av.open(str(out)) as container:
        assert "title" not in container.streams.video[0].metadata
        assert len(list(container.decode(video=0))) == 3
