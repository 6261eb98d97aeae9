"""A website on made files: a network that costs nothing, the work done in a thread, a user who follows the rules."""

import dataclasses

import live_site
import made_uploads
import pytest
from made_uploads import FakeBackend
from site_user import User

from serving.jobs.queue import LONG, QUICK
from serving.jobs.workers import InlineWorker
from serving.web.app import create_app
from serving.web.settings import Settings


@pytest.fixture
def backend():
    return FakeBackend()


@pytest.fixture
def make_site(tmp_path, backend):
    """Makes started websites, each on the same data; all are closed at the end."""
    apps = []

    def make(runners=None, start=True, **limits):
        settings = Settings(data=tmp_path / "data", samples=made_uploads.SAMPLES)
        settings = dataclasses.replace(settings, limits=dataclasses.replace(settings.limits, **limits))
        inline = {lane: InlineWorker(lambda: backend) for lane in (QUICK, LONG)}
        app = create_app(settings, runners or inline)
        if start:
            app.extensions["colorgan"].start()
        apps.append(app)
        return app

    yield make
    backend.gate.set()
    for app in apps:
        app.extensions["colorgan"].close()


@pytest.fixture
def app(make_site):
    return make_site()


@pytest.fixture
def user(app):
    return User(app)


@pytest.fixture
def gif(tmp_path):
    (tmp_path / "moving.gif").write_bytes(made_uploads.animation(6))
    return tmp_path / "moving.gif"


@pytest.fixture
def film(tmp_path):
    made_uploads.film(tmp_path / "short.mp4", frames=60, width=320, height=240)
    return tmp_path / "short.mp4"


# === In a real browser ===


@pytest.fixture(scope="module")
def browser():
    with live_site.browse() as browser:
        yield browser


@pytest.fixture
def gate():
    """The network of the films; it waits while its gate is closed."""
    return FakeBackend()


@pytest.fixture(params=[16])
def address(request, tmp_path, gate, backend):
    settings = Settings(data=tmp_path / "data", samples=made_uploads.SAMPLES)
    settings = dataclasses.replace(settings, limits=dataclasses.replace(settings.limits, streams=request.param))
    with live_site.serve(settings, {QUICK: InlineWorker(lambda: backend), LONG: InlineWorker(lambda: gate)}) as address:
        yield address
        gate.gate.set()


@pytest.fixture
def open_page(browser, address):
    """Opens pages, each as another user; whatever a page complains of fails the test."""
    contexts, complaints = [], []

    def open_(path="/", **options):
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        context.set_default_timeout(180_000)  # a loaded machine is slow
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on(
            "request", lambda sent: None if sent.url.startswith((address, "data:")) else complaints.append(sent.url)
        )
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    # Chromium itself reports every refused request; the tests look at what the page makes of it.
    assert [each for each in complaints if "Failed to load resource" not in each] == []
