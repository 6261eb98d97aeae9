"""Dialogs: choose files and folders, and confirm that unsaved results may be lost."""

from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QColorDialog, QFileDialog, QMessageBox, QWidget

from pipelines.media import formats, names
from pipelines.stills.crop import Crop
from serving.desktop import texts
from serving.desktop.preferences import Preferences
from serving.desktop.widgets.crop_dialog import CropDialog
from serving.jobs.likely_colors import Rgb


class Dialogs:
    """Opens dialogs.

    Args:
        window: parent of the dialogs.
        preferences: knows the folders that were used before.
    """

    def __init__(self, window: QWidget, preferences: Preferences):
        self._window, self._preferences = window, preferences

    def files(self) -> list[Path]:
        """Returns files to open; none where the user cancelled."""
        endings = " ".join(f"*{suffix}" for suffix in formats.SUFFIXES)
        kinds = f"{texts.FILE_KINDS} ({endings} {endings.upper()});;{texts.ALL_FILES} (*)"
        title = texts.CHOOSE_FILES_TITLE
        names, _ = QFileDialog.getOpenFileNames(self._window, title, self._preferences.folder("open"), kinds)
        paths = [Path(name) for name in names]
        if paths:
            self._preferences.set_folder("open", paths[0].parent)
        return paths

    def folder_to_open(self) -> list[Path]:
        """Returns a folder to open, in a list; an empty list where the user cancelled."""
        name = QFileDialog.getExistingDirectory(
            self._window, texts.CHOOSE_FOLDER_TITLE, self._preferences.folder("open")
        )
        if name:
            self._preferences.set_folder("open", Path(name))
        return [Path(name)] if name else []

    def file_to_save(self, original: Path, name: str) -> Path | None:
        """Returns where to save a result, by default beside the original; None where the user cancelled."""
        folder = Path(self._preferences.folder("save") or original.parent)
        proposed = names.free(folder / name)
        kinds = f"*{proposed.suffix} (*{proposed.suffix})"
        chosen, _ = QFileDialog.getSaveFileName(self._window, texts.SAVE_TITLE, str(proposed), kinds)
        if not chosen:
            return None
        self._preferences.set_folder("save", Path(chosen).parent)
        return Path(chosen)

    def folder_to_save(self) -> Path | None:
        """Returns the folder for all results; None where the user cancelled."""
        folder = self._preferences.folder("save") or self._preferences.folder("open")
        name = QFileDialog.getExistingDirectory(self._window, texts.SAVE_ALL_TITLE, folder)
        if not name:
            return None
        self._preferences.set_folder("save", Path(name))
        return Path(name)

    def crop(self, scan: Path, crop: Crop) -> Crop | None:
        """Returns the frame that the user chooses on a scan; None where the user cancelled."""
        dialog = CropDialog(QImage(str(scan)), crop, self._window)
        return dialog.crop if dialog.exec() else None

    def color(self) -> Rgb | None:
        """Returns a colour that the user chooses; None where the user cancelled."""
        chosen = QColorDialog.getColor(parent=self._window)
        return (chosen.red(), chosen.green(), chosen.blue()) if chosen.isValid() else None

    def reference(self) -> Path | None:
        """Returns a picture in colour; None where the user cancelled."""
        endings = " ".join(f"*{suffix}" for suffix in (*formats.PICTURE_SUFFIXES, *formats.READ_ONLY_SUFFIXES))
        kinds = f"{texts.FILE_KINDS} ({endings} {endings.upper()});;{texts.ALL_FILES} (*)"
        folder = self._preferences.folder("open")
        name, _ = QFileDialog.getOpenFileName(self._window, texts.REFERENCE_TITLE, folder, kinds)
        return Path(name) if name else None

    def forget(self, names: list[str]) -> bool:
        """Asks whether results that were not saved may be lost."""
        one = len(names) == 1
        text = texts.UNSAVED_ONE.format(name=names[0]) if one else texts.UNSAVED.format(count=len(names))
        box = QMessageBox(QMessageBox.Icon.Question, texts.TITLE, text, parent=self._window)
        stay = box.addButton(texts.STAY, QMessageBox.ButtonRole.RejectRole)
        lose = box.addButton(texts.CLOSE_ANYWAY, QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is lose
