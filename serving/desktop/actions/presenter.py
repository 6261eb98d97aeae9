"""Shows the chosen item: first the original, then frames while it is coloured, at last before and after."""

import dataclasses
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from pipelines.media.formats import Kind
from serving.desktop.actions.background import BackgroundTasks
from serving.desktop.session import playback, previews
from serving.desktop.session.item import BUSY, Item
from serving.desktop.session.playback import Rgb
from serving.desktop.session.session import Session
from serving.desktop.widgets.images import from_rgb
from serving.desktop.widgets.player import Player
from serving.desktop.widgets.player_bar import PlayerBar
from serving.desktop.widgets.viewer import Viewer
from serving.jobs.records import WORKING, FileRecord

_ORIGINAL, _PREVIEW, _RESULT = "original", "preview", "result"


@dataclasses.dataclass(frozen=True)
class _Content:
    """What is on the screen: of which file, at which stage, and which version of it."""

    identity: str
    stage: str
    version: int = 0


class Presenter(QObject):
    """Loads pictures and films in a thread, and shows them in viewer and player.

    Signals:
        failed: the result cannot be played; the error's text.
    """

    failed = Signal(str)

    def __init__(self, session: Session, viewer: Viewer, player: Player, bar: PlayerBar, parent: QObject | None = None):
        super().__init__(parent)
        self._session, self._viewer, self._player, self._bar = session, viewer, player, bar
        self._background = BackgroundTasks(self)
        self._shown: _Content | None = None
        self._still: tuple[QImage, Rgb] | None = None  # before, and after as it was made
        self._made_with = 1.0  # strength of the result that is shown
        player.shown.connect(lambda before, after, _seconds: viewer.show_images(before, after))
        player.failed.connect(self._not_played)
        bar.hide()

    def close(self) -> None:
        """Stops playing and loading."""
        self._player.close()
        self._background.close()

    def show(self, item: Item | None) -> None:
        """Shows an item as it is now; does nothing where it is on the screen already."""
        content = None if item is None else self._wanted(item)
        if content == self._shown:
            return
        old, self._shown = self._shown, content
        if content is None or item is None:
            self._player.close()
            self._bar.hide()
            self._viewer.show_new(None, None)
            return
        if content.stage == _RESULT and item.record.state not in BUSY:
            self._made_with = item.record.settings.strength
        fresh = old is None or old.identity != content.identity
        if fresh:
            self._player.close()
            self._viewer.show_new(None, None)
        reveal = not fresh and old is not None and old.stage != _RESULT and content.stage == _RESULT
        again = not fresh and old is not None and old.stage == content.stage == _RESULT
        self._load(item.record, content, reveal, again)

    def strengthen(self, strength: float) -> None:
        """Shows stronger or weaker colours at once, before they are made."""
        if self._shown is None or self._shown.stage != _RESULT or self._made_with <= 0:
            return
        saturation = strength / self._made_with
        self._player.saturation = saturation
        if self._still is not None:
            before, after = self._still
            self._viewer.show_images(before, from_rgb(previews.saturated(after, saturation)))
        elif not self._player.playing:
            self._player.seek(self._player.seconds)

    def _not_played(self, reason: str) -> None:
        """Reports a result that cannot be played; an original reports its fault when it is coloured."""
        if self._shown is not None and self._shown.stage == _RESULT:
            self.failed.emit(reason)

    def _wanted(self, item: Item) -> _Content:
        record = item.record
        if self._session.result(record) is not None:
            return _Content(record.id, _RESULT, record.version)
        if record.state == WORKING and record.kind != Kind.PICTURE and item.live.previews:
            return _Content(record.id, _PREVIEW, item.live.previews)
        return _Content(record.id, _ORIGINAL)

    def _load(self, record: FileRecord, content: _Content, reveal: bool, again: bool) -> None:
        original = self._session.original(record)
        if content.stage == _PREVIEW:
            self._player.close()
            self._bar.hide()
            preview = self._session.made(record, "preview.jpg")
            self._background.do(lambda: previews.read(preview), lambda read: self._show_one(content, read))
        elif record.kind != Kind.PICTURE:
            result = self._session.result(record) if content.stage == _RESULT else None
            kind = record.kind
            self._background.do(
                lambda: playback.length(result or original, kind),
                lambda length: self._play(content, original, result, kind, length, reveal, again),
            )
        elif content.stage == _RESULT:
            before, after = (self._session.made(record, name) for name in ("before.jpg", "after.jpg"))
            self._background.do(
                lambda: (previews.read(before), previews.read(after)),
                lambda read: self._show_both(content, read, reveal),
            )
        else:
            self._background.do(
                lambda: previews.original(original, Kind.PICTURE), lambda read: self._show_one(content, read)
            )

    def _show_one(self, content: _Content, read: object) -> None:
        if content != self._shown or not isinstance(read, np.ndarray):
            return  # an unreadable file reports its fault when it is coloured
        self._still = None
        self._bar.hide()
        self._viewer.show_images(from_rgb(read), None)

    def _show_both(self, content: _Content, read: object, reveal: bool) -> None:
        if content != self._shown or not isinstance(read, tuple):
            return
        before, after = read
        self._player.close()
        self._bar.hide()
        self._still = (from_rgb(before), after)
        self._viewer.show_images(self._still[0], from_rgb(after))
        if reveal:
            self._viewer.reveal()

    def _play(
        self, content: _Content, before: Path, after: Path | None, kind: str, length: object, reveal: bool, again: bool
    ) -> None:
        if content != self._shown:
            return
        if not isinstance(length, float):
            self._not_played(str(length))
            return
        self._still = None
        self._player.saturation = 1.0
        # Coloured again, it goes on from where it was.
        paused, start = (not self._player.playing, self._player.seconds) if again else (False, 0.0)
        self._player.open(before, after, kind, length, paused, start)
        self._bar.show()
        self._bar.refresh()
        if reveal:
            self._viewer.reveal()
