"""What a film holds beside its picture, in the coloured one: sound, subtitles, chapters, tags, covers, attachments."""

import io
import os
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.films import other_streams
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.media.formats import FILM_MUXERS
from tests.made_films import WarmColorizer, lumas, make_film, packets, pattern, put, times

FILMS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "data", "films")


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
