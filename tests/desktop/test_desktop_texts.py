import os
import subprocess
import sys

import pytest

from serving import language
from serving.desktop import texts
from serving.jobs import texts as shared


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "almost done"),
        (7.4, "about 7 seconds left"),
        (43, "about 45 seconds left"),
        (62, "about 1 minute left"),
        (600, "about 10 minutes left"),
        (7200, "about 2 hours left"),
    ],
)
def test_the_time_left_is_rounded_as_people_do(seconds, text):
    assert texts.left(seconds) == text


def test_times_in_films():
    assert texts.clock(65.9) == "1:05"
    assert texts.clock(3605) == "1:00:05"


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("A picture is expected. Received: /a/b.jpg, which is damaged: truncated.", shared.DAMAGED),
        ("The disk must have room for the film. Received: disk full at /a/b.mp4.", shared.DISK_FULL),
        ("The film must exist. Received: /a/b.mp4, which does not exist.", shared.GONE),
        ("No answer from the server at a:1: is it running? (failed to connect)", shared.NO_SERVER),
        ("The file must be readable. Received: [Errno 28] No space left on device.", shared.DISK_FULL),
        ("The model must be a SavedModel. Received: /a/b, which does not exist.", shared.NO_MODEL),
        ("`thing` must hold. Received: what.", shared.NOT_COLOURED),
        (shared.HAS_COLOURS, shared.HAS_COLOURS),
    ],
)
def test_messages_of_programs_become_sentences_for_people(note, text):
    assert shared.friendly(note) == text


@pytest.mark.parametrize(("code", "text"), [("en", "Cancel"), ("de", "Abbrechen"), ("es", "Cancelar")])
def test_qts_own_dialogs_speak_the_language_too(code, text):
    pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is needed; `make desktop` does it.", exc_type=ImportError)
    script = (
        "from serving.desktop import app; a = app.make_application(); print(a.translate('QPlatformTheme', 'Cancel'))"
    )
    environment = os.environ | {"LANGUAGE": code, "QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    assert found.stdout.strip() == text, found.stderr


@pytest.mark.parametrize("code", language.LANGUAGES)
def test_no_text_is_cut_off_in_any_language(code):
    pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is needed; `make desktop` does it.", exc_type=ImportError)
    script = """if True:
        from PySide6.QtWidgets import QAbstractButton
        from serving.desktop import app, texts
        from serving.desktop.widgets.item_page import ItemPage
        application, page = app.make_application(), ItemPage()
        page.resize(1240, 760)
        page.show()
        for button in page.controls.findChildren(QAbstractButton):
            button.setVisible(True)
            part = button.parentWidget()
            while part is not page:
                part.setVisible(True)
                part = part.parentWidget()
        for text in (texts.SPLIT, texts.SPLIT_PAGES):
            page.controls.split.setText(text.format(count=12))
            application.processEvents()
            for button in page.findChildren(QAbstractButton):
                if button.isVisible() and button.text() and button.width() < button.minimumSizeHint().width():
                    print(button.text())
    """
    environment = os.environ | {"LANGUAGE": code, "QT_QPA_PLATFORM": "offscreen", "PYTHONIOENCODING": "utf-8"}
    found = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    assert found.stdout == "" and found.returncode == 0, found.stderr
