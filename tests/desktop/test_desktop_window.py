"""The window as a person uses it: opened, coloured, looked at, cancelled, closed."""

import made_uploads
import numpy as np
import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)

from desktop_user import pixels, vividness  # noqa: E402
from PySide6.QtCore import Qt  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402

from serving.desktop import texts  # noqa: E402
from serving.jobs import texts as shared  # noqa: E402


def test_a_picture_is_opened_coloured_and_seen_before_and_after(user, photo):
    user.opens(photo)  # begins at once
    user.colours()
    assert user.states == ["done"]
    before, after = user.sees_both()
    assert before.pixelColor(40, 32).saturation() == 0
    assert after.pixelColor(40, 32).saturation() > 0
    luma = user.result @ [0.299, 0.587, 0.114]
    assert np.abs(luma - pixels(photo)[..., 0]).max() <= 1


def test_the_start_page_says_what_is_read_and_that_nothing_leaves_unless_a_server_colours(user):
    from PySide6.QtWidgets import QLabel

    from serving.desktop.widgets.start_page import StartPage

    for page, private in ((user.window.start_page, True), (StartPage(private=False), False)):
        shown = [label.text() for label in page.findChildren(QLabel)]
        assert (texts.PRIVATE in shown) == private
        assert any(text.startswith("Pictures: JPEG, PNG") for text in shown)


def test_the_start_page_gives_way_to_the_works_and_comes_back(user, photo):
    assert user.window.start_page.isVisible()
    user.opens(photo)
    assert user.page.isVisible()
    user.page.start.click()
    assert user.window.start_page.isVisible()
    user.window.start_page.to_files.click()
    assert user.page.isVisible() and len(user.states) == 1


def test_the_line_is_moved_by_keyboard_and_mouse(user, photo):
    user.opens(photo)
    user.colours()
    user.sees_both()
    viewer = user.page.viewer
    user.presses(viewer, Qt.Key.Key_Home)
    assert viewer.get_split() == 0
    user.presses(viewer, Qt.Key.Key_Right)
    assert viewer.get_split() == pytest.approx(0.05)
    user.presses(viewer, Qt.Key.Key_End)
    assert viewer.get_split() == 1
    place = viewer.picture_rect()
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=place.center().toPoint())
    assert viewer.get_split() == pytest.approx(0.5, abs=0.02)
    QTest.mouseRelease(viewer, Qt.MouseButton.LeftButton)


def test_the_line_parts_before_from_after_on_the_screen(user, photo):
    user.opens(photo)
    user.colours()
    user.sees_both()
    viewer = user.page.viewer
    viewer.set_split(0.5)
    seen = viewer.grab().toImage()
    ratio = seen.width() / viewer.width()
    place = viewer.picture_rect()
    height = int((place.top() + 0.9 * place.height()) * ratio)
    left = seen.pixelColor(int((place.left() + 0.2 * place.width()) * ratio), height)
    right = seen.pixelColor(int((place.left() + 0.8 * place.width()) * ratio), height)
    assert left.saturation() == 0 < right.saturation()


def test_a_new_strength_needs_no_new_colouring(user, photo, backend):
    user.opens(photo)
    user.colours()
    user.sees_both()
    calls, faint, version = backend.calls, vividness(user.result), user.record.version
    user.page.controls.strength.setValue(20)
    seen = user.page.viewer.images[1].pixelColor(40, 32)
    user.until(lambda: user.record.version > version)
    assert backend.calls == calls
    assert vividness(user.result) > 1.5 * faint
    # What was seen at once is what then came.
    user.until(lambda: user.page.viewer.images[1].pixelColor(40, 32) != seen or user.record.state == "done")
    made = user.result[32, 40]
    assert np.abs(np.array([seen.red(), seen.green(), seen.blue()]) - made).max() <= 12


def test_a_new_quality_colours_again(user, photo, backend):
    user.opens(photo)
    user.colours()
    calls, version = backend.calls, user.record.version
    user.page.controls.qualities["best"].click()
    user.until(lambda: user.record.version > version and user.record.state == "done")
    assert backend.calls > calls
    assert user.record.settings.quality == "best"


