"""Puts the chosen work on the screen: its look before, frames while it is coloured, before and after in the end."""

import dataclasses
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from serving.desktop.actions.errands import Errands
from serving.desktop.session import looks, moving
from serving.desktop.session.session import BUSY, Session, Work
from serving.desktop.widgets.player import Player
from serving.desktop.widgets.player_bar import PlayerBar
from serving.desktop.widgets.qt_images import from_rgb
from serving.desktop.widgets.viewer import Viewer
from serving.jobs.records import PICTURE, WORKING, FileRecord

_ORIGINAL, _PREVIEW, _RESULT = "original", "preview", "result"


@dataclasses.dataclass(frozen=True)
class _Look:
    """What is to be seen: of which file, before, meanwhile or after, and which version."""

    identity: str
    what: str
    version: int = 0


class Screening(QObject):
    """Loads and shows; everything slow happens in a thread.

    Signals:
        failed: the work cannot be shown; a text for whoever maintains this.
    """

    failed = Signal(str)

    def __init__(self, session: Session, viewer: Viewer, player: Player, bar: PlayerBar, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._viewer, self._player, self._bar = session, viewer, player, bar
        self._errands = Errands(self)
        self._look: _Look | None = None
        self._still: tuple[QImage, np.ndarray] | None = None  # before, and after as it was made
        self._made_with = 1.0  # strength of the result that is shown
        player.shown.connect(lambda before, after, _seconds: viewer.show_images(before, after))
        player.failed.connect(self._not_played)
        bar.hide()

    def close(self) -> None:
        """Ends everything."""
        self._player.close()
        self._errands.close()

    def show(self, work: Work | None) -> None:
        """Shows a work as it is now; does nothing where that is on the screen already."""
        look = None if work is None else self._wanted(work)
        if look == self._look:
            return
        old, self._look = self._look, look
        if look is None or work is None:
            self._player.close()
            self._bar.hide()
            self._viewer.show_new(None, None)
            return
        if look.what == _RESULT and work.record.state not in BUSY:
            self._made_with = work.record.wishes.strength
        fresh = old is None or old.identity != look.identity
        if fresh:
            self._player.close()
            self._viewer.show_new(None, None)
        reveals = not fresh and old is not None and old.what != _RESULT and look.what == _RESULT
        self._load(work.record, look, reveals)

    def strengthen(self, strength: float) -> None:
        """Shows stronger or weaker colours at once, before they are made."""
        if self._look is None or self._look.what != _RESULT or self._made_with <= 0:
            return
        gain = strength / self._made_with
        self._player.gain = gain
        if self._still is not None:
            before, after = self._still
            self._viewer.show_images(before, from_rgb(looks.strengthened(after, gain)))
        elif not self._player.playing:
            self._player.seek(self._player.seconds)

    def _not_played(self, reason: str) -> None:
        """An original that cannot be played says so when it is coloured."""
        if self._look is not None and self._look.what == _RESULT:
            self.failed.emit(reason)

    def _wanted(self, work: Work) -> _Look:
        record = work.record
        if self._session.result(record) is not None:
            return _Look(record.id, _RESULT, record.version)
        if record.state == WORKING and record.kind != PICTURE and work.live.previews:
            return _Look(record.id, _PREVIEW, work.live.previews)
        return _Look(record.id, _ORIGINAL)

    def _load(self, record: FileRecord, look: _Look, reveals: bool) -> None:
        original = self._session.original(record)
        if look.what == _PREVIEW:
            self._player.close()
            self._bar.hide()
            preview = self._session.made(record, "preview.jpg")
            self._errands.do(lambda: looks.read(preview), lambda seen: self._show_one(look, seen))
        elif record.kind != PICTURE:
            result = self._session.result(record) if look.what == _RESULT else None
            kind = record.kind
            self._errands.do(
                lambda: moving.length(result or original, kind),
                lambda length: self._play(look, original, result, kind, length, reveals),
            )
        elif look.what == _RESULT:
            before, after = (self._session.made(record, name) for name in ("before.jpg", "after.jpg"))
            self._errands.do(
                lambda: (looks.read(before), looks.read(after)), lambda seen: self._show_both(look, seen, reveals)
            )
        else:
            self._errands.do(lambda: looks.original(original, PICTURE), lambda seen: self._show_one(look, seen))

    def _show_one(self, look: _Look, seen: object) -> None:
        if look != self._look or not isinstance(seen, np.ndarray):
            return  # an unreadable file says so when it is coloured
        self._still = None
        self._bar.hide()
        self._viewer.show_images(from_rgb(seen), None)

    def _show_both(self, look: _Look, seen: object, reveals: bool) -> None:
        if look != self._look or not isinstance(seen, tuple):
            return
        before, after = seen
        self._player.close()
        self._bar.hide()
        self._still = (from_rgb(before), after)
        self._viewer.show_images(self._still[0], from_rgb(after))
        if reveals:
            self._viewer.reveal()

    def _play(self, look: _Look, before: Path, after: Path | None, kind: str, length: object, reveals: bool) -> None:
        if look != self._look:
            return
        if not isinstance(length, float):
            self._not_played(str(length))
            return
        self._still = None
        self._player.gain = 1.0
        self._player.open(before, after, kind, length)
        self._bar.show()
        self._bar.refresh()
        if reveals:
            self._viewer.reveal()
