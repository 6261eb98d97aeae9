"""Films made here with PyAV, coloured with a stand-in network, and read back: luma, times and colours."""

import json
import os
from fractions import Fraction

import av
import numpy as np
import pytest

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.films import decoding
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, first_chroma, lumas, make_film, packets, pattern, times

FILMS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "films")


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "gray", "gray10le"])
@pytest.mark.parametrize("steady", ["off", "low", "high"])
def test_luma_reaches_the_encoder_bit_for_bit(tmp_path, pixels, steady):
    film = make_film(tmp_path / "film.mkv", pixels=pixels)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", steady=steady))
    before, after = lumas(film), lumas(tmp_path / "out.mkv")
    assert report.frames == len(before) == len(after) == 12
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_chroma_is_the_networks_in_the_streams_matrix_and_range(tmp_path):
    film = make_film(tmp_path / "film.mkv", matrix=6)
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", steady="off"))
    # BT.601: Cr = V / 1.230 (V = 0.877 (R - Y), Cr = (R - Y) / 1.402), limited range spans 224.
    assert abs(np.median(first_chroma(tmp_path / "out.mkv", 2)) - (128 + 224 * 0.12 / 0.877 / 1.402)) <= 1
    with av.open(str(tmp_path / "out.mkv")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (6, 1)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_variable_frame_rate_stays_exact(tmp_path, ending):
    gaps = np.random.default_rng(3).integers(20, 400, 40)
    stamps = [int(stamp) * (90 if ending == "mkv" else 1) for stamp in np.cumsum(gaps)]  # mkv holds milliseconds
    film = make_film(
        tmp_path / f"film.{ending}", 40, "libx264", stamps=stamps, time_base=Fraction(1, 90000), options={"bf": "2"}
    )
    out = tmp_path / f"out.{ending}"
    colorize_film(film, str(out), WarmColorizer(), FilmOptions(quality="fast", chunk_seconds=0.02))
    assert times(out) == times(film)
    assert len(times(out)) == 40


def test_ntsc_rate_stays_exact(tmp_path):
    film = make_film(tmp_path / "film.mp4", 30, "libx264", rate=Fraction(30000, 1001))
    colorize_film(film, str(tmp_path / "out.mp4"), WarmColorizer(), FilmOptions(chunk_seconds=0.3))
    assert times(tmp_path / "out.mp4") == [Fraction(1001 * number, 30000) for number in range(30)]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)


def test_turned_film_is_shown_upright_to_the_network(tmp_path):
    film = make_film(tmp_path / "film.mp4", 3, "libx264", rotation=90)
    colorizer = WarmColorizer()
    colorize_film(film, str(tmp_path / "out.mp4"), colorizer, FilmOptions(steady="off"))
    assert colorizer.calls[0].shape[1:3] == (64, 48)
    upright = np.rot90(pattern(0), 1)
    small = upright.reshape(32, 3, 32, 2).mean((1, 3))
    seen = colorizer.calls[0][0, :, :, 0].reshape(32, 2, 16, 3).mean((1, 3))
    assert small.shape[0] == seen.shape[0]
    assert np.corrcoef(small.mean(1), seen.mean(1))[0, 1] > 0.8


