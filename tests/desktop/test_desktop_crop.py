"""Before colouring, in the window: turned, cropped, straightened, tones stretched, a scan split."""

import made_uploads
import numpy as np
import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)

from PIL import Image  # noqa: E402
from PySide6.QtCore import Qt  # noqa: E402
from PySide6.QtGui import QImage  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402

from pipelines.stills.crop import Crop  # noqa: E402


def test_a_picture_is_turned_and_cropped_and_its_tones_stretched(user, photo):
    user.opens(photo)
    user.colours()

    def after(press):
        version = user.record.version
        press()
        user.until(lambda: user.record.version > version and user.record.state == "done")
        return user.result

    assert user.result.shape[:2] == (64, 80)
    assert after(lambda: user.window.turn(1)).shape[:2] == (80, 64)
    user.window.dialogs.chosen_crop = Crop(turn=1, x=0.5, y=0.25, width=1, height=0.5)
    assert after(user.window.crop).shape[:2] == (40, 64)
    assert Image.open(user.window.dialogs.shown_scan).size == (80, 64)  # all of it, as it came
    seen = after(user.page.controls.stretch.click)
    assert np.ptp(seen @ [0.299, 0.587, 0.114]) > 240
    user.window.dialogs.chosen_crop = Crop()
    assert after(user.window.crop).shape[:2] == (64, 80)


def test_a_scan_is_split_into_its_photographs(user, tmp_path):
    (tmp_path / "album.png").write_bytes(made_uploads.scan())
    user.opens(tmp_path / "album.png")
    user.colours()
    assert "2" in user.page.controls.split.text()
    user.page.controls.split.click()
    user.until(lambda: user.page.items.count() == 3)
    user.colours()
    assert [item.record.name for item in user.session.items()] == ["album.png", "album-1.png", "album-2.png"]
    user.until(lambda: user.record.name == "album-1.png")
    assert user.result.shape[:2] == pytest.approx((140, 160), abs=8)
    user.window.turn(1)
    user.until(lambda: user.record.version == 2)
    assert user.result.shape[:2] == pytest.approx((160, 140), abs=8)


def test_the_frame_is_dragged_moved_by_keyboard_and_straightened(application):
    from serving.desktop.widgets.crop_dialog import CropDialog

    image = QImage(400, 200, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.gray)
    dialog = CropDialog(image, Crop())
    dialog.show()
    editor = dialog.frame
    frame = editor.on_screen()
    start, end = frame.topLeft().toPoint(), frame.center().toPoint()
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(editor, end)
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, pos=end)
    assert (dialog.crop.x, dialog.crop.y) == pytest.approx((0.75, 0.75), abs=0.02)
    assert (dialog.crop.width, dialog.crop.height) == pytest.approx((0.5, 0.5), abs=0.02)
    QTest.keyClick(editor, Qt.Key.Key_Left)
    assert dialog.crop.x == pytest.approx(0.74, abs=0.02)
    dialog.angle.setValue(10)  # half degrees
    assert dialog.crop.angle == -5
    # The frame stays where it is on the screen; on the picture, its centre turns about that of the picture.
    assert dialog.crop.x == pytest.approx(0.74, abs=0.03) and dialog.crop.y == pytest.approx(0.71, abs=0.03)
    again = CropDialog(image, dialog.crop)
    assert again.frame.frame.center().x() == pytest.approx(editor.frame.center().x(), abs=1e-6)
    dialog._whole()
    assert dialog.crop == Crop()
    dialog.angle.setValue(20)
    assert 0.7 < dialog.crop.width < 0.9 and dialog.crop.height == pytest.approx(dialog.crop.width)
    dialog.close()
