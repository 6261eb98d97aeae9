"""The train command from outside: refusals, dry run, a run that is killed, stopped and resumed, divergence."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]
TINY = (
    *("--preset=tiny", "--batch=2", "--precision=float32", "--strategy=one", "--set=model.filters=2"),
    *("--set=model.discriminator_filters=2", "--set=data.validation_pictures=1"),
)


def start(*arguments):
    command = [sys.executable, "-m", "colorgan_tf.train", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, timeout=300):
    try:
        output, errors = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return process.returncode, output, errors


def wait_for(path, process, seconds=300):
    """Polls until a file is there; fails if the process ends first or the time is over."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"{path} did not appear in {seconds} s"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset=huge"], "flag --preset=huge: value should be one of <patent|"),
        (["--set=loss.gain=2"], "`set` must name one of lambda_p, "),
        (["--set=model.filter=3"], "`set` must name one of generator, filters,"),
        (["--set=model.filters=many"], "`filters` cannot take this value: 'many' is not a whole number"),
        (["--steps=0"], "`steps` must be at least 1. Received: steps=0."),
        (["--batch=0"], "`batch` must be at least 1. Received: 0."),
        (["--strategy=many"], "flag --strategy=many: value should be one of <auto|one|"),
        (["--precision=int8"], "flag --precision=int8: value should be one of <auto|float32|"),
        (["--steps=x"], "flag --steps=x"),
        (["--colour"], "Unknown command line flag 'colour'"),
        (["photos/"], "Flags are expected, as in --data=FOLDER. Received: photos/."),
        ([], "`data` must name a folder. Received: nothing."),
        (["--data=photos/"], "`workdir` must name a folder. Received: nothing."),
    ],
)
def test_bad_flags_are_one_line_and_exit_2(arguments, message):
    code, output, errors = finish(start(*arguments))
    assert code == 2
    assert errors.startswith(f"train: {message}")
    assert (output, len(errors.splitlines())) == ("", 1)


def test_bad_data_is_one_line_and_leaves_nothing(tmp_path):
    code, _, errors = finish(start(*TINY, f"--data={tmp_path / 'nowhere'}", f"--workdir={tmp_path / 'run'}"))
    assert code == 2
    assert errors.splitlines()[-1] == (
        f"train: A folder of pictures is expected. Received: {tmp_path / 'nowhere'}, which is not a folder."
    )
    assert "Traceback" not in errors
    assert not list(tmp_path.iterdir())


def test_dry_run_prints_the_configuration_and_both_networks():
    code, output, errors = finish(start("--preset=tiny", "--dry_run", "--set=model.filters=4", "--seed=9"))
    assert code == 0, errors
    described, _ = json.JSONDecoder().raw_decode(output)
    assert (described["preset"], described["model"]["filters"], described["runtime"]["seed"]) == ("tiny", 4, 9)
    for name in ("down8_conv", "up1_conv", "logits_conv", "Total params"):
        assert name in output


def arrays(path):
    """All arrays of a weights file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def checkpointed(path):
    reader = tf.train.load_checkpoint(str(path))
    names = [
        name for name in reader.get_variable_to_shape_map() if not name.startswith(("save_counter", "_CHECKPOINT"))
    ]
    return {name: reader.get_tensor(name) for name in names}


def test_a_run_that_was_killed_and_stopped_ends_bit_identical_to_one_that_was_not(tmp_path, photographs):
    flags = (*TINY, f"--data={photographs}", "--deterministic", "--checkpoint_every=1", "--steps=8")
    whole = start(*flags, f"--workdir={tmp_path / 'whole'}")

    run = tmp_path / "broken"
    process = start(*flags, f"--workdir={run}")
    wait_for(run / "checkpoints/checkpoint", process)  # the file that says which checkpoint is the last
    process.kill()
    finish(process)

    process = start(*flags, f"--workdir={run}")
    known = {int(path.stem.split("-")[1]) for path in (run / "checkpoints").glob("*.index")}
    wait_for(run / f"checkpoints/ckpt-{max(known) + 1}.index", process)
    process.send_signal(signal.SIGTERM)
    code, output, errors = finish(process)
    assert code == 130, errors
    (resuming,) = [line for line in output.splitlines() if line.startswith("resuming at step ")]
    assert int(resuming.split()[3]) in known
    last = output.splitlines()[-1]
    assert last.startswith("stopped at step ")
    assert last.endswith(" of 8; the same command resumes it")
    assert (run / f"checkpoints/ckpt-{last.split()[3]}.index").exists()

    code, output, errors = finish(start(*flags, f"--workdir={run}"))
    assert code == 0, errors
    assert output.splitlines()[-1].startswith(f"finished 8 steps in {run}")
    assert finish(whole)[0] == 0

    for read, name in ((arrays, "last.weights.h5"), (checkpointed, "checkpoints/ckpt-8")):
        expected, found = read(tmp_path / "whole" / name), read(run / name)
        assert len(expected) > 20
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, err_msg=key)
    steps = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in steps if line["group"] == "train"] == list(range(1, 9))


def test_divergence_exits_1_and_names_the_last_good_weights(tmp_path, photographs):
    run = tmp_path / "run"
    wild = '--set=phases=[{"name":"calm","steps":2},{"name":"wild","steps":4,"learning_rate":1e38}]'
    flags = (*TINY, f"--data={photographs}", "--checkpoint_every=2", wild)
    code, _, errors = finish(start(*flags, f"--workdir={run}"))
    assert code == 1
    last = errors.splitlines()[-1]
    assert last.startswith("train: Losses and weights must stay finite. Received at step 4: ")
    assert f"the last good weights are in {run / 'checkpoints/ckpt-2'}." in last
    assert "Traceback" not in errors
    assert (run / "checkpoints/ckpt-2.index").exists()
    assert not (run / "checkpoints/ckpt-4.index").exists()
    assert all(np.isfinite(array).all() for array in arrays(run / "last.weights.h5").values())
