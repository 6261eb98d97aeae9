"""Every text of the window, in the system's language; translations are in `serving/locale`."""

from colorgan_tf.inference.quality import Quality
from serving.jobs import texts as shared
from serving.language import gettext as _
from serving.language import ngettext

TITLE = shared.TITLE
TAGLINE = _(shared.TAGLINE)
PROVENANCE = _(shared.HONEST)
PRIVATE, KINDS = _(shared.PRIVATE), _(shared.KINDS)

# === Start page ===

DROP_HERE = _("Drop pictures, GIFs, films or a whole folder here")
CHOOSE_FILES = _("Choose files…")
CHOOSE_FOLDER = _("Choose a folder…")
RECENT = _("Opened before")
SAMPLES = _("Nothing at hand? Try one of these")
LET_GO = _("Let go to open")
TO_FILES = _("Back to your files  →")

# === Files ===

FILES = _("Your files")
COLOR = _("&Colour")
COLOR_TIP = _("Colour what was stopped or failed (Ctrl+Return)")
GO_ON = _("&Go on")
CANCEL = _("Ca&ncel")
SAVE = _("&Save…")
SAVE_ALL = _("Save &all…")
SAVE_BOTH = _("Save &before and after…")
CLEAR = _("C&lear")
CLEAR_TIP = _("Empty the window; your own files stay where they are")
TO_START = _("Back to the start")
ADD_MORE = _("&Open more…")
ANYWAY = _("Colour it anyway")

STATES = {
    "ready": _("Ready"),
    "waiting": _("Waiting"),
    "working": _("Gaining colour…"),
    "done": _("In colour"),
    "stopped": _("Stopped"),
    "failed": _("Not done"),
}
LEFT_ALONE = _("Had colours already")
STOPPED_FILM = _("Partly in colour")
FRAMES = _("{done} of {total}")

STRENGTH = _("Strength of the colours")
WEAKER, STRONGER = _("grey"), _("strong")
QUALITY = _("Quality")
QUALITIES = {Quality.FAST: _("Fast"), Quality.GOOD: _("Good"), Quality.BEST: _("Best (takes longer)")}

TURN_LEFT, TURN_RIGHT = _("Turn &left"), _("Turn &right")
CROP = _("&Crop…")
CROP_TITLE = _("Crop and straighten")
CROP_TEXT = _("Drag the corners of the frame, or move it with the arrow keys; with Shift they change its size.")
STRAIGHTEN = _("Straighten")
APPLY = _("Apply")
WHOLE_AGAIN = _("All of it again")
STRETCH = _("Freshen faded tones")
SPLIT = _("Split into {count} photographs")
SPLIT_PAGES = _("Split into {count} pages")

HINTS = _("Change a colour")
HINTS_TEXT = _("Click the thing that should have another colour, then choose the colour.")
LIKELY = _("Likely colours here")
TOO_LIGHT = _("It is so light here that hardly any colour can be seen.")
DARKEN, DARKEN_TIP = _("Darken it"), _("Darken it, so that it takes the colour")
REACH = _("How far it spreads")
USE_COLOUR = _("Use this colour: {colour}")
OTHER_COLOUR = _("Another colour…")
KEEP_COLOUR = _("Leave as it was here")
UNDO, REDO, CLEAR_HINTS = _("Undo"), _("Redo"), _("Remove all")
VERSIONS = _("Other versions")
VERSION = _("Version {number}")
NO_VERSIONS = _("There is no other version: the colours of this picture leave little doubt.")
REFERENCE = _("Colours of another picture")
REFERENCE_BUTTON = _("Reference picture…")
REFERENCE_TIP = _("Drop a picture in colour here that shows such things: its colours are taken for what is alike.")
REFERENCE_TITLE = _("Choose a picture")
WITHOUT_REFERENCE = _("Without it again")

BEFORE, AFTER = _("Before"), _("After")
VIEWER = _("The picture, before on the left and after on the right. The arrow keys move the line between them.")
VIEWER_TIP = _("Drag the line, or press the left and right arrow keys")
SLIDER_VIEW = _("One over the other")
SIDE_VIEW = _("Side by side")
PLAY, PAUSE = _("Play"), _("Pause")
POSITION = _("Position in the film")
STRENGTH_VALUE = "{percent} %"

# === Menus ===

