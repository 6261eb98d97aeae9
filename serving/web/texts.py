"""Every text of the website beside those of `serving.jobs.texts`, in English; translations are in `serving/locale`.

Pages read it as `t`, scripts as JSON. The page for programs is a document of its own, in English: `templates/api.html`.
"""

from collections.abc import Mapping

from serving.jobs.texts import HONEST, KINDS, PRIVATE, TAGLINE, TITLE
from serving.language import N_, gettext

# === Why something is not done ===

NOT_FOUND = N_("There is nothing here. It may have been deleted, or belong to somebody else.")
TOO_OFTEN = N_("That was a little too fast. Please wait a moment and try again.")
FULL_EACH = N_("Your gallery is full. Please delete something first.")
FULL_ALL = N_("There is no room left on this website just now. Please try again later.")
NO_TOKEN = N_("This page was open for too long. Please load it again.")
NO_USER = N_("A token is expected: POST /api/users gives one.")
NOT_READY = N_("This file has no result yet.")
NOT_UNDERSTOOD = N_("This request could not be understood.")
NOTHING_TO_SPLIT = N_("This is one picture, not a scan of several.")
NO_SAMPLE = N_("There is no such sample picture.")


def too_large_file(limit: int) -> str:
    """Says that an upload has too many bytes."""
    return gettext("This file is too large. At most {size} MB are possible.").format(size=round(limit / 1e6))


def translated(texts: Mapping[str, str]) -> dict[str, str]:
    """Returns texts in the present language."""
    return {name: gettext(text) for name, text in texts.items()}


# === Pages ===

PAGE = {
    "title": TITLE,
    "tagline": TAGLINE,
    "skip": N_("Skip to the content"),
    "navigation": N_("Pages"),
    "start": N_("Start"),
    "gallery": N_("My results"),
    "for_programs": N_("For programs"),
    "drop_here": N_("Drop pictures, GIFs or films here"),
    "or_paste": N_("or paste a picture from the clipboard"),
    "choose": N_("Choose files"),
    "example": N_("Example: a photograph, its left half as it was, its right half in colour"),
    "private_here": PRIVATE,
    "private": N_("Only you can see your pictures. They are deleted {days} days after you last worked on them."),
    "kinds": KINDS,
    "limits": N_("A file may have {megabytes} MB, a picture {megapixels} megapixels, a film {minutes} minutes."),
    "samples": N_("Nothing at hand? Try one of these"),
    "sample": N_("Colour the sample picture: {name}"),
    "your_files": N_("Your files"),
    "nothing_yet": N_("Nothing here yet."),
    "to_start": N_("Back to the start"),
    "all_files": N_("All files together"),
    "all_zip": N_("Download all as ZIP"),
    "kept": N_(
        "Results are kept for {days} days after you last worked on them. Only you can see them, in this browser."
    ),
    "honest": HONEST,
    "delete": N_("Delete"),
    "delete_this": N_("Delete {name}"),
    "delete_all": N_("Delete everything"),
    "open_this": N_("Open {name}"),
    "download": N_("Download"),
    "slider": N_("How much of the picture is shown in colour"),
    "before": N_("Before"),
    "after": N_("In colour"),
    "zoom_in": N_("Zoom in"),
    "zoom_out": N_("Zoom out"),
    "zoom_whole": N_("Whole picture"),
    "picture_area": N_("The picture, before and after"),
    "share": N_("Share"),
    "beside": N_("Download before and after"),
    "print": N_("Print"),
    "previous": N_("Previous"),
    "next": N_("Next"),
    "strength": N_("Strength of the colours"),
    "weaker": N_("grey"),
    "stronger": N_("strong"),
    "quality": N_("Quality"),
    "fast": N_("Fast"),
    "good": N_("Good"),
    "best": N_("Best"),
    "best_note": N_("Best takes several times as long."),
    "colour_anyway": N_("Colour it anyway"),
    "crop": N_("Turn, crop, straighten"),
    "crop_text": N_("Drag the corners of the frame, or move them with the arrow keys."),
    "turn_left": N_("Turn left"),
    "turn_right": N_("Turn right"),
    "straighten": N_("Straighten"),
    "apply": N_("Apply"),
    "whole_again": N_("All of it again"),
    "stretch": N_("Freshen faded tones"),
    "stretch_note": N_("Black becomes black again, and white white."),
    "versions": N_("Other versions"),
    "versions_text": N_("Where several colours are likely, these differ. Choose one to start from."),
    "no_versions": N_("There is no other version: the colours of this picture leave little doubt."),
    "reference": N_("Colours of another picture"),
    "reference_text": N_(
        "Drop a picture in colour here that shows such things: its colours are taken for what is alike."
    ),
    "reference_choose": N_("Choose a picture"),
    "reference_remove": N_("Without it again"),
    "too_light": N_("It is so light here that hardly any colour can be seen."),
    "darken": N_("Darken it, so that it takes the colour"),
    "hints": N_("Change a colour"),
    "hints_text": N_("Click the thing that should have another colour, then choose the colour."),
    "hint_colour": N_("Colour"),
    "likely": N_("Likely colours here"),
    "reach": N_("How far it spreads"),
    "use_this": N_("Use this colour"),
    "keep_colour": N_("Leave as it was here"),
    "undo": N_("Undo"),
    "redo": N_("Redo"),
    "clear_hints": N_("Remove all"),
    "hint_keys": N_("By keyboard: focus the picture, move the cross with the arrow keys, press Enter."),
    "frame": N_("Frame"),
    "no_script": N_("This website needs JavaScript for uploads."),
    "stop": N_("Stop"),
}

