"""What is remembered from one run to the next: recent files, folders, the window's position."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

_MAX_RECENT = 8


class Preferences:
    """Reads and writes what is remembered.

    Args:
        settings: where it is stored; None for the user's own settings.
    """

    def __init__(self, settings: QSettings | None = None):
        own = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "ColorGAN", "desktop")
        self._settings = settings if settings is not None else own

    def recent(self) -> list[Path]:
        """Returns the files that were opened last and are still there, the latest first."""
        value = self._settings.value("recent") or []
        paths = [Path(str(each)) for each in ([value] if isinstance(value, str) else value)]
        return [path for path in paths if path.is_file()]

    def add_recent(self, paths: list[Path]) -> None:
        """Stores files as the latest."""
        newest = [str(path) for path in reversed(paths)]
        older = [str(path) for path in self.recent() if str(path) not in newest]
        self._settings.setValue("recent", (newest + older)[:_MAX_RECENT])

    def folder(self, use: str) -> str:
        """Returns the folder that was last used for opening ("open") or saving ("save"); empty where there is none."""
        return str(self._settings.value(f"folder/{use}") or "")

    def set_folder(self, use: str, folder: Path) -> None:
        """Stores the folder that was used."""
        self._settings.setValue(f"folder/{use}", str(folder))

    def geometry(self) -> QByteArray | None:
        """Returns where the window was; None at the first run."""
        value = self._settings.value("window")
        return value if isinstance(value, QByteArray) else None

    def set_geometry(self, geometry: QByteArray) -> None:
        """Stores where the window is."""
        self._settings.setValue("window", geometry)
