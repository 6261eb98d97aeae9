"""Command: takes the picture of the desktop window that the README shows.

python tests/desktop/screenshots.py [--model=FOLDER] [--output=docs/desktop.png] [--dark]
"""

import os
import sys
import tempfile
from pathlib import Path

from absl import flags

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))
from colorgan_tf import command  # noqa: E402
from colorgan_tf.errors import InputError  # noqa: E402

_SHOWN = "fish_market"
_POLL_MS, _REST_MS = 50, 1500


def define_flags() -> None:
    """Defines this command's flags."""
    flags.DEFINE_string("model", None, "What colours. Default: the model that came with this.")
    flags.DEFINE_string("output", "docs/desktop.png", "The picture to write.")
    flags.DEFINE_bool("dark", False, "In dark colours.")
    flags.DEFINE_bool("start", False, "Of the start page.")


def take(model: Path, output: Path, dark: bool, start: bool) -> None:
    """Opens the window in memory, colours the sample pictures, and takes its picture."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QSettings, QTimer

    from serving.desktop import app, theme
    from serving.desktop.preferences import Preferences
    from serving.desktop.session.session import Session, process_workers
    from serving.desktop.window import Window
    from serving.jobs.workers import Model

    application = app.make_application()
    theme.apply(application, theme.DARK if dark else theme.LIGHT)
    with tempfile.TemporaryDirectory(prefix="screenshot.") as folder:
        session = Session(Path(folder) / "session", process_workers(Model(model)))
        preferences = Preferences(QSettings(f"{folder}/preferences.ini", QSettings.Format.IniFormat))
        window = Window(session, preferences, app.samples())
        window.show()
        session.start()

        def shoot() -> None:
            output.parent.mkdir(parents=True, exist_ok=True)
            window.grab().save(str(output))
            window.end()
            application.quit()

        def poll() -> None:
            states = [item.record.state for item in session.items()]
            if start or (states and set(states) <= {"done", "failed"}):
                timer.stop()
                QTimer.singleShot(_REST_MS, shoot)

        def color(_identities: list[str]) -> None:
            rows = {item.record.name: item.record.id for item in session.items()}
            window.page.items.choose(rows[f"{_SHOWN}.jpg"])

        timer = QTimer()
        timer.timeout.connect(poll)
        timer.start(_POLL_MS)
        window.opener.opened.connect(color)
        if not start:
            window.open(app.samples())
        application.exec()


def main(argv: list[str]) -> None:
    """Takes the picture."""
    from serving.desktop import model_choice

    values = flags.FLAGS
    if argv[1:]:
        raise InputError(f"Flags only are expected. Received: {' '.join(argv[1:])}.")
    take(model_choice.chosen(values.model), Path(values.output), values.dark, values.start)
    print(values.output)


if __name__ == "__main__":
    define_flags()
    command.run(main)
