"""Films made here with PyAV, coloured with a stand-in network, and read back: luma, times, streams and tags."""

import io
import json
import os
import pathlib
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.films import decoding, other_streams
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.media.formats import FILM_MUXERS
from tests.made_films import WarmColorizer, first_chroma, lumas, make_film, packets, pattern, put, times

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


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_sound_chapters_tags_rotation_and_aspect_are_kept(tmp_path, ending):
    chapters = [
        {"id": 1, "start": 0, "end": 250, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
        {"id": 2, "start": 250, "end": 500, "time_base": Fraction(1, 1000), "metadata": {"title": "Two"}},
    ]
    film = make_film(
        tmp_path / f"film.{ending}",
        codec="libx264",
        sound=2,
        chapters=chapters,
        tags={"title": "A film", "comment": "found in a cellar"},
        rotation=90,
        aspect=Fraction(16, 15),
    )
    out = str(tmp_path / f"out.{ending}")
    report = colorize_film(film, out, WarmColorizer())
    assert report.notes == []
    assert packets(out, "audio") == packets(film, "audio")
    with av.open(out) as new, av.open(film) as old:
        assert [chapter["metadata"]["title"] for chapter in new.chapters()] == ["One", "Two"]
        assert [c["start"] * c["time_base"] for c in new.chapters()] == [0, Fraction(1, 4)]
        assert new.metadata["title" if ending != "mkv" else "title"] == "A film"
        comment = {key.lower(): value for key, value in new.metadata.items()}["comment"]
        assert comment.startswith("found in a cellar; ") and "ColorGAN" in comment
        assert [stream.type for stream in new.streams] == [stream.type for stream in old.streams]
        assert [stream.language for stream in new.streams.audio] == [stream.language for stream in old.streams.audio]
        assert new.streams.video[0].sample_aspect_ratio == Fraction(16, 15)
        assert next(new.decode(video=0)).rotation == next(old.decode(video=0)).rotation == 90


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


def test_cover_art_is_kept_and_not_taken_for_the_film(tmp_path):
    film = make_film(tmp_path / "film.mp4", codec="libx264", cover=True)
    out = str(tmp_path / "out.mp4")
    assert colorize_film(film, out, WarmColorizer()).frames == 12
    with av.open(out) as container:
        cover = [s for s in container.streams.video if s.disposition & av.stream.Disposition.attached_pic]
        assert len(cover) == 1 and cover[0].codec_context.name == "mjpeg"


def test_cover_art_and_attached_files_stay_in_matroska(tmp_path):
    jpeg = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 20, 20)).save(jpeg, "JPEG")
    film = make_film(tmp_path / "plain.mkv", codec="libx264")
    with av.open(film) as plain, av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream_from_template(plain.streams.video[0], opaque=True)
        container.add_attachment("font.ttf", "application/x-truetype-font", b"letters" * 20)
        container.add_attachment("cover.jpg", "image/jpeg", jpeg.getvalue())
        for packet in plain.demux():
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    report = colorize_film(str(tmp_path / "film.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.notes == [] and report.frames == 12
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [s.data for s in container.streams if s.type == "attachment"] == [b"letters" * 20]
        cover = next(s for s in container.streams.video if s.disposition & av.stream.Disposition.attached_pic)
        assert bytes(next(container.demux(cover))) == jpeg.getvalue()


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


def write_subtitled(tmp_path):
    """A Matroska film with one text subtitle, written packet by packet."""
    (tmp_path / "words.srt").write_text("1\n00:00:00,100 --> 00:00:00,300\nGood evening\n")
    film = make_film(tmp_path / "plain.mkv", codec="libx264", sound=1)
    with (
        av.open(film) as plain,
        av.open(str(tmp_path / "words.srt")) as words,
        av.open(str(tmp_path / "film.mkv"), "w") as container,
    ):
        streams = {stream: container.add_stream_from_template(stream, opaque=True) for stream in plain.streams}
        text = container.add_stream_from_template(words.streams.subtitles[0], opaque=True)
        text.metadata["language"] = "eng"
        for reader in (plain, words):
            for packet in reader.demux():
                if packet.size:
                    packet.stream = streams.get(packet.stream, text)
                    container.mux(packet)
    return str(tmp_path / "film.mkv")


def test_subtitles_are_kept(tmp_path):
    film = write_subtitled(tmp_path)
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.notes == []
    assert packets(tmp_path / "out.mkv", "subtitle") == packets(film, "subtitle")
    assert b"Good evening" in packets(tmp_path / "out.mkv", "subtitle")[0][0][1]


def test_timed_text_of_mp4_becomes_subtitles_of_mkv(tmp_path):
    with av.open(str(tmp_path / "film.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        text = container.add_mux_stream("mov_text")
        text.time_base = Fraction(1, 1000)
        text.metadata["language"] = "eng"
        for number in range(12):
            frame = av.VideoFrame(96, 64, "yuv420p")
            put(frame, 0, pattern(number))
            for index in (1, 2):
                put(frame, index, np.full((32, 48), 128, np.uint8))
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        words = av.Packet(struct.pack(">H", 12) + b"Good evening")
        words.pts = words.dts = 100
        words.duration, words.time_base, words.stream, words.is_keyframe = 200, Fraction(1, 1000), text, True
        container.mux(words)
    report = colorize_film(str(tmp_path / "film.mp4"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.notes == []
    assert packets(tmp_path / "out.mkv", "subtitle") == [[(Fraction(1, 10), b"Good evening")]]


def test_what_the_container_refuses_is_named(tmp_path):
    report = colorize_film(write_subtitled(tmp_path), str(tmp_path / "out.avi"), WarmColorizer())
    assert len(report.notes) == 1 and "subtitle stream" in report.notes[0]


def write_with_unknown_subtitles(tmp_path):
    """Two subtitle tracks: one of a codec that nobody knows, one as usual."""
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as container:
        video = container.add_stream("ffv1", rate=24)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        tracks = [container.add_mux_stream("subrip") for _ in range(2)]
        for number in range(12):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for index in range(3):
                put(frame, index, np.full((64 >> (index > 0),) * 2, 128, np.uint8))
            frame.pts = number
            container.mux(video.encode(frame))
        for track in tracks:
            words = av.Packet(b"Good evening")
            words.pts = words.dts = 100
            words.duration, words.time_base, words.stream, words.is_keyframe = 200, Fraction(1, 1000), track, True
            container.mux(words)
        container.mux(video.encode(None))
    film.write_bytes(film.read_bytes().replace(b"S_TEXT/UTF8", b"S_TEXT/QQQQ", 1))
    return str(film)


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts"])
def test_stream_of_unknown_codec_is_left_out_with_a_note(tmp_path, ending):
    film, out = write_with_unknown_subtitles(tmp_path), str(tmp_path / f"out.{ending}")
    report = colorize_film(film, out, WarmColorizer(), FilmOptions(quality="fast"))
    assert report.frames == len(lumas(out)) == 12
    assert f"subtitle stream 1 (unknown codec) does not fit {FILM_MUXERS['.' + ending]}" in report.notes
    if ending == "mkv":
        assert packets(out, "subtitle") == [[(Fraction(1, 10), b"Good evening")]]


def test_what_the_container_refuses_is_known_before_the_first_frame(tmp_path):
    film, colorizer = make_film(tmp_path / "film.mkv", 12, rate=Fraction(12), sound=1), WarmColorizer()
    with pytest.raises(InputError, match="must be writable as asked. Received: .*out.mxf: .* with libx264 in mxf"):
        colorize_film(film, str(tmp_path / "out.mxf"), colorizer, FilmOptions("h264"))
    assert colorizer.calls == [] and os.listdir(tmp_path) == ["film.mkv"]


def test_stream_whose_later_packets_are_refused_is_left_out(tmp_path, monkeypatch):
    film, out = make_film(tmp_path / "film.mkv", 24, sound=2), str(tmp_path / "out.mkv")
    write, written = other_streams.StreamCopy.write, []

    def refuse(copy, new, packet):
        written.append(copy.index)
        if copy.index == 2 and len(written) > 200:  # long after the trial
            raise other_streams.Refused(2)
        write(copy, new, packet)

    monkeypatch.setattr("pipelines.films.other_streams.StreamCopy.write", refuse)
    monkeypatch.setattr("pipelines.films.trial_join._PACKETS", 10)
    written += [0] * 180
    report = colorize_film(film, out, WarmColorizer())
    assert report.notes == ["audio stream 2 (aac) does not fit matroska"]
    assert len(packets(out, "audio")) == 1 and len(lumas(out)) == 24


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


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi", "webm", "mpg"])
def test_every_container_gets_all_frames_and_sound(tmp_path, ending):
    film = make_film(tmp_path / "film.mkv", 24, "libx264", sound=1, rate=Fraction(25))
    out = str(tmp_path / f"out.{ending}")
    colorize_film(film, out, WarmColorizer(), FilmOptions(quality="fast", chunk_seconds=0.4))
    stamps = times(out)
    assert len(stamps) == 24
    assert [float(stamp - stamps[0]) for stamp in stamps] == pytest.approx(np.arange(24) / 25, abs=6e-4)
    with av.open(out) as container:
        sound = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(sound - 24 / 25 * 48000) < 4096


def test_sound_whose_channels_have_no_places_is_encoded_too(tmp_path):
    with av.open(str(tmp_path / "film.avi"), "w") as container:
        video, sound = container.add_stream("mpeg4", rate=25), container.add_stream("pcm_s16le", rate=48000)
        video.width, video.height, video.pix_fmt, sound.layout = 96, 64, "yuv420p", "mono"
        for number in range(12):
            frame = av.VideoFrame(96, 64, "yuv420p")
            put(frame, 0, pattern(number))
            for index in (1, 2):
                put(frame, index, np.full((32, 48), 128, np.uint8))
            frame.pts = number
            container.mux(video.encode(frame))
            block = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), "s16", "mono")
            block.sample_rate, block.pts, block.time_base = 48000, 1920 * number, Fraction(1, 48000)
            container.mux(sound.encode(block))
        container.mux(video.encode(None))
    with av.open(str(tmp_path / "film.avi")) as container:
        assert container.streams.audio[0].codec_context.layout.name == "1 channels"
    colorize_film(str(tmp_path / "film.avi"), str(tmp_path / "out.mpg"), WarmColorizer())
    with av.open(str(tmp_path / "out.mpg")) as container:
        assert abs(sum(frame.samples for frame in container.decode(audio=0)) - 12 * 1920) < 2400


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
    assert report.colored == 12
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


# --- Bad input ---


def test_missing_empty_and_foreign_files_are_named(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("not a film" * 100)
    for name, words in [("none.mp4", "must exist"), ("empty.mp4", "0 bytes"), ("text.mp4", "must be readable")]:
        with pytest.raises(InputError, match=words):
            colorize_film(str(tmp_path / name), str(tmp_path / "out.mp4"), WarmColorizer())
    assert not (tmp_path / "out.mp4").exists()


def test_sound_alone_is_no_film(tmp_path):
    path = str(tmp_path / "sound.mka")
    with av.open(path, "w", format="matroska") as container:
        track = container.add_stream("aac", rate=48000)
        block = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        block.sample_rate, block.pts = 48000, 0
        container.mux(track.encode(block))
        container.mux(track.encode(None))
    with pytest.raises(InputError, match="must have a picture stream. Received: .* with audio only"):
        colorize_film(path, str(tmp_path / "out.mkv"), WarmColorizer())


def test_truncated_film_is_coloured_as_far_as_it_goes(tmp_path):
    film = make_film(tmp_path / "film.mkv", 40, sound=1)
    whole = pathlib.Path(film).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    report = colorize_film(str(tmp_path / "cut.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert 5 < report.frames < 40
    assert len(lumas(tmp_path / "out.mkv")) == report.frames


def test_broken_frame_in_the_middle_does_not_stop_the_film(tmp_path):
    film = make_film(tmp_path / "film.mkv", 20, "mjpeg", pixels="yuvj420p", full=True)
    with av.open(film) as container:
        spot = [packet.pos for packet in container.demux(video=0) if packet.size][10]
    data = bytearray(pathlib.Path(film).read_bytes())
    start = data.index(b"\xff\xd8", spot)
    data[start : start + 800] = bytes(800)
    (tmp_path / "broken.mkv").write_bytes(data)
    report = colorize_film(str(tmp_path / "broken.mkv"), str(tmp_path / "out.mkv"), WarmColorizer())
    assert report.frames >= 19 and any("broken" in note for note in report.notes)


def test_film_without_time_stamps_gets_them_from_its_rate(tmp_path):
    make_film(tmp_path / "film.mp4", 20, "libx264", rate=Fraction(25), options={"bf": "0"})
    raw = str(tmp_path / "film.h264")
    with av.open(str(tmp_path / "film.mp4")) as container:
        extra = container.streams.video[0].codec_context.extradata
        sets, rest = b"", extra[6:]
        length = struct.unpack(">H", rest[:2])[0]
        sets += b"\0\0\0\1" + rest[2 : 2 + length]
        rest = rest[3 + length :]
        length = struct.unpack(">H", rest[:2])[0]
        sets += b"\0\0\0\1" + rest[2 : 2 + length]
        with open(raw, "wb") as file:
            file.write(sets)
            for packet in container.demux(video=0):
                data = bytes(packet)
                while data:
                    size = struct.unpack(">I", data[:4])[0]
                    file.write(b"\0\0\0\1" + data[4 : 4 + size])
                    data = data[4 + size :]
    report = colorize_film(raw, str(tmp_path / "out.mp4"), WarmColorizer())
    assert report.frames == 20
    assert np.allclose(np.diff([float(stamp) for stamp in times(tmp_path / "out.mp4")]), 1 / 25, atol=1e-3)


def test_output_name_codec_and_folder_are_checked(tmp_path):
    film = make_film(tmp_path / "film.mkv", 3)
    for output, options, words in [
        ("out.xyz", FilmOptions(), "must end like a film's"),
        ("out.mp4", FilmOptions(codec="prores"), "container must take the codec"),
        ("out.mp4", FilmOptions(codec="h263"), "`codec` must be one of"),
        ("film.mkv", FilmOptions(), "must be another file"),
    ]:
        with pytest.raises(InputError, match=words):
            colorize_film(film, str(tmp_path / output), WarmColorizer(), options)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must be writable"):
        colorize_film(film, str(tmp_path / "file" / "out.mkv"), WarmColorizer())


def test_full_disk_is_named_and_leaves_nothing(tmp_path, monkeypatch):
    film = make_film(tmp_path / "film.mkv", 3)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.films.encoding.write_packets", full)
    with pytest.raises(InputError, match="disk full"):
        colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer())
    assert not (tmp_path / "out.mkv").exists()


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
