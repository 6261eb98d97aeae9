"""Many pictures at once: trees, names, finished and bad files; and the command as a person runs it."""

import errno
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines import batch
from pipelines.batch import Job, Outcome
from pipelines.colorize_file import ColorizeOptions, _alone, colorize_file
from pipelines.media import formats
from pipelines.stills import still as stills

SUFFIXES = list(formats.PICTURE_SUFFIXES)


class WarmBackend:
    input_resolution, multiple, identity = 32, 32, "warm"

    def luma_to_chroma(self, luma):
        return np.broadcast_to(np.array([-0.08, 0.12], np.float32), (*luma.shape[:3], 2))


def work_with(backend, **options):
    return lambda job: colorize_file(job.source, job.target, Colorizer(backend), ColorizeOptions(**options))


WORK = work_with(WarmBackend())


def grey(path, value=120, size=(30, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)
    return path


def colourful(path):
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:30, :, 0], pixels[30:, :, 2], pixels[:, 30:, 1] = 220, 200, 160
    Image.fromarray(pixels).save(path)
    return path


def targets(found, output):
    return sorted(str(job.target.relative_to(output)) for job in found.jobs)


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


def run(jobs, work=WORK, overwrite=False):
    return {outcome.job.source.name: outcome for outcome in batch.run(jobs, work, 2, overwrite)}


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
    assert "b.jpg, which is none" in outcomes["b.jpg"].note
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


def test_all_pages_of_a_tiff_are_coloured_and_kept(tmp_path):
    pages = [Image.new("L", (90 + n, 60), 60 * n + 40) for n in range(3)]
    colour = np.zeros((60, 60, 3), np.uint8)
    colour[:30, :, 0], colour[30:, :, 2], colour[:, 30:, 1] = 220, 200, 160
    pages.insert(1, Image.fromarray(colour))
    for number, page in enumerate(pages):
        page.encoderinfo = {"tiffinfo": {285: f"page {number}"}, "dpi": (300 + number, 300)}
    pages[0].save(
        tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw", tiffinfo={285: "page 0"}
    )
    outcome = WORK(Job(tmp_path / "a.tif", tmp_path / "out.tif"))
    assert (outcome.state, outcome.note) == ("coloured", "4 pages, 1 of them in colour already")
    with Image.open(tmp_path / "a.tif") as before, Image.open(tmp_path / "out.tif") as after:
        assert after.n_frames == 4
        for number, page in enumerate(pages):
            before.seek(number), after.seek(number)
            assert after.tag_v2.get(285) == before.tag_v2.get(285)
            assert after.size == page.size
            if number == 1:
                np.testing.assert_array_equal(np.asarray(after), colour)
                assert 305 not in after.tag_v2
            else:
                assert np.ptp(np.asarray(after), axis=-1).max() > 20
                assert (
                    np.abs(np.asarray(after.convert("L")).astype(int) - (60 * (number - (number > 1)) + 40)).max() < 3
                )
                assert "model" in after.tag_v2[305]


def test_a_tiff_whose_pages_are_all_in_colour_is_copied(tmp_path):
    colourful(tmp_path / "a.png")
    page = Image.open(tmp_path / "a.png")
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    outcome = WORK(Job(tmp_path / "a.tif", tmp_path / "out.tif"))
    assert (outcome.state, outcome.note) == ("copied", "2 pages, already in colour")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "out.tif").read_bytes()


def test_toned_pages_of_a_tiff_stay_where_colours_are_kept(tmp_path):
    tone, grey_page = Image.open(toned(tmp_path / "a.png")), Image.new("L", (90, 60), 100)
    tone.save(tmp_path / "a.tif", save_all=True, append_images=[grey_page])
    job = Job(tmp_path / "a.tif", tmp_path / "out.tif")
    outcome = work_with(WarmBackend(), keep_colors=True)(job)
    assert (outcome.state, outcome.note) == ("coloured", "2 pages, 1 of them in colour or toned already")
    with Image.open(job.target) as result:
        np.testing.assert_array_equal(np.asarray(result), np.asarray(tone))
    tone.save(tmp_path / "a.tif", save_all=True, append_images=[tone])
    outcome = work_with(WarmBackend(), keep_colors=True)(job)
    assert (outcome.state, outcome.note) == ("copied", "2 pages, already in colour or toned")


def test_of_several_pages_another_format_holds_the_first_and_the_outcome_says_so(tmp_path):
    page = Image.new("L", (9, 9), 100)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page])
    assert WORK(Job(tmp_path / "a.tif", tmp_path / "out.png")).note == "only the first of 3 pages"


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


