"""Films and animations through the same batch as pictures."""

import json

import numpy as np
import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from colorgan_tf.inference.colorizer import Colorizer
from pipelines import batch
from pipelines.colorize_file import colorize_file
from pipelines.media import formats
from pipelines.media.formats import Kind


class Blue:
    """A back end that makes everything blue."""

    input_resolution, multiple, identity = 32, 32, "blue"

    def luma_to_chroma(self, luma):
        return np.broadcast_to(np.float32([0.2, -0.05]), (*luma.shape[:3], 2))


@pytest.fixture
def gif(tmp_path):
    frames = [Image.new("L", (40, 30), shade) for shade in (60, 120, 180)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=[50, 70, 90], loop=0)
    return tmp_path / "a.gif"


def test_animations_are_told_from_stills_by_content(tmp_path, gif):
    Image.new("L", (8, 8)).save(tmp_path / "still.png")
    (tmp_path / "broken.gif").write_text("no picture")
    (tmp_path / "broken.png").write_text("no picture")
    gif.rename(tmp_path / "moving.png")
    for name, kind in (("moving.png", Kind.ANIMATION), ("still.png", Kind.PICTURE)):
        with formats.open_header(tmp_path / name) as picture:
            assert formats.kind(picture) == kind
    for name in ("broken.gif", "broken.png"):
        with pytest.raises(InputError, match=f"{name}, which is none of these"):
            colorize_file(tmp_path / name, tmp_path / "out" / name, Colorizer(Blue()))


def test_animation_is_coloured_with_its_delays(tmp_path, gif):
    outcome = colorize_file(gif, tmp_path / "out" / "a.gif", Colorizer(Blue()))
    assert outcome.state == "coloured"
    with Image.open(tmp_path / "out" / "a.gif") as picture:
        assert [picture.seek(n) or picture.info["duration"] for n in range(picture.n_frames)] == [50, 70, 90]
        red, _, blue = picture.convert("RGB").getpixel((20, 15))
    assert blue > red + 30


def test_every_job_belongs_to_exactly_one_shard(tmp_path):
    jobs = [batch.Job(tmp_path / str(n), tmp_path / "out" / str(n)) for n in range(7)]
    parts = [batch.shard(jobs, number, 3) for number in range(3)]
    assert sorted((job for part in parts for job in part), key=jobs.index) == jobs


def test_manifest_has_a_line_for_each_file_that_was_worked_on(tmp_path):
    manifest = batch.Manifest(tmp_path / "out" / "colorize.jsonl")
    job = batch.Job(tmp_path / "a", tmp_path / "b")
    for state, note in (("coloured", ""), ("skipped", ""), ("failed", "it is broken")):
        manifest.add(batch.Outcome(job, state, note))
    lines = [json.loads(line) for line in (tmp_path / "out" / "colorize.jsonl").read_text().splitlines()]
    assert [line["state"] for line in lines] == ["coloured", "failed"]
    assert lines[1]["error"] == "it is broken"


def test_what_people_bring_that_is_not_read_is_named_with_advice(tmp_path):
    for name in ("scan.psd", "b.jpg"):
        (tmp_path / name).write_bytes(b"8BPS")
    with pytest.raises(InputError, match="scan.psd: a Photoshop file must be saved as TIFF or PNG first"):
        batch.find([tmp_path / "scan.psd"], tmp_path / "out", formats.SUFFIXES)
    assert batch.find([tmp_path], tmp_path / "out", formats.SUFFIXES).left_out == (tmp_path / "scan.psd",)


def test_a_jpeg_of_two_pictures_is_read_under_its_own_ending(tmp_path):
    picture = Image.linear_gradient("L").resize((40, 30))
    picture.save(tmp_path / "left.mpo", "MPO", save_all=True, append_images=[picture])
    outcome = colorize_file(tmp_path / "left.mpo", tmp_path / "out" / "left.mpo", Colorizer(Blue()))
    assert outcome.state == "coloured" and "only the first of 2 pictures" in outcome.note
