"""The REST port under load: clients that only hold connections, and the deadline of a request."""

import threading

import pytest
import requests
import silent_clients

from serving.model_server.rest.application import RestOptions


@pytest.mark.parametrize("path", ["/v1/models/m", "/metrics"])
def test_1000_silent_clients_do_not_keep_status_and_metrics_waiting(serve, copy_model, path):
    server = serve(copy_model(1), rest_port=0, rest=RestOptions(prometheus_path="/metrics"))
    assert silent_clients.seconds_beside_them(f"http://127.0.0.1:{server.rest_port}{path}") < 1


@pytest.mark.parametrize("threads", [1, 4])
def test_an_answer_that_the_model_does_not_give_in_time_is_504(serve, copy_model, monkeypatch, threads):
    server = serve(copy_model(1), rest_port=0, rest=RestOptions(threads=threads, timeout_seconds=0.2))
    run, go = server.core.predictor.run, threading.Event()
    monkeypatch.setattr(server.core.predictor, "run", lambda *arguments: go.wait(20) and run(*arguments))
    address = f"http://127.0.0.1:{server.rest_port}/v1/models/m"
    try:
        for _ in range(2):  # the second one waits for the only thread
            answer = requests.post(f"{address}:predict", json={"instances": [1.0]}, timeout=20)
            assert (answer.status_code, answer.json()) == (504, {"error": "Timed out waiting for the answer"})
        assert requests.get(address, timeout=20).status_code == 200
    finally:
        go.set()
    monkeypatch.undo()
    answer = requests.post(f"{address}:predict", json={"instances": [1.0]}, timeout=20)
    while answer.status_code == 504:  # the one that came too late may still be running
        answer = requests.post(f"{address}:predict", json={"instances": [1.0]}, timeout=20)
    assert answer.json() == {"predictions": [2.5]}
