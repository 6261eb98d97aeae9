"""The training pipeline: the same window from both halves, an order that a seed decides, and resume at any batch."""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan_tf import color
from colorgan_tf.config import Data
from colorgan_tf.errors import InputError
from pipelines.data import dataset, shards

HALF = 40  # side of the coordinate pairs' halves


# === Windows ===


def coded_pair():
    """A pair in which every pixel tells its place: A by its luma alone, B by its chroma alone.

    Returns:
        The picture `[40, 80, 3]`, and the lumas of A as integers (299 R + 587 G + 114 B), row by row.
    """
    r, g, b = np.meshgrid(*[np.arange(0, 256, 5)] * 3, indexing="ij")
    sums, first = np.unique(299 * r + 587 * g + 114 * b, return_index=True)
    chosen = np.linspace(0, len(sums) - 1, HALF * HALF).astype(int)
    np.random.default_rng(0).shuffle(chosen)
    a = np.stack([c.ravel()[first[chosen]] for c in (r, g, b)], axis=-1).reshape(HALF, HALF, 3)
    y, x = np.mgrid[0:HALF, 0:HALF]
    b = np.stack([6 * x, 6 * y, 0 * x], axis=-1)
    return np.concatenate([a, b], axis=1).astype(np.uint8), sums[chosen]


