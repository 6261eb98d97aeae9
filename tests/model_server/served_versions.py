"""What tests of versions share: configurations, the state of a version, which one answers, with which code."""

import grpc
import pytest
from protocol import predict_request, stub

from colorgan_tf.errors import ServingError
from serving.model_server import config_files, statuses
from serving.model_server.servables.lifecycle import State
from serving.model_server.server import ModelServer

Code = statuses.StatusCode
FAST = {"poll_wait_seconds": 0.05, "load_retry_interval_seconds": 0.01}


def models_of(text: str):
    return config_files.parse(f"model_config_list {{ {text} }}", "ModelServerConfig", "test")


def entry(base_path: str, name: str = "m", more: str = "") -> str:
    return f'config {{ name: "{name}" base_path: "{base_path}" model_platform: "tensorflow" {more} }}'


def state(server: ModelServer, version: int, name: str = "m") -> State | None:
    try:
        return server.core.servables.statuses(name, version)[0].state
    except ServingError:
        return None


def becomes(server: ModelServer, version: int, wanted: State, name: str = "m") -> None:
    assert server.core.servables.wait_for(lambda: state(server, version, name) == wanted, 30), (
        f"version {version} is {state(server, version, name)}"
    )


def answer(server: ModelServer, **spec) -> int:
    """Returns the version that answers."""
    return stub(server).Predict(predict_request(x=[1.0], **spec)).model_spec.version.value


def code_of(server: ModelServer, **spec) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        answer(server, **spec)
    return caught.value.code(), caught.value.details()
