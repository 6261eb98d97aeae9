"""Texts for people, in English, that the website and the desktop program share: refusals, and notes on results."""

TITLE = "ColorGAN"
TAGLINE = "Colour for your black-and-white pictures, GIFs and films"
HONEST = "The colours are plausible, not historical truth: a model made them."

# === Why something is not done ===

EMPTY_FILE = "This file is empty."
UNKNOWN_KIND = (
    "This is not a picture, GIF or film that can be coloured. "
    "JPEG, PNG, WebP, TIFF, BMP, GIF, MP4, MOV, MKV, WebM, AVI, MPEG, WMV and FLV can."
)
DAMAGED = "This file is damaged and cannot be read."
FAR_TOO_MANY_PIXELS = "This picture is far too large to be opened."
TOO_MANY_FRAMES = "This film has too many frames."
BUSY = "Many pictures are waiting just now. Please try again in a few minutes."
BUSY_EACH = "You have many files waiting already. Please let some of them finish first."
WRONG = "Something went wrong on our side. Please try again."
CRASHED = "This file could not be coloured: it is damaged, or too large for this computer."
TOO_SLOW = "This file took too long and was given up."
GONE = "This file can no longer be found."
DISK_FULL = "There is no room left on the disk."
NO_SERVER = "The server that gives colours cannot be reached."
NO_MODEL = "The model that gives colours cannot be opened."
NOT_COLOURED = "It could not be given colours."

# === Notes on results ===

HAS_COLOURS = "It has colours already, so it was left as it is."
SOME_SHOTS_HAVE_COLOURS = "Some scenes have colours already and were left as they are."
AS_MP4 = "It is an MP4 now, which plays everywhere."
ONLY_FIRST_PAGE = "The file has {pages} pages; the first one was coloured."
STOPPED_EARLY = "this is what was done until then."


def too_many_pixels(width: int, height: int, limit: int) -> str:
    """Says that a picture has too many pixels."""
    return f"This picture is too large: {width} x {height}. At most {limit / 1e6:.0f} megapixels are possible."


def too_long_animation(frames: int, width: int, height: int, most_frames: int, most_pixels: int) -> str:
    """Says that an animation has too many frames, or too many pixels in all of them together."""
    return (
        f"This animation is too long: {frames} frames of {width} x {height}. "
        f"At most {most_frames} frames and {most_pixels / 1e6:.0f} megapixels in all are possible."
    )


def too_long_film(seconds: float, limit: float) -> str:
    """Says that a film is too long."""
    return f"This film is too long: {seconds / 60:.1f} minutes. At most {limit / 60:g} minutes are possible."


def too_large_film(width: int, height: int, limit: int) -> str:
    """Says that a film's frames are too large."""
    return f"This film's picture is too large: {width} x {height}. At most {limit / 1e6:.1f} megapixels are possible."


def friendly(note: str) -> str:
    """Puts what a reader or writer of files says into words for people; a sentence that is meant for them stays."""
    if "the server at " in note:  # "No answer from the server at ..." and the like
        return NO_SERVER
    if "Received:" not in note:
        return note
    low = note.lower()
    if "disk" in low and "full" in low or "no space left" in low:
        return DISK_FULL
    if "the model" in low:
        return NO_MODEL
    if "no such file" in low or "does not exist" in low:
        return GONE
    if "reached" in low or "server" in low:
        return NO_SERVER
    if "megapixel" in low:
        return FAR_TOO_MANY_PIXELS
    if any(word in low for word in ("damaged", "readable", "empty", "broken", "invalid", "which is none")):
        return DAMAGED
    return NOT_COLOURED
