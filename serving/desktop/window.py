"""The main window: opening, colouring, saving; everything slow happens elsewhere."""

import dataclasses
from pathlib import Path

from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from pipelines.media.formats import Kind
from serving.desktop import menus, texts
from serving.desktop.actions.background import BackgroundTasks
from serving.desktop.actions.choosing import Chooser
from serving.desktop.actions.dialogs import Dialogs
from serving.desktop.actions.opening import Opener
from serving.desktop.actions.presenter import Presenter
from serving.desktop.actions.refresh import Refresher
from serving.desktop.actions.saving import Saver
from serving.desktop.menus import Menus
from serving.desktop.preferences import Preferences
from serving.desktop.session.item import READY, Item
from serving.desktop.session.session import Session
from serving.desktop.widgets.item_page import ItemPage
from serving.desktop.widgets.message_bar import MessageBar
from serving.desktop.widgets.start_page import StartPage
from serving.jobs import records


class Window(QMainWindow):
    """The window.

    Args:
        session: the items.
        preferences: what is remembered between runs.
        samples: pictures to try with, offered until files were opened.
        dialogs: dialogs; tests put their own answers in its place.
        private: whether nothing leaves this computer.
    """

    def __init__(
        self,
        session: Session,
        preferences: Preferences,
        samples: list[Path] | None = None,
        dialogs: Dialogs | None = None,
        private: bool = True,
    ):
        super().__init__()
        self.session, self._preferences, self._samples = session, preferences, samples or []
        self.dialogs = dialogs or Dialogs(self, preferences)
        self.start_page, self.page, self.message = StartPage(private), ItemPage(), MessageBar()
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
        self._background = BackgroundTasks(self)
        self.opener = Opener(session, preferences, self._background, self)
        self.saver = Saver(session, self._background, self)
        page = self.page
        self.presenter = Presenter(session, page.viewer, page.player, page.bar, self)
        self.menus = Menus(self, self._actions())
        self.refresher = Refresher(session, page, self.start_page, self.menus, self.presenter, self)
        self.chooser = Chooser(session, page.controls.choices, page.viewer, page.player, self.dialogs, self)
        self._connect()
        geometry = preferences.geometry()
        if geometry is not None:
            self.restoreGeometry(geometry)
        self.to_start()
        self.refresher.start()

    def _message_row(self) -> QVBoxLayout:
        row = QVBoxLayout()
        row.setContentsMargins(18, 4, 18, 0)
        row.addWidget(self.message)
        return row

    # === Actions ===

    def _actions(self) -> dict[str, menus.Slot]:
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
            "save_both": self.save_both,
            "copy": lambda: self.saver.copy(page.items.current),
            "remove": lambda: self.forget(page.items.selected),
            "clear": self.clear,
            "start": self.to_start,
            "quit": self.close,
            "over": page.over.click,
            "beside": page.beside.click,
            "zoom_in": lambda: viewer.zoom(1.25),
            "zoom_out": lambda: viewer.zoom(0.8),
            "zoom_whole": viewer.zoom_whole,
            "play": self.toggle_play,
            "previous": lambda: page.items.step(-1),
            "next": lambda: page.items.step(1),
            "turn_left": lambda: self.turn(-1),
            "turn_right": lambda: self.turn(1),
            "crop": self.crop,
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
            (start.back, self._to_items),
            (page.start.clicked, self.to_start),
            (page.add.clicked, self.choose_files),
            (page.clear.clicked, self.clear),
            (page.color.clicked, self.color),
            (page.cancel.clicked, self.session.stop),
            (page.save.clicked, self.save),
            (page.save_all.clicked, self.save_all),
            (page.viewer.space_pressed, self.toggle_play),
            (controls.strength_moving, self.presenter.strengthen),
            (controls.strength_chosen, lambda strength: self._change_settings(strength=strength)),
            (controls.quality_chosen, lambda quality: self._change_settings(quality=quality)),
            (controls.anyway, lambda: self._change_settings(force=True)),
            (controls.turned, self.turn),
            (controls.crop_wanted, self.crop),
            (controls.stretch_chosen, lambda stretch: self._change_settings(stretch=stretch)),
            (controls.split_wanted, self.split),
            (self.opener.opened, self._opened),
            (self.opener.refused, self.message.show_message),
            (self.refresher.failed, self.message.show_message),
            (self.refresher.emptied, self._to_start_from_items),
            (self.refresher.showing, self.chooser.show),
            (self.chooser.changed, self.refresher.refresh),
            (self.chooser.refused, self.message.show_message),
            (self.saver.reported, self.message.show_message),
            (self.presenter.failed, lambda _reason: self.message.show_message(texts.NOT_PLAYED)),
        ):
            signal.connect(slot)

    # === Opening ===

    def open(self, paths: list[Path]) -> None:
        """Opens files and folders."""
        self.message.hide()
        self.opener.open(paths)

    def choose_files(self) -> None:
        """Lets the user choose files."""
        self._open_if_any(self.dialogs.files())

    def choose_folder(self) -> None:
        """Lets the user choose a folder."""
        self._open_if_any(self.dialogs.folder_to_open())

    def paste(self) -> None:
        """Opens what is in the clipboard: files, or a picture."""
        self._open_if_any(self.opener.from_clipboard())

    def _open_if_any(self, paths: list[Path]) -> None:
        if paths:
            self.open(paths)

    def _opened(self, identities: list[str]) -> None:
        self._to_items()
        self.session.color(identities)
        self.refresher.refresh()
        self.page.items.choose(identities[0])
        self.page.items.setFocus()

    # === Colouring ===

    def color(self) -> None:
        """Colours what has no colours yet; where there is nothing else, also what failed before."""
        items = self.session.items()
        wanted = [item.record.id for item in items if item.record.state in (READY, records.STOPPED)]
        wanted = wanted or [item.record.id for item in items if item.record.state == records.FAILED]
        self.message.hide()
        self.session.color(wanted)
        self.refresher.refresh()

    # === The scan ===

    def turn(self, quarters: int) -> None:
        """Turns the picture that is shown by quarter turns clockwise."""
        item = self._shown_picture()
        if item is not None:
            self._change_settings(crop=dataclasses.asdict(item.record.settings.crop.turned(quarters)))

    def crop(self) -> None:
        """Lets the user turn, straighten and crop the picture that is shown."""
        item = self._shown_picture()
        scan = None if item is None else self.session.scan(item.record)
        if item is None or scan is None:
            return
        crop = self.dialogs.crop(scan, item.record.settings.crop)
        if crop is not None:
            self._change_settings(crop=dataclasses.asdict(crop))

    def split(self) -> None:
        """Makes a file of each page, or of each photograph on the scan that is shown; that file stays."""
        parts = self.session.split(self.refresher.shown)
        self.refresher.refresh()
        if parts:
            self.page.items.choose(parts[0])

    def _shown_picture(self) -> Item | None:
        item = self.session.get(self.refresher.shown)
        return item if item is not None and item.record.kind == Kind.PICTURE else None

    def toggle_play(self) -> None:
        """Plays, or pauses, where there is something to play."""
        if self.page.bar.isVisible():
            self.page.bar.toggle()

    def same_for_all(self) -> None:
        """Gives all items the strength and quality of the one that is shown."""
        shown = self.session.get(self.refresher.shown)
        if shown is not None:
            settings = shown.record.settings
            for item in self.session.items():
                self.session.change_settings(item.record.id, strength=settings.strength, quality=settings.quality)
        self.refresher.refresh()

    def _change_settings(self, **values: object) -> None:
        if self.refresher.shown:
            self.session.change_settings(self.refresher.shown, **values)
            self.refresher.refresh()

    # === Saving and clearing ===

    def save(self) -> None:
        """Saves the result that is shown where the user says."""
        item = self.session.get(self.page.items.current)
        if item is None or self.session.result(item.record) is None:
            self.message.show_message(texts.NOTHING_TO_SAVE)
            return
        target = self.dialogs.file_to_save(self.session.original(item.record), item.record.download_name)
        if target is not None:
            self.saver.save(item.record, target)

    def save_both(self) -> None:
        """Saves the picture that is shown before and after, beside each other."""
        item = self._shown_picture()
        if item is None or self.session.result(item.record) is None:
            self.message.show_message(texts.NOTHING_TO_SAVE)
            return
        name = f"{item.record.stem}-before-after.jpg"
        target = self.dialogs.file_to_save(self.session.original(item.record), name)
        if target is not None:
            self.saver.save_both(item.record, target)

    def save_all(self) -> None:
        """Saves all results into a folder that the user chooses."""
        if not self.session.with_result():
            self.message.show_message(texts.NOTHING_TO_SAVE)
            return
        folder = self.dialogs.folder_to_save()
        if folder is not None:
            self.saver.save_all(self.session.with_result(), folder)

    def clear(self) -> None:
        """Empties the window; the user's own files stay."""
        self.forget([item.record.id for item in self.session.items()])

    def forget(self, identities: list[str]) -> None:
        """Takes items off the list."""
        if identities and self._may_forget(identities):
            self.session.remove(identities)
            self.message.hide()
            self.refresher.refresh()

    def to_start(self) -> None:
        """Shows the start page; the items stay."""
        self.page.player.pause(True)
        self.refresher.show_tiles(self._preferences.recent(), self._samples)
        self._stack.setCurrentWidget(self.start_page)

    def _to_start_from_items(self) -> None:
        if self._stack.currentWidget() is self.page:
            self.to_start()

    def _to_items(self) -> None:
        self._stack.setCurrentWidget(self.page)

    def _may_forget(self, identities: list[str]) -> bool:
        lost = [
            record.name for record in self.session.with_result() if record.id in identities and self._unsaved(record)
        ]
        return not lost or self.dialogs.forget(lost)

    def _unsaved(self, record: records.FileRecord) -> bool:
        return not record.in_colour and self.saver.saved.get(record.id) != record.version

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
        if self.session.closed:
            event.accept()
            return
        if not self._may_forget([item.record.id for item in self.session.items()]):
            event.ignore()
            return
        self.end()
        event.accept()

    def end(self) -> None:
        """Ends all work; what was not saved is gone."""
        self._preferences.set_geometry(self.saveGeometry())
        self.refresher.close()
        self.presenter.close()
        self.chooser.close()
        self._background.close()
        self.session.close()
