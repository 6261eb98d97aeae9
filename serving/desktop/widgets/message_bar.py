"""The message bar: one sentence at the top of the window."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from serving.desktop import texts

_GOOD_MS = 6000


class MessageBar(QFrame):
    """Shows an error until it is closed, and a success for a few seconds."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("message")
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._close = QPushButton("✕")
        self._close.setObjectName("flat")
        self._close.setAccessibleName(texts.CLOSE_MESSAGE)
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 8, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The message; empty while it is hidden."""
        return "" if self.isHidden() else self._label.text()

    def show_message(self, text: str, good: bool = False) -> None:
        """Shows a sentence.

        Args:
            text: the sentence.
            good: whether it reports a success.
        """
        self._label.setText(text)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))  # for screen readers
        self.setProperty("good", good)
        self.style().unpolish(self)
        self.style().polish(self)
        self._timer.stop()
        if good:
            self._timer.start(_GOOD_MS)
        self.show()
