"""The main window: opening, colouring, saving; everything slow happens elsewhere."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from serving.desktop import looks, menus, texts
from serving.desktop.asking import Asking
from serving.desktop.errands import Errands, News
from serving.desktop.incoming import Incoming
from serving.desktop.menus import Menus
from serving.desktop.message_bar import MessageBar
from serving.desktop.outgoing import Outgoing
from serving.desktop.progress import overall
from serving.desktop.qt_images import from_rgb
from serving.desktop.recent import Memory
from serving.desktop.screening import Screening
from serving.desktop.session import BUSY, READY, Session, Work
from serving.desktop.start_page import TILE, StartPage
from serving.desktop.work_page import WorkPage
from serving.desktop.works_list import THUMBNAIL
from serving.web import records

_REFRESH_MS = 60  # changes that come closer together are shown together
_TICK_MS = 500  # for the time that is left


class Window(QMainWindow):
    """The window.

    Args:
        session: the works.
        memory: what is remembered between runs.
        samples: pictures to try with, offered until files were opened.
        asking: dialogs; tests put their own answers in its place.
    """

    def __init__(
        self, session: Session, memory: Memory, samples: list[Path] | None = None, asking: Asking | None = None
    ):
        super().__init__()
        self.session, self._memory, self._samples = session, memory, samples or []
        self.asking = asking or Asking(self, memory)
        self._seen: dict[str, tuple[str, int]] = {}  # state and version that each work was last seen in
        self.start_page, self.page, self.message = StartPage(), WorkPage(), MessageBar()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        self._stack.addWidget(self.page)
        holder = QWidget()
        holder.setObjectName("page")
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.message)
        layout.addWidget(self._stack, 1)
        self.setCentralWidget(holder)
        self.setWindowTitle(texts.TITLE)
        self.setAcceptDrops(True)
        self.resize(1240, 800)
        self._errands = Errands(self)
        self.incoming = Incoming(session, memory, self._errands, self)
        self.outgoing = Outgoing(session, self._errands, self)
        page = self.page
        self.screening = Screening(session, page.viewer, page.player, page.bar, self)
        self.menus = Menus(self, self._deeds())
        self._connect()
        self._shown = ""
        self._news = News(session, self)
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setInterval(_REFRESH_MS)
        self._due.timeout.connect(self.refresh)
        self._news.changed.connect(lambda: None if self._due.isActive() else self._due.start())
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_progress)
        self._news.start()
        place = memory.place()
        if place is not None:
            self.restoreGeometry(place)
        self.to_start()
        self.refresh()

    # === Deeds ===

    def _deeds(self) -> dict[str, menus.Slot]:
        page, viewer = self.page, self.page.viewer
        return {
            "open": self.choose_files,
            "open_folder": self.choose_folder,
            "paste": self.paste,
            "color": self.color,
            "cancel": self.session.stop,
            "same": self.same_for_all,
            "save": self.save,
            "save_all": self.save_all,
            "copy": lambda: self.outgoing.copy(page.works.current),
            "remove": lambda: self.forget(page.works.selected),
            "clear": self.clear,
            "start": self.to_start,
            "quit": self.close,
            "over": page.over.click,
            "beside": page.beside.click,
            "zoom_in": lambda: viewer.zoom(1.25),
            "zoom_out": lambda: viewer.zoom(0.8),
            "zoom_whole": viewer.zoom_whole,
            "play": lambda: page.bar.toggle() if page.bar.isVisible() else None,
            "previous": lambda: page.works.step(-1),
            "next": lambda: page.works.step(1),
            "full_screen": lambda: self.showNormal() if self.isFullScreen() else self.showFullScreen(),
            "keys": lambda: menus.show_keys(self),
            "about": lambda: menus.show_about(self),
        }

    def _connect(self) -> None:
        page, start, controls = self.page, self.start_page, self.page.controls
        for signal, slot in (
            (start.choose_files, self.choose_files),
            (start.choose_folder, self.choose_folder),
            (start.opened, lambda path: self.open([path])),
            (start.back, self._to_works),
            (page.start.clicked, self.to_start),
            (page.add.clicked, self.choose_files),
            (page.clear.clicked, self.clear),
            (page.color.clicked, self.color),
            (page.cancel.clicked, self.session.stop),
            (page.save.clicked, self.save),
            (page.save_all.clicked, self.save_all),
            (page.works.chosen, self._show),
            (controls.strength_moving, self.screening.strengthen),
            (controls.strength_chosen, lambda strength: self._wish(strength=strength)),
            (controls.quality_chosen, lambda quality: self._wish(quality=quality)),
            (controls.anyway, lambda: self._wish(force=True)),
            (self.incoming.opened, self._opened),
            (self.incoming.refused, self.message.say),
            (self.outgoing.said, self.message.say),
            (self.screening.failed, lambda _reason: self.message.say(texts.NOT_PLAYED)),
        ):
            signal.connect(slot)

    # === Opening ===

    def open(self, paths: list[Path]) -> None:
        """Opens files and folders."""
        self.message.hide()
        self.incoming.take(paths)

    def choose_files(self) -> None:
        """Lets the user choose files."""
        self._open_if_any(self.asking.files())

    def choose_folder(self) -> None:
        """Lets the user choose a folder."""
        self._open_if_any(self.asking.folder_to_open())

    def paste(self) -> None:
        """Opens what is in the clipboard: files, or a picture."""
        self._open_if_any(self.incoming.from_clipboard())

    def _open_if_any(self, paths: list[Path]) -> None:
        if paths:
            self.open(paths)

    def _opened(self, identities: list[str]) -> None:
        self._to_works()
        self.refresh()
        self.page.works.choose(identities[0])
        self.page.color.setFocus()

    # === Colouring ===

    def color(self) -> None:
        """Colours what has no colours yet; where there is nothing else, also what failed before."""
        works = self.session.works()
        wanted = [work.record.id for work in works if work.record.state in (READY, records.STOPPED)]
        wanted = wanted or [work.record.id for work in works if work.record.state == records.FAILED]
        self.message.hide()
        self.session.color(wanted)
        self.refresh()

    def same_for_all(self) -> None:
        """Gives all works the strength and quality of the one that is shown."""
        shown = self.session.get(self._shown)
        if shown is not None:
            wishes = shown.record.wishes
            for work in self.session.works():
                self.session.wish(work.record.id, strength=wishes.strength, quality=wishes.quality)
        self.refresh()

    def _wish(self, **values) -> None:
        if self._shown:
            self.session.wish(self._shown, **values)
            self.refresh()

    # === Saving and clearing ===

    def save(self) -> None:
        """Saves the result that is shown where the user says."""
        work = self.session.get(self.page.works.current)
        if work is None or self.session.result(work.record) is None:
            self.message.say(texts.NOTHING_TO_SAVE)
            return
        target = self.asking.file_to_save(self.session.original(work.record), work.record.download_name)
        if target is not None:
            self.outgoing.save(work.record, target)

    def save_all(self) -> None:
        """Saves all results into a folder that the user chooses."""
        if not self._with_result():
            self.message.say(texts.NOTHING_TO_SAVE)
            return
        folder = self.asking.folder_to_save()
        if folder is not None:
            self.outgoing.save_all(self._with_result(), folder)

    def clear(self) -> None:
        """Empties the window; the user's own files stay."""
        self.forget([work.record.id for work in self.session.works()])

    def forget(self, identities: list[str]) -> None:
        """Takes works off the list."""
        if identities and self._may_forget(identities):
            self.session.remove(identities)
            self.message.hide()
            self.refresh()

    def to_start(self) -> None:
        """Shows the start page; the works stay."""
        self.page.player.pause(True)
        recent = self._memory.recent()
        paths = recent or self._samples
        self.start_page.show_tiles(paths, bool(recent))
        self.start_page.to_files.setVisible(self.page.works.count() > 0)
        for path in paths:
            self._load_tile(path)
        self._stack.setCurrentWidget(self.start_page)

    def _load_tile(self, path: Path) -> None:
        def show(seen: object) -> None:
            if isinstance(seen, np.ndarray):
                self.start_page.tiles.picture(path, from_rgb(seen))

        self._errands.do(lambda: looks.original(path, self.incoming.kind(path), 2 * TILE.width()), show)

    def _to_works(self) -> None:
        self._stack.setCurrentWidget(self.page)

    def _with_result(self) -> list[records.FileRecord]:
        return [work.record for work in self.session.works() if self.session.result(work.record) is not None]

    def _may_forget(self, identities: list[str]) -> bool:
        lost = [record.name for record in self._with_result() if record.id in identities and self._unsaved(record)]
        return not lost or self.asking.forget(lost)

    def _unsaved(self, record: records.FileRecord) -> bool:
        return not record.in_colour and self.outgoing.saved.get(record.id) != record.version

    # === Showing ===

    def refresh(self) -> None:
        """Shows everything as it is now."""
        works = self.session.works()
        self._tell_of_failures(works)
        self.page.works.refresh(works)
        for work in works:
            self._refresh_thumbnail(work)
        self._show(self.page.works.current)
        self._show_progress()
        states = {work.record.state for work in works}
        results = any(self.session.result(work.record) is not None for work in works)
        waiting = bool(states & {READY, records.STOPPED, records.FAILED})
        resting = not states & set(BUSY)
        page, bars = self.page, self.menus
        page.color.setVisible(resting or waiting)
        for can, parts in (
            (waiting, (page.color, bars.color)),
            (not resting, (page.cancel, bars.cancel)),
            (results, (page.save_all, bars.save_all)),
            (bool(works), (page.clear, bars.clear, bars.remove, bars.same)),
        ):
            for part in parts:
                part.setEnabled(can)
        if not works and self._stack.currentWidget() is page:
            self.to_start()

    def _show(self, identity: str) -> None:
        if identity != self._shown:
            self.page.controls.settle()  # a slider's last move belongs to the file that was shown until now
        self._shown = identity
        work = self.session.get(identity) if identity else None
        self.screening.show(work)
        self.page.controls.refresh(work)
        can = work is not None and self.session.result(work.record) is not None
        for part in (self.page.save, self.menus.save, self.menus.copy):
            part.setEnabled(can)

    def _show_progress(self) -> None:
        summary = overall(*self.session.batch())
        self.page.show_progress(summary)
        if summary.busy and not self._tick.isActive():
            self._tick.start()
        elif not summary.busy:
            self._tick.stop()

    def _tell_of_failures(self, works: list[Work]) -> None:
        failed = []
        for work in works:
            now = (work.record.state, work.record.version)
            if work.record.state == records.FAILED and self._seen.get(work.record.id) != now:
                failed.append(work.record)
            self._seen[work.record.id] = now
        if failed:
            reason = texts.friendly(failed[0].note)
            self.message.say(texts.REFUSED.format(name=failed[0].name, reason=reason))

    def _refresh_thumbnail(self, work: Work) -> None:
        record = work.record
        coloured = self.session.result(record) is not None
        look = f"{record.version}" if coloured else "original"
        if not self.page.works.lacking_look(record.id, look):
            return
        self.page.works.expect_look(record.id, look)
        path = self.session.made(record, "thumbnail.jpg") if coloured else self.session.original(record)
        self._errands.do(
            lambda: looks.read(path) if coloured else looks.original(path, record.kind, 2 * THUMBNAIL.width()),
            lambda seen: (
                None if isinstance(seen, Exception) else self.page.works.show_look(record.id, look, from_rgb(seen))
            ),
        )

    # === The window itself ===

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Takes files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.start_page.set_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        """They were taken away again."""
        self.start_page.set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Opens them."""
        self.start_page.set_over(False)
        event.acceptProposedAction()
        self.open([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ends the program, once nothing is lost by it."""
        if not self._may_forget([work.record.id for work in self.session.works()]):
            event.ignore()
            return
        self.end()
        event.accept()

    def end(self) -> None:
        """Ends all work; what was not saved is gone."""
        self._memory.moved(self.saveGeometry())
        self._tick.stop()
        self.screening.close()
        self._errands.close()
        self.session.close()
