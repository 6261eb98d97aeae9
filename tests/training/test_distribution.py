"""Strategies: which is chosen and why, and that many devices or workers train as one does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from colorgan_tf.errors import InputError
from colorgan_tf.training import distribution

ROOT = Path(__file__).parents[2]
COMMON = """
import dataclasses, sys
import keras, numpy as np, tensorflow as tf
from colorgan_tf import config
from colorgan_tf.training import distribution
from colorgan_tf.training.gan import ColorGAN

def build(strategy):
    keras.utils.set_random_seed(0)
    model = config.Model(filters=2, discriminator_filters=2, dropout=0.0)
    with strategy.scope():
        gan = ColorGAN(config.Config(model=model, phases=(config.Phase(steps=100, learning_rate=2e-3),)))
        gan.build_optimizers()
    return gan

def batch(step):
    rng = np.random.default_rng(step)
    rows = rng.random((4, 256, 1, 1)) * np.ones((1, 1, 256, 1))
    return rows.astype(np.float32), (np.concatenate([rows, -rows], -1) * 0.4 + 0.02 * step).astype(np.float32)

def trainer(strategy, gan):
    @tf.function
    def step(data):
        scores = strategy.run(gan.train_step, args=(data,))
        return {name: strategy.reduce("MEAN", score, axis=None) for name, score in scores.items()}
    return step
