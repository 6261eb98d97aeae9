"""The website on a phone, and for everybody: fingers, sharing, no fault that axe-core finds."""

import made_uploads
import pytest

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import PHONE, coloured_part, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"


def test_a_phone_that_can_shares_the_file(open_page):
    page = open_page(**PHONE)
    can_share = "navigator.canShare = () => true; navigator.share = async (data) => { window.shared = data; };"
    page.add_init_script(can_share)
    uploaded(page, PHOTO)
    page.locator("#share").tap()
    page.wait_for_function("() => window.shared")
    shared = page.evaluate("[window.shared.files[0].name, window.shared.files[0].type, window.shared.files[0].size]")
    assert shared[:2] == ["theater-coloured.jpg", "image/jpeg"] and shared[2] > 1000
    assert open_page().locator("#share").count() == 0


def test_on_a_phone_nothing_sticks_out_and_fingers_find_their_targets(open_page):
    page = open_page(**PHONE)
    pages = ["/", "/gallery", "/api"]
    uploaded(page, PHOTO)
    page.locator("#hints summary").tap()
    page.locator("#canvas").tap(position={"x": 60, "y": 60})
    page.locator("#likely button").first.wait_for()
    picture, likely = page.locator("#canvas").bounding_box(), page.locator("#likely").bounding_box()
    assert picture["y"] >= 0 and likely["y"] + likely["height"] <= page.viewport_size["height"]
    assert 0 <= likely["y"] - picture["y"] - picture["height"] < 80
    undo = page.locator("#undo").bounding_box()
    assert undo["y"] + undo["height"] <= page.viewport_size["height"]
    page.locator("#crop summary").tap()
    page.locator("#crop-frame").wait_for()
    page.locator("#straighten").scroll_into_view_if_needed()
    frame, straighten = page.locator("#cropper").bounding_box(), page.locator("#straighten").bounding_box()
    assert frame["y"] >= 0 and frame["y"] + frame["height"] <= straighten["y"]  # the picture stays in sight
    for path in [page.url, *pages]:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        small = page.evaluate(
            "[...document.querySelectorAll('button, .button, summary')].filter(each => each.offsetParent"
            " && each.getBoundingClientRect().height < 44).map(each => each.outerHTML)"
        )
        assert small == [], path


def test_the_divider_follows_a_finger(open_page):
    page = open_page(**PHONE)
    uploaded(page, PHOTO)
    box = page.locator("#divider").bounding_box()
    session = page.context.new_cdp_session(page)
    start = {"x": box["x"] + 22, "y": box["y"] + 60}
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [start]})
    for step in range(1, 6):
        moved = {"x": start["x"] - 20 * step, "y": start["y"]}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [moved]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    width = page.locator("#canvas").bounding_box()["width"]
    assert coloured_part(page) == pytest.approx(50 + 100 * 100 / width, abs=3)


@pytest.mark.skipif(not live_site.AXE.exists(), reason="`make browser` installs axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_no_serious_fault(open_page, scheme, size):
    page = open_page(color_scheme=scheme, **(PHONE if size == "phone" else {}))
    faults = live_site.serious_faults(page)
    uploaded(page, PHOTO)
    faults += live_site.serious_faults(page)
    page.click("#hints summary")
    page.locator("#canvas").click(position={"x": 60, "y": 60})
    page.locator("#likely button").first.wait_for()
    faults += live_site.serious_faults(page)
    page.click("#crop summary")
    page.locator("#crop-frame").wait_for()
    faults += live_site.serious_faults(page)
    for path in ("/", "/gallery", "/api", "/nothing"):
        page.goto(path)
        faults += live_site.serious_faults(page)
    assert [fault for fault in faults if "404" not in fault] == []
