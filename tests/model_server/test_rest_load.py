"""The REST port under load: clients that only hold connections, and the deadline of a request."""

import pytest
import silent_clients


@pytest.mark.parametrize("path", ["/v1/models/m", "/metrics"])
def test_1000_silent_clients_do_not_keep_status_and_metrics_waiting(serve, copy_model, path):
    from serving.model_server.rest.application import RestOptions

    server = serve(copy_model(1), rest_port=0, rest=RestOptions(prometheus_path="/metrics"))
    assert silent_clients.seconds_beside_them(f"http://127.0.0.1:{server.rest_port}{path}") < 1
