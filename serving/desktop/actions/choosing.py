"""Choosing colours: hints at spots with their undo, versions of a picture, and a reference; kept for each item."""

import dataclasses
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from colorgan_tf.errors import RequestError
from pipelines.media.formats import Kind
from serving.desktop.actions.dialogs import Dialogs
from serving.desktop.session.item import Item
from serving.desktop.session.session import Session
from serving.desktop.widgets.color_choices import ColorChoices
from serving.desktop.widgets.viewer import Viewer
from serving.jobs import likely_colors, references, versions
from serving.jobs.likely_colors import Rgb
from serving.jobs.records import MOST_HINTS, Hint
from serving.language import gettext

Hints = tuple[Hint, ...]


@dataclasses.dataclass
class _History:
    """Every list of hints since the item was opened, and which of them holds."""

    lists: list[Hints]
    now: int = 0


class Chooser(QObject):
    """Connects the panel with the picture and the session.

    Signals:
        changed: an item is to be shown anew.
        refused: a picture is no reference; a sentence.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(
        self, session: Session, panel: ColorChoices, viewer: Viewer, dialogs: Dialogs, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._session, self._panel, self._viewer, self._dialogs = session, panel, viewer, dialogs
        self._histories: dict[str, _History] = {}
        self._item: Item | None = None
        self._spot: tuple[float, float] | None = None
        self._drawn: tuple[object, ...] = ()
        for signal, slot in (
            (viewer.picked, self.point),
            (panel.hinting, self._point_or_not),
            (panel.chosen, self.choose),
            (panel.other_wanted, self._choose_other),
            (panel.undone, lambda: self._go(-1)),
            (panel.redone, lambda: self._go(1)),
            (panel.cleared, lambda: self._set(())),
            (panel.versions_wanted, lambda: self._change(versions=True)),
            (panel.version_chosen, self._choose_version),
            (panel.reference_wanted, self._choose_reference),
            (panel.reference_dropped, self.give_reference),
            (panel.reference_removed, lambda: self._change(reference="")),
        ):
            signal.connect(slot)

    def show(self, item: Item | None) -> None:
        """Shows the choices for an item."""
        if item is None or self._item is None or item.record.id != self._item.record.id:
            self._spot = None
            self._panel.show_spot([], False)
        self._item = item
        record = None if item is None else item.record
        picture = record is not None and record.kind == Kind.PICTURE and bool(record.result) and not record.in_colour
        self._panel.hints.setVisible(picture)
        if not picture:
            self._panel.hints.setChecked(False)
        self._panel.versions.setVisible(record is not None and "versions" in record.offers)
        takes = record is not None and ("reference" in record.offers or bool(record.settings.reference))
        self._panel.reference.setVisible(takes)
        self._show_history()
        drawn = () if record is None else (record.id, record.version, record.settings.hints, record.settings.reference)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if record is None:
            self._panel.show_versions([], None)
            self._panel.show_reference(None)
            return
        thumbnails = [self._session.made(record, versions.name(number)) for number in range(len(record.versions))]
        hints = record.settings.hints
        current = record.versions.index(hints) if hints in record.versions else None
        self._panel.show_versions(thumbnails, current)
        self._panel.show_reference(self._session.made(record, references.NAME) if record.settings.reference else None)

    # === Hints ===

    def point(self, x: float, y: float) -> None:
        """Takes the spot of a picture, and offers colours for it."""
        after = self._viewer.images[1]
        if self._item is None or after is None:
            return
        self._spot = (x, y)
        pixel = after.pixelColor(
            min(int(x * after.width()), after.width() - 1), min(int(y * after.height()), after.height() - 1)
        )
        rgb = np.array([pixel.red(), pixel.green(), pixel.blue()], np.float32)
        folder = self._session.made(self._item.record, "")
        self._panel.show_spot(likely_colors.at(folder, x, y, rgb), likely_colors.is_too_light(rgb))
        self._show_pins()

    def choose(self, rgb: Rgb | None) -> None:
        """Gives the spot a colour; None leaves it as it was."""
        if self._spot is not None:
            others = (hint for hint in self._history.lists[self._history.now] if (hint.x, hint.y) != self._spot)
            self._set((*others, Hint(*self._spot, rgb))[-MOST_HINTS:])

    def _choose_other(self) -> None:
        rgb = self._dialogs.color()
        if rgb is not None:
            self.choose(rgb)

    def _choose_version(self, number: int) -> None:
        if self._item is not None and number < len(self._item.record.versions):
            self._set(self._item.record.versions[number])

    @property
    def _history(self) -> _History:
        if self._item is None:
            return _History([()])
        record = self._item.record
        return self._histories.setdefault(record.id, _History([record.settings.hints]))

    def _set(self, hints: Hints) -> None:
        history = self._history
        history.lists = [*history.lists[: history.now + 1], hints]
        self._go(1)

    def _go(self, steps: int) -> None:
        history = self._history
        if self._item is not None and 0 <= history.now + steps < len(history.lists):
            history.now += steps
            self._session.set_hints(self._item.record.id, history.lists[history.now])
            self.changed.emit()

    def _point_or_not(self, pointing: bool) -> None:
        self._viewer.set_picking(pointing)
        self._show_pins()

    def _show_history(self) -> None:
        history = self._history
        if self._item is not None and self._item.record.settings.hints != history.lists[history.now]:
            history.lists, history.now = [self._item.record.settings.hints], 0  # another crop: its spots are others
        hints = history.lists[history.now]
        self._panel.show_history(history.now > 0, history.now < len(history.lists) - 1, bool(hints))
        self._show_pins()

    def _show_pins(self) -> None:
        hints = self._history.lists[self._history.now]
        self._viewer.show_pins([(hint.x, hint.y, hint.rgb) for hint in hints], self._spot)

    # === Reference ===

    def give_reference(self, path: Path) -> None:
        """Takes a picture in colour as the reference of the item that is shown."""
        if self._item is None:
            return
        try:
            self._session.give_reference(self._item.record.id, path)
        except RequestError as error:
            self.refused.emit(gettext(error.text))
        self.changed.emit()

    def _choose_reference(self) -> None:
        path = self._dialogs.reference()
        if path is not None:
            self.give_reference(path)

    def _change(self, **values: object) -> None:
        if self._item is not None:
            self._session.change_settings(self._item.record.id, **values)
            self.changed.emit()
