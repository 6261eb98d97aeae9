"""Choosing colours in the window: hints with their undo, versions to start from, a reference picture."""

import made_uploads
import numpy as np
import pytest
from made_uploads import ChoosingBackend
from PIL import Image

from serving.jobs import texts as shared


@pytest.fixture
def backend():
    return ChoosingBackend()


@pytest.fixture
def shown(user, tmp_path):
    """A user before a coloured picture."""
    (tmp_path / "photo.png").write_bytes(made_uploads.picture("PNG"))
    user.opens(tmp_path / "photo.png")
    user.colours()
    user.sees_both()
    return user


def is_blue(rgb):
    return rgb[2] > rgb[0] + 30


def clicks_the_middle(user):
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    viewer = user.page.viewer
    QTest.mouseClick(viewer, Qt.MouseButton.LeftButton, pos=viewer.picture_rect().center().toPoint())


def test_a_thing_is_clicked_and_given_a_likely_colour_which_is_undone_and_done_again(shown):
    panel = shown.page.controls.choices
    clicks_the_middle(shown)
    assert panel.swatches == []  # nothing is pointed at yet
    panel.hints.click()
    clicks_the_middle(shown)
    assert len(panel.swatches) == 3 and not panel.too_light.isVisible()
    for press, blue in ((panel.swatches[1], True), (panel.undo, False), (panel.redo, True), (panel.clear, False)):
        press.click()
        shown.colours()
        assert is_blue(shown.result[32, 40]) == blue
    assert shown.record.settings.hints == ()


def test_by_keyboard(shown):
    from PySide6.QtCore import Qt

    shown.page.controls.choices.hints.click()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Return):
        shown.presses(shown.page.viewer, key)
    shown.page.controls.choices.keep.click()
    (hint,) = shown.record.settings.hints
    assert (round(hint.x, 2), round(hint.y, 2), hint.rgb) == (0.48, 0.52, None)


def test_another_colour_comes_from_a_dialog(shown):
    shown.window.dialogs.chosen_color = (20, 30, 220)
    shown.page.controls.choices.hints.click()
    clicks_the_middle(shown)
    shown.page.controls.choices.other.click()
    shown.colours()
    assert is_blue(shown.result[32, 40])


def test_a_version_is_chosen_and_taken_back(shown):
    panel = shown.page.controls.choices
    panel.versions.click()
    shown.until(lambda: panel.version_buttons)
    assert [each.isChecked() for each in panel.version_buttons] == [True, False]
    panel.version_buttons[1].click()
    shown.colours()
    assert shown.record.settings.hints == shown.record.versions[1] != ()
    assert [each.isChecked() for each in panel.version_buttons] == [False, True]
    panel.version_buttons[0].click()
    shown.colours()
    assert shown.record.settings.hints == ()


def test_a_reference_is_given_and_taken_away_and_a_grey_one_refused(shown, tmp_path):
    panel, own = shown.page.controls.choices, shown.result
    Image.new("RGB", (60, 40), (40, 60, 200)).save(tmp_path / "blue.png")
    shown.window.dialogs.chosen_reference = tmp_path / "blue.png"
    panel.reference.click()
    shown.colours()
    assert is_blue(shown.result[32, 40]) and panel.without.isVisible()
    panel.without.click()
    shown.colours()
    assert np.array_equal(shown.result, own) and not panel.without.isVisible()
    panel.reference.dropped.emit(tmp_path / "photo.png")
    assert shown.message() == shared.GREY_REFERENCE


def test_a_film_has_no_versions_and_no_hints_here(user, tmp_path):
    made_uploads.film(tmp_path / "film.mp4", frames=3)
    user.opens(tmp_path / "film.mp4")
    user.colours()
    panel = user.page.controls.choices
    assert [each.isVisible() for each in (panel.hints, panel.versions, panel.reference)] == [False, False, True]
