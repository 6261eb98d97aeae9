"""Keeps the window as the works are: list, picture, controls, progress, and what can be pressed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from serving.desktop import texts
from serving.desktop.actions.errands import Errands, News
from serving.desktop.actions.incoming import Incoming
from serving.desktop.session import looks
from serving.desktop.session.progress import overall
from serving.desktop.session.session import BUSY, READY, Session, Work
from serving.desktop.widgets.qt_images import from_rgb
from serving.desktop.widgets.start_page import TILE
from serving.desktop.widgets.works_list import THUMBNAIL
from serving.jobs import records

if TYPE_CHECKING:
    from serving.desktop.window import Window

# Changes that come closer together are shown together; with many files, at most a fifth of the time goes to showing.
_REFRESH_MS, _SHARE = 60, 4
_TICK_MS = 500  # for the time that is left


class Display(QObject):
    """Shows everything as it is now, whenever something has changed.

    Args:
        session: the works.
        window: what shows them.

    Attributes:
        shown: identity of the work on the screen; empty where there is none.
    """

    def __init__(self, session: Session, window: "Window"):
        super().__init__(window)
        self._session, self._window = session, window
        self._errands = Errands(self)  # small pictures of many files must not keep a result from being saved
        self._seen: dict[str, tuple[str, int]] = {}  # state and version that each work was last seen in
        self.shown = ""
        self._news = News(session, self)
        self._due = _timer(self, _REFRESH_MS, self.refresh, single=True)
        self._tick = _timer(self, _TICK_MS, self._show_progress)
        self._news.changed.connect(self._soon)
        window.page.works.chosen.connect(self._show)

    def start(self) -> None:
        """Begins to follow the works."""
        self._news.start()
        self.refresh()

    def close(self) -> None:
        """Ends it."""
        self._errands.close()
        self._due.stop()
        self._tick.stop()

    def refresh(self) -> None:
        """Shows everything as it is now."""
        if self._session.closed:
            return
        began = time.monotonic()
        works = self._session.works()
        page = self._window.page
        self._tell_of_failures(works)
        page.works.refresh(works)
        for work in works:
            self._refresh_thumbnail(work)
        self._show(page.works.current)
        self._show_progress()
        self._show_possible(works)
        self._window.show_start_if_empty()
        self._due.setInterval(max(_REFRESH_MS, round(_SHARE * 1000 * (time.monotonic() - began))))

    def show_tiles(self, recent: list[Path], samples: list[Path]) -> None:
        """Shows the files that were opened before on the start page, or sample pictures where there are none."""
        start = self._window.start_page
        paths = recent or samples
        start.show_tiles(paths, bool(recent))
        start.to_files.setVisible(self._window.page.works.count() > 0)
        for path in paths:

            def read(path: Path = path) -> np.ndarray:
                return looks.original(path, Incoming.kind(path), 2 * TILE.width())

            def show(image: QImage, path: Path = path) -> None:
                start.tiles.picture(path, image)

            self._load(read, show)

    def _soon(self) -> None:
        if not self._due.isActive():
            self._due.start()

    def _show(self, identity: str) -> None:
        window = self._window
        if identity != self.shown:
            window.page.controls.settle()  # a slider's last move belongs to the file that was shown until now
        self.shown = identity
        work = self._session.get(identity) if identity else None
        window.screening.show(work)
        window.page.controls.refresh(work)
        can = work is not None and self._session.result(work.record) is not None
        for part in (window.page.save, window.menus.save, window.menus.copy):
            part.setEnabled(can)

    def _show_progress(self) -> None:
        summary = overall(*self._session.batch())
        self._window.page.show_progress(summary)
        if summary.busy and not self._tick.isActive():
            self._tick.start()
        elif not summary.busy:
            self._tick.stop()

    def _show_possible(self, works: list[Work]) -> None:
        """Turns on what can be done, and off what cannot."""
        page, menus = self._window.page, self._window.menus
        states = {work.record.state for work in works}
        waiting = bool(states & {READY, records.STOPPED, records.FAILED})
        busy = bool(states & set(BUSY))
        results = any(self._session.result(work.record) is not None for work in works)
        partly = records.STOPPED in states and all(
            self._session.result(work.record) for work in works if work.record.state in (READY, records.STOPPED)
        )
        page.show_next(waiting, partly, results and not busy)
        for can, parts in (
            (waiting, (page.color, menus.color)),
            (busy, (page.cancel, menus.cancel)),
            (results, (page.save_all, menus.save_all)),
            (bool(works), (page.clear, menus.clear, menus.remove, menus.same)),
        ):
            for part in parts:
                part.setEnabled(can)

    def _tell_of_failures(self, works: list[Work]) -> None:
        failed = []
        for work in works:
            now = (work.record.state, work.record.version)
            if work.record.state == records.FAILED and self._seen.get(work.record.id) != now:
                failed.append(work.record)
            self._seen[work.record.id] = now
        if failed:
            reason = texts.friendly(failed[0].note)
            self._window.message.say(texts.REFUSED.format(name=failed[0].name, reason=reason))

    def _refresh_thumbnail(self, work: Work) -> None:
        record, rows = work.record, self._window.page.works
        coloured = self._session.result(record) is not None
        look = f"{record.version}" if coloured else "original"
        if not rows.lacking_look(record.id, look):
            return
        rows.expect_look(record.id, look)
        made, original = self._session.made(record, "thumbnail.jpg"), self._session.original(record)

        def read() -> np.ndarray:
            return looks.read(made) if coloured else looks.original(original, record.kind, 2 * THUMBNAIL.width())

        self._load(read, lambda image: rows.show_look(record.id, look, image))

    def _load(self, read: Callable[[], np.ndarray], show: Callable[[QImage], None]) -> None:
        def then(seen: object) -> None:
            if isinstance(seen, np.ndarray):  # an unreadable file says so when it is coloured
                show(from_rgb(seen))

        self._errands.do(read, then)


def _timer(parent: QObject, milliseconds: int, slot: Callable[[], None], single: bool = False) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(single)
    timer.setInterval(milliseconds)
    timer.timeout.connect(slot)
    return timer
