"""Runs the website behind the HTTP server."""

import signal
import threading

from serving.http import HttpServer, behind_proxy
from serving.jobs.limits import MEGA
from serving.jobs.workers import ProcessWorker
from serving.web.app import create_app, make_workers
from serving.web.settings import Settings

_GRACE_SECONDS = 10.0


def run(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Raises:
        InputError: the port is taken.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    workers = make_workers(settings)
    app = create_app(settings, workers)
    site = app.extensions["colorgan"]
    server = HttpServer(
        behind_proxy(app, settings.proxy) if settings.proxy else app,
        host,
        port,
        max_body_bytes=settings.limits.upload_bytes + MEGA,
        proxy=settings.proxy,
    )
    site.start()
    for worker in workers.values():
        if isinstance(worker, ProcessWorker):
            worker.start()  # the first file finds the model loaded
    server.start()
    what = settings.server or settings.model
    print(f"ColorGAN's website, colouring with {what}: http://{host}:{server.port}/", flush=True)
    end.wait()
    site.jobs.events.close()  # streams of progress end at once
    server.stop(_GRACE_SECONDS)
    site.close()
