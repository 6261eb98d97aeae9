"""The website as a person meets it, in a real Chromium: `make browser` installs what this needs."""

import io
import re

import made_uploads
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import coloured_part, done, downloaded, upload, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"


def test_a_photo_from_upload_to_deletion(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.locator("#still").wait_for()
    page.focus("#compare")
    before = coloured_part(page)
    page.keyboard.press("ArrowRight")
    assert coloured_part(page) == before - 1
    page.locator("#divider").hover()
    page.mouse.down()
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 50)
    page.mouse.up()
    assert abs(coloured_part(page) - 10) < 1.5
    name, data = downloaded(page)
    assert name == "theater-coloured.jpg"
    coloured = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert np.ptp(coloured, axis=-1).mean() > 8
    page.fill("#strength", "0")
    done(page, 2)
    grey = np.asarray(Image.open(io.BytesIO(downloaded(page)[1]))).astype(int)
    assert np.ptp(grey, axis=-1).mean() < 2
    page.get_by_role("link", name="My results").click()
    assert page.locator(".gallery li").count() == 1
    page.get_by_role("button", name="Delete theater.jpg").click()
    page.get_by_text("Nothing here yet.").wait_for()


def test_the_result_has_a_title_says_what_was_done_and_leads_to_its_neighbours(open_page, tmp_path):
    for number in range(3):
        (tmp_path / f"aunt_mary_{number}.png").write_bytes(made_uploads.picture("PNG", seed=number))
    page = open_page()
    upload(page, *sorted(tmp_path.glob("*.png")))
    page.get_by_text("All 3 done").first.wait_for()
    page.get_by_role("link", name="Look at aunt_mary_2.png").click()
    done(page)
    assert page.locator("h1").text_content() == "Aunt mary 2" and page.title().startswith("Aunt mary 2 ·")
    assert page.locator("#status").text_content() == "In colour in 1 s; nothing left this computer"
    assert page.get_by_role("link", name="Previous").count() == 0
    for _ in range(2):
        here = page.url
        page.get_by_role("link", name="Next").click()
        page.wait_for_function("here => location.href !== here", arg=here)
        done(page)
    assert page.locator("h1").text_content() == "Aunt mary 0"
    assert page.get_by_role("link", name="Next").count() == 0
    page.click("#delete")  # the next one is shown, or the one before where there is none
    page.get_by_role("heading", name="Aunt mary 1").wait_for()


def test_before_and_after_are_saved_as_one_picture_and_the_page_prints_on_one_sheet(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    name, data = downloaded(page, "#beside")
    pair = Image.open(io.BytesIO(data))
    assert name == "theater-before-after.jpg" and "ColorGAN" in pair.getexif()[0x0131]
    half = pair.width // 2
    left, right = (np.asarray(pair.crop(box)).astype(int) for box in ((0, 0, half, pair.height), (half, 0, *pair.size)))
    assert np.ptp(left, axis=-1).max() <= 3 < np.ptp(right, axis=-1).mean()
    assert "prints well up to" in page.locator("#prints").text_content()
    page.locator("#still").wait_for()
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible() and page.locator("#still").is_visible()
    assert not page.locator("#download").is_visible() and not page.locator("#before").is_visible()


def test_zoom(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    width = page.locator("#canvas").bounding_box()["width"]
    page.click("#zoom-in")
    assert page.locator("#canvas").bounding_box()["width"] == pytest.approx(1.5 * width, abs=2)
    page.click("#zoom-whole")
    assert page.locator("#canvas").bounding_box()["width"] == pytest.approx(width, abs=2)


def test_by_keyboard_alone(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("each => each === document.activeElement")
    with page.expect_file_chooser():
        page.focus("#choose")
        page.keyboard.press("Enter")
    page.focus("[data-sample=patio]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/files/*")
    done(page)
    page.focus("#hints summary")
    page.keyboard.press("Enter")
    page.focus("#viewer")
    for key in ("ArrowLeft", "ArrowDown", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function("() => document.activeElement.closest('#likely')")
    page.keyboard.press("Enter")
    done(page, 2)
    page.focus("#strength")
    page.keyboard.press("ArrowRight")
    done(page, 3)
    page.focus("#delete")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def test_a_gif_plays_in_colour_and_takes_a_hint_on_a_frame(open_page, gif):
    page = open_page()
    uploaded(page, gif)
    assert "/result" in page.get_attribute("#still", "src")
    page.click("#hints summary")
    page.fill("#frame", "3")
    page.locator("#frame").dispatch_event("change")
    page.wait_for_function("() => document.getElementById('still').src.includes('number=3')")
    page.locator("#canvas").click(position={"x": 20, "y": 20})
    page.locator("#likely button").first.click()
    done(page, 2)
    assert (
        page.evaluate("fetch('/api/' + location.pathname.slice(1)).then(a => a.json())")["settings"]["hints"][0][
            "frame"
        ]
        == 3
    )
    assert Image.open(io.BytesIO(downloaded(page)[1])).n_frames == 6


def test_a_film_tells_its_progress_and_plays(open_page, gate, film):
    gate.gate.clear()
    page = open_page()
    upload(page, film)
    row = page.locator(".files li", has_text="short.mp4")
    row.get_by_text("Colouring…").wait_for()
    assert row.locator("progress").is_visible() and row.get_by_role("button", name="Stop short.mp4").is_visible()
    gate.gate.set()
    page.wait_for_url("**/files/*")
    done(page)
    page.wait_for_function("() => document.getElementById('film').readyState >= 2")
    assert page.evaluate("document.getElementById('film').videoWidth") == 320
    name, data = downloaded(page)
    assert name == "short-coloured.mp4" and data[4:8] == b"ftyp"


def test_a_film_can_be_stopped(open_page, gate, film):
    gate.gate.clear()
    page = open_page()
    upload(page, film)
    page.get_by_role("button", name="Stop short.mp4").click()
    page.wait_for_timeout(300)  # the wish to stop arrives before the network answers
    gate.gate.set()
    page.locator(".files li", has_text="Stopped").wait_for()


def test_a_lost_connection_is_said_and_found_again(open_page):
    page = open_page()
    page.route("**/api/events", lambda route: route.abort())
    page.reload()
    page.get_by_text("The connection to the website is lost.").wait_for()
    page.unroute("**/api/events")
    page.get_by_text("The connection to the website is lost.").wait_for(state="hidden")
    uploaded(page, PHOTO)


@pytest.mark.parametrize("address", [0], indirect=True)
def test_without_streams_the_page_asks(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    assert page.locator("#download").is_visible()
