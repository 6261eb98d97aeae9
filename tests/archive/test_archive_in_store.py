"""The command from and into an S3 server that has faults, over a real cluster: the results of the plain command."""

import pytest
from made_pictures import photograph
from PIL import Image

from pipelines.media import storage
from tests.archive.test_archive import command, contents, needs_ray
from tests.films.test_pieces import film_of_shots


def put(folder, url):
    for path in folder.rglob("*"):
        if path.is_file():
            storage.publish_bytes(path.read_bytes(), f"{url}/{path.relative_to(folder).as_posix()}")


def get(url, folder):
    for entry in storage.files(url):
        (folder / entry.place).parent.mkdir(parents=True, exist_ok=True)
        storage.fetch(entry.path, str(folder / entry.place))


@needs_ray
@pytest.mark.slow
def test_results_in_a_store_that_fails_now_and_then_are_those_of_the_plain_command(s3, tmp_path):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for number in range(3):
        Image.fromarray(photograph(number)).convert("L").save(folder / "deep" / f"{number}.png")
    film_of_shots(folder / "film.mp4", codec="libx264")
    plain = tmp_path / "plain"
    assert command("tests.archive.quick", "colorize", folder, f"--output={plain}", "--quality=fast").returncode == 0
    put(folder, f"{s3.url}/in")
    s3.every = 4
    out = f"{s3.url}/out"
    arguments = (f"{s3.url}/in", f"--output={out}", "--quality=fast", "--cpus_per_actor=1")
    done = command("tests.archive.quick", "archive", *arguments)
    assert done.returncode == 0, done.stderr + done.stdout
    assert s3.befell > 9
    s3.every = 0
    get(out, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(plain)
    assert not list((tmp_path / "out").rglob(".*"))  # no pieces are left
    status = command("pipelines.archive", "--status", f"--output={out}").stdout
    assert "stills: 3 of 3 (3 coloured)" in status and "films: 1 of 1 (1 coloured)" in status and "1 run, " in status


@needs_ray
@pytest.mark.parametrize("output", ["s3://bucket/out", pytest.param("memory://out", marks=pytest.mark.slow)])
def test_store_that_not_all_can_write_is_one_line(photographs, tmp_path, monkeypatch, output):
    pytest.importorskip("s3fs")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = command("pipelines.archive", photographs, f"--output={output}")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert output in done.stderr and ("no credentials" if "s3" in output else "All machines must see") in done.stderr
