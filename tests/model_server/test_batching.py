"""Batching: what is joined, padded, bounded, and that callers do not harm each other (batching_session_test)."""

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from protocol import predict_request, stub

from colorgan_tf.errors import InputError, ServingError
from serving.client import Client
from serving.model_server import config_files, statuses
from serving.model_server.batching import BatchScheduler
from serving.model_server.config_files import Batching
from serving.model_server.metrics import Metrics
from serving.model_server.servables.lifecycle import Lifecycle, State
from serving.model_server.server_core import Loading

Code = statuses.StatusCode


class Recorder:
    """A model that notes the batches it gets, and can be held to let a queue fill."""

    def __init__(self):
        self.batches: list[list] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def __call__(self, inputs):
        self.batches.append(inputs["x"].tolist())
        self.entered.release()
        assert self.gate.wait(20)
        if (inputs["x"] < 0).any():
            raise statuses.invalid_argument("negative")
        return {"y": inputs["x"] * 2}


@pytest.fixture
def model():
    return Recorder()


@pytest.fixture
def scheduler(model):
    made = []

    def make(**parameters):
        made.append(BatchScheduler(Batching(**({"num_batch_threads": 1} | parameters)), Metrics()))
        return made[0]

    yield make
    model.gate.set()
    for each in made:
        each.stop()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as pool:
        yield pool


def send(scheduler, model, values, queue="q", deadline=None, on_cancel=None):
    inputs = {"x": np.array(values, np.float32)}
    return scheduler.run(queue, model, inputs, deadline, on_cancel)["y"].tolist()


def hold(scheduler, model, pool):
    """Occupies the only thread, so that what comes next waits in the queue."""
    model.gate.clear()
    first = pool.submit(send, scheduler, model, [0.0], "held")
    assert model.entered.acquire(timeout=10)
    return first


def waiting(scheduler, tasks: int):
    """Waits until the queue holds so many tasks."""
    end = time.monotonic() + 10
    while sum(len(batch.tasks) for batch in list(scheduler._batches)) < tasks:
        assert time.monotonic() < end
        time.sleep(0.001)


def sent(scheduler, model, pool, *requests, **more):
    futures = []
    for values in requests:
        futures.append(pool.submit(send, scheduler, model, values, **more))
        waiting(scheduler, len(futures))
    return futures


def test_waiting_requests_run_together_and_get_their_own_rows(scheduler, model, pool):
    queue = scheduler(max_batch_size=8)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [1.0], [2.0, 3.0], [4.0])
    model.gate.set()
    assert [future.result(10) for future in futures] == [[2.0], [4.0, 6.0], [8.0]]
    assert model.batches[1:] == [[1.0, 2.0, 3.0, 4.0]]


def test_full_batches_close(scheduler, model, pool):
    queue = scheduler(max_batch_size=2, max_enqueued_batches=5)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [1.0], [2.0], [3.0, 4.0], [5.0])
    model.gate.set()
    assert [future.result(10) for future in futures] == [[2.0], [4.0], [6.0, 8.0], [10.0]]
    assert model.batches[1:] == [[1.0, 2.0], [3.0, 4.0], [5.0]]


def test_a_full_batch_does_not_wait_for_its_timeout(scheduler, model, pool):
    queue = scheduler(max_batch_size=2, batch_timeout_micros=3_600_000_000)
    futures = [pool.submit(send, queue, model, [value]) for value in (1.0, 2.0)]
    assert sorted(future.result(10) for future in futures) == [[2.0], [4.0]]


def test_padding_to_allowed_sizes(scheduler, model, pool):
    queue = scheduler(max_batch_size=4, allowed_batch_sizes=(1, 2, 4))
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [1.0, 2.0], [3.0])
    model.gate.set()
    assert [future.result(10) for future in futures] == [[2.0, 4.0], [6.0]]
    assert model.batches[1:] == [[1.0, 2.0, 3.0, 3.0]]


