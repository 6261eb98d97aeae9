"""Choosing colours: hints at spots with their undo, versions of a picture, and a reference; kept for each item."""

import bisect
import dataclasses
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from colorgan_tf.errors import RequestError
from pipelines.media.formats import Kind
from serving.desktop.actions.background import BackgroundTasks
from serving.desktop.actions.dialogs import Dialogs
from serving.desktop.session import playback
from serving.desktop.session.item import Item
from serving.desktop.session.session import Session
from serving.desktop.widgets.color_choices import ColorChoices
from serving.desktop.widgets.player import Player
from serving.desktop.widgets.viewer import Viewer
from serving.jobs import likely_colors, references, versions
from serving.jobs.likely_colors import Rgb
from serving.jobs.records import MOST_HINTS, Hint
from serving.language import gettext

Hints = tuple[Hint, ...]
_DRAFT_MS = 150  # a colour is shown on the picture once it has been pointed at for so long
_EARLY = 1e-3  # seconds by which times of one frame may differ


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
        self,
        session: Session,
        panel: ColorChoices,
        viewer: Viewer,
        player: Player,
        dialogs: Dialogs,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._panel, self._viewer, self._dialogs = session, panel, viewer, dialogs
        self._player, self._times = player, list[float]()
        self._background = BackgroundTasks(self)
        self._pointed: Rgb | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_DRAFT_MS)
        self._soon.timeout.connect(self._draft)
        self._histories: dict[str, _History] = {}
        self._item: Item | None = None
        self._spot: tuple[float, float] | None = None
        self._spot_frame: int | None = 0
        self._early: tuple[float, float] | None = None
        self._drawn: tuple[object, ...] = ()
        for signal, slot in (
            (viewer.picked, self.point),
            (panel.hinting, self._point_or_not),
            (panel.pointed, self._point_at),
            (panel.adjusted, self._adjust),
            (player.shown, self._frame_shown),
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

    def close(self) -> None:
        """Stops making drafts."""
        self._soon.stop()
        self._background.close()

    def show(self, item: Item | None) -> None:
        """Shows the choices for an item."""
        other = item is None or self._item is None or item.record.id != self._item.record.id
        self._item = item
        if other:
            self._times = []
            self._forget_spot()
            self._panel.hints.setChecked(False)
        record = None if item is None else item.record
        able = record is not None and bool(record.result) and not record.in_colour
        self._panel.hints.setVisible(able)
        if not able:
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
        frame = self._frame
        if frame is None:  # until the times of the frames are known
            self._early = (x, y)
            return
        spot = (x, y)
        self._spot, self._spot_frame = spot, frame
        pixel = after.pixelColor(
            min(int(x * after.width()), after.width() - 1), min(int(y * after.height()), after.height() - 1)
        )
        rgb = np.array([pixel.red(), pixel.green(), pixel.blue()], np.float32)
        record = self._item.record
        folder = self._session.made(record, "")

        def keep() -> None:  # a draft of the frame does
            if not likely_colors.are_kept(folder, frame):
                self._session.draft(record.id, record.settings.hints, frame)

        def offer(_: object = None) -> None:
            if self._spot == spot and self._frame == frame:
                colours = likely_colors.at(folder, x, y, rgb, frame)
                self._panel.show_spot(colours, likely_colors.is_too_light(rgb), record.kind == Kind.PICTURE)

        if record.kind == Kind.PICTURE:
            offer()
        else:
            self._background.do(keep, offer)
        self._show_pins()

    def choose(self, rgb: Rgb | None) -> None:
        """Gives the spot a colour; None leaves it as it was."""
        self._pointed = None  # what is shown of it stays until the result is there
        self._soon.stop()
        if self._spot is not None:
            self._set(self._including(rgb))

    def _including(self, rgb: Rgb | None) -> Hints:
        """Returns the hints with one more, for the spot."""
        assert self._spot is not None
        others = (hint for hint in self._given if not self._is_here(hint))
        darken = self._panel.darken.isChecked()
        hint = Hint(*self._spot, rgb, reach=self._panel.reach, frame=self._frame or 0, darken=darken)
        return (*others, hint)[-MOST_HINTS:]

    def _is_here(self, hint: Hint) -> bool:
        return (hint.x, hint.y) == self._spot and hint.frame == self._frame

    def _adjust(self) -> None:
        own = next((hint for hint in self._given if self._is_here(hint)), None)
        if own is not None:
            self._set(self._including(own.rgb))

    @property
    def _given(self) -> Hints:
        return self._history.lists[self._history.now]

    # === What a colour would look like ===

    def _point_at(self, rgb: Rgb | None) -> None:
        if rgb is None and self._pointed is not None:
            self._viewer.show_draft(None)
        self._pointed = rgb
        if rgb is None:
            self._soon.stop()
        else:
            self._soon.start()

    def _draft(self) -> None:
        rgb, item, frame = self._pointed, self._item, self._frame
        if rgb is None or item is None or self._spot is None or frame is None:
            return
        hints = self._including(rgb)

        def make() -> bytes | None:
            return self._session.draft(item.record.id, hints, frame) if self._pointed == rgb else None

        def show(jpeg: object) -> None:
            if self._pointed == rgb and isinstance(jpeg, bytes):
                self._viewer.show_draft(QImage.fromData(jpeg))

        self._background.do(make, show)

    # === Frames of animations and films ===

    @property
    def _frame(self) -> int | None:
        """The frame that is shown; 0 of a picture, None where it is not known."""
        if self._item is not None and self._item.record.kind == Kind.PICTURE:
            return 0
        return bisect.bisect(self._times, self._player.seconds + _EARLY) - 1 if self._times else None

    def _frame_shown(self, _before: object, _after: object, _seconds: float) -> None:
        if self._panel.hints.isChecked():
            if self._spot is not None and self._frame != self._spot_frame:
                self._forget_spot()
            self._show_pins()

    def _read_times(self) -> None:
        item = self._item
        if item is None or item.record.kind == Kind.PICTURE or self._times:
            return
        original, kind = self._session.original(item.record), item.record.kind

        def take(times: object) -> None:
            if isinstance(times, list) and self._item is not None and self._item.record.id == item.record.id:
                self._times = times
                early, self._early = self._early, None
                if early is not None:
                    self.point(*early)
                self._show_pins()

        self._background.do(lambda: playback.times(original, kind), take)

    def _forget_spot(self) -> None:
        self._spot = self._early = None
        self._panel.show_spot([], False, False)

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
        if pointing:
            self._player.pause(True)
            self._read_times()
        self._show_pins()

    def _show_history(self) -> None:
        history = self._history
        if self._item is not None and self._item.record.settings.hints != history.lists[history.now]:
            history.lists, history.now = [self._item.record.settings.hints], 0  # another crop: its spots are others
        self._panel.show_history(history.now > 0, history.now < len(history.lists) - 1, bool(self._given))
        self._show_pins()

    def _show_pins(self) -> None:
        shown = [(hint.x, hint.y, hint.rgb) for hint in self._given if hint.frame == self._frame]
        self._viewer.show_pins(shown, self._spot)

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
