"""The loop on a tiny run: what a run leaves, how it is resumed, and whose workdir it is."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colorgan_tf import config
from colorgan_tf.errors import InputError
from colorgan_tf.inference import training_run
from colorgan_tf.training import loop, monitoring, workdir
from pipelines.media import writing


@pytest.fixture
def copy(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "run")


def log_of(workdir):
    return [json.loads(line) for line in (workdir / "log.jsonl").read_text().splitlines()]


def test_a_run_leaves_configuration_checkpoints_weights_log_and_samples(tiny_run, tiny_config):
    assert config.load(tiny_run / "config.json") == tiny_config
    checkpoints = {path.name for path in (tiny_run / "checkpoints").iterdir()}
    assert {"ckpt-1.index", "ckpt-2.index"} <= checkpoints
    assert (tiny_run / "best.weights.h5").exists()
    assert json.loads((tiny_run / "best.json").read_text())["step"] in (1, 2)
    assert sorted(path.name for path in (tiny_run / "samples").iterdir()) == ["step0000001.png", "step0000002.png"]
    with Image.open(tiny_run / "samples/step0000002.png") as sheet:
        assert sheet.width > 3 * 256 - 1
    assert not [path for path in tiny_run.rglob(".*") if path.is_file()]  # nothing half-written is left


def test_every_line_of_the_log_is_json_with_its_step_and_losses(tiny_run):
    lines = log_of(tiny_run)
    assert [(line["step"], line["group"]) for line in lines] == [
        (1, "train"),
        (1, "validation"),
        (2, "train"),
        (2, "validation"),
    ]
    assert {"pixel", "adversarial", "discriminator", "generator", "steps_per_second", "phase", "time"} <= set(lines[0])
    assert {"psnr_gain", "frechet", "colorfulness_ratio"} <= set(lines[1])
    assert lines[0]["discriminator"] == pytest.approx(np.log(2), abs=0.2)


def test_tensorboard_has_scalars_and_pictures(tiny_run):
    events = EventAccumulator(str(tiny_run / "tensorboard"), size_guidance={"tensors": 0, "images": 0}).Reload()
    tags = events.Tags()["tensors"]
    assert {"train/pixel", "train/discriminator", "validation/frechet"} <= set(tags)
    (pictures,) = [tag for tag in tags if "grey, coloured, true" in tag]
    assert [event.step for event in events.Tensors(pictures)] == [1, 2]


def test_a_finished_run_is_not_trained_again(copy, tiny_config, photographs):
    before = (copy / "last.weights.h5").read_bytes()
    outcome = loop.train(tiny_config, photographs, copy, report=lambda text: None)
    assert (outcome.step, outcome.finished) == (2, True)
    assert (copy / "last.weights.h5").read_bytes() == before
    assert len(log_of(copy)) == 4


def test_a_time_limit_ends_a_run_after_a_step_with_a_checkpoint(tmp_path, tiny_config, photographs):
    run = tmp_path / "run"
    rare = dataclasses.replace(tiny_config, runtime=dataclasses.replace(tiny_config.runtime, checkpoint_every=100))
    outcome = loop.train(rare, photographs, run, time_limit=0.0, report=lambda text: None)
    assert (outcome.step, outcome.finished) == (1, False)
    said = []
    outcome = loop.train(rare, photographs, run, time_limit=600.0, report=said.append)
    assert (outcome.step, outcome.finished) == (2, True)
    assert "resuming at step 1 of 2" in said


def test_the_weights_are_the_average_and_open_as_a_model(tiny_run):
    generator = training_run.generator(tiny_run, "last")
    chroma = generator.chroma(np.full((1, 9, 9, 1), 0.5, np.float32)).numpy()
    assert np.isfinite(chroma).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: dataclasses.replace(c, model=dataclasses.replace(c.model, filters=8)),
            "has model.filters=4. Received: model.filters=8",
        ),
        (
            lambda c: dataclasses.replace(c, phases=(dataclasses.replace(c.phases[0], steps=9),)),
            "has phases.0.steps=2. Received: phases.0.steps=9",
        ),
        (lambda c: dataclasses.replace(c, phases=c.phases * 2), "has phases.1..*=None. Received"),
    ],
)
def test_a_workdir_of_another_configuration_is_refused(tiny_run, tiny_config, photographs, change, message):
    with pytest.raises(InputError, match=message):
        loop.train(change(tiny_config), photographs, tiny_run)


def test_how_often_is_logged_and_saved_may_change(tiny_run, tiny_config):
    runtime = dataclasses.replace(tiny_config.runtime, checkpoint_every=7, log_every=3, strategy="auto")
    workdir.check_configuration(tiny_run, dataclasses.replace(tiny_config, runtime=runtime))


def test_a_run_is_resumed_only_with_the_pictures_it_began_with(copy, tiny_config, photographs, tmp_path):
    more = shutil.copytree(photographs, tmp_path / "more")
    some = next(path for path in sorted(more.iterdir()))
    shutil.copy(some, more / f"another{some.suffix}")
    with pytest.raises(InputError, match="must be resumed with the data that it began with"):
        loop.train(tiny_config, more, copy, report=lambda text: None)
    moved = shutil.copytree(photographs, tmp_path / "moved")
    assert loop.train(tiny_config, moved, copy, report=lambda text: None).finished


@pytest.mark.parametrize("data", ["nowhere", "empty"])
def test_bad_data_is_refused_before_a_workdir_is_made(tmp_path, tiny_config, data):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=data):
        loop.train(tiny_config, tmp_path / data, tmp_path / "run", report=lambda text: None)
    assert not (tmp_path / "run").exists()


def test_a_workdir_that_is_a_file_is_refused(tmp_path, tiny_config, photographs):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="`workdir` must be a folder that can be written"):
        loop.train(tiny_config, photographs, tmp_path / "file", report=lambda text: None)


def test_pictures_that_were_skipped_are_reported(copy, tiny_config, photographs, tmp_path):
    folder = shutil.copytree(photographs, tmp_path / "photos")
    (folder / "broken.jpg").write_text("hello")
    reported = []
    loop.train(tiny_config, folder, copy, report=reported.append)
    assert f"skipped {folder / 'broken.jpg'}: not a picture" in reported


def test_lines_beyond_the_checkpoint_and_torn_ones_are_dropped(copy):
    with (copy / "log.jsonl").open("a") as log:
        log.write('{"step": 3, "group": "train"}\n{"step": 2, "gro')
    run_log = monitoring.RunLog(copy, step=1, steps=5)
    run_log.scalars(2, "train", {"pixel": 0.5})
    run_log.close()
    assert [(line["step"], line["group"]) for line in log_of(copy)] == [(1, "train"), (1, "validation"), (2, "train")]


def test_means_are_those_since_the_last_line():
    means = monitoring.Means()
    for value in (1.0, 2.0, 6.0):
        means.add({"pixel": value})
    assert means.take()[0] == {"pixel": 3.0}
    means.add({"pixel": 5.0})
    assert means.take()[0] == {"pixel": 5.0}


def test_files_are_written_whole_or_not_at_all(tmp_path):
    writing.write_text(tmp_path / "a.json", "1")
    writing.write_text(tmp_path / "a.json", "2")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "2")]