def test_unequal_shapes_run_apart(scheduler, model, pool):
    queue = scheduler(max_batch_size=8)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [[1.0, 2.0]], [[3.0]], [[4.0, 5.0]])
    model.gate.set()
    assert [future.result(10) for future in futures] == [[[2.0, 4.0]], [[6.0]], [[8.0, 10.0]]]
    assert model.batches[1:] == [[[1.0, 2.0], [4.0, 5.0]], [[3.0]]]


def test_unequal_shapes_are_padded_on_demand(scheduler, model, pool):
    queue = scheduler(max_batch_size=8, pad_variable_length_inputs=True)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [[1.0, 2.0]], [[3.0]])
    model.gate.set()
    assert [future.result(10) for future in futures] == [[[2.0, 4.0]], [[6.0, 0.0]]]
    assert model.batches[1:] == [[[1.0, 2.0], [3.0, 0.0]]]


def test_one_failure_is_one_callers_failure(scheduler, model, pool):
    queue = scheduler(max_batch_size=8)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [1.0], [-1.0], [3.0])
    model.gate.set()
    assert futures[0].result(10) == [2.0]
    with pytest.raises(ServingError, match="negative"):
        futures[1].result(10)
    assert futures[2].result(10) == [6.0]


def test_queues_do_not_mix_and_one_full_queue_does_not_block_others(scheduler, model, pool):
    queue = scheduler(max_batch_size=1, max_enqueued_batches=1)
    hold(queue, model, pool)
    first = sent(queue, model, pool, [1.0])[0]
    with pytest.raises(ServingError) as caught:
        send(queue, model, [2.0])
    assert caught.value.code == Code.UNAVAILABLE
    assert caught.value.text.startswith("The batch scheduling queue to which this task was submitted is full; ")
    other = pool.submit(send, queue, model, [3.0], "other")
    waiting(queue, 2)
    model.gate.set()
    assert (first.result(10), other.result(10)) == ([2.0], [6.0])


def test_requests_that_do_not_fit(scheduler, model):
    queue = scheduler(max_batch_size=4)
    for values, text in (
        ([0.0] * 65, "Task size 65 is larger than maximum input batch size 4"),
        (0.0, "Batching Run() input tensors must have at least one dimension"),
    ):
        with pytest.raises(ServingError) as caught:
            send(queue, model, values)
        assert (caught.value.code, caught.value.text) == (Code.INVALID_ARGUMENT, text)
    unequal = {"x": np.zeros(2), "z": np.zeros(3)}
    with pytest.raises(ServingError, match="must have equal 0th-dimension size"):
        queue.run("q", model, unequal, None)


def test_model_that_loses_rows_is_told(scheduler):
    queue = scheduler(max_batch_size=4)
    for result in (np.zeros([]), np.zeros(3)):
        with pytest.raises(ServingError, match="Batched output tensor's 0th dimension does not equal"):
            queue.run("q", lambda _, result=result: {"y": result}, {"x": np.zeros(2)}, None)


def test_large_requests_are_split_on_demand(scheduler, model):
    queue = scheduler(max_batch_size=10, enable_large_batch_splitting=True, max_execution_batch_size=4)
    values = np.arange(10.0).tolist()
    assert send(queue, model, values) == [2 * value for value in values]
    assert sorted(len(batch) for batch in model.batches) == [2, 4, 4]
    with pytest.raises(ServingError, match="Task size 11 is larger than maximum input batch size 10"):
        send(queue, model, [0.0] * 11)


def test_deadline_in_the_queue(scheduler, model, pool):
    queue = scheduler(max_batch_size=1)
    hold(queue, model, pool)
    with pytest.raises(ServingError) as caught:
        send(queue, model, [1.0], deadline=time.monotonic() + 0.01)
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    model.gate.set()
    assert send(queue, model, [2.0]) == [4.0]
    assert [1.0] not in model.batches


