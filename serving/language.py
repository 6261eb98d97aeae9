"""Texts in the language of whoever reads them: gettext, with the catalogues in `locale` beside this file.

Texts are written in English where they belong, marked with `N_`, and looked up where they are shown. A website speaks
to each browser in its own language (`speak`); any other program speaks the system's.
"""

import contextlib
import functools
import gettext as catalogues
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

LANGUAGES = ("en", "de", "es")
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "colorgan"
_spoken: ContextVar[str | None] = ContextVar("language", default=None)


def N_(text: str) -> str:  # noqa: N802
    """Marks a text for the catalogues; returns it as it is."""
    return text


def gettext(text: str) -> str:
    """Returns a text in the present language; in English where it has no translation."""
    return _catalogue(current()).gettext(text) if text else ""  # the empty text is a catalogue's own header


def ngettext(one: str, several: str, count: int) -> str:
    """Returns the form of a text that goes with a number."""
    return _catalogue(current()).ngettext(one, several, count)


def current() -> str:
    """Returns the present language, one of `LANGUAGES`."""
    return _spoken.get() or _of_system()


def speak(language: str | None) -> None:
    """Sets the language of this thread; None for the system's."""
    _spoken.set(language)


def chosen(wanted: Iterable[str]) -> str:
    """Returns the first of the wanted languages ("de-AT", "es") that there is; English where there is none of them."""
    codes = (each.replace("_", "-").partition("-")[0].partition(".")[0].lower() for each in wanted)
    return next((code for code in codes if code in LANGUAGES), "en")


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Sets the language for a while."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def _of_system() -> str:
    """The system's language by the variables that gettext reads; English where it is none of ours."""
    names = (os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return chosen(next((name for name in names if name), "").split(":"))


@functools.cache
def _catalogue(language: str) -> catalogues.NullTranslations:
    return catalogues.translation(DOMAIN, FOLDER, [language], fallback=True)
