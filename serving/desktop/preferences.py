"""What is remembered from one run to the next: files that were opened, folders, the window's place."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

_MOST = 8


class Preferences:
    """Remembers.

    Args:
        settings: where; None for the user's own place for settings.
    """

    def __init__(self, settings: QSettings | None = None):
        own = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "ColorGAN", "desktop")
        self._settings = settings if settings is not None else own

    def recent(self) -> list[Path]:
        """Returns the files that were opened last and are still there, the latest first."""
        value = self._settings.value("recent") or []
        paths = [Path(str(each)) for each in ([value] if isinstance(value, str) else value)]
        return [path for path in paths if path.is_file()]

    def opened(self, paths: list[Path]) -> None:
        """Remembers files."""
        newest = [str(path) for path in reversed(paths)]
        older = [str(path) for path in self.recent() if str(path) not in newest]
        self._settings.setValue("recent", (newest + older)[:_MOST])

    def folder(self, use: str) -> str:
        """Returns the folder that was last used for opening ("open") or saving ("save"); empty where there is none."""
        return str(self._settings.value(f"folder/{use}") or "")

    def used_folder(self, use: str, folder: Path) -> None:
        """Remembers a folder."""
        self._settings.setValue(f"folder/{use}", str(folder))

    def place(self) -> QByteArray | None:
        """Returns where the window was."""
        value = self._settings.value("window")
        return value if isinstance(value, QByteArray) else None

    def moved(self, place: QByteArray) -> None:
        """Remembers where the window is."""
        self._settings.setValue("window", place)