"""
MIRRORED = (
    COMMON
    + """
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
weights = None
for name in ("one", "mirrored"):
    strategy, _ = distribution.choose(name)
    gan = build(strategy)
    # Both start alike: a strategy must not change what the seed gives.
    networks = [*gan.generator.network.weights, *gan.adversary.network.weights]
    if weights is None:
        weights = [weight.numpy() for weight in networks]
    for weight, value in zip(networks, weights, strict=True):
        weight.assign(value)
    data = strategy.distribute_datasets_from_function(
        lambda context: tf.data.Dataset.from_generator(
            lambda: (batch(step) for step in range(3)),
            output_signature=(tf.TensorSpec([4, 256, 256, 1]), tf.TensorSpec([4, 256, 256, 2])),
        ).unbatch().batch(4 // strategy.num_replicas_in_sync, drop_remainder=True)
    )
    step = trainer(strategy, gan)
    for scores in map(step, data):
        print(name, strategy.num_replicas_in_sync, {key: float(value) for key, value in sorted(scores.items())})
"""
)
WORKERS = (
    COMMON
    + """
strategy, why = distribution.choose("auto")
agree = distribution.any_worker(strategy)
gan = build(strategy)
number = strategy.cluster_resolver.task_id
step = trainer(strategy, gan)
for index in range(3):
    luma, chroma = batch(index)
    half = slice(2 * number, 2 * number + 2)  # each worker sees other pictures
    step((tf.constant(luma[half]), tf.constant(chroma[half])))
both = [*gan.generator.network.weights, *gan.adversary.network.weights]
weights = {w.path: w.numpy() for w in both if "seed" not in w.path}
np.savez(sys.argv[1], **weights)
print(why, "chief" if distribution.is_chief(strategy) else "other", agree(False), agree(number == 1), flush=True)
"""
)


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def start_workers(commands):
    """Starts one process for each command, as the workers of one cluster on this machine."""
    workers = [f"127.0.0.1:{port}" for port in free_ports(len(commands))]
    started = []
    for index, command in enumerate(commands):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {"TF_CONFIG": json.dumps(task), "PYTHONPATH": str(ROOT)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen([sys.executable, *map(str, command)], env=environment, cwd=ROOT, **pipes))
    return started


def finish(processes, timeout=400):
    """Waits for all, and returns what each printed; none survives a failure."""
    try:
        return [process.communicate(timeout=timeout)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()


# === The choice ===


@pytest.fixture
def no_builders(monkeypatch):
    for name in ("_one", "_multiworker", "_tpu"):
        monkeypatch.setattr(distribution, name, lambda name=name: name.strip("_"))
    monkeypatch.setattr(distribution, "_mirrored", lambda devices: "mirrored")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)


def cluster(workers):
    return json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": 0}})


@pytest.mark.parametrize(
    ("environment", "gpus", "chosen"),
    [
        ({}, 0, ("one", "strategy one: no accelerator was found")),
        ({}, 1, ("one", "strategy one: one GPU was found")),
        ({}, 4, ("mirrored", "strategy mirrored: 4 GPUs were found")),
        ({"TPU_NAME": "local"}, 0, ("tpu", "strategy tpu: a TPU is named by the environment")),
        ({"TF_CONFIG": cluster(["a:1"])}, 0, ("one", "strategy one: no accelerator was found")),
        ({"TF_CONFIG": cluster(["a:1", "b:1"])}, 2, ("multiworker", "strategy multiworker: TF_CONFIG names 2 workers")),
    ],
)
def test_auto_chooses_by_what_is_there_and_says_why(monkeypatch, no_builders, environment, gpus, chosen):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    devices = {"GPU": ["GPU"] * gpus}
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: devices.get(kind, []))
    assert distribution.choose("auto") == chosen


def test_what_is_asked_for_is_taken(no_builders):
    assert distribution.choose("mirrored") == ("mirrored", "strategy mirrored: asked for")
    with pytest.raises(InputError, match="must be auto, one, mirrored, multiworker, tpu. Received: strategy=many"):
        distribution.choose("many")


def test_a_cluster_that_is_missing_or_damaged_is_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(InputError, match="needs TF_CONFIG to name the workers"):
        distribution.choose("multiworker")
    monkeypatch.setenv("TF_CONFIG", "{cluster")
    with pytest.raises(InputError, match="TF_CONFIG must be JSON that names a cluster. Received: {cluster"):
        distribution.choose("auto")


@pytest.mark.parametrize(("has", "policy"), [(True, "mixed_bfloat16"), (False, "float32")])
def test_precision_is_chosen_by_the_processor(monkeypatch, has, policy):
    monkeypatch.setattr(distribution, "_cpu_has", lambda flag: has and flag == "avx512_bf16")
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    chosen, why = distribution.precision_policy("auto")
    assert chosen == policy
    assert why.startswith(f"precision {policy}: the processor ")
    assert distribution.precision_policy("mixed_float16") == ("mixed_float16", "precision mixed_float16: asked for")


# === Many devices, many workers ===


@pytest.mark.slow
def test_two_devices_train_as_one_on_the_same_pictures(tmp_path):
    command = [sys.executable, "-c", MIRRORED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert [(name, replicas) for name, replicas, _ in rows] == [("one", "1")] * 3 + [("mirrored", "2")] * 3
    losses = [json.loads(scores.replace("'", '"')) for _, _, scores in rows]
    for one, mirrored in zip(losses[:3], losses[3:], strict=True):
        assert mirrored == pytest.approx(one, rel=1e-4)
    assert losses[0]["pixel"] != pytest.approx(losses[2]["pixel"], rel=1e-2)  # there was something to learn


@pytest.mark.slow
def test_two_workers_end_with_the_same_weights(tmp_path):
    files = [tmp_path / "0.npz", tmp_path / "1.npz"]
    outputs = finish(start_workers([["-c", WORKERS, file] for file in files]))
    chosen = "strategy multiworker: TF_CONFIG names 2 workers"
    assert f"{chosen} chief False True" in outputs[0], outputs[0][-3000:]
    assert f"{chosen} other False True" in outputs[1], outputs[1][-3000:]
    first, second = map(np.load, files)
    assert set(first) == set(second)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.slow
def test_the_train_command_works_on_two_workers_with_stop_and_resume(tmp_path, photographs):
    workdir = tmp_path / "run"
    command = ["-m", "colorgan_tf.train", f"--data={photographs}", f"--workdir={workdir}", "--preset=tiny"]
    command += ["--steps=40", "--batch=2", "--checkpoint_every=1", "--precision=float32", "--strategy=multiworker"]
    command += [f"--set={option}" for option in ("model.filters=2", "model.discriminator_filters=2")]
    command += ["--set=data.validation_pictures=1"]
    from test_train import wait_for

    # SIGTERM to one of them stops both at the same step, with a checkpoint.
    workers = start_workers([command, command])
    wait_for(workdir / "checkpoints/checkpoint", workers[0])
    workers[1].terminate()
    outputs = finish(workers)
    stopped = [line for output in outputs for line in output.splitlines() if line.startswith("stopped at step ")]
    assert len(stopped) == 2, outputs[0][-3000:] + outputs[1][-3000:]
    assert stopped[0] == stopped[1]
    step = int(stopped[0].split()[3])
    assert (workdir / f"checkpoints/ckpt-{step}.index").exists()

    # The same command resumes it; only the chief writes.
    outputs = finish(start_workers([command, command]))
    for output in outputs:
        assert f"resuming at step {step} of 40" in output, output[-3000:]
        assert f"finished 40 steps in {workdir}" in output, output[-3000:]
    steps = [json.loads(line) for line in (workdir / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in steps if line["group"] == "train"] == list(range(1, 41))
    assert (workdir / "last.weights.h5").exists()
