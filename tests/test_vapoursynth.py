"""The VapourSynth filter: luma and properties stay, colours are the Colorizer's, and frames come in any order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import exported_models
import made_films
import numpy as np
import pytest
from made_pictures import photograph
from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference import backends
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Hint, read_hints

vs = pytest.importorskip("vapoursynth", reason="requirements-extras.txt brings it, on Python 3.12")

from colorgan_tf.vapoursynth import colorize  # noqa: E402

ROOT = Path(__file__).parents[1]
HEIGHT, WIDTH = 64, 96
U, V = 0.1, -0.05
# The same colour as Cb and Cr in [-0.5, 0.5]: U = 0.492 (B - Y), V = 0.877 (R - Y); BT.601's Cb = (B - Y) / 1.772 and
# Cr = (R - Y) / 1.402. By BT.709, Cb = (B - Y') / 1.8556 and Cr = (R - Y') / 1.5748 with its own luma Y'.
_BLUE, _RED = U / 0.492, V / 0.877
_GREEN = -(0.114 * _BLUE + 0.299 * _RED) / 0.587
_LUMA_709 = 0.2126 * _RED + 0.7152 * _GREEN + 0.0722 * _BLUE
BT601 = _BLUE / 1.772, _RED / 1.402
BT709 = (_BLUE - _LUMA_709) / 1.8556, (_RED - _LUMA_709) / 1.5748


class Backend:
    """The chroma of a luma by a function; counts its frames. Of what is told, it takes the mean everywhere."""

    input_resolution, multiple, identity = 64, 32, "made"
    signatures = frozenset({HINTS_TO_CHROMA, REFERENCE_TO_CHROMA})

    def __init__(self, chroma):
        self.chroma, self.frames = chroma, 0

    def luma_to_chroma(self, luma):
        self.frames += len(luma)
        return np.broadcast_to(self.chroma(luma), (*luma.shape[:3], 2)).astype(np.float32)

    def predict(self, signature, inputs):
        if signature == HINTS_TO_CHROMA:
            hints = inputs["hints"]
            mean = hints[..., :2].sum((1, 2)) / hints[..., 2:].sum((1, 2))
        else:
            mean = inputs["reference"][..., 1:].mean((1, 2))
        return np.broadcast_to(mean[:, None, None], (*inputs["luma"].shape[:3], 2)).astype(np.float32)


@pytest.fixture
def network(monkeypatch):
    """Makes a function the network of all filters."""

    def use(chroma):
        backend = Backend(chroma)
        monkeypatch.setattr(backends, "load", lambda path: backend)
        return backend

    return use


def clip_of(lumas, form=vs.YUV420P8, props=None):
    """A clip of lumas `[height, width]` in [0, 1], full range unless `props` (of all frames, or of each) differ."""
    height, width = lumas[0].shape
    blank = vs.core.std.BlankClip(format=form, width=width, height=height, length=len(lumas))
    whole = blank.format.sample_type == vs.INTEGER

    def filled(n, f):
        frame = f.copy()
        plane = np.asarray(frame[0])
        plane[:] = np.rint(lumas[n] * (2**blank.format.bits_per_sample - 1)) if whole else lumas[n]
        own = props[n] if isinstance(props, list) else props
        for name, value in ({"_Range": 1, "_Matrix": 6} if own is None else own).items():
            frame.props[name] = value
        return frame

    return blank.std.ModifyFrame(blank, filled)


def planes(clip, n):
    with clip.get_frame(n) as frame:
        return [np.asarray(frame[plane]).astype(float) for plane in range(3)]


def moving(frames=8):
    """Mid-grey pictures that move two pixels a frame."""
    picture = photograph(1, WIDTH + 2 * frames, HEIGHT).mean(axis=-1) / 255 * 0.5 + 0.25
    return [picture[:, 2 * n : 2 * n + WIDTH] for n in range(frames)]


@pytest.mark.parametrize(
    ("form", "made"),
    [
        (vs.YUV420P8, vs.YUV420P8),
        (vs.YUV410P8, vs.YUV410P8),
        (vs.YUV422P10, vs.YUV422P10),
        (vs.YUV444P16, vs.YUV444P16),
        (vs.YUV444PS, vs.YUV444PS),
        (vs.YUV420PH, vs.YUV420PH),
        (vs.GRAY8, vs.YUV420P8),
        (vs.GRAY16, vs.YUV420P16),
        (vs.GRAYS, vs.YUV420PS),
    ],
)
def test_luma_and_properties_stay_at_every_depth(network, form, made):
    network(lambda luma: [U, V])
    clip = clip_of(moving(3), form, {"_Range": 1, "_Matrix": 6, "Note": "kept", "_DurationNum": 2})
    result = colorize(clip)
    assert (result.format.id, len(result), result.fps) == (int(made), 3, clip.fps)
    frame = result.get_frame(1)
    assert {name: frame.props[name] for name in ("_Range", "_Matrix", "_DurationNum")} == {
        "_Range": 1,
        "_Matrix": 6,
        "_DurationNum": 2,
    }
    assert frame.props["Note"] in ("kept", b"kept")
    luma, *chroma = planes(result, 1)
    with clip.get_frame(1) as given:
        np.testing.assert_array_equal(luma, np.asarray(given[0]))
    whole = result.format.sample_type == vs.INTEGER
    span, neutral = (
        (2**result.format.bits_per_sample - 1, 2 ** (result.format.bits_per_sample - 1)) if whole else (1, 0)
    )
    for plane, wanted in zip(chroma, BT601, strict=True):
        np.testing.assert_allclose(plane, wanted * span + neutral, atol=0.51 if whole else 1e-3)


@pytest.mark.parametrize(
    ("props", "size", "span", "wanted"),
    [
        ({"_Range": 1, "_Matrix": 1}, (64, 96), 255, BT709),
        ({"_Range": 0, "_Matrix": 6}, (64, 96), 224, BT601),
        ({"_ColorRange": 0, "_Matrix": 6}, (64, 96), 255, BT601),  # up to R72
        ({"_ColorRange": 1, "_Matrix": 5}, (64, 96), 224, BT601),
        ({}, (64, 96), 224, BT601),
        ({"_Matrix": 2}, (720, 1280), 224, BT709),
    ],
)
def test_range_and_matrix_are_those_of_the_frame(network, props, size, span, wanted):
    network(lambda luma: [U, V])
    result = colorize(clip_of([np.full(size, 0.5)], props=props), quality="fast")
    for plane, value in zip(planes(result, 0)[1:], wanted, strict=True):
        np.testing.assert_allclose(plane, value * span + 128, atol=0.51)
    assert result.get_frame(0).props["_Matrix"] == (1 if wanted is BT709 else props.get("_Matrix", 6))


@pytest.mark.parametrize("quality", ["fast", "good"])
def test_colors_are_those_of_the_saved_model(quality):
    model = exported_models.folder("efficient_unet")
    (luma,) = moving(1)
    _, *chroma = planes(colorize(clip_of([luma], vs.YUV444P16), quality, model=model), 0)
    wanted = Colorizer.load(model, quality=quality).chroma(luma[None, ..., None].astype(np.float32))[0]
    made = (np.dstack(chroma) - 32768) / 65535 * [0.492 * 1.772, 0.877 * 1.402]
    assert np.ptp(wanted) > 0.05
    assert np.abs(made - wanted).max() <= 2 / 255


@pytest.mark.parametrize("steady", ["off", "low", "high"])
def test_frames_come_in_any_order(network, steady):
    network(lambda luma: np.concatenate([luma - 0.5, 0.5 - luma], axis=-1))
    frames = moving()
    in_order = colorize(clip_of(frames), steady=steady, window=3)
    wanted = [planes(in_order, n) for n in range(len(frames))]
    shuffled = colorize(clip_of(frames), steady=steady, window=3)
    for n in (5, 0, 7, 5, 2, 6, 1, 3, 4):
        for one, other in zip(planes(shuffled, n), wanted[n], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("window", [3, 12])
def test_each_frame_goes_through_the_network_once_and_is_forgotten(network, window):
    backend = network(lambda luma: [U, V])
    count = 4 * window + 4 * vs.core.num_threads + 20
    result = colorize(clip_of(moving(1) * count), steady="high", window=window)
    for _ in result.frames():
        pass
    assert backend.frames == count
    result.get_frame(0)
    assert backend.frames == count + window + 1


def cb_of(clip):
    """Mean Cb of each frame, around 0 in 8 bits of full range."""
    return [planes(clip, n)[1].mean() - 128 for n in range(len(clip))]


def test_hints_and_references_hold_from_their_frames_on(network, tmp_path):
    network(lambda luma: [0.0, 0.0])
    clip, blue = clip_of(moving(6)), BT601[0] * 255
    path = tmp_path / "hints.json"
    path.write_text('[{"x": 0.2, "y": 0.5, "color": "#6070a0"}]')
    (hint,) = read_hints(path)
    told = hint.chroma[0] / U * blue
    here = Hint(0.5, 0.5, (U, V))
    for hints, wanted in (([here], [blue] * 6), (path, [told] * 6), ({4: None, 2: [here]}, [0, 0, blue, blue, 0, 0])):
        np.testing.assert_allclose(cb_of(colorize(clip, steady="off", hints=hints)), wanted, atol=1)

    Image.new("RGB", (40, 30), "#6070a0").save(tmp_path / "blue.png")
    for reference, wanted in ((str(tmp_path / "blue.png"), [told] * 6), ({5: tmp_path / "blue.png"}, [0] * 5 + [told])):
        np.testing.assert_allclose(cb_of(colorize(clip, steady="off", reference=reference)), wanted, atol=1)


@pytest.mark.parametrize("quality", ["fast", "good"])
def test_what_is_told_colours_as_the_saved_model_does(quality):
    model, hints = exported_models.folder("efficient_unet"), (Hint(0.3, 0.5, (0.3, -0.2), 0.1),)
    (luma,) = moving(1)
    _, *chroma = planes(colorize(clip_of([luma], vs.YUV444P16), quality, model=model, hints=hints), 0)
    plain = Colorizer.load(model, quality=quality)
    luma = luma[None, ..., None].astype(np.float32)
    wanted = plain.telling(hints).chroma(luma)[0]
    made = (np.dstack(chroma) - 32768) / 65535 * [0.492 * 1.772, 0.877 * 1.402]
    assert np.abs(wanted - plain.chroma(luma)[0]).max() > 0.05
    assert np.abs(made - wanted).max() <= 2 / 255


def flicker(network, steady):
    """How much the colour of a still picture changes from frame to frame, where the network flickers."""
    network(lambda luma: [0.2 if luma.mean() > 0.5 else 0.0, 0.0])
    still = moving(1)[0]
    result = colorize(clip_of([still - still.mean() + 0.5 + 0.01 * (-1) ** n for n in range(12)]), steady=steady)
    means = [planes(result, n)[1].mean() for n in range(12)]
    return np.abs(np.diff(means)).mean()


def test_colors_are_steadied(network):
    off, low, high = (flicker(network, steady) for steady in ("off", "low", "high"))
    assert high < low < off / 3


def test_nothing_crosses_the_scene_changes_that_properties_tell(network):
    network(lambda luma: [0.2 if luma.mean() > 0.5 else 0.0, 0.0])
    still = moving(1)[0]
    lumas = [still - still.mean() + (0.49 if n < 4 else 0.51) for n in range(8)]
    props = [{"_Range": 1, "_Matrix": 6, "_SceneChangePrev": int(n == 4)} for n in range(8)]
    separate, own = colorize(clip_of(lumas, props=props)), colorize(clip_of(lumas), steady="off")
    joined = colorize(clip_of(lumas))
    for n in (3, 4):
        assert np.abs(planes(separate, n)[1] - planes(own, n)[1]).max() <= 1
        assert np.abs(planes(joined, n)[1] - planes(own, n)[1]).mean() > 5


def test_nothing_crosses_a_cut_that_no_property_tells(network):
    network(lambda luma: [0.2 if luma.mean() > 0.5 else 0.0, 0.0])
    one, other = (photograph(seed, WIDTH, HEIGHT).mean(axis=-1) / 255 * 0.4 for seed in (1, 5))
    lumas = [one] * 4 + [0.6 + other[::-1]] * 4
    result, own = colorize(clip_of(lumas)), colorize(clip_of(lumas), steady="off")
    for n in (3, 4):
        assert np.abs(planes(result, n)[1] - planes(own, n)[1]).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (33, 41)])
def test_odd_sizes_and_single_frames_go(network, size):
    network(lambda luma: [U, V])
    result = colorize(clip_of([np.full(size, 0.5)], vs.GRAY8))
    assert result.format.id == vs.YUV444P8
    assert planes(result, 0)[2].shape == size


@pytest.mark.parametrize(
    ("clip", "options", "message"),
    [
        (lambda: vs.core.std.BlankClip(format=vs.RGB24), {}, "must be YUV or GRAY.* Received: RGB24"),
        (lambda: varying(), {}, "Received: several formats or sizes"),
        (lambda: clip_of(moving(1)), {"steady": "some"}, "`steady` must be one of off, low, high"),
        (lambda: clip_of(moving(1)), {"quality": "some"}, "`quality` must be one of fast, good, best"),
        (lambda: clip_of(moving(1)), {"window": 0}, "`window` must be at least 1"),
        (lambda: clip_of(moving(1)), {"hints": (), "reference": "a.jpg"}, "must not be given together"),
        (lambda: clip_of(moving(1)), {"hints": {-1: ()}}, "`hints` must be given by the numbers of frames"),
        (lambda: clip_of(moving(1)), {"hints": "none.json"}, "`hints` must be a file of JSON"),
        (lambda: clip_of(moving(1)), {"reference": "none.jpg"}, "none.jpg"),
    ],
)
def test_what_cannot_be_coloured_is_refused_at_once(clip, options, message):
    with pytest.raises(InputError, match=message):
        colorize(clip(), **options)


def varying():
    sizes = [vs.core.std.BlankClip(format=vs.YUV420P8, width=width, height=48, length=1) for width in (64, 96)]
    return vs.core.std.Splice(sizes, mismatch=True)


@pytest.mark.slow
def test_the_example_goes_through_vspipe_and_ffmpeg_as_it_says(tmp_path):
    if not hasattr(vs.core, "bs") or not shutil.which("ffmpeg"):
        pytest.skip("requirements-extras.txt brings BestSource; ffmpeg is a package of the system")
    film = made_films.make_film(tmp_path / "film.mkv", frames=4, sound=1)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    script = (ROOT / "examples" / "colour_a_film.vpy").read_text()
    (command,) = re.findall(r"^# +(vspipe .*)$", script, re.MULTILINE)
    # vspipe takes the first `python` of the path, and notes it in the user's configuration.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    bash = ["bash", "-o", "pipefail", "-c", command]
    done = subprocess.run(bash, capture_output=True, env=environment, cwd=tmp_path, timeout=500, text=True)
    assert done.returncode == 0, done.stderr
    made, given = made_films.lumas(tmp_path / "out.mkv"), made_films.lumas(film)
    assert made_films.times(tmp_path / "out.mkv") == made_films.times(film)
    assert np.abs(np.subtract(made, given, dtype=float)).mean() < 3  # of ffmpeg's codec
    assert made_films.first_chroma(tmp_path / "out.mkv", 1).std() > 2
    assert len(made_films.packets(tmp_path / "out.mkv", "audio")) == 1
