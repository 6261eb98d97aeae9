"""The command over a real cluster of this machine: results of the plain command, faults in one line, nothing lost."""

import functools
import json
import os
import subprocess
import sys

import pytest
from made_pictures import photograph
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines import cluster
from tests.films.test_pieces import film_of_shots

needs_ray = pytest.mark.skipif(
    not pytest.importorskip("importlib.util").find_spec("ray"), reason="Ray is not installed: pip install '.[cluster]'"
)


def command(module, *arguments, **variables):
    line = [sys.executable, "-m", module, *map(str, arguments)]
    environment = os.environ | variables
    return subprocess.run(line, capture_output=True, text=True, timeout=900, env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small archive: pictures, a film of shots, a file that is nothing."""
    folder = tmp_path_factory.mktemp("archive") / "in"
    (folder / "deep").mkdir(parents=True)
    for number in range(3):
        Image.fromarray(photograph(number)).convert("L").save(folder / "deep" / f"{number}.png")
    film_of_shots(folder / "film.mp4", codec="libx264")
    (folder / "bad.jpg").write_bytes(b"nothing")
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", "archive", "failed", "colorize"))
    }


@needs_ray
@pytest.mark.slow
def test_results_are_those_of_the_plain_command_and_a_second_run_does_only_what_is_missing(folder, tmp_path):
    plain = command("colorgan_tf.colorize", folder, f"--output={tmp_path / 'plain'}", "--quality=fast")
    assert plain.returncode == 1  # bad.jpg
    arguments = (folder, f"--output={tmp_path / 'out'}", "--quality=fast", "--cpus_per_actor=1")
    done = command("pipelines.archive", *arguments, HOME=str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert not (tmp_path / ".ray").exists()  # a token there would lock other machines out of clusters made later
    assert done.stderr.count("\n") == 1 and "failed: 1 files, see " in done.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "plain")
    (line,) = (tmp_path / "out" / "failed.jsonl").read_text().splitlines()
    assert json.loads(line)["file"].endswith("bad.jpg") and "bad.jpg" in json.loads(line)["error"]
    assert "stills: 4 of 4 (3 coloured, 1 failed)" in done.stdout and "films: 1 of 1 (1 coloured)" in done.stdout
    status = command("pipelines.archive", "--status", f"--output={tmp_path / 'out'}")
    assert status.returncode == 0 and "1 run, " in status.stdout
    (tmp_path / "out" / "deep" / "1.png").unlink()
    (folder / "bad.jpg").unlink()
    again = command("pipelines.archive", *arguments)
    assert again.returncode == 0, again.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "plain")
    assert "2 runs, " in again.stdout
    assert not [path for path in (tmp_path / "out").rglob(".*")]


@needs_ray
@pytest.mark.parametrize(
    ("address", "message"),
    [("127.0.0.1:1", "Connection refused"), ("nonsense", "host:port")],
)
def test_cluster_that_is_not_there_is_one_line(folder, tmp_path, address, message):
    done = command("pipelines.archive", folder, f"--output={tmp_path}", f"--address={address}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert message in done.stderr and "`--address` must be" in done.stderr


@needs_ray
def test_auto_where_no_cluster_runs_is_one_line(tmp_path, monkeypatch):
    from ray._private import services

    monkeypatch.setattr(services, "find_gcs_addresses", functools.cache(set))  # other tests may have some
    monkeypatch.setattr(services, "find_bootstrap_address", lambda folder: None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    message = "`--address` must be that of one Ray cluster. Received: auto: Could not find any running Ray"
    with pytest.raises(InputError, match=message), cluster.connected("auto"):
        pass


def test_without_ray_the_extra_is_named(folder, tmp_path):
    (tmp_path / "ray.py").write_text("raise ImportError('no ray')")
    done = command("pipelines.archive", folder, f"--output={tmp_path / 'out'}", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (
        2,
        "archive: A cluster needs Ray: pip install '.[cluster]'. Received: no package ray.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in"], "`--output` must name the folder"),
        (["--output=out"], "Files or folders to colour are expected"),
        (["in", "--output=in/out"], "`--output` must lie outside of the inputs"),
        (["none", "--output=out"], "none: does not exist"),
        (["--status", "--output=none"], "the folder of an archive that was begun"),
        (["in", "--output=out", "--actors=0"], "--actors"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, arguments, message):
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "in" / "a.png")
    done = command("pipelines.archive", *arguments)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr
