"""Files onto the website in a real Chromium: many at once, pasted, dropped, refused, taken home as a ZIP."""

import io
import zipfile

import made_uploads
import pytest

pytest.importorskip("playwright", reason="`make browser` installs it")
import live_site  # noqa: E402
from live_site import done, downloaded, upload, uploaded  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(live_site.browser_path() is None, reason="`make browser` installs Chromium"),
]
PHOTO = made_uploads.SAMPLES / "theater.jpg"
_GIVE = """async ([kind, bytes]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], 'given.png', {type: 'image/png'}));
    const event = kind === 'paste' ? new ClipboardEvent('paste', {clipboardData: data, bubbles: true})
        : new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true});
    document.body.dispatchEvent(event);
}"""


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
