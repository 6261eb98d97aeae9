"""Somebody who uses the window: waits, presses, previews."""

import io

import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtTest import QTest

_POLL_MS = 10


class Answers:
    """What is answered in place of dialogs."""

    def __init__(self):
        self.to_open, self.to_save, self.folder = [], None, None
        self.may_forget = True
        self.asked_to_forget = []
        self.chosen_crop = self.chosen_color = self.chosen_reference = None

    def crop(self, scan, crop):
        self.shown_scan = scan
        return self.chosen_crop

    def color(self):
        return self.chosen_color

    def reference(self):
        return self.chosen_reference

    def files(self):
        return self.to_open

    def folder_to_open(self):
        return self.to_open

    def file_to_save(self, original, name):
        self.proposed = original.parent / name
        return self.to_save or self.proposed

    def folder_to_save(self):
        return self.folder

    def forget(self, names):
        self.asked_to_forget.append(names)
        return self.may_forget


class User:
    """Uses a window."""

    def __init__(self, window):
        self.window, self.page, self.session = window, window.page, window.session

    def until(self, condition, seconds=120):
        """Lets the window live until something is so."""
        loop = QEventLoop()
        poll, end = QTimer(), QTimer()
        poll.timeout.connect(lambda: condition() and loop.quit())
        end.setSingleShot(True)
        end.timeout.connect(loop.quit)
        poll.start(_POLL_MS)
        end.start(1000 * seconds)
        loop.exec()
        poll.stop()
        assert condition(), f"waited in vain; the message is {self.window.message.text!r}, the items {self.states}"

    def opens(self, *paths, count=None):
        """Opens files, and waits until they are on the list."""
        before = self.page.items.count()
        self.window.open(list(paths))
        self.until(lambda: self.page.items.count() == before + (len(paths) if count is None else count))

    def colours(self):
        """Waits until everything is done; what was stopped or failed needs Colour to be pressed."""
        if {"stopped", "failed"} & set(self.states):
            self.until(self.page.color.isEnabled)
            self.page.color.click()
        self.until(lambda: self.states and not set(self.states) & {"ready", "waiting", "working"})
        self.window.refresher.refresh()

    @property
    def states(self):
        return [item.record.state for item in self.session.items()]

    @property
    def record(self):
        """What is known of the file that is shown."""
        return self.session.get(self.window.refresher.shown).record

    @property
    def result(self):
        """The pixels of the coloured file that is shown."""
        return pixels(self.session.result(self.record))

    def sees_both(self):
        """Waits until before and after are on the screen."""
        self.until(lambda: None not in self.page.viewer.images)
        return self.page.viewer.images

    def message(self):
        """Waits for a message, and returns it."""
        self.until(lambda: self.window.message.text)
        return self.window.message.text

    def presses(self, widget, key):
        widget.setFocus()
        QTest.keyClick(widget, key)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def vividness(rgb):
    """Mean distance of the channels from grey."""
    return float(np.abs(rgb - rgb.mean(axis=-1, keepdims=True)).mean())


def truncated(data):
    """A file whose end is missing."""
    return io.BytesIO(data).read(len(data) // 2)
