"""Every text of the website, in English: a translation is this file and `serving.jobs.texts` again.

Pages read it as `t`, scripts as JSON. The page for programs is a document of its own: `templates/api.html`.
"""

from serving.jobs.texts import HONEST, TAGLINE, TITLE

# === Why something is not done ===

NOT_FOUND = "There is nothing here. It may have been deleted, or belong to somebody else."
TOO_OFTEN = "That was a little too fast. Please wait a moment and try again."
FULL_EACH = "Your gallery is full. Please delete something first."
FULL_ALL = "There is no room left on this website just now. Please try again later."
NO_TOKEN = "This page was open for too long. Please load it again."
NO_USER = "A token is expected: POST /api/users gives one."
NOT_READY = "This file has no result yet."
NOT_UNDERSTOOD = "This request could not be understood."
NO_SAMPLE = "There is no such sample picture."


def too_large_file(limit: int) -> str:
    """Says that an upload has too many bytes."""
    return f"This file is too large. At most {limit / 1e6:.0f} MB are possible."


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
    "example": "Example: a photograph, its left half as it was, its right half in colour",
    "private_here": "Your pictures stay on this computer: nothing is sent anywhere.",
    "private": "Only you can see your pictures. They are deleted {days} days after you last worked on them.",
    "kinds": (
        "Pictures: JPEG, PNG, WebP, TIFF, BMP. Animations: GIF, WebP, PNG. "
        "Films: MP4, MOV, MKV, WebM, AVI, MPEG, WMV, FLV."
    ),
    "limits": "A file may have {megabytes} MB, a picture {megapixels} megapixels, a film {minutes} minutes.",
    "samples": "Nothing at hand? Try one of these",
    "sample": "Colour the sample picture: {name}",
    "your_files": "Your files",
    "nothing_yet": "Nothing here yet.",
    "to_start": "Back to the start",
    "all_files": "All files together",
    "all_zip": "Download all as ZIP",
    "kept": "Results are kept for {days} days after you last worked on them. Only you can see them, in this browser.",
    "honest": HONEST,
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
    "share": "Share",
    "beside": "Before and after",
    "print": "Print",
    "previous": "Previous",
    "next": "Next",
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
    "redo": "Redo",
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
    "done": "In colour in {time}",
    "done_here": "In colour in {time}; nothing left this computer",
    "prints": "{width} × {height} pixels: prints well up to {across} × {down}\u00a0cm",
    "not_shared": "It could not be shared. Download it instead.",
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
    "lost": "The connection to the website is lost. Trying again…",
    "so_far": "{done} of {count} done",
    "all_done": "All {count} done",
    "some_done": "{done} done, {failed} not:",
}
