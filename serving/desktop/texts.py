"""Every text of the window, in English. A translation replaces this file and `serving.jobs.texts`."""

from colorgan_tf.inference.quality import Quality
from serving.jobs import texts as shared

TITLE = shared.TITLE
TAGLINE = shared.TAGLINE
PROVENANCE = shared.HONEST

# === Start page ===

DROP_HERE = "Drop pictures, GIFs, films or a whole folder here"
CHOOSE_FILES = "Choose files…"
CHOOSE_FOLDER = "Choose a folder…"
RECENT = "Opened before"
SAMPLES = "Nothing at hand? Try one of these"
LET_GO = "Let go to open"
TO_FILES = "Back to your files  →"

# === Files ===

FILES = "Your files"
COLOR = "&Colour"
COLOR_TIP = "Colour everything that is not in colour yet (Ctrl+Return)"
GO_ON = "&Go on"
CANCEL = "Ca&ncel"
SAVE = "&Save…"
SAVE_ALL = "Save &all…"
CLEAR = "C&lear"
CLEAR_TIP = "Empty the window; your own files stay where they are"
TO_START = "Back to the start"
ADD_MORE = "&Open more…"
ANYWAY = "Colour it anyway"

STATES = {
    "ready": "Ready",
    "waiting": "Waiting",
    "working": "Gaining colour…",
    "done": "In colour",
    "stopped": "Stopped",
    "failed": "Not done",
}
LEFT_ALONE = "Had colours already"
STOPPED_FILM = "Partly in colour"
FRAMES = "{done} of {total}"

STRENGTH = "Strength of the colours"
WEAKER, STRONGER = "grey", "strong"
QUALITY = "Quality"
QUALITIES = {Quality.FAST: "Fast", Quality.GOOD: "Good", Quality.BEST: "Best (takes longer)"}

BEFORE, AFTER = "Before", "After"
VIEWER = "The picture, before on the left and after on the right. The arrow keys move the line between them."
VIEWER_TIP = "Drag the line, or press the left and right arrow keys"
SLIDER_VIEW = "One over the other"
SIDE_VIEW = "Side by side"
PLAY, PAUSE = "Play", "Pause"
POSITION = "Position in the film"
STRENGTH_VALUE = "{percent} %"

# === Menus ===

MENU_FILE, MENU_VIEW, MENU_HELP = "&File", "&View", "&Help"
OPEN = "&Open files…"
OPEN_FOLDER = "Open &folder…"
PASTE = "&Paste picture"
COPY = "&Copy coloured picture"
REMOVE = "&Remove from the list"
SAME_FOR_ALL = "Use this strength and quality for &all"
QUIT = "&Quit"
ZOOM_IN, ZOOM_OUT, ZOOM_WHOLE = "Zoom &in", "Zoom &out", "&Whole picture"
FULL_SCREEN = "&Full screen"
PREVIOUS, NEXT = "&The file before", "The &next file"
KEYS = "&Keys and how it works"
ABOUT = "&About"
ABOUT_TEXT = "Gives black-and-white pictures, GIFs and films colours, on this computer; nothing is sent anywhere."
KEYS_TEXT = (
    ("Ctrl+O", "open files"),
    ("Ctrl+Shift+O", "open a folder"),
    ("Ctrl+V", "open the picture in the clipboard"),
    ("Ctrl+Return", "colour"),
    ("Escape", "cancel"),
    ("← →", "move the line between before and after"),
    ("Space on the picture, Ctrl+P", "play or pause"),
    ("Page Up, Page Down", "the file before, the next file"),
    ("Ctrl+S, Ctrl+Shift+S", "save, save all"),
    ("Delete", "take a file off the list"),
    ("Ctrl + and −, Ctrl+0", "closer, farther, the whole picture"),
    ("Ctrl+C", "copy the coloured picture"),
    ("Alt+Home", "back to the start"),
)

# === Dialogs ===

CHOOSE_FILES_TITLE = "Choose pictures, GIFs or films"
CHOOSE_FOLDER_TITLE = "Choose a folder"
SAVE_TITLE = "Save the coloured file"
SAVE_ALL_TITLE = "Save all coloured files into a folder"
FILE_KINDS = "Pictures, GIFs and films"
ALL_FILES = "All files"
UNSAVED = "{count} coloured files are not saved yet."
UNSAVED_ONE = "“{name}” is not saved yet."
CLOSE_ANYWAY = "Do not save"
STAY = "Cancel"

# === Messages ===

IS_A_FOLDER = "This is a folder, not a file."
GONE = shared.GONE
DISK_FULL = shared.DISK_FULL
UNREADABLE = "This file cannot be read."
NO_FILES = "There is nothing in “{name}” that can gain colour."
SEVERAL_REFUSED = "{count} files cannot be opened. The first, “{name}”: {reason}"
REFUSED = "“{name}”: {reason}"
NOT_SAVED = "“{name}” could not be saved there. Please choose another folder."
NO_CLIPBOARD = "There is no picture in the clipboard."
SAVED = "Saved: {path}"
PASTED = "Pasted picture"
COPIED = "The coloured picture is in the clipboard."
SAVED_ALL = "{count} files saved in {folder}"
WRONG = "Something went wrong here. Please try again."
NOT_PLAYED = "This film cannot be shown here, but it can gain colour all the same."
NOTHING_TO_SAVE = "There is no coloured file to save yet."
CLOSE_MESSAGE = "Close this message"


def working(current: str, done: int, total: int, seconds_left: float | None) -> str:
    """Says how far the work is: what is worked on, how many of how many, and how long it still takes."""
    parts = [f"{STATES['working']} {current}" if current else STATES["waiting"]]
    if total > 1:
        parts.append(f"{min(done + 1, total)} of {total}")
    if seconds_left is not None:
        parts.append(left(seconds_left))
    return "  ·  ".join(parts)


def left(seconds: float) -> str:
    """Says how long it still takes."""
    if seconds < 1.5:
        return "almost done"
    if seconds < 55:
        near = round(seconds) if seconds < 10 else round(seconds / 5) * 5
        return f"about {near} seconds left"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"about {minutes} minute{'s' if minutes > 1 else ''} left"
    hours = round(minutes / 60)
    return f"about {hours} hours left"


def clock(seconds: float) -> str:
    """Writes a time in a film: 1:05, or 1:00:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