def places(luma, chroma, sums):
    """The places (x, y) in A that a luma shows, and those in B that a chroma shows."""
    order = np.argsort(sums)
    shown = np.round(np.asarray(luma)[..., 0] * 255_000).astype(int)
    found = order[np.searchsorted(sums, shown, sorter=order)]
    assert (sums[found] == shown).all()
    offset = 255 * (np.asarray(chroma) @ color.YUV_TO_RGB[:, 1:].T)  # RGB minus luma; blue is 0
    in_b = np.round((offset[..., :2] - offset[..., 2:]) / 6).astype(int)
    return np.stack([found % HALF, found // HALF], axis=-1), in_b


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """600 windows of 32 x 36 from one coded pair, as the places that A and B show."""
    folder = tmp_path_factory.mktemp("coded")
    picture, sums = coded_pair()
    Image.fromarray(picture).save(folder / "pair.png")
    source = dataset.open_source(folder)
    assert source.paired
    stream = dataset.training(source, Data(window=(32, 36)), batch=50, seed=1)
    return [
        places(luma, chroma, sums)
        for lumas, chromas in stream.take(12).as_numpy_iterator()
        for luma, chroma in zip(lumas, chromas, strict=True)
    ]


def test_both_halves_give_exactly_the_same_window(windows):
    assert len(windows) == 600
    for in_a, in_b in windows:
        assert in_a.shape == (36, 32, 2)
        np.testing.assert_array_equal(in_a, in_b)


def test_a_window_is_one_piece_of_the_picture_mirrored_half_of_the_time(windows):
    mirrored = 0
    for in_a, _ in windows:
        assert (np.diff(in_a[..., 1], axis=0) == 1).all()
        steps = np.unique(np.diff(in_a[..., 0], axis=1))
        assert list(steps) in ([1], [-1])
        mirrored += steps[0] == -1
    assert 250 < mirrored < 350


def test_windows_reach_every_corner_of_the_picture(windows):
    corners = {(in_a[..., 0].min(), in_a[..., 1].min()) for in_a, _ in windows}
    assert corners == set(itertools.product(range(HALF - 32 + 1), range(HALF - 36 + 1)))


def as_file(rgb):
    return tf.io.encode_png(rgb)


def cut(rgb, data, seed=None, paired=False, shape=None):
    height, width = shape or data.window[::-1]
    key = None if seed is None else tf.constant([seed, 0], tf.int64)
    luma, chroma = dataset.window(as_file(rgb), paired, data, tf.constant([height, width]), key)
    return np.concatenate([luma, chroma], axis=-1)


def test_a_smaller_picture_is_enlarged_to_the_window():
    rgb = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    window = cut(rgb, Data(window=(40, 20)))
    expected = cv2.resize(rgb[5:15].astype(np.float32) / 255, (40, 20), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(window, color.rgb_to_yuv(expected), atol=1e-5)


def test_zoom_reduces_by_the_mean_of_the_area():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    window = cut(rgb, Data(window=(32, 32), zoom=(1.0, 1.0)))
    expected = (rgb[:, 16:80] / 255).reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(window, color.rgb_to_yuv(expected), atol=1e-5)


def test_zoomed_windows_cover_between_both_shares_of_the_picture():
    ramp = np.zeros((200, 200, 3), np.uint8)
    ramp[:] = np.arange(200, dtype=np.uint8)[None, :, None]
    data = Data(window=(32, 32), zoom=(0.5, 1.0), flip=False)
    covered = [np.ptp(cut(ramp, data, seed)[..., 0]) * 255 / 200 for seed in range(40)]
    assert 0.4 < min(covered) < 0.6
    assert 0.85 < max(covered) <= 1


def test_stretched_windows_show_things_wider_and_taller():
    ramps = np.zeros((200, 200, 3), np.uint8)
    ramps[..., 0], ramps[..., 2] = np.arange(200)[None, :], np.arange(200)[:, None]
    data = Data(window=(32, 32), zoom=(0.5, 0.5), stretch=1.5, flip=False)
    shown = [color.yuv_to_rgb(cut(ramps, data, seed)) for seed in range(60)]
    wider = np.array([np.ptp(rgb[..., 0]) / np.ptp(rgb[..., 2]) for rgb in shown])
    assert 0.6 < wider.min() < 0.75 and 1.35 < wider.max() < 1.65  # 1 / 1.5 to 1.5
    assert np.ptp(cut(ramps, data, None)[..., 0]) > 0  # the centre, without a seed, is cut as ever


def test_the_centre_is_cut_without_a_seed():
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    np.testing.assert_allclose(cut(rgb, Data(window=(30, 20))), color.rgb_to_yuv(rgb[10:30, 10:40] / 255), atol=1e-6)


def test_ageing_changes_the_input_and_never_the_target():
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    plain, aged = (cut(rgb, Data(window=(48, 48), degradation=kind), seed=1) for kind in ("none", "old_film"))
    np.testing.assert_array_equal(aged[..., 1:], plain[..., 1:])
    assert np.abs(aged[..., 0] - plain[..., 0]).max() > 0.05


@pytest.mark.parametrize(("size", "shape"), [((50, 90), (48, 24)), ((90, 50), (24, 48))])
def test_the_window_follows_the_orientation_when_told(tmp_path, size, shape):
    Image.fromarray(np.zeros((*size[::-1], 3), np.uint8)).save(tmp_path / "a.png")
    source = dataset.open_source(tmp_path)
    data = Data(window=(48, 24))
    for follow, expected in ((True, shape), (False, (24, 48))):
        stream = dataset.training(source, dataclasses.replace(data, follow_orientation=follow), batch=2, seed=0)
        luma, chroma = next(stream.as_numpy_iterator())
        assert luma.shape == (2, *expected, 1)
        assert chroma.shape == (2, *expected, 2)


# === The stream ===

SMALL = Data(window=(16, 16), shuffle_buffer=4)


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """A folder of 12 pictures, each of another grey, with noise in colour."""
    folder = tmp_path_factory.mktemp("loose")
    rng = np.random.default_rng(0)
    for number in range(12):
        rgb = 20 * number + rng.integers(0, 9, (24, 24, 3))
        Image.fromarray(rgb.astype(np.uint8)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def sources(loose, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded") / "shards"
    shards.write(loose, folder, shards=10)  # 2 pictures in each of two shards, 1 in each of the others
    sharded = dataset.open_source(folder)
    return {"loose": dataset.open_source(loose), "shards": sharded, "kept": dataset.hold_out(sharded, 1)[0]}


def batches(source, number, **options):
    arguments = {"data": SMALL, "batch": 3, "seed": 7} | options
    return list(dataset.training(source, **arguments).take(number).as_numpy_iterator())


def order(source, **options):
    """Which pictures come in the first four epochs."""
    return [int(luma.mean() * 255 // 20) for lumas, _ in batches(source, 16, **options) for luma in lumas]


@pytest.fixture(scope="module")
def orders(sources):
    """The order of each source under seed 7."""
    return {kind: order(sources[kind]) for kind in ("loose", "shards")}


@pytest.mark.parametrize("kind", ["loose", "shards"])
def test_every_epoch_has_every_picture_once_in_another_order(orders, kind):
    seen = orders[kind]
    epochs = [seen[first : first + 12] for first in range(0, 48, 12)]
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert len({tuple(epoch) for epoch in epochs}) == 4


@pytest.mark.parametrize("kind", ["loose", "shards"])
def test_the_seed_decides_the_order(sources, orders, kind):
    assert order(sources[kind]) == orders[kind]
    assert order(sources[kind], seed=8) != orders[kind]


@pytest.mark.parametrize("kind", ["loose", "shards", "kept"])
def test_a_run_goes_on_at_exactly_the_next_batch_across_epochs(sources, kind):
    assert sources["kept"].count in (10, 11)
    whole = batches(sources[kind], 12, batch=5)
    for start in (2, 7):
        rest = batches(sources[kind], 12 - start, batch=5, start=start)
        for (luma, chroma), (expected_luma, expected_chroma) in zip(rest, whole[start:], strict=True):
            np.testing.assert_array_equal(luma, expected_luma)
            np.testing.assert_array_equal(chroma, expected_chroma)


@pytest.mark.parametrize("start", [0, 2])
def test_workers_share_the_stream_without_overlap(sources, start):
    alone = np.concatenate([luma for luma, _ in batches(sources["loose"], 6, batch=4, start=start)])
    for worker in (0, 1):
        own = batches(sources["loose"], 6, batch=2, start=start, worker=worker, workers=2)
        np.testing.assert_array_equal(np.concatenate([luma for luma, _ in own]), alone[worker::2])


def test_pictures_are_read_when_they_are_needed_and_never_held(tmp_path):
    for number in range(80):
        Image.new("RGB", (16, 16), (number,) * 3).save(tmp_path / f"{number:02}.png")
    stream = iter(dataset.training(dataset.open_source(tmp_path), SMALL, batch=1, seed=0))
    next(stream)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(tf.errors.NotFoundError):
        for _ in range(80):
            next(stream)


# === Sources ===


def test_validation_gives_every_picture_once_in_order_and_always_alike(sources):
    first, second = (list(dataset.validation(sources["loose"], SMALL, 5).as_numpy_iterator()) for _ in range(2))
    assert [len(luma) for luma, _ in first] == [5, 5, 2]
    assert [int(luma.mean() * 255 // 20) for lumas, _ in first for luma in lumas] == list(range(12))
    np.testing.assert_array_equal(np.concatenate([c for _, c in first]), np.concatenate([c for _, c in second]))


@pytest.mark.parametrize("kind", ["loose", "shards"])
def test_pictures_held_out_are_not_trained_on(sources, kind):
    kept, watched = dataset.hold_out(sources[kind], 3)
    assert watched.count in (1, 2)
    assert kept.count + watched.count == 12
    assert not set(kept.paths) & set(watched.paths)
    few = dataclasses.replace(sources[kind], paths=kept.paths[:5], counts=kept.counts[:5])
    assert dataset.hold_out(few, 3) == (few, few)


def test_files_that_cannot_be_decoded_are_skipped_and_named(tmp_path, photographs):
    (tmp_path / "good.jpg").write_bytes((photographs / "0.jpg").read_bytes())
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "cut.jpg").write_bytes((photographs / "0.jpg").read_bytes()[:2000])
    source = dataset.open_source(tmp_path)
    assert source.count == 1
    assert dict(source.skipped) == {
        str(tmp_path / "text.jpg"): "not a picture",
        str(tmp_path / "cut.jpg"): "damaged: it cannot be decoded",
    }
    (tmp_path / "good.jpg").unlink()
    with pytest.raises(InputError, match="must hold a picture that can be decoded. Received: .*; damaged"):
        dataset.open_source(tmp_path)


def test_pairs_and_photographs_are_told_apart(tmp_path, pairs, photographs):
    assert dataset.open_source(pairs).paired
    assert not dataset.open_source(photographs).paired
    for path in pairs.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    Image.new("RGB", (519, 260)).save(tmp_path / "odd.png")
    with pytest.raises(
        InputError, match="must be exactly twice as wide as high, as 4 of the 5 pictures are. Received: .*odd.png"
    ):
        dataset.open_source(tmp_path)
