"""Texts for people that the website and the desktop program share: refusals, and notes on results.

They are kept in English; whoever shows one looks it up with `gettext`. Those that take values are looked up here.
"""

from serving.language import N_, gettext

TITLE = "ColorGAN"
TAGLINE = N_("Colour for your black-and-white pictures, GIFs and films")
HONEST = N_("The colours are plausible, not historical truth: a model made them.")

# === What may come, and where it goes ===

PRIVATE = N_("Your pictures stay on this computer: nothing is sent anywhere.")
KINDS = N_("Pictures: {pictures}. Animations: GIF, WebP, PNG. Films: MP4, MOV, MKV, WebM, AVI, MPEG, WMV, FLV.")

# === Why something is not done ===

EMPTY_FILE = N_("This file is empty.")
UNKNOWN_KIND = N_(
    "This is not a picture, GIF or film that can be coloured. "
    "JPEG, PNG, WebP, TIFF, BMP, GIF, MP4, MOV, MKV, WebM, AVI, MPEG, WMV and FLV can."
)
NO_HEIC = N_("HEIC pictures cannot be read here. Please save it as JPEG first.")
NO_PDF = N_("PDF files cannot be read here. Please save its pages as pictures first.")
NOT_READ = N_("Pictures of this kind cannot be read here. Please save it as JPEG or PNG first.")
DAMAGED = N_("This file is damaged and cannot be read.")
FAR_TOO_MANY_PIXELS = N_("This picture is far too large to be opened.")
TOO_MANY_FRAMES = N_("This film has too many frames.")
BUSY = N_("Many pictures are waiting just now. Please try again in a few minutes.")
BUSY_EACH = N_("You have many files waiting already. Please let some of them finish first.")
WRONG = N_("Something went wrong on our side. Please try again.")
CRASHED = N_("This file could not be coloured: it is damaged, or too large for this computer.")
TOO_SLOW = N_("This file took too long and was given up.")
GONE = N_("This file can no longer be found.")
DISK_FULL = N_("There is no room left on the disk.")
NO_SERVER = N_("The server that gives colours cannot be reached.")
NO_MODEL = N_("The model that gives colours cannot be opened.")
NOT_COLOURED = N_("It could not be given colours.")
NO_PICTURE = N_("A reference is a picture in colour: JPEG, PNG, WebP, TIFF or BMP.")
GREY_REFERENCE = N_("This picture is grey: a reference shows the colours of such things.")
NO_REFERENCES = N_("The model in use takes no reference.")

# === Notes on results ===

HAS_COLOURS = N_("It has colours already, so it was left as it is.")
SOME_SHOTS_HAVE_COLOURS = N_("Some scenes have colours already and were left as they are.")
AS_MP4 = N_("It is an MP4 now, which plays everywhere.")
ONLY_FIRST_PAGE = N_("The file has {pages} pages; the first one was coloured.")
NO_DIFFERENCE = N_("The reference made hardly any difference.")
STOPPED_EARLY = N_("this is what was done until then.")


def too_many_pixels(width: int, height: int, limit: int) -> str:
    """Says that a picture has too many pixels."""
    text = gettext("This picture is too large: {width} x {height}. At most {megapixels} megapixels are possible.")
    return text.format(width=width, height=height, megapixels=round(limit / 1e6))


def too_long_animation(frames: int, width: int, height: int, most_frames: int, most_pixels: int) -> str:
    """Says that an animation has too many frames, or too many pixels in all of them together."""
    text = gettext(
        "This animation is too long: {frames} frames of {width} x {height}. "
        "At most {most} frames and {megapixels} megapixels in all are possible."
    )
    return text.format(frames=frames, width=width, height=height, most=most_frames, megapixels=round(most_pixels / 1e6))


def too_long_film(seconds: float, limit: float) -> str:
    """Says that a film is too long."""
    text = gettext("This film is too long: {minutes} minutes. At most {most} minutes are possible.")
    return text.format(minutes=f"{seconds / 60:.1f}", most=f"{limit / 60:g}")


def too_large_film(width: int, height: int, limit: int) -> str:
    """Says that a film's frames are too large."""
    text = gettext("This film's picture is too large: {width} x {height}. At most {most} megapixels are possible.")
    return text.format(width=width, height=height, most=f"{limit / 1e6:.1f}")


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
    if any(word in low for word in ("damaged", "readable", "be read", "empty", "broken", "invalid", "which is none")):
        return DAMAGED
    return NOT_COLOURED