@pytest.mark.parametrize(
    ("pixels", "made"), [("gbrp10le", "yuv444p10le"), ("bgr0", "yuv444p"), ("yuva420p", "yuv420p")]
)
def test_other_pixel_formats_are_read(tmp_path, pixels, made):
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixels
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(pattern(number)[..., None].repeat(3, 2), "rgb24").reformat(format=pixels)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    colorize_film(str(tmp_path / "film.mkv"), str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    with av.open(str(tmp_path / "out.mkv")) as container:
        frame = next(container.decode(video=0))
        rgb = frame.to_ndarray(format="rgb24").astype(np.float32) / 255
    assert frame.format.name == made
    # V = 0.12 is R - Y = 0.137.
    assert (rgb[..., 0] - rgb @ [0.299, 0.587, 0.114]).mean() == pytest.approx(0.137, abs=0.02)


@pytest.mark.parametrize(
    ("codec", "ending", "pixels"),
    [
        ("h265", "mp4", "yuv420p10le"),
        ("av1", "mp4", "yuv420p10le"),
        ("prores", "mov", "yuv422p10le"),
        ("vp9", "webm", "yuv420p"),
    ],
)
def test_every_codec_joins_its_chunks(tmp_path, codec, ending, pixels):
    film, out = make_film(tmp_path / "film.mkv", 14, pixels=pixels), str(tmp_path / f"out.{ending}")
    options = FilmOptions(codec, "fast", chunk_seconds=0.2)
    assert colorize_film(film, out, WarmColorizer(), options).frames == len(lumas(out)) == 14
    with av.open(out) as container:
        assert container.streams.video[0].codec_context.pix_fmt == pixels


def test_turned_frame_with_side_data_too_new_for_pyav_keeps_its_turn(tmp_path):
    film = make_film(tmp_path / "film.mp4", 3, "libx264", rotation=90)
    with av.open(film) as container:
        frame = next(container.decode(video=0))

    class Unreadable:
        rotation = frame.rotation

        @property
        def side_data(self):
            raise ValueError("29 is not a valid Type")

    assert decoding._display_matrix(Unreadable()) == decoding._display_matrix(frame) is not None


def test_black_bars_stay_black(tmp_path):
    def barred(number, size, bits=8):
        codes = pattern(number, size, bits=bits)
        codes[:16] = codes[-16:] = 16
        return codes

    film = make_film(tmp_path / "film.mkv", luma=barred)
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    red = first_chroma(tmp_path / "out.mkv", 2)
    assert (red[:8] == 128).all() and (red[-8:] == 128).all() and (red[9:-9] > 140).all()


def coloured(number, index, height, width):
    return np.where(np.arange(width) // 8 % 2, 90, 170)[None].astype(np.uint8)


def test_coloured_shot_is_left_as_it_is_unless_forced(tmp_path):
    film = make_film(tmp_path / "film.mkv", colour=coloured)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    assert [shot.tone for shot in report.shots] == ["colour"] and report.colored == 0
    assert np.array_equal(first_chroma(tmp_path / "out.mkv", 2), first_chroma(film, 2))
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", force=True))
    assert report.colored == 12 and min(report.colourfulness()) > 0
    assert not np.array_equal(first_chroma(tmp_path / "out.mkv", 2), first_chroma(film, 2))


def test_toned_stock_is_coloured(tmp_path):
    film = make_film(tmp_path / "film.mkv", colour=lambda number, index, height, width: 118 if index == 1 else 140)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    assert [shot.tone for shot in report.shots] == ["toned"] and report.colored == 12
    assert "looks toned: neutralised; --keep_colors leaves it" in report.notes
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1", keep_colors=True))
    assert report.colored == 0
    assert np.array_equal(first_chroma(tmp_path / "out.mkv", 1), first_chroma(film, 1))


def test_odd_sizes_keep_their_size(tmp_path):
    film = make_film(
        tmp_path / "film.mkv", size=(61, 83), luma=lambda n, s, bits=8: pattern(n, (64, 88))[: s[0], : s[1]]
    )
    colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer())
    assert lumas(tmp_path / "out.mkv")[0].shape == (61, 83)


# --- Real clips ---


@pytest.mark.skipif(not os.path.isdir(FILMS), reason="the shared films are not here")
@pytest.mark.parametrize(
    "name", ["colour/imageio-binaries_realshort", "colour/Track-Anything_test-sample2", "bw/damaged_film"]
)
def test_real_clips_keep_frames_times_and_sound(tmp_path, name):
    film, out = os.path.join(FILMS, f"{name}.mp4"), str(tmp_path / "out.mp4")
    colorize_film(film, out, WarmColorizer(), FilmOptions(quality="fast", force=True, chunk_seconds=1.0))
    assert times(out) == times(film)
    assert packets(out, "audio") == packets(film, "audio")


# --- The project's own colorizer ---


class WarmBackend:
    """A back end whose colours follow luma, at any size."""

    input_resolution, multiple, identity = 32, 16, "warm"
    signatures = frozenset()

    def luma_to_chroma(self, luma):
        return np.concatenate([-0.1 + 0.05 * luma, 0.12 + 0.0 * luma], axis=-1).astype(np.float32)


@pytest.mark.parametrize("quality", ["fast", "good", "best"])
def test_the_projects_colorizer_colours_films(tmp_path, quality):
    film = make_film(tmp_path / "film.mkv", 6, matrix=6)
    colorizer = Colorizer(WarmBackend(), quality)
    report = colorize_film(film, str(tmp_path / "out.mkv"), colorizer, FilmOptions("ffv1", steady="high"))
    assert report.colored == 6
    assert all(np.array_equal(a, b) for a, b in zip(lumas(film), lumas(tmp_path / "out.mkv"), strict=True))
    assert abs(np.median(first_chroma(tmp_path / "out.mkv", 2)) - (128 + 224 * 0.12 / 1.230)) <= 2


def test_frames_between_key_frames_have_the_colours_of_both(tmp_path):
    film = make_film(tmp_path / "film.mkv", 20, luma=lambda n, size, bits: pattern(0, size, 0, bits))

    class Redder(WarmColorizer):
        def network(self, luma):
            redder = [0.0, 0.2] if len(self.calls) == 3 else [0.0, 0.0]  # frame 18
            return super().network(luma) + np.float32(redder)

    colorize_film(film, str(tmp_path / "out.mkv"), Redder(), FilmOptions("ffv1", quality="fast", batch=1))
    with av.open(str(tmp_path / "out.mkv")) as container:
        red = [np.median(np.frombuffer(frame.planes[2], np.uint8)) for frame in container.decode(video=0)]
    assert max(red[:13]) - min(red[:13]) <= 1 and max(red[13:18]) - min(red[13:18]) <= 1
    assert red[13] - red[12] > abs(red[18] - red[17])  # which the gain changes a little at a key frame


def test_report_tells_shots_speed_and_stability(tmp_path):
    film = make_film(tmp_path / "film.mkv", 20, luma=lambda n, size, bits: pattern(n // 10, size, n // 10, bits))

    class Flicker(WarmColorizer):
        def network(self, luma):
            return super().network(luma) + 0.05 * np.random.default_rng(len(self.calls)).standard_normal(
                (len(luma), 1, 1, 2)
            )

    report = colorize_film(film, str(tmp_path / "out.mkv"), Flicker(), FilmOptions("ffv1", steady="high"))
    assert [(shot.first, shot.transition, shot.frames) for shot in report.shots] == [(0, "start", 10), (10, "cut", 10)]
    before, after = report.warp_error()
    assert 0 < after < 0.3 * before
    assert set(report.stage_seconds) == {"decode", "motion", "network", "merge", "encode"}
    assert report.worst_first()[0].warp_error[1] >= report.worst_first()[1].warp_error[1]
    assert json.loads(report.to_json())["frames"] == 20
    assert "20 frames in 2 shots" in report.to_text()
