"""A website on made files: a network that costs nothing, the work done in a thread, a user who follows the rules."""

import dataclasses

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
