"""Every text for people, in English: a translation is this file again. Pages read it as `t`, scripts as JSON.

The page for programs is a document of its own: `templates/api.html`.
"""

from serving.web.settings import Limits

TITLE = "ColorGAN"
TAGLINE = "Colour for your black-and-white pictures, GIFs and films"

# === Why something is not done ===

EMPTY_FILE = "This file is empty."
UNKNOWN_KIND = (
    "This is not a picture, GIF or film that can be coloured. "
    "JPEG, PNG, WebP, TIFF, BMP, GIF, MP4, MOV, MKV, WebM, AVI, MPEG, WMV and FLV can."
)
DAMAGED = "This file is damaged and cannot be read."
FAR_TOO_MANY_PIXELS = "This picture is far too large to be opened."
TOO_MANY_FRAMES = "This film has too many frames."
NOT_FOUND = "There is nothing here. It may have been deleted, or belong to somebody else."
TOO_OFTEN = "That was a little too fast. Please wait a moment and try again."
BUSY = "Many pictures are waiting just now. Please try again in a few minutes."
BUSY_EACH = "You have many files waiting already. Please let some of them finish first."
FULL_EACH = "Your gallery is full. Please delete something first."
FULL_ALL = "There is no room left on this website just now. Please try again later."
NO_TOKEN = "This page was open for too long. Please load it again."
NO_VISITOR = "A token is expected: POST /api/visitors gives one."
NOT_READY = "This file has no result yet."
STILL_WORKING = "This file is being worked on. Please wait, or stop it first."
WRONG = "Something went wrong on our side. Please try again."
CRASHED = "This file could not be coloured: it is damaged, or too large for this computer."
TOO_SLOW = "This file took too long and was given up."
NO_SAMPLE = "There is no such sample picture."

# === Notes on results ===

HAS_COLOURS = "It has colours already, so it was left as it is."
SOME_SHOTS_HAVE_COLOURS = "Some scenes have colours already and were left as they are."
AS_MP4 = "It is an MP4 now, which plays everywhere."
ONLY_FIRST_PAGE = "The file has {pages} pages; the first one was coloured."
STOPPED_EARLY = "this is what was done until then."


def too_large_file(limit: int) -> str:
    """Says that an upload has too many bytes."""
    return f"This file is too large. At most {limit / 1e6:.0f} MB are possible."


def too_many_pixels(width: int, height: int, limit: int) -> str:
    """Says that a picture has too many pixels."""
    return f"This picture is too large: {width} x {height}. At most {limit / 1e6:.0f} megapixels are possible."


def too_long_animation(frames: int, width: int, height: int, limits: Limits) -> str:
    """Says that an animation has too many frames, or too many pixels in all of them together."""
    return (
        f"This animation is too long: {frames} frames of {width} x {height}. "
        f"At most {limits.animation_frames} frames and {limits.animation_pixels / 1e6:.0f} megapixels in all are "
        "possible."
    )


def too_long_film(seconds: float, limit: float) -> str:
    """Says that a film is too long."""
    return f"This film is too long: {seconds / 60:.1f} minutes. At most {limit / 60:g} minutes are possible."


def too_large_film(width: int, height: int, limit: int) -> str:
    """Says that a film's frames are too large."""
    return f"This film's picture is too large: {width} x {height}. At most {limit / 1e6:.1f} megapixels are possible."


# === Pages ===

PAGE = {
    "language": "en",
    "title": TITLE,
    "tagline": TAGLINE,
    "skip": "Skip to the content",
    "navigation": "Pages",
    "start": "Start",
    "gallery": "My results",
    "for_programs": "For programs",
    "drop_here": "Drop pictures, GIFs or films here",
    "or_paste": "or paste a picture from the clipboard",
    "choose": "Choose files",
    "samples": "Nothing at hand? Try one of these",
    "sample": "Colour the sample picture: {name}",
    "your_files": "Your files",
    "nothing_yet": "Nothing here yet.",
    "to_start": "Back to the start",
    "all_zip": "Download all as ZIP",
    "kept": "Results are kept for {days} days after you last worked on them. Only you can see them, in this browser.",
    "honest": "The colours are plausible, not historical truth: a model made them.",
    "delete": "Delete",
    "delete_this": "Delete {name}",
    "delete_all": "Delete everything",
    "open_this": "Open {name}",
    "download": "Download",
    "slider": "How much of the picture is shown in colour",
    "before": "Before",
    "after": "In colour",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "zoom_whole": "Whole picture",
    "picture_area": "The picture, before and after",
    "strength": "Strength of the colours",
    "weaker": "grey",
    "stronger": "strong",
    "quality": "Quality",
    "fast": "Fast",
    "good": "Good",
    "best": "Best",
    "best_note": "Best takes several times as long.",
    "colour_anyway": "Colour it anyway",
    "hints": "Change a colour",
    "hints_text": "Click the thing that should have another colour, then choose the colour.",
    "hint_colour": "Colour",
    "likely": "Likely colours here",
    "reach": "How far it spreads",
    "use_this": "Use this colour",
    "keep_colour": "Leave as it was here",
    "undo": "Undo",
    "clear_hints": "Remove all",
    "hint_keys": "By keyboard: focus the picture, move the cross with the arrow keys, press Enter.",
    "frame": "Frame",
    "no_script": "This website needs JavaScript for uploads.",
    "stop": "Stop",
}

# Texts that scripts show.
SCRIPT = {
    "sending": "Sending… {percent} %",
    "waiting": "Waiting",
    "waiting_after": "Waiting, {count} before it",
    "working": "Colouring…",
    "frames": "{done} of {total} frames",
    "frames_done": "{done} frames",
    "left": "about {time} left",
    "seconds": "{count} s",
    "minutes": "{count} min",
    "done": "Done",
    "stopped": "Stopped",
    "failed": "Not done",
    "stop": "Stop",
    "open": "Look",
    "download": "Download",
    "stop_this": "Stop {name}",
    "open_this": "Look at {name}",
    "delete_this": "Delete {name}",
    "download_this": "Download {name}",
    "sure": "Delete {name}? This cannot be undone.",
    "sure_all": "Delete all your files? This cannot be undone.",
    "go_on": "Go on colouring",
    "try_again": "Try again",
    "not_playing": "Your browser cannot play this film. Download it to watch it.",
    "no_connection": "No connection to the website. Is it still running?",
    "too_large": "This file is too large. At most {size} MB are possible.",
    "use_colour": "Use this colour: {colour}",
    "updating": "Colouring again…",
    "shown": "{percent} % in colour",
    "close": "Close this message",
}