def toned(path):
    shades = np.tile(np.arange(256, dtype=np.float32), (100, 1))[..., None] * np.float32([1.0, 0.85, 0.6])
    Image.fromarray(shades.astype(np.uint8)).save(path)
    return path


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


# === The command ===


def command(*arguments):
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "colorgan_tf.colorize", *map(str, arguments)],
        capture_output=True, text=True, env=environment, cwd=root, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    import tensorflow as tf

    class Warm(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, "luma")])
        def luma_to_chroma(self, luma):
            return {"chroma": tf.concat([luma * -0.2, luma * 0.2], -1)}

    folder, module = tmp_path_factory.mktemp("models"), Warm()
    tf.saved_model.save(module, str(folder / "1"), signatures={"luma_to_chroma": module.luma_to_chroma})
    return folder


def test_command_colours_a_folder_and_lists_what_failed(tmp_path, model):
    grey(tmp_path / "in" / "sub" / "a.jpg"), colourful(tmp_path / "in" / "c.png")
    (tmp_path / "in" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    arguments = (
        tmp_path / "in",
        f"--model={model}",
        f"--output={tmp_path / 'out'}",
        "--side_by_side",
        "--quality=best",
    )
    code, out, err = command(*arguments)
    assert code == 1, err
    assert "1 coloured, 1 copied, 1 failed" in out
    assert "c.png: already in colour, copied" in out
    assert "1 failed:" in err and "bad.jpg" in err and "Traceback" not in err
    assert Image.open(tmp_path / "out" / "sub" / "a.jpg").size == (60, 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Files or folders to colour are expected"),
        (["a.jpg"], "`--output` must name the folder"),
        (["gone.jpg", "--output=out"], "gone.jpg: does not exist"),
        (["{picture}", "--output=out", "--model=gone"], "gone, which does not exist"),
        (["{picture}", "--output=out", "--quality=superb"], "quality"),
    ],
)
def test_command_says_in_one_line_what_is_wrong_and_exits_with_2(tmp_path, arguments, message):
    picture = grey(tmp_path / "a.png")
    code, out, err = command(*(argument.format(picture=picture) for argument in arguments))
    assert (code, out) == (2, "")
    assert message in err and len(err.strip().splitlines()) == 1


# === Names that say something else, and kinds that are only read ===


def test_the_content_decides_what_is_written_under_a_wrong_name(tmp_path):
    picture = Image.new("L", (30, 20), 120)
    for name, content in (("a.gif", "JPEG"), ("b.jpg", "GIF"), ("c.jpg", "PNG"), ("d.png", "WEBP"), ("e.jpg", "TIFF")):
        picture.save(tmp_path / name, content)
        assert WORK(Job(tmp_path / name, tmp_path / "out" / name)).state == "coloured"
        with Image.open(tmp_path / "out" / name) as result:
            assert result.format == content
            assert np.ptp(np.asarray(result.convert("RGB")), axis=-1).max() > 20
    picture.save(tmp_path / "f.jpg", "AVIF")
    assert WORK(Job(tmp_path / "f.jpg", tmp_path / "out" / "f.jpg")).state == "coloured"
    assert Image.open(tmp_path / "out" / "f.jpg").format == "JPEG"


def test_a_colour_picture_under_a_wrong_name_is_copied(tmp_path):
    Image.open(colourful(tmp_path / "a.png")).save(tmp_path / "a.jpg", "AVIF")
    assert WORK(Job(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")).state == "copied"
    assert (tmp_path / "out" / "a.jpg").read_bytes() == (tmp_path / "a.jpg").read_bytes()


@pytest.mark.parametrize("name", ["a.avif", "a.jp2", "a.pgm", "a.ppm", "a.pbm", "a.pcx", "a.tga", "a.ico"])
def test_kinds_that_are_only_read_become_png(tmp_path, name):
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    mode = {"a.ppm": "RGB", "a.avif": "RGB", "a.pbm": "1", "a.ico": "RGBA"}.get(name, "L")
    picture = Image.fromarray(ramp).convert(mode)
    options = {"quality": 100} if name == "a.avif" else {"sizes": [(64, 48)]} if name == "a.ico" else {}
    picture.save(tmp_path / name, **options)
    found = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES)
    assert targets(found, tmp_path / "out") == ["a.png"]
    assert WORK(found.jobs[0]).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert (result.format, result.size) == ("PNG", (64, 48))
        with Image.open(tmp_path / name) as source:
            seen = np.asarray(source.convert("RGB").convert("L")).astype(int)
        assert np.abs(np.asarray(result.convert("L")) - seen).max() <= 2


def test_16_bit_kinds_that_are_only_read_keep_their_depth(tmp_path):
    deep = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    for name in ("a.pgm", "b.jp2"):
        Image.fromarray(deep).save(tmp_path / name)
        assert WORK(Job(tmp_path / name, tmp_path / "out.png")).state == "coloured"
        result = stills.read(tmp_path / "out.png")
        assert np.abs(result.values @ [0.299, 0.587, 0.114] - deep).max() <= 1


def test_depth_that_is_lost_is_told(tmp_path):
    deep = np.random.default_rng(0).integers(0, 65536, (64, 80, 3)).astype(">u2")
    (tmp_path / "a.ppm").write_bytes(b"P6 80 64 65535\n" + deep.tobytes())
    still = stills.read(tmp_path / "a.ppm")
    assert still.notes == ("more than 8 bits, read as 8",)
    assert np.abs(still.values.astype(int) - deep / 257).max() <= 1
    for name in ("b.ppm", "b.jp2", "b.avif"):
        Image.fromarray((deep >> 8).astype(np.uint8)).save(tmp_path / name)
        assert stills.read(tmp_path / name).notes == ()
    cv2.imwrite(str(tmp_path / "c.jp2"), deep.astype(np.uint16))
    assert stills.read(tmp_path / "c.jp2").notes == ("more than 8 bits, read as 8",)


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)