def test_the_window_answers_while_work_goes_on_and_cancel_ends_it(user, photo, backend):
    backend.gate.clear()
    user.opens(photo)
    user.until(backend.begun.is_set)
    user.until(user.page.cancel.isVisible)
    user.presses(user.page.viewer, Qt.Key.Key_Home)
    assert user.page.viewer.get_split() == 0
    user.page.cancel.click()
    backend.gate.set()
    user.until(lambda: user.states == ["stopped"])
    user.until(lambda: not user.page.cancel.isVisible())
    user.colours()
    assert user.states == ["done"]


def test_a_cancelled_film_keeps_what_is_done_and_goes_on(user, tmp_path, backend):
    path = tmp_path / "film.mp4"
    made_uploads.film(path, frames=120)
    luma_to_chroma, stopped = backend.luma_to_chroma, []

    def stops_later(luma):
        if backend.calls == 20 and not stopped:
            stopped.append(True)
            user.session.stop()
        return luma_to_chroma(luma)

    backend.luma_to_chroma = stops_later
    user.opens(path)
    user.until(lambda: user.states == ["stopped"])
    result = user.session.result(user.record)
    assert result is not None and 0 < user.record.frames < 120
    user.until(lambda: user.page.color.text() == texts.GO_ON)
    user.colours()
    assert user.states == ["done"] and user.record.frames == 120


@pytest.mark.parametrize("kind", ["gif", "film"])
def test_gif_and_film_play_before_and_after(user, request, kind):
    user.opens(request.getfixturevalue(kind))
    user.colours()
    shown = []
    user.page.player.shown.connect(lambda before, after, seconds: shown.append((before, after, seconds)))
    user.until(lambda: len({seconds for _, after, seconds in shown if after is not None}) > 2)
    before, after, _ = shown[-1]
    assert before.size() == after.size()
    assert before.pixelColor(40, 32).saturation() < after.pixelColor(40, 32).saturation()
    assert user.page.bar.isVisible()
    user.page.bar.button.click()
    assert user.page.bar.button.text() == texts.PLAY
    paused = len(shown)
    QTest.qWait(300)
    assert len(shown) == paused  # the frame at which the user stopped it stays
    user.page.bar.button.click()
    user.until(lambda: len(shown) > paused + 2)


def test_a_picture_in_colour_is_left_alone_until_asked(user, tmp_path):
    path = tmp_path / "colour.png"
    path.write_bytes(made_uploads.colour_picture())
    user.opens(path)
    user.colours()
    assert user.session.result(user.record).read_bytes() == path.read_bytes()
    assert user.page.controls.note.text() == shared.HAS_COLOURS
    user.page.controls.anyway_button.click()
    user.until(lambda: user.states == ["done"] and not user.record.in_colour)
    assert user.session.result(user.record).read_bytes() != path.read_bytes()


def test_strength_and_quality_go_to_all_where_asked(user, photo, gif):
    user.opens(photo, gif)
    user.session.change_settings(user.window.refresher.shown, strength=1.5, quality="fast")
    user.window.same_for_all()
    assert {(item.record.settings.strength, item.record.settings.quality) for item in user.session.items()} == {
        (1.5, "fast")
    }


def test_side_by_side_and_zoom(user, photo):
    user.opens(photo)
    user.colours()
    user.sees_both()
    viewer = user.page.viewer
    whole = viewer.picture_rect().width()
    user.page.beside.click()
    assert viewer.picture_rect().width() < whole / 1.9
    user.page.over.click()
    viewer.zoom(2.0)
    assert viewer.picture_rect().width() == pytest.approx(2 * whole)
    viewer.zoom_whole()
    assert viewer.picture_rect().width() == pytest.approx(whole)


def test_closing_removes_what_was_made(user, photo):
    user.opens(photo)
    user.colours()
    folder = user.session.folder
    assert folder.exists()
    user.window.close()
    assert not folder.exists() and photo.exists()


def test_what_a_killed_run_left_is_removed_and_a_living_ones_is_not(application, tmp_path, monkeypatch):
    from serving.desktop import app

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    left = tmp_path / "colorgan-desktop" / "run-left"
    left.mkdir(parents=True)
    (left / "film.mp4").touch()
    with app.session_folder() as living:
        assert not left.exists()
        with app.session_folder() as other:
            assert living.exists() and other != living
        assert not other.exists()
    assert not living.exists()
