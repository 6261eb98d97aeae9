"""A website on loopback and a real browser, for tests and screenshots."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from serving.http import HttpServer
from serving.web.app import create_app
from serving.web.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent.parent.parent / "build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def browser_path() -> str | None:
    """Returns where a Chromium is, or None; `make browser` installs one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextlib.contextmanager
def serve(settings: Settings, runners=None) -> Iterator[str]:
    """Serves a website on a free port and yields its address."""
    app = create_app(settings, runners)
    server = HttpServer(app, "127.0.0.1", 0, max_body_bytes=settings.limits.upload_bytes)
    app.extensions["colorgan"].start()
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        app.extensions["colorgan"].jobs.events.close()
        server.stop(10)
        app.extensions["colorgan"].close()


@contextlib.contextmanager
def browse() -> Iterator:
    """Starts a headless Chromium and yields it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's sandbox does not start as root, as in most containers.
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=browser_path(), args=sandbox)
        yield browser
        browser.close()


def serious_faults(page) -> list[str]:
    """Returns what axe-core finds in a page that is serious or critical, WCAG 2.2 A and AA."""
    page.evaluate(AXE.read_text())
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = page.evaluate("rules => axe.run(document, rules)", rules)["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for fault in found
        for node in fault["nodes"]
        if fault["impact"] in ("serious", "critical")
    ]


def upload(page, *paths):
    page.set_input_files("#choose", [str(path) for path in paths])


def uploaded(page, path):
    """Uploads one file and waits for its page and its result."""
    upload(page, path)
    page.wait_for_url("**/files/*")
    done(page)


def done(page, version=1):
    """Waits until the page itself offers the result of that version."""
    page.wait_for_function(
        "version => document.getElementById('status').textContent.startsWith('In colour in')"
        " && Number(new URL(document.getElementById('download').href).searchParams.get('v')) >= version",
        arg=version,
    )


def downloaded(page, selector="#download"):
    with page.expect_download() as download:
        page.click(selector)
    return download.value.suggested_filename, download.value.path().read_bytes()


def coloured_part(page):
    """How much of the width is in colour: what is clipped from the layer of the original."""
    return float(re.search(r"([\d.]+)%", page.locator("#before").evaluate("each => each.style.clipPath"))[1])
