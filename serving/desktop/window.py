"""The main window: opening, colouring, saving; everything slow happens elsewhere."""

from pathlib import Path

from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from serving.desktop import menus, texts
from serving.desktop.actions.asking import Asking
from serving.desktop.actions.display import Display
from serving.desktop.actions.errands import Errands
from serving.desktop.actions.incoming import Incoming
from serving.desktop.actions.outgoing import Outgoing
from serving.desktop.actions.screening import Screening
from serving.desktop.menus import Menus
from serving.desktop.session.recent import Memory
from serving.desktop.session.session import READY, Session
from serving.desktop.widgets.message_bar import MessageBar
from serving.desktop.widgets.start_page import StartPage
from serving.desktop.widgets.work_page import WorkPage
from serving.jobs import records


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
        self.start_page, self.page, self.message = StartPage(), WorkPage(), MessageBar()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        self._stack.addWidget(self.page)
        holder = QWidget()
        holder.setObjectName("page")
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._message_row())
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
        self.display = Display(session, self)
        place = memory.place()
        if place is not None:
            self.restoreGeometry(place)
        self.to_start()
        self.display.start()

    def _message_row(self) -> QVBoxLayout:
        row = QVBoxLayout()
        row.setContentsMargins(18, 4, 18, 0)
        row.addWidget(self.message)
        return row

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
            "play": self.toggle_play,
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
            (page.viewer.space_pressed, self.toggle_play),
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
        self.display.refresh()
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
        self.display.refresh()

    def toggle_play(self) -> None:
        """Plays, or pauses, where there is something to play."""
        if self.page.bar.isVisible():
            self.page.bar.toggle()

    def same_for_all(self) -> None:
        """Gives all works the strength and quality of the one that is shown."""
        shown = self.session.get(self.display.shown)
        if shown is not None:
            wishes = shown.record.wishes
            for work in self.session.works():
                self.session.wish(work.record.id, strength=wishes.strength, quality=wishes.quality)
        self.display.refresh()

    def _wish(self, **values) -> None:
        if self.display.shown:
            self.session.wish(self.display.shown, **values)
            self.display.refresh()

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
        if not self.session.with_result():
            self.message.say(texts.NOTHING_TO_SAVE)
            return
        folder = self.asking.folder_to_save()
        if folder is not None:
            self.outgoing.save_all(self.session.with_result(), folder)

    def clear(self) -> None:
        """Empties the window; the user's own files stay."""
        self.forget([work.record.id for work in self.session.works()])

    def forget(self, identities: list[str]) -> None:
        """Takes works off the list."""
        if identities and self._may_forget(identities):
            self.session.remove(identities)
            self.message.hide()
            self.display.refresh()

    def to_start(self) -> None:
        """Shows the start page; the works stay."""
        self.page.player.pause(True)
        self.display.show_tiles(self._memory.recent(), self._samples)
        self._stack.setCurrentWidget(self.start_page)

    def _to_works(self) -> None:
        self._stack.setCurrentWidget(self.page)

    def _may_forget(self, identities: list[str]) -> bool:
        lost = [
            record.name for record in self.session.with_result() if record.id in identities and self._unsaved(record)
        ]
        return not lost or self.asking.forget(lost)

    def _unsaved(self, record: records.FileRecord) -> bool:
        return not record.in_colour and self.outgoing.saved.get(record.id) != record.version

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

    def show_start_if_empty(self) -> None:
        """Goes back to the start page when the last work is gone."""
        if not self.page.works.count() and self._stack.currentWidget() is self.page:
            self.to_start()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ends the program, once nothing is lost by it."""
        if self.session.closed:
            event.accept()
            return
        if not self._may_forget([work.record.id for work in self.session.works()]):
            event.ignore()
            return
        self.end()
        event.accept()

    def end(self) -> None:
        """Ends all work; what was not saved is gone."""
        self._memory.moved(self.saveGeometry())
        self.display.close()
        self.screening.close()
        self._errands.close()
        self.session.close()
