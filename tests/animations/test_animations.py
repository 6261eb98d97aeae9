"""Animated pictures made here, coloured with a stand-in network, and read back with Pillow and with FFmpeg."""

import io

import av
import numpy as np
import pytest
from PIL import Image, ImageCms

from colorgan_tf import color
from colorgan_tf.errors import InputError
from pipelines.animations import decoding, encoding, palettes
from pipelines.animations.colorize import AnimationOptions, colorize_animation
from tests.made_animations import SIZE, make_gif, read
from tests.made_films import WarmColorizer, pattern


def luma(rgba):
    return color.luma(rgba[..., :3].astype(np.float32) / 255)[..., 0]


def test_frames_delays_and_loops_are_kept(tmp_path):
    times = [20, 100, 50, 70, 500, 30]
    film = make_gif(tmp_path / "in.gif", durations=times, loop=3, comment=b"from the attic")
    report = colorize_animation(film, str(tmp_path / "out.gif"), WarmColorizer())
    frames, found, info = read(tmp_path / "out.gif")
    assert report.frames == len(frames) == 6 and found == times
    assert info["loop"] == 3
    assert info["comment"].startswith(b"from the attic; Colours made by a model")
    assert report.bytes_written == (tmp_path / "out.gif").stat().st_size


def test_gif_that_plays_once_still_does(tmp_path):
    colorize_animation(make_gif(tmp_path / "in.gif", loop=None), str(tmp_path / "out.gif"), WarmColorizer())
    assert "loop" not in read(tmp_path / "out.gif")[2]


@pytest.mark.parametrize("palette", ["shared", "frame", "auto"])
def test_luma_is_kept_and_colour_is_the_networks(tmp_path, palette):
    film = make_gif(tmp_path / "in.gif")
    colorize_animation(film, str(tmp_path / "out.gif"), WarmColorizer(), AnimationOptions(palette=palette))
    for before, after in zip(read(film)[0], read(tmp_path / "out.gif")[0], strict=True):
        assert np.abs(luma(before) - luma(after)).mean() < 0.02
        chroma = color.rgb_to_yuv(after[..., :3].astype(np.float32) / 255)[..., 1:].mean((0, 1))
        assert chroma == pytest.approx([-0.075, 0.12], abs=0.015)


