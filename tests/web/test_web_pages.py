"""The pages: small, without inline code, loading nothing from elsewhere, their texts in one place."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import made_uploads
import pytest

from serving.web import texts

WEB = Path(texts.__file__).parent
ROOT = WEB.parent.parent


class Page(HTMLParser):
    """Collects what a page loads and what it holds inline."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.inline, self.labels, self.ids = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag in ("script", "img", "link", "video") and (values.get("src") or values.get("href")):
            self.loaded.append(values.get("src") or values["href"])
        if tag == "style" or "style" in values or any(name.startswith("on") for name in values):
            self.inline.append((tag, values))
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.inline.append((tag, values))
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "label":
            self.labels.append(values.get("for"))


@pytest.fixture
def pages(user):
    file = user.coloured(made_uploads.picture())
    addresses = ["/", "/gallery", "/api", f"/files/{file['id']}", "/nothing"]
    return {address: user.get(address).get_data(as_text=True) for address in addresses}


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_code(pages):
    for address, text in pages.items():
        page = Page(text)
        assert all(each.startswith("/") and not each.startswith("//") for each in page.loaded), address
        assert page.inline == [], address
        assert len(page.ids) == len(set(page.ids)), address
    for path in [each for each in (WEB / "static").iterdir() if each.suffix != ".jpg"]:
        assert not re.search(r"https?://(?!www\.w3\.org)", path.read_text()), path


def test_a_page_with_all_it_loads_is_under_150_kilobytes(user, pages):
    modules = {f"/static/{path.name}" for path in (WEB / "static").glob("*.js")}
    for text in pages.values():
        code = {each for each in Page(text).loaded if each.startswith(("/static/", "/samples/"))} | modules
        assert len(text) + sum(len(user.get(address).get_data()) for address in code) < 150_000


def test_every_label_has_its_field(pages):
    for address, text in pages.items():
        page = Page(text)
        assert {label for label in page.labels if label} <= set(page.ids), address


def test_scripts_use_only_texts_that_exist_and_every_text_is_used():
    scripts = "".join(path.read_text() for path in (WEB / "static").glob("*.js"))
    used = set(re.findall(r'\btext\("(\w+)"', scripts)) | {"try_again", "go_on"}
    states = {"waiting", "working", "done", "stopped", "failed"}  # asked for by the state's name
    assert used <= set(texts.SCRIPT)
    assert set(texts.SCRIPT) - used - states == set()
    templates = "".join(path.read_text() for path in (WEB / "templates").glob("*.html"))
    asked = set(re.findall(r"\bt\.(\w+)", templates)) | {"fast", "good", "best"}
    assert asked == set(texts.PAGE)


def test_a_file_of_another_user_looks_like_none(user):
    answer = user.get("/files/somebody-elses")
    assert answer.status_code == 404 and texts.NOT_FOUND.split(".")[0] in answer.get_data(as_text=True)


def run(*arguments):
    command = [sys.executable, "-m", "serving.web", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_help_names_the_flags():
    answer = run("--help")
    assert answer.returncode == 0 and "--port" in answer.stdout and "--server" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model=nothing/here"], "does not exist"),
        (["--model=a", "--server=b:1"], "not be given together"),
        (["--port=99999"], "65535"),
        (["surplus"], "flags only"),
    ],
)
def test_wrong_flags_are_one_line_and_exit_code_2(arguments, words):
    answer = run(*arguments)
    assert answer.returncode == 2 and words in answer.stderr and "Traceback" not in answer.stderr
