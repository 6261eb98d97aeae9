"""Choosing colours in the window: hints with their undo, versions to start from, a reference picture."""

import made_uploads
import numpy as np
import pytest
from made_uploads import ChoosingBackend
from PIL import Image

from serving.desktop import texts
from serving.jobs import preview
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


def test_a_colour_that_is_pointed_at_is_seen_before_it_is_chosen(shown):
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QEnterEvent
    from PySide6.QtWidgets import QApplication

    panel, viewer = shown.page.controls.choices, shown.page.viewer
    panel.hints.click()
    clicks_the_middle(shown)
    blue, place = panel.swatches[1], QPointF(5, 5)
    QApplication.sendEvent(blue, QEnterEvent(place, place, place))
    shown.until(lambda: viewer.draft is not None)
    seen = viewer.draft.pixelColor(40, 32)
    assert is_blue((seen.red(), seen.green(), seen.blue()))
    QApplication.sendEvent(blue, QEvent(QEvent.Type.Leave))
    assert viewer.draft is None and shown.record.settings.hints == () and shown.record.version == 1


def test_how_far_a_colour_spreads_is_changed_afterwards(shown):
    panel = shown.page.controls.choices
    panel.hints.click()
    clicks_the_middle(shown)
    panel.swatches[1].click()
    shown.colours()
    panel.spread.setValue(20)
    shown.colours()
    (hint,) = shown.record.settings.hints
    assert hint.reach == 2.0 and shown.record.version == 3


def test_what_is_too_light_is_said_and_darkened_on_request(user, tmp_path):
    Image.fromarray(np.pad(np.full((40, 40), 253, np.uint8), 20, constant_values=90)).save(tmp_path / "sky.png")
    user.opens(tmp_path / "sky.png")
    user.colours()
    user.sees_both()
    panel = user.page.controls.choices
    panel.hints.click()
    clicks_the_middle(user)
    assert panel.too_light.isVisible() and panel.darken.isVisible()
    panel.swatches[1].click()
    user.colours()
    assert user.result[40, 40].min() > 235
    panel.darken.click()
    user.colours()
    assert is_blue(user.result[40, 40]) and 170 < user.result[40, 40].mean() < 220
    assert np.abs(user.result[10] @ [0.299, 0.587, 0.114] - 90).max() <= 1
    panel.undo.click()
    user.colours()
    assert user.result[40, 40].min() > 235


@pytest.mark.parametrize("kind", ["gif", "film"])
def test_a_hint_on_a_frame_carries_through_the_shot(user, request, kind):
    user.opens(request.getfixturevalue(kind))
    user.colours()
    panel, player = user.page.controls.choices, user.page.player
    assert [each.isVisible() for each in (panel.versions, panel.reference)] == [False, True]
    user.sees_both()
    user.until(lambda: player.seconds > 0)
    panel.hints.click()
    assert not player.playing and user.page.bar.button.text() == texts.PLAY
    clicks_the_middle(user)
    user.until(lambda: panel.swatches)  # once it is known which frame that is
    assert len(panel.swatches) == 3  # the network's own of this frame
    panel.swatches[1].click()
    user.colours()
    (hint,) = user.record.settings.hints
    assert hint.frame > 0
    user.until(lambda: user.page.viewer.images[1] is not None)
    assert not player.playing
    read = preview.film_frame if kind == "film" else preview.animation_frame
    result = user.session.result(user.record)
    assert is_blue(read(result, 0)[32, 40].astype(int)) and is_blue(read(result, hint.frame)[32, 40].astype(int))
    panel.undo.click()
    user.colours()
    assert not is_blue(read(user.session.result(user.record), hint.frame)[32, 40].astype(int))
