"""Website and window speak the language of the browser or the system: no text is missing, none has other values."""

import ast
import gettext
import re
import subprocess
import sys
from pathlib import Path

import made_uploads
import pytest

from serving import language

SERVING = Path(language.__file__).parent
OTHERS = [each for each in language.LANGUAGES if each != "en"]


def marked():
    """Every text of the code that is to be translated."""
    found = set()
    for path in SERVING.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in ("N_", "_", "gettext"):
                    found |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
                elif node.func.id == "ngettext":
                    found |= {each.value for each in node.args[:2] if isinstance(each, ast.Constant)}
    return found


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_has_a_translation_with_the_same_values(code):
    catalogue = gettext.translation(language.DOMAIN, language.FOLDER, [code])._catalog
    texts = {}
    for key, translation in catalogue.items():
        texts.setdefault(key[0] if isinstance(key, tuple) else key, []).append(translation)
    plural = "about {count} minutes left"  # stands under its singular
    wanted = marked() - {plural}
    assert len(wanted) > 200
    assert wanted - set(texts) == set() and set(texts) - wanted == {""}
    for text, translations in texts.items():
        for each in translations:
            assert each.strip()
            if text:
                assert sorted(re.findall(r"\{\w*\}", each)) == sorted(re.findall(r"\{\w*\}", text)), text
                assert text.count("&") == each.count("&"), text  # keys of menus


@pytest.mark.parametrize("code", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_readable_one(code, tmp_path):
    mofile = pytest.importorskip("babel.messages.mofile", reason="`make test` installs Babel.")
    pofile = pytest.importorskip("babel.messages.pofile")
    folder = language.FOLDER / code / "LC_MESSAGES"
    with (folder / "colorgan.po").open("rb") as source, (tmp_path / "made.mo").open("wb") as target:
        mofile.write_mo(target, pofile.read_po(source))
    with (folder / "colorgan.mo").open("rb") as shipped, (tmp_path / "made.mo").open("rb") as made:
        assert gettext.GNUTranslations(shipped)._catalog == gettext.GNUTranslations(made)._catalog


@pytest.mark.parametrize(
    ("header", "lang", "words"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Dateien wählen"),
        ("es-MX,en;q=0.8", "es", "Elegir archivos"),
        ("fr,en-GB;q=0.7,de;q=0.3", "en", "Choose files"),
        ("ja", "en", "Choose files"),
    ],
)
def test_the_website_speaks_the_browsers_language(user, header, lang, words):
    page = user.client.get("/", headers={"Accept-Language": header}).get_data(as_text=True)
    assert f'<html lang="{lang}">' in page and words in page


def test_refusals_and_notes_are_in_the_language_of_who_asks(user):
    german = {"Accept-Language": "de", **user.headers}
    answer = user.client.post("/api/files?name=a.jpg", data=b"no picture", headers=german)
    assert answer.json["error"].startswith("Das ist kein Bild")
    assert user.upload(b"no picture").json["error"].startswith("This is not a picture")
    file = user.client.post("/api/files?name=a.png", data=made_uploads.colour_picture(), headers=german).json
    assert user.finished(file)["note"] == "It has colours already, so it was left as it is."
    again = user.client.get(file["links"]["self"], headers=german).json
    assert again["note"] == "Sie ist schon farbig und blieb deshalb, wie sie ist."


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANGUAGE": "fr:es", "LANG": "de_DE.UTF-8"}, "es"),
        ({}, "en"),
    ],
)
def test_a_program_speaks_the_systems_language(monkeypatch, variables, wanted):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language.current() == wanted
    with language.speaking("de"):
        assert language.gettext("Undo") == "Rückgängig"
        assert (
            language.ngettext("about {count} minute left", "about {count} minutes left", 1)
            == "noch etwa {count} Minute"
        )
    assert (
        language.current() == wanted
        and language.gettext("") == ""
        and language.gettext("no such text") == "no such text"
    )


def test_the_windows_texts_are_in_the_systems_language():
    command = "from serving.desktop import texts; print(texts.CHOOSE_FILES, texts.left(60), texts.GONE, sep='|')"
    environment = {"LANG": "es_ES.UTF-8", "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"}
    answer = subprocess.run(
        [sys.executable, "-c", command],
        cwd=SERVING.parent,
        env=environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    words = answer.stdout.decode().strip().split("|")
    assert words == ["Elegir archivos…", "queda 1 minuto más o menos", "Este archivo ya no se encuentra."]
