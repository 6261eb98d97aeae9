"""TIFF files of several pages."""

import numpy as np
from PIL import Image

from pipelines.batch import Job
from tests.made_batches import WORK, colourful, toned, work_with
from tests.made_stills import WarmBackend


def test_all_pages_of_a_tiff_are_coloured_and_kept(tmp_path):
    pages = [Image.new("L", (90 + n, 60), 60 * n + 40) for n in range(3)]
    colour = np.zeros((60, 60, 3), np.uint8)
    colour[:30, :, 0], colour[30:, :, 2], colour[:, 30:, 1] = 220, 200, 160
    pages.insert(1, Image.fromarray(colour))
    for number, page in enumerate(pages):
        page.encoderinfo = {"tiffinfo": {285: f"page {number}"}, "dpi": (300 + number, 300)}
    pages[0].save(
        tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw", tiffinfo={285: "page 0"}
    )
    outcome = WORK(Job(tmp_path / "a.tif", tmp_path / "out.tif"))
    assert (outcome.state, outcome.note) == ("coloured", "4 pages, 1 of them in colour already")
    with Image.open(tmp_path / "a.tif") as before, Image.open(tmp_path / "out.tif") as after:
        assert after.n_frames == 4
        for number, page in enumerate(pages):
            before.seek(number), after.seek(number)
            assert after.tag_v2.get(285) == before.tag_v2.get(285)
            assert after.size == page.size
            if number == 1:
                np.testing.assert_array_equal(np.asarray(after), colour)
                assert 305 not in after.tag_v2
            else:
                assert np.ptp(np.asarray(after), axis=-1).max() > 20
                assert (
                    np.abs(np.asarray(after.convert("L")).astype(int) - (60 * (number - (number > 1)) + 40)).max() < 3
                )
                assert "model" in after.tag_v2[305]


def test_a_tiff_whose_pages_are_all_in_colour_is_copied(tmp_path):
    colourful(tmp_path / "a.png")
    page = Image.open(tmp_path / "a.png")
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    outcome = WORK(Job(tmp_path / "a.tif", tmp_path / "out.tif"))
    assert (outcome.state, outcome.note) == ("copied", "2 pages, already in colour")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "out.tif").read_bytes()


def test_toned_pages_of_a_tiff_stay_where_colours_are_kept(tmp_path):
    tone, grey_page = Image.open(toned(tmp_path / "a.png")), Image.new("L", (90, 60), 100)
    tone.save(tmp_path / "a.tif", save_all=True, append_images=[grey_page])
    job = Job(tmp_path / "a.tif", tmp_path / "out.tif")
    outcome = work_with(WarmBackend(), keep_colors=True)(job)
    assert (outcome.state, outcome.note) == ("coloured", "2 pages, 1 of them in colour or toned already")
    with Image.open(job.target) as result:
        np.testing.assert_array_equal(np.asarray(result), np.asarray(tone))
    tone.save(tmp_path / "a.tif", save_all=True, append_images=[tone])
    outcome = work_with(WarmBackend(), keep_colors=True)(job)
    assert (outcome.state, outcome.note) == ("copied", "2 pages, already in colour or toned")


def test_of_several_pages_another_format_holds_the_first_and_the_outcome_says_so(tmp_path):
    page = Image.new("L", (9, 9), 100)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    assert WORK(Job(tmp_path / "a.tif", tmp_path / "out.png")).note == "only the first of 3 pages"
