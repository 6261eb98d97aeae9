"""The window for everybody: names, keyboard, contrast."""

import numpy as np
import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)

from PySide6.QtCore import Qt  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402

from serving.desktop import theme  # noqa: E402


def test_paging_leaves_one_row_marked_also_while_ctrl_seems_to_be_held(user, photo, gif):
    user.opens(photo, gif)
    items = user.page.items
    items.choose(items.current)
    QTest.keyPress(user.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)  # its end is never seen
    for step, row in ((1, 1), (-1, 0), (1, 1)):
        items.step(step)
        assert (items.currentRow(), items.selected) == (row, [items.current])
    items.clearSelection()
    assert items.selected == [items.current]


def test_everything_that_can_be_pressed_has_a_name_and_is_reached_by_keyboard(user, photo):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider

    user.opens(photo)
    parts = user.window.findChildren(QAbstractButton) + user.window.findChildren(QAbstractSlider)
    own = [part for part in parts if not type(part).__name__.startswith(("QToolButton", "QScrollBar"))]
    assert len(own) > 12
    for part in own:
        assert part.accessibleName() or part.text()
        assert part.focusPolicy() & Qt.FocusPolicy.TabFocus, part.text()


def test_every_shortcut_is_given_once(user):
    from PySide6.QtGui import QAction

    keys = [key.toString() for action in user.window.findChildren(QAction) for key in action.shortcuts()]
    assert len(keys) == len(set(keys)) > 15


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK])
def test_texts_have_enough_contrast_in_light_and_dark(application, scheme):
    def brightness(colour):  # WCAG 2.2, relative luminance
        parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    def contrast(first, second):
        dark, light = sorted((brightness(first), brightness(second)))
        return (light + 0.05) / (dark + 0.05)

    for back in (scheme.back, scheme.panel, scheme.bar):
        assert contrast(scheme.text, back) >= 4.5
        assert contrast(scheme.quiet, back) >= 4.5
    assert contrast(scheme.on_accent, scheme.accent) >= 4.5
    theme.apply(application, scheme)
    assert application.palette().window().color().name() == scheme.back
