"""Grey, toned or in colour: animations whose frames are judged over the whole, shot by shot."""

import numpy as np
import pytest
from PIL import Image

from pipelines.animations.colorize import AnimationOptions, colorize_animation
from tests.made_animations import read
from tests.made_films import WarmColorizer, pattern


def test_coloured_animation_is_left_alone_unless_forced(tmp_path):
    wheel = np.stack(np.meshgrid(np.arange(80) * 3, np.arange(48) * 5), axis=-1).astype(np.uint8)
    frames = [Image.fromarray(np.dstack([np.roll(wheel, n, 1), np.full((48, 80), 90, np.uint8)])) for n in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=50)
    report = colorize_animation(str(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer())
    assert report.tone == "colour" and (tmp_path / "out.gif").read_bytes() == (tmp_path / "in.gif").read_bytes()
    report = colorize_animation(
        str(tmp_path / "in.gif"), str(tmp_path / "out.gif"), WarmColorizer(), AnimationOptions(force=True)
    )
    assert report.frames == 3 and (tmp_path / "out.gif").read_bytes() != (tmp_path / "in.gif").read_bytes()


def wheel(number):
    """Many colours of each luma."""
    across, down = np.meshgrid(np.arange(80) * 3, np.arange(48) * 5)
    return np.roll(np.dstack([across, down, np.full((48, 80), 90)]).astype(np.uint8), 3 * number, 1)


def title(number):
    return np.repeat(np.where(pattern(0) > 120, 230, 20)[..., None], 3, -1).astype(np.uint8)


def join(path, *parts, kind="GIF"):
    pictures = [Image.fromarray(part(number)) for part in parts for number in range(4)]
    pictures[0].save(path, kind, save_all=True, append_images=pictures[1:], duration=50, loop=0)
    return str(path)


@pytest.mark.parametrize(("parts", "copied"), [((title, wheel), slice(4, 8)), ((wheel, title), slice(0, 4))])
@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_parts_in_colour_are_copied_and_the_others_coloured(tmp_path, parts, copied, ending):
    film = join(tmp_path / "in.png", *parts, kind="PNG")
    report = colorize_animation(film, str(tmp_path / f"out.{ending}"), WarmColorizer())
    assert (report.tone, report.colored, report.copied) == ("grey", report.frames - 4, False)
    assert any("frames have colours already" in note for note in report.notes)
    before, after = read(film)[0], read(tmp_path / f"out.{ending}")[0]
    if ending != "gif":
        assert np.array_equal(
            np.stack(before)[-4:] if copied.start else np.stack(before)[:4],
            np.stack(after)[-4:] if copied.start else np.stack(after)[:4],
        )
    grey = after[0] if copied.start else after[-1]
    assert np.ptp(grey[..., :3].astype(int), axis=-1).max() > 20


def test_parts_in_colour_of_a_gif_keep_their_colours_exactly(tmp_path):
    def few(number):
        return wheel(number) // 48 * 48

    film = join(tmp_path / "in.gif", title, few)
    colorize_animation(film, str(tmp_path / "out.gif"), WarmColorizer())
    assert np.array_equal(np.stack(read(film)[0])[-4:], np.stack(read(tmp_path / "out.gif")[0])[-4:])


def test_an_animation_in_colour_changes_its_kind_with_its_colours(tmp_path):
    film = join(tmp_path / "in.png", wheel, kind="PNG")
    report = colorize_animation(film, str(tmp_path / "out.webp"), WarmColorizer())
    assert (
        report.copied
        and report.converted
        and np.array_equal(np.stack(read(film)[0]), np.stack(read(tmp_path / "out.webp")[0]))
    )


def flat(colours):
    bars = np.repeat(np.array(colours, np.uint8)[None], 48, 0).repeat(-(-80 // len(colours)), 1)[:, :80]
    return lambda number: bars


BARS = [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)]


@pytest.mark.parametrize("colours", [BARS, [(255, 255, 255), (220, 20, 30)], [(0, 0, 0), (30, 60, 220)], [(0, 200, 0)]])
def test_flat_graphics_are_in_colour(tmp_path, colours):
    film = join(tmp_path / "in.png", flat(colours), kind="PNG")
    report = colorize_animation(film, str(tmp_path / "out.png"), WarmColorizer())
    assert report.tone == "colour" and (tmp_path / "out.png").read_bytes() == (tmp_path / "in.png").read_bytes()


def test_a_title_of_white_letters_is_grey(tmp_path):
    film = join(tmp_path / "in.png", lambda number: title(number) // 230 * 230, kind="PNG")
    report = colorize_animation(film, str(tmp_path / "out.png"), WarmColorizer())
    assert (report.tone, report.colored) == ("grey", report.frames)
