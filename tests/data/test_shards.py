"""Shards: what goes in comes out, in a seeded order, and what was changed afterwards is noticed."""

import concurrent.futures
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.data import shards

ROOT = Path(__file__).parents[2]


def save(path, width=24, height=16, seed=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)).save(path, **options)
    return path


@pytest.fixture
def photos(tmp_path):
    for number in range(10):
        save(tmp_path / f"photos/{number % 2}/{number}.jpg", seed=number)
    return tmp_path / "photos"


def records(manifest):
    """All pictures as (name, bytes), shard by shard."""
    examples = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(manifest.paths)]
    features = [example.features.feature for example in examples]
    return [(each["name"].bytes_list.value[0].decode(), each["image"].bytes_list.value[0]) for each in features]


def test_every_picture_comes_out_once_with_its_own_bytes(photos, tmp_path):
    written = shards.write(photos, tmp_path / "out", shards=4)
    manifest = shards.read_manifest(tmp_path / "out")
    assert manifest == written
    assert (manifest.kind, manifest.count, manifest.skipped) == ("photos", 10, ())
    assert [Path(path).name for path in manifest.paths] == [f"photos-0000{i}-of-00004.tfrecord" for i in range(4)]
    assert [shard.count for shard in manifest.shards] == [3, 3, 2, 2]
    found = dict(records(manifest))
    assert found == {str(path.relative_to(photos)): path.read_bytes() for path in photos.rglob("*.jpg")}
    shards.verify(manifest)


def test_the_order_is_shuffled_by_the_seed_and_the_same_for_the_same_seed(photos, tmp_path):
    orders = [
        [name for name, _ in records(shards.write(photos, tmp_path / f"out{number}", shards=2, seed=seed))]
        for number, seed in enumerate((1, 1, 2))
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) != orders[0]
    first, second = (json.loads((tmp_path / f"out{number}/manifest.json").read_text()) for number in (0, 1))
    assert first == second


def test_fewer_pictures_than_shards_make_fewer_shards(tmp_path):
    save(tmp_path / "in/a.png")
    manifest = shards.write(tmp_path / "in", tmp_path / "out", name="one")
    assert [shard.file for shard in manifest.shards] == ["one-00000-of-00001.tfrecord"]


def test_only_pictures_that_lie_on_their_side_are_too_large_or_of_other_formats_are_encoded_anew(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    kept = [save(tmp_path / "a.jpg"), save(tmp_path / "a.png"), save(tmp_path / "long.jpg", width=90)]
    for path in kept:
        assert shards.stored_bytes(path, 16) == path.read_bytes()
    changed = {
        save(tmp_path / "turned.jpg", exif=exif): (16, 24),
        save(tmp_path / "large.png", width=48, height=32): (24, 16),
        save(tmp_path / "tall.jpg", width=32, height=64): (16, 32),
        save(tmp_path / "a.webp"): (24, 16),
        save(tmp_path / "a.tif"): (24, 16),
        save(tmp_path / "a.bmp"): (24, 16),
    }
    for path, size in changed.items():
        with Image.open(io.BytesIO(shards.stored_bytes(path, 16))) as image:
            assert (image.format, image.size) == ("JPEG", size), path.name
            assert not image.getexif().get(0x0112)


def test_a_reduced_picture_looks_like_the_original(tmp_path):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    Image.fromarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None], 128), axis=-1).astype(np.uint8)).save(
        tmp_path / "a.png"
    )
    with Image.open(io.BytesIO(shards.stored_bytes(tmp_path / "a.png", 16))) as image:
        small = np.asarray(image).astype(int)
    expected = ramp.reshape(16, 4).mean(axis=1)
    assert np.abs(small[..., 0] - expected[:, None]).max() < 8
    assert np.abs(small[..., 1] - expected[None]).max() < 8


