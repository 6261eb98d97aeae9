"""Play, pause and the position in a film or an animation."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from serving.desktop import texts
from serving.desktop.widgets.player import Player

_STEPS = 1000


class PlayerBar(QWidget):
    """Play button and position slider of a player."""

    def __init__(self, player: Player, parent: QWidget | None = None):
        super().__init__(parent)
        self._player = player
        self.button = QPushButton(texts.PAUSE)
        self.button.setMinimumWidth(100)
        self.button.clicked.connect(self.toggle)
        self.position = QSlider(Qt.Orientation.Horizontal)
        self.position.setRange(0, _STEPS)
        self.position.setPageStep(_STEPS // 20)
        self.position.setAccessibleName(texts.POSITION)
        self.position.valueChanged.connect(self._moved)
        self._time = QLabel()
        self._time.setObjectName("time")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.position, 1)
        layout.addWidget(self._time)
        player.shown.connect(self._follow)
        player.paused.connect(self.refresh)

    def toggle(self) -> None:
        """Plays, or pauses."""
        self._player.pause(self._player.playing)

    def refresh(self) -> None:
        """Shows whether it plays."""
        self.button.setText(texts.PAUSE if self._player.playing else texts.PLAY)

    def _follow(self, _before: object, _after: object, seconds: float) -> None:
        length = self._player.length
        self.position.setEnabled(length > 0)
        if not self.position.isSliderDown():
            self.position.blockSignals(True)
            self.position.setValue(round(_STEPS * seconds / length) if length else 0)
            self.position.blockSignals(False)
        self._time.setText(f"{texts.clock(seconds)} / {texts.clock(length)}" if length else texts.clock(seconds))

    def _moved(self, value: int) -> None:
        self._player.seek(value / _STEPS * self._player.length)
