"""Puts the website together."""

import datetime
import logging
from collections.abc import Mapping

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from colorgan_tf.errors import RequestError
from serving.jobs import texts as job_texts
from serving.jobs.queue import LONG, QUICK, JobQueue
from serving.jobs.store import Store
from serving.jobs.workers import InlineWorker, Model, ProcessWorker, Worker
from serving.language import chosen, gettext, speak
from serving.web import texts
from serving.web.api import api, http_error, refuse
from serving.web.downloads import downloads
from serving.web.metrics import Metrics
from serving.web.security import protect
from serving.web.settings import Settings
from serving.web.site import Site
from serving.web.streams import Streams
from serving.web.views import views

_FORM_OVERHEAD = 65536
Answer = tuple[Response | str, int]


def create_app(settings: Settings, workers: Mapping[str, Worker] | None = None) -> Flask:
    """Makes the website; `app.extensions["colorgan"].start()` begins to work on files.

    Args:
        settings: see there.
        workers: what does the work, by queue; by default after the settings.
    """
    app = Flask(__name__)
    store, metrics = Store(settings.data), Metrics()
    jobs = JobQueue(store, dict(workers or make_workers(settings)), settings.limits, metrics.finished)
    app.extensions["colorgan"] = Site(settings, store, jobs, metrics, Streams(settings.limits.streams))
    app.config.update(
        SECRET_KEY=store.secret(),
        SESSION_COOKIE_NAME="colorgan",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=datetime.timedelta(days=365),
        MAX_CONTENT_LENGTH=settings.limits.upload_bytes + _FORM_OVERHEAD,
        TRUSTED_HOSTS=list(settings.hosts) or None,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.before_request(lambda: speak(chosen(request.accept_languages.values())))
    app.teardown_request(lambda _error: speak(None))
    protect(app, settings.limits, settings.https)
    for blueprint in (api, downloads, views):
        app.register_blueprint(blueprint)
    app.register_error_handler(RequestError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)

    @app.after_request
    def count(response: Response) -> Response:
        metrics.answered(response.status_code)
        return response

    return app


def make_workers(settings: Settings) -> dict[str, Worker]:
    """Returns what does the work of each queue."""
    model = Model(settings.model, settings.server)
    if not settings.isolate:
        return {QUICK: InlineWorker(model.load), LONG: InlineWorker(model.load)}
    return {queue: ProcessWorker(model, settings.limits.task_seconds) for queue in (QUICK, LONG)}


def _refused(error: RequestError) -> Answer:
    if request.path.startswith("/api/"):
        return refuse(error)
    return render_template("message.html", message=gettext(error.text)), error.status


def _http_error(error: HTTPException) -> Answer:
    if error.code == 413:
        return _refused(RequestError(texts.too_large_file(request.max_content_length or 0), 413))
    if request.path.startswith("/api/"):
        return http_error(error)
    message = texts.NOT_FOUND if error.code in (404, 405) else texts.NOT_UNDERSTOOD
    return render_template("message.html", message=gettext(message)), error.code or 500


def _failed(error: Exception) -> Answer:
    logging.exception("request failed: %s", type(error).__name__)
    return _refused(RequestError(job_texts.WRONG, 500))
