"""The website under load: clients that only hold connections."""

import live_site
import made_uploads
import pytest
import silent_clients

from serving.jobs.queue import LONG, QUICK
from serving.jobs.workers import InlineWorker
from serving.web.settings import Settings


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_1000_silent_clients_do_not_keep_the_next_one_waiting(tmp_path, backend, path):
    workers = {queue: InlineWorker(lambda: backend) for queue in (QUICK, LONG)}
    with live_site.serve(Settings(data=tmp_path / "data", samples=made_uploads.SAMPLES), workers) as address:
        assert silent_clients.seconds_beside_them(f"{address}{path}") < 1
