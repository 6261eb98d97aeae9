"""The website as a person meets it, in a real Chromium: `make browser` installs what this needs."""

import io
import re
import zipfile

import made_uploads
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import done, upload, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture
def gif(tmp_path):
    (tmp_path / "moving.gif").write_bytes(made_uploads.animation(6))
    return tmp_path / "moving.gif"


@pytest.fixture
def film(tmp_path):
    made_uploads.film(tmp_path / "short.mp4", frames=60, width=320, height=240)
    return tmp_path / "short.mp4"


def downloaded(page, selector="#download"):
    with page.expect_download() as download:
        page.click(selector)
    return download.value.suggested_filename, download.value.path().read_bytes()


def coloured_part(page):
    """How much of the width is in colour: what is clipped from the layer of the original."""
    return float(re.search(r"([\d.]+)%", page.locator("#before").evaluate("each => each.style.clipPath"))[1])


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


def test_zoom(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    width = page.locator("#canvas").bounding_box()["width"]
    page.click("#zoom-in")
    assert page.locator("#canvas").bounding_box()["width"] == pytest.approx(1.5 * width, abs=2)
    page.click("#zoom-whole")
    assert page.locator("#canvas").bounding_box()["width"] == pytest.approx(width, abs=2)


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


def test_several_files_at_once_a_refused_one_among_them_and_a_zip(open_page, gif, tmp_path):
    (tmp_path / "letter.jpg").write_text("Dear all")
    page = open_page()
    upload(page, PHOTO, gif, tmp_path / "letter.jpg")
    page.locator("#summary-progress").wait_for(state="attached")
    page.locator(".files li", has_text="not a picture").wait_for()
    page.wait_for_function("() => document.querySelectorAll('.files a[href$=download]').length === 2")
    page.get_by_role("link", name="My results").click()
    _, data = downloaded(page, "text=Download all as ZIP")
    assert sorted(zipfile.ZipFile(io.BytesIO(data)).namelist()) == ["moving-coloured.gif", "theater-coloured.jpg"]


def test_the_list_with_28_good_and_two_bad_files_stays_and_sums_up_also_after_a_reload(open_page, tmp_path):
    for number in range(28):
        (tmp_path / f"photo{number}.png").write_bytes(made_uploads.picture("PNG", seed=number))
    (tmp_path / "letter.jpg").write_text("Dear all")
    (tmp_path / "empty.png").touch()
    page = open_page()
    upload(page, *sorted(tmp_path.glob("*.*g")))
    page.get_by_text("28 done, 2 not:").first.wait_for()
    for _ in range(2):
        assert page.locator("#summary-text").text_content() == "28 done, 2 not:"
        faults = page.locator("#faults li").all_text_contents()
        assert len(faults) == 2 and any(each.startswith("letter.jpg: This is not a picture") for each in faults)
        assert page.locator(".files li").count() == 30
        assert page.url.endswith("/")
        page.reload()
        page.locator("#summary-text", has_text="28 done").wait_for()
    _, data = downloaded(page, "#zip")
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 28
    page.get_by_role("button", name="Delete letter.jpg").click()
    page.locator("#summary-text", has_text="28 done, 1 not").wait_for()
    page.reload()
    page.locator("#summary-text", has_text="28 done, 1 not").wait_for()
    assert page.locator(".files li").count() == 29
    uploaded(page, PHOTO)  # one file, when the others are done, is shown again


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


def test_a_lost_connection_is_said_and_found_again(open_page):
    page = open_page()
    page.route("**/api/events", lambda route: route.abort())
    page.reload()
    page.get_by_text("The connection to the website is lost.").wait_for()
    page.unroute("**/api/events")
    page.get_by_text("The connection to the website is lost.").wait_for(state="hidden")
    uploaded(page, PHOTO)


_GIVE = """async ([kind, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], 'given.png', {type: 'image/png'}));
    const event = kind === 'paste' ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true})
        : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
}"""


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_pictures_come_by_clipboard_and_drop(open_page, kind):
    page = open_page()
    page.evaluate(_GIVE, [kind, list(made_uploads.picture("PNG"))])
    page.wait_for_url("**/files/*")
    done(page)


def test_two_users_cannot_see_each_others_files(open_page):
    one, two = open_page(), open_page()
    uploaded(one, PHOTO)
    answer = two.request.get(one.url)
    assert answer.status == 404
    two.goto("/gallery")
    two.get_by_text("Nothing here yet.").wait_for()


@pytest.mark.parametrize("address", [0], indirect=True)
def test_without_streams_the_page_asks(open_page):
    page = open_page()
    uploaded(page, PHOTO)
    assert page.locator("#download").is_visible()


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
