"""Colours and sizes of the window, light or dark like the system; the same as the website's."""

import dataclasses

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

_MIN_POINTS = 12.0


@dataclasses.dataclass(frozen=True)
class Scheme:
    """One scheme; text on back, panel and accent has a contrast of at least 4.5 (WCAG 2.2 AA)."""

    back: str
    panel: str
    text: str
    quiet: str
    line: str
    accent: str
    on_accent: str
    bar: str
    focus: str
    danger: str


LIGHT = Scheme(
    back="#f7f5f1",
    panel="#ffffff",
    text="#1d1d1f",
    quiet="#55565c",
    line="#c9c6be",
    accent="#1f5fa8",
    on_accent="#ffffff",
    bar="#e4e0d8",
    focus="#b3540a",
    danger="#a8251f",
)
DARK = Scheme(
    back="#17181b",
    panel="#222429",
    text="#f1efea",
    quiet="#b4b5bb",
    line="#4a4d55",
    accent="#8fc0ff",
    on_accent="#0d1b2c",
    bar="#33363d",
    focus="#ffc46b",
    danger="#ff9a91",
)

_SHEET = """
QMainWindow, QDialog, QWidget#page, QMessageBox {{ background: {back}; }}
QLabel {{ color: {text}; }}
QLabel#title {{ font-size: {huge}pt; font-weight: 700; }}
QLabel#heading {{ font-weight: 600; }}
QLabel#quiet, QLabel#time {{ color: {quiet}; }}
QLabel#large {{ font-size: {large}pt; }}
QFrame#drop {{ background: {panel}; border: 3px dashed {line}; border-radius: 18px; }}
QFrame#drop[over="true"] {{ background: {bar}; border-color: {accent}; }}
QFrame#card {{ background: {panel}; border: 1px solid {line}; border-radius: 12px; }}
QFrame#message {{ background: {panel}; border: 2px solid {danger}; border-radius: 10px; }}
QFrame#message[good="true"] {{ border-color: {accent}; }}
QPushButton {{
    background: {panel}; color: {text}; border: 2px solid {line}; border-radius: 10px;
    padding: 9px 16px; font-weight: 600; min-height: 22px;
}}
QPushButton:hover {{ border-color: {accent}; }}
QPushButton:focus {{ border-color: {focus}; }}
QPushButton:pressed {{ background: {bar}; }}
QPushButton:disabled {{ color: {quiet}; background: transparent; border-color: {bar}; }}
QPushButton:checked {{ background: {bar}; border-color: {accent}; }}
QPushButton#primary {{ background: {accent}; color: {on_accent}; border-color: {accent}; padding: 10px 28px; }}
QPushButton#primary:focus {{ border-color: {focus}; }}
QPushButton#primary:disabled {{ background: {bar}; color: {quiet}; border-color: {bar}; }}
QPushButton#flat {{ border-color: transparent; background: transparent; padding: 6px 10px; }}
QPushButton#flat:hover, QPushButton#flat:focus {{ border-color: {line}; }}
QPushButton#flat:checked {{ background: {bar}; }}
QListWidget {{ background: {panel}; border: 1px solid {line}; border-radius: 12px; padding: 4px; outline: none; }}
QListWidget:focus {{ border-color: {accent}; }}
QListWidget#tiles {{ background: transparent; border: none; }}
QListWidget#tiles::item {{ border-radius: 10px; padding: 6px; color: {text}; }}
QListWidget#tiles::item:hover {{ background: {bar}; }}
QListWidget#tiles::item:focus, QListWidget#tiles::item:selected {{ background: {bar}; color: {text}; }}
QRadioButton {{ spacing: 9px; padding: 5px 0; color: {text}; }}
QRadioButton::indicator {{
    width: 18px; height: 18px; border-radius: 11px; border: 2px solid {quiet}; background: {panel};
}}
QRadioButton::indicator:checked {{
    border-color: {accent};
    background: qradialgradient(cx:.5, cy:.5, radius:.5, fx:.5, fy:.5,
        stop:0 {accent}, stop:.55 {accent}, stop:.65 {panel}, stop:1 {panel});
}}
QRadioButton:focus, QCheckBox:focus {{ color: {accent}; }}
QCheckBox {{ spacing: 9px; padding: 5px 0; color: {text}; }}
QCheckBox::indicator {{ width: 20px; height: 20px; }}
QSlider {{ min-height: 30px; }}
QSlider::groove:horizontal {{ height: 6px; border-radius: 3px; background: {bar}; }}
QSlider::sub-page:horizontal {{ height: 6px; border-radius: 3px; background: {accent}; }}
QSlider::handle:horizontal {{
    width: 20px; height: 20px; margin: -9px 0; border-radius: 12px; background: {panel}; border: 2px solid {accent};
}}
QSlider::handle:horizontal:focus {{ border-color: {focus}; background: {bar}; }}
QSlider::handle:horizontal:disabled {{ border-color: {line}; }}
QSlider::sub-page:horizontal:disabled {{ background: {line}; }}
QProgressBar {{ background: {bar}; border: none; border-radius: 6px; height: 12px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 6px; }}
QMenuBar {{ background: {back}; color: {text}; }}
QMenuBar::item:selected {{ background: {bar}; }}
QMenu {{ background: {panel}; color: {text}; border: 1px solid {line}; }}
QMenu::item {{ padding: 7px 28px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {quiet}; }}
QToolTip {{ background: {panel}; color: {text}; border: 1px solid {line}; padding: 4px; }}
QScrollArea#controls {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 12px; }}
QScrollBar::handle:vertical {{ background: {line}; border-radius: 6px; min-height: 30px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
"""


def is_dark(application: QApplication) -> bool:
    """Tells whether the system asks for dark windows."""
    return application.styleHints().colorScheme() == Qt.ColorScheme.Dark


def system_scheme(application: QApplication) -> Scheme:
    """Returns the scheme that the system asks for."""
    return DARK if is_dark(application) else LIGHT


def follow_system(application: QApplication) -> None:
    """Styles the application, now and whenever the system changes between light and dark."""
    application.setStyle("Fusion")
    font = QFont(application.font())
    font.setPointSizeF(max(_MIN_POINTS, font.pointSizeF()))
    application.setFont(font)
    apply(application, system_scheme(application))
    application.styleHints().colorSchemeChanged.connect(lambda: apply(application, system_scheme(application)))


def apply(application: QApplication, scheme: Scheme) -> None:
    """Styles the application with a scheme."""
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, value in (
        (roles.Window, scheme.back),
        (roles.Base, scheme.panel),
        (roles.AlternateBase, scheme.bar),
        (roles.Button, scheme.panel),
        (roles.WindowText, scheme.text),
        (roles.Text, scheme.text),
        (roles.ButtonText, scheme.text),
        (roles.ToolTipBase, scheme.panel),
        (roles.ToolTipText, scheme.text),
        (roles.PlaceholderText, scheme.quiet),
        (roles.Mid, scheme.line),
        (roles.Highlight, scheme.accent),
        (roles.HighlightedText, scheme.on_accent),
        (roles.Link, scheme.accent),
    ):
        palette.setColor(role, QColor(value))
    application.setPalette(palette)
    points = application.font().pointSizeF()
    sizes = {"large": round(points * 1.3), "huge": round(points * 1.75)}
    application.setStyleSheet(_SHEET.format(**dataclasses.asdict(scheme), **sizes))
