"""Training in JAX: the same steps as in TensorFlow, and a run of the command with its resume, each in a new process."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is an extra"),
    pytest.mark.slow,
]
STEPS = Path(__file__).with_name("some_steps.py")


def run(arguments, backend="tensorflow", devices=1):
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.getcwd(),
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
    }
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=500
    )
    return done


@pytest.mark.parametrize("preset", ["colorgan", "hints"])
def test_steps_in_both_back_ends_are_the_same(tmp_path, preset):
    results = {}
    for backend, devices in (("tensorflow", 1), ("jax", 2)):
        path = tmp_path / f"{backend}{devices}.npz"
        done = run([STEPS, preset, path], backend, devices)
        assert done.returncode == 0, done.stderr[-2000:]
        with np.load(path) as archive:
            results[backend, devices] = {name: archive[name] for name in archive.files}
    true = results.pop(("tensorflow", 1))
    for result in results.values():
        assert result.keys() == true.keys()
        for name, value in true.items():
            np.testing.assert_allclose(result[name], value, rtol=1e-4, atol=2e-5, err_msg=name)


def test_the_command_trains_in_jax_and_resumes_bit_for_bit(tmp_path, photographs):
    def train(workdir, *more):
        command = ["-m", "colorgan_tf.train", f"--data={photographs}", f"--workdir={workdir}", "--preset=tiny"]
        settings = [
            "--backend=jax",
            "--steps=4",
            "--batch=2",
            "--checkpoint_every=2",
            "--set=data.validation_pictures=2",
        ]
        return run([*command, *settings, *more])

    whole, parts = tmp_path / "whole", tmp_path / "parts"
    done = train(whole)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "JAX on 1 x cpu" in done.stdout
    stopped = train(parts, "--time_limit=0")
    assert stopped.returncode == 130
    assert "stopped at step 1 of 4" in stopped.stdout
    assert train(parts).returncode == 0
    steps = [json.loads(line)["step"] for line in (whole / "log.jsonl").read_text().splitlines()]
    assert steps[-1] == 4
    (left, right) = (np.load(folder / "checkpoints/step000000004.npz") for folder in (whole, parts))
    assert left.files == right.files
    for name in left.files:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)

    import keras

    from colorgan_tf.inference import training_run

    assert keras.backend.backend() == "tensorflow"
    opened = training_run.generator(whole, "last")  # what JAX has trained, TensorFlow opens
    assert all(np.isfinite(value).all() for value in opened.weights().values())

    other = train(whole, "--backend=tensorflow")
    assert other.returncode == 2
    assert "runtime.backend=jax" in other.stderr


def test_a_strategy_of_tensorflow_is_refused_in_one_line(tmp_path, photographs):
    done = run(
        ["-m", "colorgan_tf.train", f"--data={photographs}", f"--workdir={tmp_path / 'run'}", "--preset=tiny"]
        + ["--backend=jax", "--strategy=mirrored"]
    )
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("train: `strategy` must be auto with JAX")