def test_a_caller_who_goes_away_is_not_run(scheduler, model, pool):
    queue = scheduler(max_batch_size=1)
    hold(queue, model, pool)
    cancels: list = []
    (gone,) = sent(queue, model, pool, [1.0], on_cancel=cancels.append)
    while not cancels:
        time.sleep(0.001)
    cancels[0]()
    with pytest.raises(ServingError) as caught:
        gone.result(10)
    assert caught.value.code == Code.CANCELLED
    model.gate.set()
    assert send(queue, model, [2.0]) == [4.0]
    assert [1.0] not in model.batches


def test_those_who_gave_up_do_not_keep_the_queue_full(scheduler, model, pool):
    queue = scheduler(max_batch_size=2, max_enqueued_batches=2)
    hold(queue, model, pool)
    late = {"deadline": time.monotonic() + 0.2}
    futures = []
    for value in (1.0, 2.0, 3.0, 4.0):
        futures.append(pool.submit(send, queue, model, [value], **(late if value in (1.0, 3.0) else {})))
        waiting(queue, len(futures))
    for gone in (futures[0], futures[2]):
        with pytest.raises(ServingError, match="DEADLINE_EXCEEDED"):
            gone.result(10)
    last = pool.submit(send, queue, model, [5.0])
    while sum(len(batch.tasks) for batch in list(queue._batches)) != 3:
        time.sleep(0.001)
    with pytest.raises(ServingError, match="UNAVAILABLE: .* is full"):
        send(queue, model, [6.0, 7.0])
    model.gate.set()
    assert [future.result(10) for future in (futures[1], futures[3], last)] == [[4.0], [8.0], [10.0]]
    assert model.batches[1:] == [[2.0, 4.0], [5.0]]


def test_stop_runs_what_waits_and_refuses_the_rest(scheduler, model, pool):
    queue = scheduler(max_batch_size=4)
    hold(queue, model, pool)
    futures = sent(queue, model, pool, [1.0], [2.0])
    stopping = pool.submit(queue.stop)
    while not queue._stopping:
        time.sleep(0.001)
    with pytest.raises(ServingError) as caught:
        send(queue, model, [3.0])
    assert caught.value.code == Code.UNAVAILABLE
    model.gate.set()
    assert [future.result(10) for future in futures] == [[2.0], [4.0]]
    stopping.result(10)


# === Parameter file ===


def read(tmp_path, text) -> Batching:
    file = tmp_path / "batching.txt"
    file.write_text(text)
    return config_files.read_batching(str(file))


def test_parameter_file(tmp_path):
    parameters = read(
        tmp_path,
        "max_batch_size { value: 8 } batch_timeout_micros { value: 500 } max_enqueued_batches { value: 4 }\n"
        'num_batch_threads { value: 2 } thread_pool_name { value: "pool" }\n'
        "allowed_batch_sizes: 1 allowed_batch_sizes: 8 pad_variable_length_inputs: true",
    )
    assert parameters == Batching(8, 500, 4, 2, "pool", (1, 8), True)
    assert read(tmp_path, "") == Batching()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("max_batch_size: 8", "Error parsing text-format tensorflow.serving.BatchingParameters: 1:"),
        ("nope { value: 1 }", "Error parsing text-format"),
        ("num_batch_threads { value: 0 }", "`num_batch_threads` must be at least 1"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", "must increase and end with the largest batch size"),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [4, 2, 4]", "must increase"),
    ],
)
def test_wrong_parameter_files(tmp_path, text, match):
    with pytest.raises(InputError, match=match):
        read(tmp_path, text)


# === In the server ===


def test_many_callers_get_their_own_answers(serve, tiny, pool):
    server = serve(f"{tiny}/half_plus_two", batching=Batching(max_batch_size=8, allowed_batch_sizes=(1, 2, 4, 8)))
    predict = stub(server)

    def one(value):
        request = predict_request(x=np.full([1 + value % 3], value, np.float32))
        return tf.make_ndarray(predict.Predict(request).outputs["y"]).tolist()

    values = range(100)
    assert list(pool.map(one, values)) == [[value / 2 + 2] * (1 + value % 3) for value in values]
    assert b":tensorflow:serving:batching_session:queuing_latency_count" in server.core.metrics.page()


