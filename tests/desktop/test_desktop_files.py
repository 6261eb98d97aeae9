"""Files into the window and out of it: opened, dropped, pasted, refused, saved, cleared."""

import made_uploads
import pytest

pytest.importorskip(
    "PySide6.QtWidgets",
    reason="PySide6 and its libraries are needed; `make desktop` installs them.",
    exc_type=ImportError,
)

from desktop_user import pixels, truncated, vividness  # noqa: E402
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl  # noqa: E402
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from serving.desktop import texts  # noqa: E402
from serving.jobs import texts as shared  # noqa: E402


def test_a_picture_is_saved_beside_its_original(user, photo):
    user.opens(photo)
    user.colours()
    user.window.save_both()
    assert user.message().startswith("Saved: ")
    pair = pixels(photo.with_name("photo-before-after.jpg"))
    height, width = pixels(photo).shape[:2]
    assert pair.shape == (height, 2 * width, 3)
    assert vividness(pair[:, :width]) < 0.5 < 1 < vividness(pair[:, width:])


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


def test_files_that_were_opened_are_offered_again(make_window, photo, gif, session):
    user = make_window(samples=[made_uploads.SAMPLES / "theater.jpg"])
    assert user.window.start_page.tiles.paths == [made_uploads.SAMPLES / "theater.jpg"]
    user.opens(photo)
    user.opens(gif)
    again = make_window()
    again.window.to_start()
    assert again.window.start_page.tiles.paths == [gif, photo]
