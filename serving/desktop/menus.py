"""The window's menus, with their keyboard shortcuts."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMessageBox

from serving.desktop import texts

Slot = Callable[[], object]


class Menus:
    """Builds the menus of a window.

    Args:
        window: gets the menus.
        actions: what each entry calls, by name.

    Attributes:
        color, cancel, clear, save, save_all, save_both, copy, remove, same: entries that need a file; they are
            enabled and disabled from outside.
    """

    def __init__(self, window: QMainWindow, actions: dict[str, Slot]):
        self._window, self._slots = window, actions
        file = window.menuBar().addMenu(texts.MENU_FILE)
        self._add(file, texts.OPEN, "open", "Ctrl+O")
        self._add(file, texts.OPEN_FOLDER, "open_folder", "Ctrl+Shift+O")
        self._add(file, texts.PASTE, "paste", "Ctrl+V")
        file.addSeparator()
        self.color = self._add(file, texts.COLOR, "color", "Ctrl+Return", "Ctrl+Enter")
        self.cancel = self._add(file, texts.CANCEL, "cancel", "Escape")
        self.same = self._add(file, texts.SAME_FOR_ALL, "same")
        file.addSeparator()
        self.save = self._add(file, texts.SAVE, "save", "Ctrl+S")
        self.save_all = self._add(file, texts.SAVE_ALL, "save_all", "Ctrl+Shift+S")
        self.save_both = self._add(file, texts.SAVE_BOTH, "save_both", "Ctrl+B")
        self.copy = self._add(file, texts.COPY, "copy", "Ctrl+C")
        file.addSeparator()
        self.remove = self._add(file, texts.REMOVE, "remove", "Delete")
        self.clear = self._add(file, texts.CLEAR, "clear", "Ctrl+L")
        self.start = self._add(file, texts.TO_START, "start", "Alt+Home")
        file.addSeparator()
        self._add(file, texts.QUIT, "quit", "Ctrl+Q")
        view = window.menuBar().addMenu(texts.MENU_VIEW)
        self._add(view, texts.SLIDER_VIEW, "over", "Ctrl+1")
        self._add(view, texts.SIDE_VIEW, "beside", "Ctrl+2")
        view.addSeparator()
        self._add(view, texts.ZOOM_IN, "zoom_in", "Ctrl++", "Ctrl+=")
        self._add(view, texts.ZOOM_OUT, "zoom_out", "Ctrl+-")
        self._add(view, texts.ZOOM_WHOLE, "zoom_whole", "Ctrl+0")
        view.addSeparator()
        self._add(view, texts.TURN_LEFT, "turn_left", "Ctrl+Left")
        self._add(view, texts.TURN_RIGHT, "turn_right", "Ctrl+Right")
        self._add(view, texts.CROP, "crop", "Ctrl+R")
        view.addSeparator()
        self._add(view, f"{texts.PLAY} / {texts.PAUSE}", "play", "Ctrl+P")
        self._add(view, texts.PREVIOUS, "previous", "PgUp")
        self._add(view, texts.NEXT, "next", "PgDown")
        self._add(view, texts.FULL_SCREEN, "full_screen", "F11")
        help_menu = window.menuBar().addMenu(texts.MENU_HELP)
        self._add(help_menu, texts.KEYS, "keys", "F1")
        self._add(help_menu, texts.ABOUT, "about")

    def _add(self, menu: QMenu, text: str, name: str, *keys: str) -> QAction:
        action = QAction(text, self._window)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda _checked=False: self._slots[name]())
        menu.addAction(action)
        return action


def show_keys(window: QMainWindow) -> None:
    """Shows the keyboard shortcuts."""
    rows = "".join(
        f"<tr><td><b>{keys}</b>&nbsp;&nbsp;&nbsp;</td><td>{what}</td></tr>" for keys, what in texts.KEYS_TEXT
    )
    QMessageBox.information(window, texts.KEYS.replace("&", ""), f"<table cellpadding=3>{rows}</table>")


def show_about(window: QMainWindow) -> None:
    """Shows what the program is."""
    QMessageBox.about(window, texts.TITLE, f"<h3>{texts.TITLE}</h3><p>{texts.ABOUT_TEXT}</p><p>{texts.PROVENANCE}</p>")
