"""Whether a window can be opened here: Qt itself would end the program with a page of notes.

`python -m serving.desktop.qt_check` says what is missing, and exits 2.
"""

import ctypes
import os
import sys
from pathlib import Path

from colorgan_tf import command
from colorgan_tf.errors import InputError

_HINT = "`make desktop` installs it"


def check_libraries() -> None:
    """Checks that Qt can be loaded.

    Raises:
        InputError: PySide6 is missing, or a library of the system that it needs.
    """
    try:
        import PySide6
        import PySide6.QtWidgets  # noqa: F401 (loads what draws)

        if sys.platform == "linux" and os.environ.get("QT_QPA_PLATFORM", "xcb") == "xcb":
            folder = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms"
            ctypes.CDLL(str(folder / "libqxcb.so"))
    except (ImportError, OSError) as error:
        raise InputError(f"PySide6 must be installed with all that it needs; {_HINT}. Received: {error}.") from error


def check_display() -> None:
    """Checks that there is a screen.

    Raises:
        InputError: there is none.
    """
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise InputError("The window needs a screen; --output colours without one. Received: no DISPLAY.")


if __name__ == "__main__":
    command.run(lambda _argv: check_libraries())