def test_ffmpeg_shows_the_same_frames_as_pillow(tmp_path):
    colorize_animation(make_gif(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    with av.open(str(tmp_path / "out.gif")) as container:
        shown = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    for ours, theirs in zip(read(tmp_path / "out.gif")[0], shown, strict=True):
        assert np.array_equal(ours, theirs)


def test_input_is_composited_as_ffmpeg_does(tmp_path):
    # Optimized: later frames are small patches at an offset, on what was there before.
    def codes(number):
        grey = np.full(SIZE, 60, np.uint8)
        grey[5 + 4 * number : 15 + 4 * number, 30:50] = 200
        return grey

    film = make_gif(tmp_path / "in.gif", codes=codes, optimize=True, disposal=1)
    ours = [frame.rgba for frame in decoding.frames(decoding.probe(film), [])]
    with av.open(film) as container:
        theirs = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_transparency_is_kept(tmp_path, ending):
    film = make_gif(tmp_path / "in.gif", transparent=True, disposal=2)
    colorize_animation(film, str(tmp_path / f"out.{ending}"), WarmColorizer())
    before, after = read(film)[0], read(tmp_path / f"out.{ending}")[0]
    assert len(after) == 6
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one[..., 3], other[..., 3])


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
@pytest.mark.parametrize("ending", ["gif", "webp", "apng"])
def test_webp_and_apng_go_in_and_out(tmp_path, kind, ending):
    times = [40, 80, 120, 40, 60, 100]
    film = make_gif(tmp_path / f"in.{kind.lower()}", durations=times, kind=kind, loop=2)
    colorize_animation(film, str(tmp_path / f"out.{ending}"), WarmColorizer())
    frames, found, info = read(tmp_path / f"out.{ending}")
    assert len(frames) == 6 and found == times and info["loop"] == 2


def test_frames_that_do_not_change_keep_their_number(tmp_path):
    # Pillow's own writer would join them, so they are written one by one.
    with open(tmp_path / "in.gif", "wb") as file:
        writer = encoding.GifWriter(file, SIZE, 0, encoding.Description())
        palette = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        for number in (0, 0, 0, 5, 5):
            writer.write(pattern(number, (48, 80)), palette, 50, clear=False)
        writer.close()
    for name in ("out.gif", "out.png"):
        report = colorize_animation(str(tmp_path / "in.gif"), str(tmp_path / name), WarmColorizer())
        frames, times, _ = read(tmp_path / name)
        assert report.frames == len(frames) == 5 and times == [50] * 5


def test_parts_of_an_apng_replace_what_was_there_transparent_or_not(tmp_path):
    rng = np.random.default_rng(0)
    shown = rng.integers(0, 256, (20, 30, 4)).astype(np.uint8)
    frames = [shown.copy() for _ in range(4)]
    frames[1][5:9, 7:20] = rng.integers(0, 256, (4, 13, 4))
    frames[2][5:9, 7:20] = 0
    with open(tmp_path / "a.png", "wb") as file:
        pictures = (decoding.Frame(frame, 40) for frame in frames)
        encoding.write_apng(file, pictures, None, encoding.Description())
    np.testing.assert_array_equal(np.stack(read(tmp_path / "a.png")[0]), np.stack(frames))


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_profile_exif_and_xmp_are_kept_and_the_tag_is_set(tmp_path, ending):
    exif = Image.Exif()
    exif[315], exif[305] = "a person", "a scanner"
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    film = make_gif(tmp_path / "in.webp", kind="WEBP", exif=exif.tobytes(), xmp=b"<x:xmpmeta/>", icc_profile=srgb)
    colorize_animation(film, str(tmp_path / f"out.{ending}"), WarmColorizer())
    result = decoding.probe(str(tmp_path / f"out.{ending}"))
    assert len(result.profile) > 300
    if ending == "gif":
        assert b"made by a model" in result.comment and result.xmp == b"<x:xmpmeta/>"
        colorize_animation(result.path, str(tmp_path / "again.gif"), WarmColorizer(), AnimationOptions(force=True))
        again = decoding.probe(str(tmp_path / "again.gif"))
        assert (again.profile[128:], again.xmp) == (result.profile[128:], result.xmp)  # the header has a date
        return
    with Image.open(result.path) as picture:
        assert picture.n_frames == 6
        assert picture.getexif()[315] == "a person"
        assert picture.getexif()[305] == "a scanner; Colours made by a model (ColorGAN TF)"
        picture.load()
        assert picture.info["xmp"] == b"<x:xmpmeta/>"


@pytest.mark.parametrize("palette", ["shared", "frame", "auto"])
def test_frames_that_memory_cannot_hold_are_made_again(tmp_path, monkeypatch, palette):
    film, passes, read_frames = make_gif(tmp_path / "in.gif"), [], decoding.frames
    monkeypatch.setattr(decoding, "frames", lambda *given: (passes.append(given), read_frames(*given))[1])
    for name in ("held.gif", "again.gif"):
        colorize_animation(film, str(tmp_path / name), WarmColorizer(), AnimationOptions(palette=palette))
        if name == "held.gif":
            assert len(passes) == 1
            monkeypatch.setattr("pipelines.animations.colorize._MEMORY", 2 * 48 * 80 * 4)
    assert len(passes) > 2
    assert (tmp_path / "held.gif").read_bytes() == (tmp_path / "again.gif").read_bytes()


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_progress_is_shown_over_steps_of_the_network_and_over_frames(tmp_path, ending):
    seen = []

    def progress(items, count):
        for number, item in enumerate(items, 1):
            seen.append((number, count))
            yield item

    film = make_gif(tmp_path / "in.gif", count=6)
    colorize_animation(film, str(tmp_path / f"out.{ending}"), WarmColorizer(), progress=progress)
    assert seen == [(1, 2), (2, 2), *((number, 6) for number in range(1, 7))]


def test_single_frame_is_enough(tmp_path):
    Image.fromarray(pattern(0)).save(tmp_path / "in.gif")
    assert colorize_animation(str(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer()).frames == 1


@pytest.mark.parametrize(
    ("limit", "words"), [("MAX_CANVAS", "at most 0 megapixels. "), ("MAX_TOTAL", "in all its frames")]
)
def test_animations_that_would_fill_the_memory_are_refused(tmp_path, monkeypatch, limit, words):
    monkeypatch.setattr(decoding, limit, 5 * 48 * 80 if limit == "MAX_TOTAL" else 100)
    with pytest.raises(InputError, match=words):
        colorize_animation(make_gif(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer())


def test_a_frame_far_larger_than_the_canvas_ends_the_animation(tmp_path):
    data = bytearray((tmp_path / make_gif(tmp_path / "in.gif")).read_bytes())
    second = data.index(b"\x2c", data.index(b"\x2c", 800) + 200)  # an image's descriptor
    while data[second - 8 : second - 5] != b"\x21\xf9\x04":
        second = data.index(b"\x2c", second + 1)
    data[second + 5 : second + 9] = b"\xff\xff\xff\xff"
    (tmp_path / "in.gif").write_bytes(data)
    report = colorize_animation(str(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    assert 0 < report.frames < 6 and any("the animation ends before it" in note for note in report.notes)


def test_steadying_takes_flicker_out_of_an_animation(tmp_path):
    class Flicker(WarmColorizer):
        def network(self, luma):
            return super().network(luma) + 0.08 * np.sin(900 * luma.mean((1, 2, 3), keepdims=True))

    film = make_gif(tmp_path / "in.gif", 16)
    spread = {}
    for steady in ("off", "low", "high"):
        colorize_animation(film, str(tmp_path / "out.gif"), Flicker(), AnimationOptions(steady=steady))
        means = [frame[..., :3].mean((0, 1)) for frame in read(tmp_path / "out.gif")[0]]
        spread[steady] = np.abs(np.diff(np.stack(means)[:, 0] - np.stack(means)[:, 2])).mean()
    assert spread["high"] < spread["low"] < 0.6 * spread["off"]


def test_smooth_sky_does_not_band():
    ramp = np.linspace(90, 210, 320, dtype=np.float32)
    sky = np.stack([ramp * 0.6, ramp * 0.8, ramp], axis=-1)[None].repeat(64, axis=0)
    palette = palettes.choose(np.rint(sky).astype(np.uint8).reshape(-1, 3))
    indices = palettes.apply(sky, palette, palettes.spacing(palette))
    assert palettes.error(sky, palette, indices) < 0.5
    assert indices.max() < 255


def mottled(seed=0):
    """Brown and blue cloths in changing light, and a small red thing: `[n, 3]` uint8."""
    rng = np.random.default_rng(seed)
    light = rng.uniform(40, 220, (20_000, 1))
    cloth = np.where(rng.random((20_000, 1)) < 0.7, [1.1, 0.9, 0.7], [0.8, 0.9, 1.1])
    pixels = light * cloth + rng.normal(0, 6, (20_000, 3))
    pixels[:30] = [220, 30, 40] + rng.normal(0, 3, (30, 3))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def distances(pixels, palette):
    return np.square(pixels[:, None].astype(np.float32) - palette[:255].astype(np.float32)).sum(-1)


def test_palette_fits_as_well_as_that_of_pillow():
    pixels = mottled()
    pillow = Image.fromarray(pixels[None]).quantize(255, Image.Quantize.MEDIANCUT, kmeans=3).getpalette()
    ours = distances(pixels, palettes.choose(pixels)).min(1)
    theirs = distances(pixels, np.array(pillow).reshape(-1, 3)).min(1)
    assert ours.mean() < 1.02 * theirs.mean()
    assert ours[:30].mean() < 40  # a thing of 30 pixels in 20,000 keeps its colour


@pytest.mark.parametrize("count", [1, 2, 200, 255])
def test_few_colours_are_kept_exactly(count):
    colours = np.unique(np.random.default_rng(count).integers(0, 256, (2 * count, 3), np.uint8), axis=0)[:count]
    palette = palettes.choose(colours.repeat(3, axis=0))
    assert np.array_equal(np.unique(palette[:255], axis=0), colours)
    assert not palette[255].any()


def test_each_pixel_gets_nearly_the_nearest_entry():
    pixels = mottled(1)
    palette = palettes.choose(pixels)
    indices = palettes.apply(pixels.reshape(100, 200, 3).astype(np.float32), palette, 0.0).ravel()
    every = np.sqrt(distances(pixels, palette))
    # Cells of the table are 2 steps wide: from the middle of one, no colour in it is further than half a diagonal.
    assert (every[np.arange(len(pixels)), indices] <= every.min(1) + np.sqrt(3) + 1e-3).all()


# --- Bad input ---


def test_empty_missing_and_foreign_files_are_named(tmp_path):
    (tmp_path / "empty.gif").write_bytes(b"")
    (tmp_path / "text.gif").write_text("no picture")
    Image.fromarray(pattern(0)).save(tmp_path / "still.bmp")
    for name, words in [
        ("none.gif", "must exist"),
        ("empty.gif", "0 bytes"),
        ("text.gif", "must be readable"),
        ("still.bmp", "must be GIF, WebP, PNG or AVIF"),
    ]:
        with pytest.raises(InputError, match=words):
            colorize_animation(str(tmp_path / name), str(tmp_path / "out.gif"), WarmColorizer())
    with pytest.raises(InputError, match="must end in .gif"):
        colorize_animation(make_gif(tmp_path / "in.gif"), str(tmp_path / "out.mp4"), WarmColorizer())
    assert not (tmp_path / "out.gif").exists()


def test_why_no_frame_can_be_read_is_told(tmp_path):
    make_gif(tmp_path / "whole.png", kind="PNG")
    data = (tmp_path / "whole.png").read_bytes()
    while b"fcTL" in data:
        start = data.index(b"fcTL") - 4
        data = data[:start] + data[start + 38 :]
    (tmp_path / "in.png").write_bytes(data)
    with pytest.raises(InputError, match="readable frame. Received: .*in.png: frame 0 is damaged"):
        colorize_animation(str(tmp_path / "in.png"), str(tmp_path / "out.png"), WarmColorizer())


def test_truncated_gif_is_coloured_as_far_as_it_goes(tmp_path):
    data = open(make_gif(tmp_path / "in.gif", 10), "rb").read()  # noqa: SIM115
    (tmp_path / "cut.gif").write_bytes(data[: len(data) * 2 // 3])
    report = colorize_animation(str(tmp_path / "cut.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    assert 3 <= report.frames < 10 and len(read(tmp_path / "out.gif")[0]) == report.frames


def test_frame_larger_than_the_canvas_is_cut_to_it(tmp_path):
    data = bytearray(open(make_gif(tmp_path / "in.gif", 3), "rb").read())  # noqa: SIM115
    data[6:8], data[8:10] = (60).to_bytes(2, "little"), (40).to_bytes(2, "little")  # a canvas smaller than the frames
    (tmp_path / "odd.gif").write_bytes(data)
    report = colorize_animation(str(tmp_path / "odd.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    assert report.frames == 3
    assert len({frame.shape for frame in read(tmp_path / "out.gif")[0]}) == 1


def test_picture_bomb_is_refused(tmp_path, monkeypatch):
    film = make_gif(tmp_path / "in.gif")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match="bearable size"):
        colorize_animation(film, str(tmp_path / "out.gif"), WarmColorizer())


def test_failed_write_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(encoding.GifWriter, "write", full)
    with pytest.raises(InputError, match="disk full"):
        colorize_animation(make_gif(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    assert [path.name for path in tmp_path.iterdir()] == ["in.gif"]


def test_written_gif_has_valid_blocks():
    file = io.BytesIO()
    writer = encoding.GifWriter(file, (4, 4), 0, encoding.Description(b"x" * 600))
    writer.write(np.zeros((4, 4), np.uint8), np.zeros((256, 3), np.uint8), 100, clear=False)
    writer.close()
    with Image.open(io.BytesIO(file.getvalue())) as picture:
        assert picture.info["comment"] == b"x" * 600 and picture.size == (4, 4)
