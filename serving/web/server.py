"""Runs the website behind waitress."""

import logging
import signal
from typing import Any

from colorgan_tf.errors import InputError
from serving.jobs.workers import ProcessWorker
from serving.web.app import create_app, make_workers
from serving.web.settings import MEGA, Settings

_PAGE_THREADS = 12


def run(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or Ctrl-C.

    Raises:
        InputError: the port is taken.
    """
    import waitress

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # waiting requests are no news
    workers = make_workers(settings)
    app = create_app(settings, workers)
    site = app.extensions["colorgan"]
    try:
        server = waitress.create_server(
            app,
            host=host,
            port=port,
            # Streams of progress keep a thread each.
            threads=_PAGE_THREADS + settings.limits.streams,
            max_request_body_size=settings.limits.upload_bytes + MEGA,
            channel_timeout=300,
            ident=None,
            **(_proxy(settings.proxy) if settings.proxy else {}),
        )
    except OSError as error:
        raise InputError(f"The port must be free. Received: {host}:{port}: {error.strerror or error}.") from error
    site.start()
    for worker in workers.values():
        if isinstance(worker, ProcessWorker):
            worker.start()  # the first file finds the model loaded

    def end(*_) -> None:
        site.jobs.events.close()  # streams of progress end at once, and with them their threads
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    what = settings.server or settings.model
    print(f"ColorGAN's website, colouring with {what}: http://{host}:{server.effective_port}/", flush=True)
    try:
        server.run()
    finally:
        server.close()
        site.close()


def _proxy(address: str) -> dict[str, Any]:
    return {
        "trusted_proxy": address,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        "clear_untrusted_proxy_headers": True,
    }
