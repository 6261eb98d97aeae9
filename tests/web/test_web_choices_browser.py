"""Choosing colours in a real Chromium: versions to start from, a reference picture, likely colours."""

import io

import made_uploads
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import done, downloaded, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"


@pytest.fixture
def backend():
    return made_uploads.ChoosingBackend()


def settings(page):
    return page.evaluate("fetch('/api/' + location.pathname.slice(1)).then(answer => answer.json())")["settings"]


def picture(path, colour):
    Image.new("RGB", (60, 40), colour).save(path)
    return str(path)


def test_a_version_is_chosen_and_changed_like_any_hint(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.route("**/api/events", lambda route: route.fulfill(status=503))  # then the page asks every two seconds
    page.reload()
    page.click("#versions summary")
    page.locator("#versions-progress").wait_for()  # they are on their way
    versions = page.locator("#version-list button")
    versions.nth(1).wait_for()
    assert page.locator("#versions-progress").is_hidden()
    assert [each.get_attribute("aria-pressed") for each in versions.all()] == ["true", "false"]
    assert versions.nth(1).locator("img").evaluate("image => image.decode().then(() => 1)")
    versions.nth(1).click()
    done(page, 3)
    assert len(settings(page)["hints"]) == 1
    page.wait_for_selector("#version-list button:nth-child(2)[aria-pressed=true]")
    page.click("#hints summary")
    page.click("#undo")
    done(page, 4)
    assert settings(page)["hints"] == []


def test_a_reference_is_dropped_and_taken_away_and_a_grey_one_refused(open_page, tmp_path):
    page = open_page()
    uploaded(page, PHOTO)
    page.click("#reference summary")
    page.set_input_files("#reference-file", picture(tmp_path / "grey.png", (90, 90, 90)))
    page.locator("#reference-drop").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_text("This picture is grey").wait_for()
    assert page.locator("#message").bounding_box()["y"] >= 0  # in sight, however far down the page is
    data = io.BytesIO()
    Image.new("RGB", (60, 40), (40, 60, 200)).save(data, "PNG")
    page.evaluate(
        """async bytes => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "blue.png", { type: "image/png" }));
          const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.getElementById("reference-drop").dispatchEvent(drop);
        }""",
        list(data.getvalue()),
    )
    page.locator("#reference-shown").wait_for()
    done(page, 2)
    assert page.locator("#message").text_content() == "" and settings(page)["reference"]
    page.click("#reference-remove")
    page.locator("#reference-given").wait_for(state="hidden")
    done(page, 3)
    assert not settings(page)["reference"]


def test_likely_colours_are_those_of_the_network(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    page.click("#hints summary")
    page.click("#still", position={"x": 60, "y": 60})
    page.locator("#likely button").first.wait_for()
    assert page.locator("#likely button").count() == 3
    if live_site.AXE.exists():  # `make browser` installs it
        page.click("#versions summary")
        assert live_site.serious_faults(page) == []


def test_what_is_too_light_is_darkened_on_request_and_takes_the_colour(open_page, tmp_path):
    Image.fromarray(np.pad(np.full((100, 100), 253, np.uint8), 50, constant_values=90)).save(tmp_path / "sky.png")
    page = open_page()
    uploaded(page, tmp_path / "sky.png")
    page.click("#hints summary")
    box = page.locator("#canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_text("hardly any colour can be seen").wait_for()
    if live_site.AXE.exists():
        assert live_site.serious_faults(page) == []
    page.locator("#likely button").nth(1).click()
    done(page, 2)
    page.get_by_label("Darken it").check()
    done(page, 3)
    (hint,) = settings(page)["hints"]
    assert hint["darken"]
    rgb = np.asarray(Image.open(io.BytesIO(downloaded(page)[1])).convert("RGB")).astype(int)
    luma = rgb @ [0.299, 0.587, 0.114]
    assert rgb[100, 100, 2] > rgb[100, 100, 0] + 20 and luma[100, 100] < 215 and abs(luma[10] - 90).max() <= 1
    page.click("#undo")
    done(page, 4)
    assert not settings(page)["hints"][0]["darken"]
