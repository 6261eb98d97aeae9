"""Whether a window can be opened here: Qt itself would end the program with a page of notes.

`python -m serving.desktop.qt_check` says what is missing, and exits 2; `--packages` lists what `make desktop` installs.
"""

import ctypes
import os
import sys
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError

# What Qt needs of a Debian or Ubuntu without a desktop.
PACKAGES = (
    "libegl1 libgl1 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xkb1 fonts-dejavu-core"
)


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
    except ModuleNotFoundError as error:
        raise InputError(
            f"PySide6 must be installed; `make desktop` or the extra `desktop` does. Received: {error}."
        ) from error
    except (ImportError, OSError) as error:
        hint = f"on Debian and Ubuntu, `sudo apt-get install {PACKAGES}` brings it"
        # Of the built program, the error itself tells of freezing, and its cause of the library.
        raise InputError(
            f"All libraries that the window needs must be there; {hint}. Received: {error.__cause__ or error}."
        ) from error


def check_display() -> None:
    """Checks that there is a screen.

    Raises:
        InputError: there is none.
    """
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        raise InputError("The window needs a screen; --output colours without one. Received: no DISPLAY.")


if __name__ == "__main__":
    flags.DEFINE_bool("packages", False, "Print the packages of Debian and Ubuntu that Qt needs, and do no more.")
    command.run(lambda _argv: print(PACKAGES) if flags.FLAGS.packages else check_libraries())
