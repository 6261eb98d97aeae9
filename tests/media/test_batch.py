"""Many pictures at once: trees, names, finished and bad files."""

import errno
import os
import threading

import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines import batch
from pipelines.batch import Job, Outcome
from pipelines.colorize_file import ColorizeOptions, _alone
from tests.made_batches import SUFFIXES, WORK, colourful, grey, run, targets, toned, work_with
from tests.made_stills import WarmBackend

# === Finding ===


def test_the_tree_of_a_folder_is_kept(tmp_path):
    for name in ("scans/a.jpg", "scans/1931/b.PNG", "scans/1931/may/c.tif", "scans/notes.txt", "scans/.hidden.jpg"):
        grey(tmp_path / name) if not name.endswith(".txt") else (tmp_path / name).write_text("notes")
    found = batch.find([tmp_path / "scans"], tmp_path / "out", SUFFIXES)
    assert targets(found, tmp_path / "out") == ["1931/b.PNG", "1931/may/c.tif", "a.jpg"]
    assert found.faults == ()


def test_several_folders_keep_their_names(tmp_path):
    grey(tmp_path / "x" / "a.jpg"), grey(tmp_path / "y" / "a.jpg"), grey(tmp_path / "b.jpg")
    found = batch.find([tmp_path / "x", tmp_path / "y", tmp_path / "b.jpg"], tmp_path / "out", SUFFIXES)
    assert targets(found, tmp_path / "out") == ["b.jpg", "x/a.jpg", "y/a.jpg"]


def test_results_never_share_a_name(tmp_path):
    for name in ("a.jpg", "a.png", "a.tif", "sub/a.jpg", "A.bmp"):
        grey(tmp_path / name)
    found = batch.find([tmp_path], tmp_path / "out", SUFFIXES, ".png")
    assert targets(found, tmp_path / "out") == ["A_bmp.png", "a.png", "a_jpg.png", "a_tif.png", "sub/a.png"]
    two = batch.find([tmp_path / "a.jpg", tmp_path / "sub" / "a.jpg"], tmp_path / "out", SUFFIXES)
    assert targets(two, tmp_path / "out") == ["a-2.jpg", "a.jpg"]


def test_an_output_folder_inside_the_input_is_not_searched(tmp_path):
    grey(tmp_path / "a.jpg"), grey(tmp_path / "out" / "a.jpg")
    found = batch.find([tmp_path], tmp_path / "out", SUFFIXES)
    assert [job.source for job in found.jobs] == [tmp_path / "a.jpg"]


def test_originals_are_never_overwritten(tmp_path):
    grey(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="`--output` must be another folder than that of the originals"):
        batch.find([tmp_path / "a.jpg"], tmp_path, SUFFIXES)


def test_inputs_that_are_none_are_named_and_the_rest_goes_on(tmp_path):
    grey(tmp_path / "a.jpg"), (tmp_path / "b.txt").write_text("text"), (tmp_path / "empty").mkdir()
    inputs = [tmp_path / name for name in ("a.jpg", "b.txt", "empty", "gone.png")]
    found = batch.find(inputs, tmp_path / "out", SUFFIXES)
    assert len(found.jobs) == 1
    for fault, words in zip(
        found.faults, ["b.txt: a file of another kind", "empty: a folder without", "gone.png: does not"], strict=True
    ):
        assert words in fault
    with pytest.raises(
        InputError, match="Files or folders to colour are expected. Received: .*gone.png: does not exist"
    ):
        batch.find([tmp_path / "gone.png"], tmp_path / "out", SUFFIXES)


def test_the_result_of_another_file_keeps_its_name(tmp_path):
    output = tmp_path / "out"

    def colour(folder):
        found = batch.find([tmp_path / folder / "a.png"], output, SUFFIXES, done=batch.recorded(output))
        manifest = batch.Manifest(output / "colorize.jsonl")
        return next(iter(batch.run(found.jobs, WORK, 1, False, manifest.add)))

    for folder in ("x", "y"):
        grey(tmp_path / folder / "a.png")
    assert [(colour(each).state, colour(each).state) for each in ("x", "y")] == [("coloured", "skipped")] * 2
    assert sorted(path.name for path in output.iterdir()) == ["a-2.png", "a.png", "colorize.jsonl"]
    (tmp_path / "moved").mkdir()
    output = output.rename(tmp_path / "moved" / "out")
    assert colour("y").state == "skipped"


def test_pipes_and_files_of_other_kinds_are_left_out_and_named(tmp_path):
    grey(tmp_path / "in" / "a.jpg"), (tmp_path / "in" / "notes.txt").write_text("notes")
    os.mkfifo(tmp_path / "in" / "x.jpg")
    found = batch.find([tmp_path / "in"], tmp_path / "out", SUFFIXES)
    assert [job.source.name for job in found.jobs] == ["a.jpg"]
    assert [path.name for path in found.left_out] == ["notes.txt", "x.jpg"]
    with pytest.raises(InputError, match="x.jpg: no file but a pipe"):
        batch.find([tmp_path / "in" / "x.jpg"], tmp_path / "out", SUFFIXES)


def test_an_output_that_is_a_file_is_named(tmp_path):
    (tmp_path / "out").write_text("mine")
    for output in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(InputError, match="`--output` must be a folder that can be written. Received: .*out"):
            batch.prepare_output(output)
    assert (tmp_path / "out").read_text() == "mine"


