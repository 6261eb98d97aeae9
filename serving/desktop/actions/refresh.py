"""Keeps the window up to date with its files: list, picture, controls, progress, and what can be pressed."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from pipelines.media.formats import Kind
from serving.desktop import texts
from serving.desktop.actions.background import BackgroundTasks, ChangeListener
from serving.desktop.actions.opening import Opener
from serving.desktop.actions.presenter import Presenter
from serving.desktop.menus import Menus
from serving.desktop.session import previews
from serving.desktop.session.item import BUSY, READY, Item
from serving.desktop.session.playback import Rgb
from serving.desktop.session.progress import overall
from serving.desktop.session.session import Session
from serving.desktop.widgets.images import from_rgb
from serving.desktop.widgets.item_list import THUMBNAIL
from serving.desktop.widgets.item_page import ItemPage
from serving.desktop.widgets.start_page import TILE, StartPage
from serving.jobs import records
from serving.language import gettext

# Changes that come closer together are shown together; with many files, at most a fifth of the time goes to showing.
_REFRESH_MS, _SHARE = 60, 4
_TICK_MS = 500  # for the time that is left


class Refresher(QObject):
    """Shows everything as it is now, whenever something has changed.

    Signals:
        failed: a file could not be coloured; a sentence.
        emptied: there are no files (any more).
        showing: what is shown, as it is now: an `Item`, or None.

    Attributes:
        shown: identity of the item on the screen; empty where there is none.
    """

    failed = Signal(str)
    emptied = Signal()
    showing = Signal(object)

    def __init__(
        self,
        session: Session,
        page: ItemPage,
        start_page: StartPage,
        menus: Menus,
        presenter: Presenter,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self._session, self._page, self._start_page = session, page, start_page
        self._menus, self._presenter = menus, presenter
        self._background = BackgroundTasks(self)  # thumbnails of many files must not keep a result from being saved
        self._reported: dict[str, tuple[str, int]] = {}  # state and version that each item was last seen in
        self.shown = ""
        self._listener = ChangeListener(session, self)
        self._due = _timer(self, _REFRESH_MS, self.refresh, single=True)
        self._tick = _timer(self, _TICK_MS, self._show_progress)
        self._listener.changed.connect(self._soon)
        page.items.chosen.connect(self._show)

    def start(self) -> None:
        """Begins to follow changes of the items."""
        self._listener.start()
        self.refresh()

    def close(self) -> None:
        """Stops following and loading."""
        self._background.close()
        self._due.stop()
        self._tick.stop()

    def refresh(self) -> None:
        """Shows everything as it is now."""
        if self._session.closed:
            return
        began = time.monotonic()
        items = self._session.items()
        self._report_failures(items)
        self._page.items.refresh(items)
        for item in items:
            self._refresh_thumbnail(item)
        self._show(self._page.items.current)
        self._show_progress()
        self._enable_actions(items)
        if not items:
            self.emptied.emit()
        self._due.setInterval(max(_REFRESH_MS, round(_SHARE * 1000 * (time.monotonic() - began))))

    def show_tiles(self, recent: list[Path], samples: list[Path]) -> None:
        """Shows the files that were opened before on the start page, or sample pictures where there are none."""
        start = self._start_page
        paths = recent or samples
        start.show_tiles(paths, bool(recent))
        start.to_files.setVisible(self._page.items.count() > 0)
        for path in paths:

            def read(path: Path = path) -> Rgb:
                return previews.original(path, Opener.kind(path), 2 * TILE.width())

            def show(image: QImage, path: Path = path) -> None:
                start.tiles.picture(path, image)

            self._load(read, show)

    def _soon(self) -> None:
        if not self._due.isActive():
            self._due.start()

    def _show(self, identity: str) -> None:
        if identity != self.shown:
            self._page.controls.settle()  # a slider's last move belongs to the file that was shown until now
        self.shown = identity
        item = self._session.get(identity) if identity else None
        self._presenter.show(item)
        self._page.controls.refresh(item)
        self.showing.emit(item)
        can = item is not None and self._session.result(item.record) is not None
        for part in (self._page.save, self._menus.save, self._menus.copy):
            part.setEnabled(can)
        self._menus.save_both.setEnabled(can and item is not None and item.record.kind == Kind.PICTURE)

    def _show_progress(self) -> None:
        if self._session.closed:
            self._tick.stop()
            return
        summary = overall(*self._session.batch())
        self._page.show_progress(summary)
        if summary.busy and not self._tick.isActive():
            self._tick.start()
        elif not summary.busy:
            self._tick.stop()

    def _enable_actions(self, items: list[Item]) -> None:
        """Enables what can be done, and disables what cannot."""
        page, menus = self._page, self._menus
        states = {item.record.state for item in items}
        waiting = bool(states & {READY, records.STOPPED, records.FAILED})
        busy = bool(states & set(BUSY))
        results = any(self._session.result(item.record) is not None for item in items)
        partly = records.STOPPED in states and all(
            self._session.result(item.record) for item in items if item.record.state in (READY, records.STOPPED)
        )
        page.show_next(waiting, partly, results and not busy)
        for can, parts in (
            (waiting, (page.color, menus.color)),
            (busy, (page.cancel, menus.cancel)),
            (results, (page.save_all, menus.save_all)),
            (bool(items), (page.clear, menus.clear, menus.remove, menus.same)),
        ):
            for part in parts:
                part.setEnabled(can)

    def _report_failures(self, items: list[Item]) -> None:
        failed = []
        for item in items:
            now = (item.record.state, item.record.version)
            if item.record.state == records.FAILED and self._reported.get(item.record.id) != now:
                failed.append(item.record)
            self._reported[item.record.id] = now
        if failed:
            self.failed.emit(texts.REFUSED.format(name=failed[0].name, reason=gettext(failed[0].note)))

    def _refresh_thumbnail(self, item: Item) -> None:
        record, rows = item.record, self._page.items
        coloured = self._session.result(record) is not None
        name = f"{record.version}" if coloured else "original"
        if not rows.lacks_thumbnail(record.id, name):
            return
        rows.expect_thumbnail(record.id, name)
        made, original = self._session.made(record, "thumbnail.jpg"), self._session.original(record)

        def read() -> Rgb:
            if coloured:
                return previews.read(made)
            return previews.original(original, record.kind, 2 * THUMBNAIL.width())

        self._load(read, lambda image: rows.show_thumbnail(record.id, name, image))

    def _load(self, read: Callable[[], Rgb], show: Callable[[QImage], None]) -> None:
        def then(outcome: object) -> None:
            if isinstance(outcome, np.ndarray):  # an unreadable file reports its fault when it is coloured
                show(from_rgb(outcome))

        self._background.do(read, then)


def _timer(parent: QObject, milliseconds: int, slot: Callable[[], None], single: bool = False) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(single)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