def test_the_kind_is_seen_by_the_pictures(tmp_path):
    for name, width in (("a", 32), ("b", 32), ("c", 32)):
        save(tmp_path / f"in/{name}.jpg", width=width)
    assert shards.write(tmp_path / "in", tmp_path / "pairs").kind == "pairs"
    save(tmp_path / "in/d.jpg", width=33)
    with pytest.raises(InputError, match="twice as wide as high, as 3 of the 4 pictures are. Received: .*d.jpg"):
        shards.write(tmp_path / "in", tmp_path / "mixed")
    assert not (tmp_path / "mixed").exists()
    assert shards.write(tmp_path / "in", tmp_path / "photos", kind="photos").count == 4
    manifest = shards.write(tmp_path / "in", tmp_path / "told", kind="pairs")
    assert manifest.count == 3
    assert manifest.skipped == (shards.Skipped("d.jpg", "a pair file must be exactly twice as wide as high"),)


def test_pairs_are_never_reduced(tmp_path):
    path = save(tmp_path / "in/a.jpg", width=64, height=32)
    ((_, image),) = records(shards.write(tmp_path / "in", tmp_path / "out", size=16))
    assert image == path.read_bytes()


def test_bad_pictures_are_skipped_counted_and_named(photos, tmp_path):
    (photos / "zero.jpg").touch()
    (photos / "text.jpg").write_text("hello")
    whole = (photos / "0/0.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    save(photos / "one.png", 1, 1)
    Image.new("1", (11000, 11000)).save(photos / "bomb.png")
    command = [sys.executable, "-m", "pipelines.shards", str(photos), f"--output={tmp_path / 'out'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "10 photos in 10 shards" in done.stdout
    assert "5 pictures were skipped" in done.stdout
    skipped = {each.name: each.reason for each in shards.read_manifest(tmp_path / "out").skipped}
    assert sorted(skipped) == ["bomb.png", "cut.jpg", "one.png", "text.jpg", "zero.jpg"]
    assert "megapixels" in skipped["bomb.png"]


def test_a_folder_without_one_usable_picture_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/text.jpg").write_text("hello")
    with pytest.raises(InputError, match="text.jpg: not a picture"):
        shards.write(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_finished_folder_is_replaced_only_when_told_and_other_folders_never(photos, tmp_path):
    shards.write(photos, tmp_path / "out", shards=4)
    with pytest.raises(InputError, match="--overwrite replaces it"):
        shards.write(photos, tmp_path / "out")
    assert len(shards.write(photos, tmp_path / "out", shards=2, overwrite=True).shards) == 2
    assert len(list((tmp_path / "out").iterdir())) == 3
    with pytest.raises(InputError, match="holds other files"):
        shards.write(photos, photos, overwrite=True)
    assert len(list(photos.rglob("*.jpg"))) == 10


def test_the_reader_refuses_what_is_missing_damaged_or_of_another_schema(photos, tmp_path):
    with pytest.raises(InputError, match="manifest.json is expected"):
        shards.read_manifest(tmp_path / "missing")
    manifest = shards.write(photos, tmp_path / "out", shards=2)
    text = (tmp_path / "out/manifest.json").read_text()

    for other, message in (
        (text.replace('"schema": 1', '"schema": 2'), "schema 1. Received: schema 2"),
        (text[:100], "damaged file"),
        ("[]", "damaged file"),
        (text.replace('"count": 10', '"count": 11'), "count=11"),
    ):
        (tmp_path / "out/manifest.json").write_text(other)
        with pytest.raises(InputError, match=message):
            shards.read_manifest(tmp_path / "out")
    (tmp_path / "out/manifest.json").write_text(text)

    shard = Path(manifest.paths[1])
    data = shard.read_bytes()
    shard.write_bytes(data[:-1])
    with pytest.raises(InputError, match=f"{shard.name} must be a file of {len(data)} bytes"):
        shards.read_manifest(tmp_path / "out")
    shard.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(InputError, match=f"{shard.name} must have the SHA-256"):
        shards.verify(shards.read_manifest(tmp_path / "out"))
    shard.unlink()
    with pytest.raises(InputError, match="Received: none"):
        shards.read_manifest(tmp_path / "out")


def test_shards_by_other_hands_are_the_same(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "PART", 4)
    (photos / "bad.jpg").write_bytes(b"nothing")
    one = shards.write(photos, tmp_path / "one", shards=3)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        many = shards.write(photos, tmp_path / "many", shards=3, pool=pool)
    assert many.shards == one.shards and many.skipped == one.skipped and one.skipped[0].name == "bad.jpg"