# === Running ===


def test_one_bad_file_is_reported_and_the_rest_go_on(tmp_path):
    for name in ("a.png", "c.png"):
        grey(tmp_path / "in" / name)
    (tmp_path / "in" / "b.jpg").write_text("no picture")
    outcomes = run(batch.find([tmp_path / "in"], tmp_path / "out", SUFFIXES).jobs)
    assert {name: outcome.state for name, outcome in outcomes.items()} == {
        "a.png": "coloured",
        "b.jpg": "failed",
        "c.png": "coloured",
    }
    assert "b.jpg, which is none of these" in outcomes["b.jpg"].note
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    assert np.ptp(np.asarray(Image.open(tmp_path / "out" / "a.png"))) > 20


def test_finished_files_are_skipped_unless_they_are_to_be_overwritten(tmp_path):
    jobs = batch.find([grey(tmp_path / "a.png")], tmp_path / "out", SUFFIXES).jobs
    assert run(jobs)["a.png"].state == "coloured"
    jobs[0].target.write_bytes(b"mine")
    assert run(jobs)["a.png"].state == "skipped"
    assert jobs[0].target.read_bytes() == b"mine"
    assert run(jobs, overwrite=True)["a.png"].state == "coloured"
    assert Image.open(jobs[0].target).size == (30, 20)


def test_pictures_in_colour_are_copied_byte_by_byte_unless_forced(tmp_path):
    source = colourful(tmp_path / "a.png")
    job = Job(source, tmp_path / "out" / "a.png")
    assert WORK(job) == Outcome(job, "copied", "already in colour")
    assert job.target.read_bytes() == source.read_bytes()
    assert work_with(WarmBackend(), force=True)(job).state == "coloured"
    assert job.target.read_bytes() != source.read_bytes()


def test_a_copy_to_another_format_keeps_the_colours(tmp_path):
    job = Job(colourful(tmp_path / "a.png"), tmp_path / "a.webp")
    assert WORK(job) == Outcome(job, "converted", "already in colour, now WEBP")
    np.testing.assert_array_equal(np.asarray(Image.open(job.target)), np.asarray(Image.open(job.source)))


def test_unexpected_errors_are_failures_of_one_file(tmp_path):
    def broken(job):
        raise RuntimeError("the network is gone")

    outcome = run([Job(tmp_path / "a.png", tmp_path / "b.png")], broken)["a.png"]
    assert (outcome.state, outcome.note) == ("failed", f"{tmp_path / 'a.png'}: the network is gone")


def test_nothing_more_is_begun_when_the_caller_stops(tmp_path):
    begun = []

    def work(job):
        begun.append(job)
        return Outcome(job, "coloured")

    outcomes = batch.run([Job(tmp_path / f"{n}.png", tmp_path / f"{n}_out.png") for n in range(2000)], work, 1, False)
    next(outcomes)
    outcomes.close()
    done = len(begun)
    assert list(outcomes) == [] and len(begun) == done


def test_files_that_end_after_the_caller_stopped_are_recorded(tmp_path):
    second, recorded = threading.Event(), []

    def work(job):
        if job.source.name == "1.png":
            second.wait(10)
        return Outcome(job, "coloured")

    jobs = [Job(tmp_path / f"{n}.png", tmp_path / f"{n}_out.png") for n in range(3)]
    outcomes = batch.run(jobs, work, 1, False, lambda outcome: (recorded.append(outcome.job), second.set()))
    next(outcomes)
    outcomes.close()
    assert jobs[0] in recorded and recorded == jobs[: len(recorded)]


def test_a_full_disk_fails_files_one_by_one_with_a_line_each(tmp_path):
    def work(job):
        raise OSError(errno.ENOSPC, "No space left on device")

    outcome = run([Job(tmp_path / "a.png", tmp_path / "b.png")], work)["a.png"]
    assert outcome.note == f"{tmp_path / 'a.png'}: No space left on device: {tmp_path / 'b.png'}"


def test_a_manifest_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "colorize.jsonl").mkdir()
    manifest = batch.Manifest(tmp_path / "colorize.jsonl")
    manifest.add(Outcome(Job(tmp_path / "a", tmp_path / "b"), batch.State.COLOURED))
    assert "colorize.jsonl" in manifest.fault


def test_toned_pictures_are_neutralised_and_the_outcome_says_so_unless_colours_are_kept(tmp_path):
    job = Job(toned(tmp_path / "a.png"), tmp_path / "out" / "a.png")
    outcome = WORK(job)
    assert outcome.state == "coloured"
    assert outcome.note == "looks toned: neutralised; --keep_colors leaves it"
    assert work_with(WarmBackend(), keep_colors=True)(job) == Outcome(job, "copied", "toned")
    assert job.target.read_bytes() == job.source.read_bytes()
    with pytest.raises(InputError, match="must not be given together"):
        ColorizeOptions(force=True, keep_colors=True)


def test_large_pictures_are_done_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.colorize_file.LARGE", 100)
    held = []

    class Watching(WarmBackend):
        def luma_to_chroma(self, luma):
            held.append(_alone.locked())
            return super().luma_to_chroma(luma)

    work = work_with(Watching())
    work(Job(grey(tmp_path / "large.png"), tmp_path / "a.png"))
    work(Job(grey(tmp_path / "small.png", size=(5, 5)), tmp_path / "b.png"))
    assert held == [True, False]
