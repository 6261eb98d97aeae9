"""Faults: kill -9 and a restart of the embedded server, and versions that cannot be loaded."""

import shutil
import tempfile
from pathlib import Path

from benchmarks.serving_callers import Caller, callers, failed, plain_ask, publish, until
from benchmarks.serving_process import ServerProcess
from benchmarks.serving_requests import MODEL, RightAnswers, Rule, direct_call, picture

_KILLS = 3


def run(folder: Path) -> list[Rule]:
    """Runs each fault, prints what happened and returns the rules."""
    from colorgan_tf.inference import model_files

    source = model_files.version_folder(folder)
    right = RightAnswers(direct_call(str(source))([picture()]))
    with tempfile.TemporaryDirectory(prefix="faults.") as temporary:
        models = Path(temporary)
        publish(source, models, 1)
        return [*_killed(models, right), *_corrupt(models, right)]


def _killed(models: Path, right: RightAnswers) -> list[Rule]:
    """Kills and restarts the server while two clients ask: one as it comes, one that waits as long as it takes."""
    from serving.client import Client

    data = picture()

    def ask(client: Client):
        return lambda: None if right.fits(0, client.colorize([data], jpeg=True)[0]) else "a wrong picture"

    server = ServerProcess(models)
    try:
        server.wait_until_available()
        with (
            Client(server.address, MODEL) as hasty,
            Client(server.address, MODEL, retries=1000, timeout=300.0) as patient,
            callers(ask(hasty), ask(patient)) as group,
        ):
            for _ in range(_KILLS):
                for each in group:
                    each.wait_for_answers(3)
                server.kill()
                server = ServerProcess(models, port=server.port)
                server.wait_until_available()
                waits = [f"{each.wait_for_answers(1):.1f}" for each in group]
                print(f"killed and restarted; answered again after {' and '.join(waits)} s", flush=True)
    finally:
        server.stop()
    others = [text for text in group[0].failures if not text.startswith("ServerError: ")]
    return [
        Rule(
            f"a client recovers from {_KILLS} kills by itself, with plain errors meanwhile",
            failed(group[:1]),
            not others,
        ),
        Rule("a patient client has no failed request", failed(group[1:]), not group[1].failures),
    ]


def _corrupt(models: Path, right: RightAnswers) -> list[Rule]:
    """Publishes versions that cannot be loaded: no SavedModel, lost weights, nothing at all."""
    first = models / "1"

    def garbage(version: Path) -> None:
        (version / "saved_model.pb").write_bytes(b"no saved model")

    def truncated(version: Path) -> None:
        for data in version.glob("variables/variables.data-*"):
            data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])

    def empty(version: Path) -> None:
        for each in version.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()

    rules, versions = [], list[int]()
    arguments = [
        "--file_system_poll_wait_seconds=0.2",
        "--max_num_load_retries=1",
        "--load_retry_interval_micros=100000",
    ]
    with ServerProcess(models, *arguments) as server:
        server.wait_until_available()
        with callers(plain_ask(server.address, right, versions)) as group:
            for number, spoil in enumerate((garbage, truncated, empty), start=2):
                publish(first, models, number, spoil)
                rules.append(_reported(server, group, number, spoil.__name__))
    seen, kept = sorted(set(versions)), not group[0].failures
    rules.append(Rule("the old version serves on", f"{failed(group)} failed, versions {seen}", kept and seen == [1]))
    return rules


def _reported(server: ServerProcess, group: list[Caller], number: int, kind: str) -> Rule:
    """Waits until the server gives a version up, and checks the reason in its status."""
    import grpc
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = MODEL
    with grpc.insecure_channel(server.address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)

        def status():
            found = stub.GetModelStatus(request, timeout=60).model_version_status
            return next((each for each in found if each.version == number), None)

        until(
            lambda: (found := status()) is not None and found.state == found.END, f"Version {number} must be given up"
        )
        for each in group:
            each.wait_for_answers(1)
        reported = status().status
    text = reported.error_message.strip()
    return Rule(f"the status holds the reason ({kind})", text.split("\n")[0], bool(text) and reported.error_code != 0)