def test_signatures_and_output_filters_in_batches(serve, tiny):
    server = serve(f"{tiny}/half_plus_two", batching=Batching(max_batch_size=4))
    request = predict_request(signature="two", a=[5.0], b=[3.0])
    request.output_filter.append("difference")
    assert dict(stub(server).Predict(request).outputs).keys() == {"difference"}
    with pytest.raises(grpc.RpcError) as caught:
        stub(server).Predict(predict_request(signature="total", x=[1.0, 2.0]))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def with_parameters(path: str, version: int, text: str) -> None:
    with open(os.path.join(path, str(version), "batching_params.pbtxt"), "w", encoding="utf-8") as file:
        file.write(text)


def rejection(server) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        stub(server).Predict(predict_request(x=[0.0] * 9))
    return caught.value.details()


def test_a_version_brings_its_own_parameters(serve, copy_model):
    path = copy_model(1)
    with_parameters(path, 1, "max_batch_size { value: 4 }")
    batching = Batching(max_batch_size=8, num_batch_threads=1, thread_pool_name="shared")
    server = serve(path, batching=batching, loading=Loading(own_batching=True))
    assert rejection(server) == "Task size 9 is larger than maximum input batch size 4"
    assert stub(server).Predict(predict_request(x=[1.0])).outputs["y"].float_val == [2.5]
    labels = {"thread_pool_name": "shared"}
    name = ":tensorflow:serving:batching_session:queuing_latency_count"
    assert server.core.metrics.registry.get_sample_value(name, labels) == 1
    assert rejection(serve(path, batching=batching)) == "Task size 9 is larger than maximum input batch size 8"


def test_a_version_without_parameters_of_its_own_is_not_batched(serve, copy_model):
    server = serve(copy_model(1), batching=Batching(max_batch_size=8), loading=Loading(own_batching=True))
    assert stub(server).Predict(predict_request(x=[1.0] * 9)).outputs["y"].float_val == [2.5] * 9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nonsense {", "Error parsing text-format tensorflow.serving.BatchingParameters"),
        ("max_batch_size { value: 8 } allowed_batch_sizes: 4", "must increase and end with the largest batch size"),
    ],
)
def test_wrong_parameters_of_a_version_fail_its_load(serve, copy_model, text, reason):
    path = copy_model(1)
    with_parameters(path, 1, text)
    lifecycle = Lifecycle(poll_wait_seconds=0.05, max_num_load_retries=0)
    server = serve(path, wait=False, batching=Batching(), loading=Loading(own_batching=True), lifecycle=lifecycle)
    servables = server.core.servables
    assert servables.wait_for(lambda: servables.statuses("m")[0].state == State.END, 30)
    error = servables.statuses("m")[0].error
    assert error is not None
    assert error.code == Code.INVALID_ARGUMENT
    assert reason in error.text


def test_one_callers_broken_picture_never_fails_another(serve, tiny, pool):
    def encoded(value, form="PNG", size=(40, 30)):
        file = io.BytesIO()
        Image.new("RGB", size, (value,) * 3).save(file, form)
        return file.getvalue()

    # Whole header, broken body: only decoding finds it out, within the batch.
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    broken = file.getvalue()[:-2000]
    parameters = Batching(max_batch_size=8, batch_timeout_micros=20_000, num_batch_threads=1)
    server = serve(f"{tiny}/pictures", name="pictures", batching=parameters)

    def one(value):
        with Client(f"127.0.0.1:{server.port}", "pictures") as client:
            if value % 4 == 0:
                with pytest.raises(InputError, match="Refused"):
                    client.colorize([broken])
                return None
            (coloured,) = client.colorize([encoded(value)])
            return Image.open(io.BytesIO(coloured)).getpixel((0, 0))[0]

    assert list(pool.map(one, range(40))) == [255 - value if value % 4 else None for value in range(40)]
