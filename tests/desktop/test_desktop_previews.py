import made_uploads
import numpy as np
import pytest

from colorgan_tf.color import merge
from serving.desktop.session import playback, previews


def test_frames_of_an_animation_come_with_their_times(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(made_uploads.animation(5))
    frames = list(playback.frames(path, "animation", 48))
    assert [round(frame.seconds, 3) for frame in frames] == [0, 0.08, 0.16, 0.24, 0.32]
    assert frames[0].picture().shape == (32, 48, 3)
    assert playback.length(path, "animation") == pytest.approx(0.4)
    later = playback.frames(path, "animation", 48, start=0.2)
    assert [round(frame.seconds, 3) for frame in later] == [0.16, 0.24, 0.32]


def test_frames_of_a_film_begin_where_they_are_asked_to(tmp_path):
    path = tmp_path / "a.mp4"
    made_uploads.film(path, frames=40)
    frames = list(playback.frames(path, "film", 1000))
    assert [round(frame.seconds, 3) for frame in frames[:3]] == [0, 0.1, 0.2] and len(frames) == 40
    later = list(playback.frames(path, "film", 48, start=3.0))
    assert [round(frame.seconds, 3) for frame in later] == [round(3 + n / 10, 3) for n in range(10)]
    assert later[0].picture().shape == (32, 48, 3)
    assert playback.length(path, "film") == pytest.approx(4.0)


def test_previews_are_upright_and_no_larger_than_asked(tmp_path):
    from PIL import Image

    image = Image.fromarray(made_uploads.grey(400, 300))
    exif = image.getexif()
    exif[0x0112] = 6
    for name in ("a.jpg", "a.png"):
        image.save(tmp_path / name, exif=exif)
        assert previews.original(tmp_path / name, "picture", 100).shape == (100, 75, 3)


def test_a_pdf_has_a_preview(tmp_path):
    from PIL import Image

    pytest.importorskip("pypdfium2", reason="The extra `formats` installs it.")
    Image.new("L", (400, 300), 90).save(tmp_path / "scan.pdf")
    assert previews.original(tmp_path / "scan.pdf", "picture", 100).shape == (75, 100, 3)


def test_strength_shown_at_once_is_that_of_a_new_colouring():
    """Within the RGB cube chroma is linear: luma plus gain times chroma (ITU-R BT.601)."""
    rng = np.random.default_rng(0)
    luma = rng.uniform(0.3, 0.7, (20, 30, 1)).astype(np.float32)
    chroma = rng.uniform(-0.1, 0.1, (20, 30, 2)).astype(np.float32)
    rgb = np.rint(255 * merge(luma, chroma)).astype(np.uint8)
    for gain in (0.0, 0.5, 1.5):
        wanted = 255 * merge(luma, np.float32(gain) * chroma)
        assert np.abs(previews.saturated(rgb, gain) - wanted).max() <= 2
