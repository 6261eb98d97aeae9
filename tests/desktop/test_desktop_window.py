import made_uploads
import numpy as np
import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)

from desktop_user import pixels, truncated, vividness  # noqa: E402
from PIL import Image  # noqa: E402
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl  # noqa: E402
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from pipelines.stills.crop import Crop  # noqa: E402
from serving.desktop import texts, theme  # noqa: E402
from serving.jobs import texts as shared  # noqa: E402


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    return path


@pytest.fixture
def gif(tmp_path):
    path = tmp_path / "moving.gif"
    path.write_bytes(made_uploads.animation())
    return path


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    made_uploads.film(path)
    return path


def test_a_picture_is_opened_coloured_and_seen_before_and_after(user, photo):
    user.opens(photo)  # begins at once
    user.colours()
    assert user.states == ["done"]
    before, after = user.sees_both()
    assert before.pixelColor(40, 32).saturation() == 0
    assert after.pixelColor(40, 32).saturation() > 0
    luma = user.result @ [0.299, 0.587, 0.114]
    assert np.abs(luma - pixels(photo)[..., 0]).max() <= 1


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


def test_saving_writes_beside_the_original_and_leaves_it_alone(user, photo):
    original = photo.read_bytes()
    user.opens(photo)
    user.colours()
    user.page.save.click()
    user.until(lambda: user.window.message.text)
    saved = photo.with_name("photo-coloured.png")
    assert user.window.message.text == texts.SAVED.format(path=saved)
    assert vividness(pixels(saved)) > 1
    assert photo.read_bytes() == original


def test_saving_all_overwrites_nothing(user, photo, tmp_path):
    folder, other = tmp_path / "results", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "photo-coloured.png").write_bytes(b"mine")
    (other / "photo.png").write_bytes(made_uploads.picture("PNG", seed=1))
    user.opens(photo, other / "photo.png")
    user.colours()
    user.window.dialogs.folder = folder
    user.page.save_all.click()
    assert user.message() == texts.SAVED_ALL.format(count=2, folder=folder)
    assert (folder / "photo-coloured.png").read_bytes() == b"mine"
    names = {path.name for path in folder.iterdir()}
    assert names == {"photo-coloured.png", "photo-coloured-2.png", "photo-coloured-3.png"}


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(user, photo, tmp_path):
    user.opens(photo)
    user.colours()
    user.window.dialogs.to_save = tmp_path / "missing" / "result.png"
    user.page.save.click()
    assert user.message() == texts.NOT_SAVED.format(name="result.png")


def test_clearing_empties_the_window_and_keeps_the_originals(user, photo):
    user.opens(photo)
    user.colours()
    user.page.clear.click()
    assert user.window.dialogs.asked_to_forget == [["photo.png"]]
    assert user.session.items() == []
    assert user.window.start_page.isVisible()
    assert photo.exists()


def test_clearing_asks_first_where_a_result_would_be_lost(user, photo):
    user.opens(photo)
    user.colours()
    user.window.dialogs.may_forget = False
    user.page.clear.click()
    assert user.states == ["done"]
    user.page.save.click()
    user.message()
    user.page.clear.click()
    assert len(user.window.dialogs.asked_to_forget) == 1  # nothing is lost any more
    assert user.session.items() == []


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


def test_what_is_no_picture_is_refused_in_a_sentence(user, tmp_path):
    path = tmp_path / "letter.jpg"
    path.write_text("Dear Sir or Madam")
    user.window.open([path])
    assert user.message() == texts.REFUSED.format(name="letter.jpg", reason=shared.UNKNOWN_KIND)
    assert user.session.items() == []


def test_several_refused_files_are_said_in_one_sentence(user, photo, tmp_path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"")
    user.window.open([photo, tmp_path / "a.jpg", tmp_path / "b.jpg"])
    assert user.message() == texts.SEVERAL_REFUSED.format(count=2, name="a.jpg", reason=shared.EMPTY_FILE)
    user.colours()
    assert user.states == ["done"]


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "mp4"])
def test_a_damaged_file_is_said_in_a_sentence_and_the_others_go_on(user, photo, film, tmp_path, ending):
    whole = {
        "png": lambda: made_uploads.picture("PNG"),
        "jpg": lambda: made_uploads.picture("JPEG"),
        "gif": lambda: made_uploads.animation(1),
        "mp4": film.read_bytes,
    }[ending]()
    broken = tmp_path / f"broken.{ending}"
    broken.write_bytes(truncated(whole) if ending != "gif" else whole[:40])
    user.opens(photo)
    user.window.open([broken])
    user.until(lambda: user.page.items.count() == 2 or user.window.message.text)
    if not user.window.message.text:  # its beginning looks well: it fails when it is coloured
        user.colours()
        assert "done" in user.states
    if "failed" not in user.states and not user.window.message.text:  # what there is of it is coloured, and it is said
        assert "the file is truncated" in user.session.items()[-1].record.note
        return
    assert user.message().startswith("“broken.")
    assert "Received" not in user.window.message.text and "/" not in user.window.message.text


def test_a_missing_file_is_said_in_a_sentence(user, tmp_path):
    user.window.open([tmp_path / "gone.jpg"])
    assert user.message() == texts.REFUSED.format(name="gone.jpg", reason=texts.GONE)


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


def test_a_dropped_folder_is_opened_to_its_depths(user, tmp_path, photo):
    deep = tmp_path / "album" / "summer"
    deep.mkdir(parents=True)
    for name in ("1.png", "2.png"):
        (deep / name).write_bytes(photo.read_bytes())
    (deep / "notes.txt").write_text("sunny")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "album"))])
    move, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    for event in (
        QDragEnterEvent(QPoint(9, 9), move, data, button, Qt.KeyboardModifier.NoModifier),
        QDropEvent(QPointF(9, 9), move, data, button, Qt.KeyboardModifier.NoModifier),
    ):
        QApplication.sendEvent(user.window, event)
    user.until(lambda: user.page.items.count() == 2)


def test_a_folder_without_pictures_is_said(user, tmp_path):
    (tmp_path / "empty").mkdir()
    user.window.open([tmp_path / "empty"])
    assert user.message() == texts.NO_FILES.format(name="empty")


def test_a_picture_is_pasted_from_the_clipboard(user):
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.gray)
    QApplication.clipboard().setImage(image)
    user.window.paste()
    user.until(lambda: user.states == ["done"])
    QApplication.clipboard().clear()
    user.window.paste()
    assert user.message() == texts.NO_CLIPBOARD


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


def test_files_that_were_opened_are_offered_again(make_window, photo, gif, session):
    user = make_window(samples=[made_uploads.SAMPLES / "theater.jpg"])
    assert user.window.start_page.tiles.paths == [made_uploads.SAMPLES / "theater.jpg"]
    user.opens(photo)
    user.opens(gif)
    again = make_window()
    again.window.to_start()
    assert again.window.start_page.tiles.paths == [gif, photo]


def test_strength_and_quality_go_to_all_where_asked(user, photo, gif):
    user.opens(photo, gif)
    user.session.change_settings(user.window.refresher.shown, strength=1.5, quality="fast")
    user.window.same_for_all()
    assert {(item.record.settings.strength, item.record.settings.quality) for item in user.session.items()} == {
        (1.5, "fast")
    }


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