# Texts that scripts show.
SCRIPT = {
    "sending": N_("Sending… {percent} %"),
    "waiting": N_("Waiting"),
    "waiting_after": N_("Waiting, {count} before it"),
    "working": N_("Colouring…"),
    "frames": N_("{done} of {total} frames"),
    "frames_done": N_("{done} frames"),
    "left": N_("about {time} left"),
    "seconds": N_("{count} s"),
    "minutes": N_("{count} min"),
    "done": N_("In colour in {time}"),
    "done_here": N_("In colour in {time}; nothing left this computer"),
    "prints": N_("{width} × {height} pixels: prints well up to {across} × {down}\u00a0cm"),
    "corner": N_("Corner {number} of the frame"),
    "split": N_("Split into {count} photographs"),
    "split_pages": N_("Split into {count} pages"),
    "split_pages_note": N_("This file has {count} pages. Each becomes a file of its own; this one stays."),
    "split_note": N_("This scan seems to show {count} photographs. Each becomes a file of its own; the scan stays."),
    "not_shared": N_("It could not be shared. Download it instead."),
    "stopped": N_("Stopped"),
    "failed": N_("Not done"),
    "stop": N_("Stop"),
    "open": N_("Look"),
    "download": N_("Download"),
    "stop_this": N_("Stop {name}"),
    "open_this": N_("Look at {name}"),
    "delete_this": N_("Delete {name}"),
    "download_this": N_("Download {name}"),
    "sure": N_("Delete {name}? This cannot be undone."),
    "sure_all": N_("Delete all your files? This cannot be undone."),
    "go_on": N_("Go on colouring"),
    "try_again": N_("Try again"),
    "not_playing": N_("Your browser cannot play this film. Download it to watch it."),
    "no_connection": N_("No connection to the website. Is it still running?"),
    "too_large": N_("This file is too large. At most {size} MB are possible."),
    "use_colour": N_("Use this colour: {colour}"),
    "version": N_("Version {number}"),
    "updating": N_("Colouring again…"),
    "shown": N_("In colour: {percent} %"),
    "close": N_("Close this message"),
    "lost": N_("The connection to the website is lost. Trying again…"),
    "so_far": N_("{done} of {count} done"),
    "all_done": N_("All {count} done"),
    "some_done": N_("{done} done, {failed} not:"),
}
