"""Files by path and by URL: the same answers from a folder, memory, Google's emulator and an S3 server with faults."""

import itertools
import logging
import os
import threading
import uuid
from pathlib import Path

import numpy as np
import pytest

from colorgan_tf.errors import InputError
from pipelines.media import storage
from tests.made_films import make_film

fsspec = pytest.importorskip("fsspec")


@pytest.fixture(params=["path", "memory", "s3", "gs"])
def folder(request, tmp_path):
    if request.param == "path":
        return str(tmp_path / "store")
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}/store"
    return f"{request.getfixturevalue(request.param).url}/store"


def write(tmp_path, data):
    path = tmp_path / "made"
    path.write_bytes(data)
    return str(path)


def test_published_files_are_listed_and_read(folder, tmp_path):
    assert list(storage.files(folder)) == []
    storage.publish(write(tmp_path, b"four"), storage.join(folder, "b/c.bin"))
    storage.publish_bytes(b"1", storage.join(folder, "a.bin"))
    assert not (tmp_path / "made").exists()
    listed = list(storage.files(folder))
    assert sorted((each.place, each.size) for each in listed) == [("a.bin", 1), ("b/c.bin", 4)]
    path = storage.join(folder, "b/c.bin")
    assert path in [each.path for each in listed]
    assert storage.exists(path) and not storage.exists(path + "x") and storage.size(path) == 4
    (tmp_path / "copies").mkdir()
    with storage.local(path, str(tmp_path / "copies")) as copy:
        assert Path(copy).read_bytes() == b"four"
    assert os.listdir(tmp_path / "copies") == []
    storage.remove(storage.join(folder, "b"))
    assert [each.place for each in storage.files(folder)] == ["a.bin"]


def test_identity_changes_with_the_content(folder, tmp_path):
    path = storage.join(folder, "a.bin")
    storage.publish_bytes(b"1", path)
    before = storage.identity(path)
    assert storage.identity(path) == before
    storage.publish_bytes(b"22", path)
    assert storage.identity(path) != before


def test_missing_file_is_a_missing_file(folder, tmp_path):
    with pytest.raises(FileNotFoundError), storage.local(storage.join(folder, "none.bin"), str(tmp_path)):
        pass


def frames(path, count):
    from pipelines.films import decoding

    with decoding.open_film(path) as container:
        return [frame.to_ndarray() for frame in itertools.islice(container.decode(video=0), count)]


@pytest.mark.parametrize("kind", ["s3", "gs"])
def test_film_is_read_by_ranges(kind, request, tmp_path):
    server = request.getfixturevalue(kind)
    film = make_film(tmp_path / "film.mkv", 300, size=(256, 384))
    expected, size = frames(film, 300), os.path.getsize(film)
    assert size > 4 << 20
    url = f"{server.url}/film.mkv"
    storage.publish(film, url)
    server.sent = 0
    assert np.array_equal(frames(url, 1)[0], expected[0])
    assert 0 < server.sent < size / 2
    assert all(np.array_equal(*pair) for pair in zip(frames(url, 300), expected, strict=True))


@pytest.mark.parametrize("fault", ["error", "cut", "slow"])
def test_faults_of_a_store_are_overcome(s3, tmp_path, fault):
    data = os.urandom(3_000_000)
    url = f"{s3.url}/big.bin"
    storage.publish(write(tmp_path, data), url)
    s3.fault, s3.faults = fault, 2
    with storage.local(url, str(tmp_path)) as copy:
        assert Path(copy).read_bytes() == data
    assert s3.faults < 2


def test_store_that_always_fails_is_named(s3, tmp_path):
    storage.publish_bytes(b"1", f"{s3.url}/a.bin")
    s3.fault, s3.faults = "error", 1000
    with pytest.raises(InputError, match=r"The store must be reachable and allow it. Received: s3://.*a.bin"):
        storage.size(f"{s3.url}/a.bin")


def test_packages_of_stores_do_not_print_what_they_raise(gs):
    storage.exists(f"{gs.url}/a.bin")
    assert not logging.getLogger("gcsfs.any").isEnabledFor(logging.ERROR)


def test_url_of_an_unknown_kind_is_named():
    with pytest.raises(InputError, match="Received: nosuch://a/b"):
        list(storage.files("nosuch://a/b"))


def test_url_without_credentials_is_one_line(monkeypatch, tmp_path):
    pytest.importorskip("s3fs")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(InputError, match="Received: s3://bucket/a: no credentials") as raised:
        list(storage.files("s3://bucket/a"))
    assert "\n" not in str(raised.value)


def test_threads_share_a_store(folder, tmp_path):
    def write_and_read(number):
        path = storage.join(folder, f"{number}.bin")
        storage.publish_bytes(bytes([number]) * 1000, path)
        assert storage.size(path) == 1000

    threads = [threading.Thread(target=write_and_read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(storage.files(folder))) == 4
