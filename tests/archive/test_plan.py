"""What is to do in an archive: the same names as the plain command gives, largest known, bad inputs in one line."""

import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines import batch
from pipelines.archive import plan
from pipelines.media import formats


def tree(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".jpg":
            Image.new("L", (30, 20), 120).save(path)
        else:
            path.write_bytes(b"x" * len(name))
    return str(folder)


def places(made, output):
    return sorted(item.target.removeprefix(f"{output}/") for item in made.items)


@pytest.mark.parametrize("suffix", [None, ".png"])
def test_results_are_named_as_by_the_plain_command(tmp_path, suffix):
    one = tree(tmp_path / "a", "x.jpg", "x.png", "deep/film.dv", "x.pgm", ".hidden.jpg", ".folder/y.jpg", "notes.txt")
    two = tree(tmp_path / "b", "x.jpg")
    for inputs in ([one], [one, two], [one, f"{two}/x.jpg"]):
        output = str(tmp_path / "out")
        made = plan.make(inputs, output, suffix, {})
        found = batch.find(inputs, output, formats.SUFFIXES, suffix)
        assert sorted((item.source, item.target) for item in made.items) == sorted(
            (str(job.source), str(job.target)) for job in found.jobs
        )
    assert made.left_out == 1
    assert [item.source.endswith(".dv") for item in made.items if item.film] == [True]


def test_urls_are_listed(s3, tmp_path):
    from pipelines.media import storage

    for name in ("films/a.mp4", "films/b/c.jpg", "films/notes.txt"):
        storage.publish_bytes(b"12345", f"{s3.url}/{name}")
    made = plan.make([f"{s3.url}/films/"], f"{s3.url}/out", None, {})
    assert {(item.source, item.target, item.size) for item in made.items} == {
        (f"{s3.url}/films/a.mp4", f"{s3.url}/out/a.mp4", 5),
        (f"{s3.url}/films/b/c.jpg", f"{s3.url}/out/b/c.jpg", 5),
    }
    single = plan.make([f"{s3.url}/films/a.mp4"], "/out", None, {})
    assert [item.target for item in single.items] == ["/out/a.mp4"]


def test_a_name_that_is_taken_by_an_earlier_result_is_not_given_again(tmp_path):
    folder = tree(tmp_path / "a", "x.jpg")
    taken = {"/out/x.jpg": "/elsewhere/x.jpg"}
    assert places(plan.make([folder], "/out", None, taken), "/out") == ["x-2.jpg"]


def test_input_that_stands_for_nothing_is_a_fault_and_the_rest_goes_on(tmp_path):
    folder = tree(tmp_path / "a", "x.jpg")
    made = plan.make([folder, str(tmp_path / "none")], "/out", None, {})
    assert len(made.items) == 1 and made.faults == (f"{tmp_path / 'none'}: does not exist",)
    with pytest.raises(InputError, match="Received: .*none: does not exist"):
        plan.make([str(tmp_path / "none")], "/out", None, {})


@pytest.mark.parametrize(
    ("given", "output", "inside"),
    [
        ("a", "a", True),
        ("a", "a/out", True),
        ("a", "ab", False),
        ("s3://b/a/", "s3://b/a/out", True),
        ("s3://b/a", "s3://b/ab", False),
    ],
)
def test_results_must_not_be_among_the_originals(given, output, inside):
    if not inside:
        return plan.check_output([given], plan.storage.absolute(output))
    with pytest.raises(InputError, match="`--output` must lie outside of the inputs. Received: "):
        plan.check_output([given], plan.storage.absolute(output))
