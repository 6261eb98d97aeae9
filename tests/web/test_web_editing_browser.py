"""Changing a picture in a real Chromium: hints and their undo, turned, cropped, straightened, a scan split."""

import io

import made_uploads
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import done, downloaded, upload, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"


def test_a_hint_by_mouse_and_its_undo(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.click("#hints summary")
    box = page.locator("#canvas").bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.8 * box["height"])
    page.locator("#likely button").first.wait_for()
    assert page.locator("#likely button").count() >= 6
    page.fill("#colour", "#2040d0")
    page.click("#use-colour")
    done(page, 2)
    image = np.asarray(Image.open(io.BytesIO(downloaded(page)[1]))).astype(int)
    spot = image[int(0.8 * image.shape[0]), int(0.3 * image.shape[1])]
    assert spot[2] > spot[0] + 10
    page.click("#undo")
    done(page, 3)
    assert page.locator("#undo").is_disabled()


def test_a_picture_is_turned_straightened_and_cropped(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    width, height = Image.open(PHOTO).size
    page.click("#crop summary")
    page.wait_for_function("() => document.getElementById('whole').naturalWidth")
    page.click("#turn-right")
    page.fill("#straighten", "5")
    corner = page.get_by_role("button", name="Corner 1 of the frame")
    corner.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    box = page.get_by_role("button", name="Corner 3 of the frame").bounding_box()
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] - 18, box["y"] - 18, steps=4)
    page.mouse.up()
    page.click("#apply")
    done(page, 2)
    file = page.evaluate("fetch('/api/' + location.pathname.slice(1)).then(a => a.json())")
    crop = file["settings"]["crop"]
    assert (crop["turn"], crop["angle"]) == (1, -5)
    assert 0.4 < crop["width"] < 0.86 and 0.5 < crop["height"] < 0.92
    size = Image.open(io.BytesIO(downloaded(page)[1])).size
    assert size == pytest.approx((crop["width"] * height, crop["height"] * width), abs=1.5)
    page.click("#crop summary")
    page.check("#stretch")
    done(page, 3)
    page.click("#whole-again")
    done(page, 4)
    assert Image.open(io.BytesIO(downloaded(page)[1])).size == (width, height)


def test_a_scan_is_split_and_the_parts_lead_to_each_other(open_page, tmp_path):
    (tmp_path / "album.png").write_bytes(made_uploads.scan())
    page = open_page(locale="de-DE")
    upload(page, tmp_path / "album.png")
    page.wait_for_url("**/files/*")
    page.get_by_text("Dieser Scan zeigt offenbar 2 Fotografien.").wait_for()
    page.click("#crop summary")
    page.locator("#parts i").nth(1).wait_for()
    page.get_by_role("button", name="In 2 Fotografien teilen").click()
    page.get_by_role("link", name="album-2.png ansehen").click()
    page.wait_for_url("**/files/*")
    page.get_by_text("In Farbe nach").wait_for()
    assert page.locator("h1").text_content() == "Album-2" and page.locator("html").get_attribute("lang") == "de"
    assert page.locator("#splitting").is_hidden()


def test_hints_are_undone_and_done_again_and_all_removed(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.click("#hints summary")
    version = 1
    for place in (60, 120):
        page.locator("#canvas").click(position={"x": place, "y": 60})
        page.locator("#likely button").first.click()
        version += 1
        done(page, version)

    def hints_after(button):
        nonlocal version
        page.click(button)
        version += 1
        done(page, version)
        file = page.evaluate("fetch('/api/' + location.pathname.slice(1)).then(a => a.json())")
        return len(file["settings"]["hints"])

    assert [hints_after(button) for button in ("#undo", "#redo", "#clear-hints", "#undo")] == [1, 2, 0, 2]
    page.reload()
    page.click("#hints summary")
    assert page.locator("#redo").is_disabled()
    assert hints_after("#undo") == 1


def test_ctrl_z_takes_a_hint_back(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.click("#hints summary")
    page.locator("#canvas").click(position={"x": 60, "y": 60})
    page.locator("#likely button").first.click()
    done(page, 2)
    page.keyboard.press("Control+z")
    done(page, 3)
    assert page.locator("#undo").is_disabled()
    page.keyboard.press("Control+z")
    assert page.evaluate("fetch('/api/' + location.pathname.slice(1)).then(a => a.json())")["version"] == 3