MENU_FILE, MENU_VIEW, MENU_HELP = _("&File"), _("&View"), _("&Help")
OPEN = _("&Open files…")
OPEN_FOLDER = _("Open &folder…")
PASTE = _("&Paste picture")
COPY = _("&Copy coloured picture")
REMOVE = _("&Remove from the list")
SAME_FOR_ALL = _("Use this strength and quality for &all")
QUIT = _("&Quit")
ZOOM_IN, ZOOM_OUT, ZOOM_WHOLE = _("Zoom &in"), _("Zoom &out"), _("&Whole picture")
FULL_SCREEN = _("&Full screen")
PREVIOUS, NEXT = _("&The file before"), _("The &next file")
KEYS = _("&Keys and how it works")
ABOUT = _("&About")
ABOUT_TEXT = _("Gives black-and-white pictures, GIFs and films colours, on this computer; nothing is sent anywhere.")
KEYS_TEXT = (
    (_("Ctrl+O"), _("open files")),
    (_("Ctrl+Shift+O"), _("open a folder")),
    (_("Ctrl+V"), _("open the picture in the clipboard")),
    (_("Ctrl+Return"), _("colour")),
    (_("Escape"), _("cancel")),
    ("← →", _("move the line between before and after")),
    (_("Space on the picture, Ctrl+P"), _("play or pause")),
    (_("Ctrl+← →, Ctrl+R"), _("turn, crop and straighten a picture")),
    (_("Ctrl+Z, Ctrl+Y"), _("take a colour back that you changed, change it again")),
    (_("Page Up, Page Down"), _("the file before, the next file")),
    (_("Ctrl+S, Ctrl+Shift+S"), _("save, save all")),
    (_("Ctrl+B"), _("save a picture before and after, side by side")),
    (_("Delete"), _("take a file off the list")),
    (_("Ctrl + and −, Ctrl+0"), _("closer, farther, the whole picture")),
    (_("Ctrl+C"), _("copy the coloured picture")),
    (_("Alt+Home"), _("back to the start")),
)

# === Dialogs ===

CHOOSE_FILES_TITLE = _("Choose pictures, GIFs or films")
CHOOSE_FOLDER_TITLE = _("Choose a folder")
SAVE_TITLE = _("Save the coloured file")
SAVE_ALL_TITLE = _("Save all coloured files into a folder")
FILE_KINDS = _("Pictures, GIFs and films")
ALL_FILES = _("All files")
UNSAVED = _("{count} coloured files are not saved yet.")
UNSAVED_ONE = _("“{name}” is not saved yet.")
CLOSE_ANYWAY = _("Do not save")
STAY = _("Cancel")

# === Messages ===

IS_A_FOLDER = _("This is a folder, not a file.")
GONE = _(shared.GONE)
DISK_FULL = _(shared.DISK_FULL)
UNREADABLE = _("This file cannot be read.")
NO_FILES = _("There is nothing in “{name}” that can gain colour.")
SEVERAL_REFUSED = _("{count} files cannot be opened. The first, “{name}”: {reason}")
REFUSED = _("“{name}”: {reason}")
NOT_SAVED = _("“{name}” could not be saved there. Please choose another folder.")
NO_CLIPBOARD = _("There is no picture in the clipboard.")
SAVED = _("Saved: {path}")
PASTED = _("Pasted picture")
COPIED = _("The coloured picture is in the clipboard.")
SAVED_ALL = _("{count} files saved in {folder}")
WRONG = _("Something went wrong here. Please try again.")
NOT_PLAYED = _("This film cannot be shown here, but it can gain colour all the same.")
NOTHING_TO_SAVE = _("There is no coloured file to save yet.")
CLOSE_MESSAGE = _("Close this message")


def working(current: str, done: int, total: int, seconds_left: float | None) -> str:
    """Says how far the work is: what is worked on, how many of how many, and how long it still takes."""
    parts = [f"{STATES['working']} {current}" if current else STATES["waiting"]]
    if total > 1:
        parts.append(FRAMES.format(done=min(done + 1, total), total=total))
    if seconds_left is not None:
        parts.append(left(seconds_left))
    return "  ·  ".join(parts)


def left(seconds: float) -> str:
    """Says how long it still takes."""
    if seconds < 1.5:
        return _("almost done")
    if seconds < 55:
        near = round(seconds) if seconds < 10 else round(seconds / 5) * 5
        return _("about {count} seconds left").format(count=near)
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return ngettext("about {count} minute left", "about {count} minutes left", minutes).format(count=minutes)
    return _("about {count} hours left").format(count=round(minutes / 60))


def clock(seconds: float) -> str:
    """Writes a time in a film: 1:05, or 1:00:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