@pytest.mark.parametrize(("name", "library"), [("a.jpg", "pillow_heif"), ("a.heic", "pillow_heif"), ("a.dng", "rawpy")])
def test_what_takes_an_optional_library_is_named_with_advice(tmp_path, monkeypatch, name, library):
    (tmp_path / name).write_bytes(HEIC if library == "pillow_heif" else b"II*\0" + bytes(500))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find_spec(name))
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    with pytest.raises(InputError, match=f"{name}, which is not supported: .*: `pip install {library[:6]}.*` makes it"):
        WORK(job)


def test_heic_is_read(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64).astype(np.uint8)
    heif.from_pillow(Image.fromarray(ramp)).save(tmp_path / "a.heic", quality=90)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    assert WORK(job).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert np.abs(np.asarray(result.convert("L")).astype(int) - ramp).max() <= 6


def test_raw_files_are_developed(tmp_path):
    pytest.importorskip("rawpy")
    import tifffile

    # DNGVersion, CFARepeatPatternDim, CFAPattern (red, green, green, blue), ColorMatrix1 (XYZ to sRGB), AsShotNeutral
    matrix = np.rint(np.array([3.24, -1.54, -0.5, -0.97, 1.88, 0.04, 0.06, -0.2, 1.06]) * 100).astype(int)
    tags = [
        (50706, 1, 4, bytes([1, 4, 0, 0]), True),
        (33421, 3, 2, (2, 2), True),
        (33422, 1, 4, bytes([0, 1, 1, 2]), True),
        (50721, 10, 9, tuple(int(each) for pair in zip(matrix, [100] * 9, strict=True) for each in pair), True),
        (50728, 5, 3, (1, 1, 1, 1, 1, 1), True),
        (271, 2, 0, "made", True),
        (272, 2, 0, "here", True),
    ]
    ramp = np.tile(np.linspace(0, 65535, 256), (200, 1)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.dng", ramp, photometric=32803, extratags=tags, metadata=None)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    outcome = WORK(job)
    assert outcome.state == "coloured" and "more than 8 bits, read as 8" in outcome.note
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert result.width > 200 and result.getexif()[271] == "made"
        shades = np.asarray(result.convert("L"))[100].astype(int)
        assert shades[-20] > shades[128] > shades[20]


def test_an_animated_avif_becomes_an_apng(tmp_path):
    ramp = np.tile(np.linspace(20, 235, 96), (64, 1)).astype(np.uint8)
    pictures = [Image.fromarray(np.roll(ramp, 8 * number, 1)) for number in range(3)]
    pictures[0].save(tmp_path / "a.avif", save_all=True, append_images=pictures[1:], duration=[50, 70, 90], quality=100)
    (job,) = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).jobs
    assert WORK(job).state == "coloured"
    with Image.open(tmp_path / "out" / "a.png") as result:
        assert [result.seek(n) or result.info["duration"] for n in range(result.n_frames)] == [50, 70, 90]


def test_names_of_read_only_kinds_do_not_collide(tmp_path):
    for name in ("a.png", "a.pgm", "a.tga"):
        grey(tmp_path / name)
    found = batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES)
    assert targets(found, tmp_path / "out") == ["a.png", "a_pgm.png", "a_tga.png"]
