"""The training pipeline: pairs, photographs or shards -> batches of luma and chroma windows, with tf.data.

The order of pictures and every random choice are pure functions of the seed and of the picture's number in the
endless stream. So a position in the stream is one number, which a checkpoint of a few bytes can hold, and memory does
not grow with the number of pictures.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from colorgan_tf import config as config_lib
from colorgan_tf.color import RGB_TO_YUV
from colorgan_tf.errors import InputError
from pipelines.data import pictures, shards

_SHARDS_AT_ONCE = 8  # read side by side


@dataclasses.dataclass(frozen=True)
class Source:
    """Where pictures come from: a folder of pair files or photographs, or a folder of shards.

    Attributes:
        paths: picture files, or shard files.
        counts: of pictures in each of them.
        sharded: which of the two.
        paired: whether each picture holds A and B side by side.
        skipped: files that cannot be decoded, with the reason.
    """

    paths: tuple[str, ...]
    counts: tuple[int, ...]
    sharded: bool
    paired: bool
    skipped: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """Pictures in all."""
        return sum(self.counts)

    @property
    def fingerprint(self) -> str:
        """A short text that differs between sources of other names or numbers of pictures, wherever they lie."""
        folder = os.path.commonpath([os.path.dirname(path) for path in self.paths])
        names = [os.path.relpath(path, folder) for path in self.paths]
        return hashlib.sha256(json.dumps([names, self.counts]).encode()).hexdigest()[:16]


def open_source(folder: str | Path, progress: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Source:
    """Finds out what a folder holds; loose pictures are decoded once, so that training meets only good ones.

    Raises:
        InputError: if there is nothing to train on.
    """
    folder = Path(folder)
    if (folder / shards.MANIFEST).exists():
        manifest = shards.read_manifest(folder)
        counts = tuple(shard.count for shard in manifest.shards)
        return Source(tuple(manifest.paths), counts, True, manifest.kind == "pairs")
    checked = pictures.check(pictures.find(folder), progress)
    skipped = tuple((str(path), reason) for path, reason in checked.bad)
    if not checked.good:
        raise InputError(f"The folder must hold a picture that can be decoded. Received: {folder}; {skipped[0][1]}.")
    paths = tuple(str(path) for path in checked.good)
    return Source(paths, (1,) * len(paths), False, checked.kind() == "pairs", skipped)


def hold_out(source: Source, count: int) -> tuple[Source, Source]:
    """Splits `source` into a training set and a validation set of at most `count` pictures (and a tenth).

    From shards, whole last shards are held out; from loose files, evenly spread ones. A source too small to split
    serves as both.
    """
    items = len(source.paths)
    if source.sharded:
        held = min(max(1, round(count * items / source.count)), items // 10)
        held_out = range(items - held, items)
    else:
        held = min(count, items // 10)
        held_out = range(0, items, items // held)[:held] if held else range(0)
    if not held:
        return source, source
    return _part(source, [item for item in range(items) if item not in held_out]), _part(source, held_out)


def _part(source: Source, items: Sequence[int]) -> Source:
    paths = tuple(source.paths[item] for item in items)
    return dataclasses.replace(source, paths=paths, counts=tuple(source.counts[item] for item in items))


def training(
    source: Source,
    data: config_lib.Data,
    batch: int,
    seed: int,
    start: int = 0,
    worker: int = 0,
    workers: int = 1,
) -> tf.data.Dataset:
    """Returns the endless stream of training batches.

    Args:
        source: the pictures.
        data: what a training picture is.
        batch: pictures a batch on this worker.
        seed: of the order and of every random choice.
        start: batches already used, which are skipped without being decoded.
        worker: this worker's number; workers share the stream picture by picture.
        workers: how many there are.

    Returns:
        Batches of luma `[batch, height, width, 1]` float32 in [0, 1] and chroma `[batch, height, width, 2]` (U, V).
    """
    if source.count < 1:
        raise InputError("A data set needs at least one picture. Received: none.")
    per_epoch = source.count
    used = start * batch * workers
    first_epoch, position = divmod(used, per_epoch)

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        return _shuffled(source, data.shuffle_buffer, seed, number)

    stream = tf.data.Dataset.range(first_epoch, 2**40).flat_map(epoch).skip(position)
    stream = stream.enumerate(used).shard(workers, worker)

    def example(number: tf.Tensor, encoded: tf.Tensor, shape: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return window(encoded, source.paired, data, shape, tf.stack([tf.cast(seed, tf.int64), number]))

    def oriented(numbers: tf.Tensor, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # One batch has one shape: that of its first picture's orientation.
        shape = _oriented(_half_size(pictures.decode(encoded[0]), source.paired), data)
        signature = (tf.TensorSpec([None, None, 1], tf.float32), tf.TensorSpec([None, None, 2], tf.float32))
        return tf.map_fn(
            lambda item: example(item[0], item[1], shape), (numbers, encoded), fn_output_signature=signature
        )

    if data.follow_orientation:
        stream = stream.batch(batch, drop_remainder=True)
        stream = stream.map(oriented, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    else:
        shape = tf.constant(data.window[::-1])
        stream = stream.map(
            lambda number, encoded: example(number, encoded, shape),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        ).batch(batch, drop_remainder=True)
    width, height = (None, None) if data.follow_orientation else data.window
    return stream.map(
        lambda luma, chroma: (
            tf.ensure_shape(luma, [batch, height, width, 1]),
            tf.ensure_shape(chroma, [batch, height, width, 2]),
        )
    ).prefetch(tf.data.AUTOTUNE)


def validation(source: Source, data: config_lib.Data, batch: int) -> tf.data.Dataset:
    """Returns every picture of `source` once, in order, as batches of centre windows without flips or degradation."""
    shape = tf.constant(data.window[::-1])
    stream = _encoded(source).map(
        lambda encoded: window(encoded, source.paired, data, shape, None), num_parallel_calls=tf.data.AUTOTUNE
    )
    return stream.batch(batch).prefetch(1)


def window(
    encoded: tf.Tensor, paired: bool, data: config_lib.Data, shape: tf.Tensor, seed: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns one encoded picture into one training window.

    Args:
        encoded: the file's bytes.
        paired: whether it holds A (whose luma is the input) left and B (whose chroma is the target) right.
        data: the window's variation.
        shape: int32 `[2]`, height and width of the window.
        seed: int64 `[2]` of the random choices; None takes the centre, without flip or degradation.

    Returns:
        luma `[height, width, 1]` float32 in [0, 1] and chroma `[height, width, 2]` (U, V).
    """
    picture = pictures.decode(encoded)
    if paired:
        half = tf.shape(picture)[1] // 2
        a, b = picture[:, :half], picture[:, half : 2 * half]
    else:
        a = b = picture
    box = _box(_half_size(picture, paired), shape, data, seed)
    a = _cut(a, box, shape)
    b = _cut(b, box, shape) if paired else a

    if data.degradation == "old_film" and seed is not None:
        from pipelines import degrade

        luma = degrade.degrade(a, _fold(seed, 3))
    else:
        luma = tf.tensordot(a, RGB_TO_YUV[:1].T, 1)
    chroma = tf.tensordot(b, RGB_TO_YUV[1:].T, 1)
    if data.flip and seed is not None:
        flipped = _uniform(seed, 2) < 0.5
        luma = tf.cond(flipped, lambda: luma[:, ::-1], lambda: luma)
        chroma = tf.cond(flipped, lambda: chroma[:, ::-1], lambda: chroma)
    return luma, chroma


def _encoded(source: Source) -> tf.data.Dataset:
    """The encoded pictures, in the source's own order."""
    if source.sharded:
        return tf.data.TFRecordDataset(list(source.paths)).map(_image_of)
    return tf.data.Dataset.from_tensor_slices(list(source.paths)).map(tf.io.read_file)


def _shuffled(source: Source, buffer: int, seed: int, epoch: tf.Tensor) -> tf.data.Dataset:
    """The encoded pictures of one epoch, in an order that the seed and the epoch's number decide."""
    order = tf.random.stateless_uniform([len(source.paths)], tf.stack([tf.cast(seed, tf.int64), epoch]))
    paths = tf.data.Dataset.from_tensor_slices(tf.gather(tf.constant(source.paths), tf.argsort(order)))
    if not source.sharded:
        return paths.map(tf.io.read_file, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    records = paths.interleave(tf.data.TFRecordDataset, cycle_length=_SHARDS_AT_ONCE)

    def shuffled(block_number: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
        # Dataset.shuffle takes no seed that depends on the epoch, so blocks are permuted instead.
        key = _fold(tf.stack([tf.cast(seed, tf.int64), epoch]), block_number)
        return tf.gather(block, tf.argsort(tf.random.stateless_uniform([tf.shape(block)[0]], key)))

    blocks = records.batch(buffer).enumerate().map(shuffled)
    return blocks.unbatch().map(_image_of, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _image_of(record: tf.Tensor) -> tf.Tensor:
    return tf.io.parse_single_example(record, {"image": tf.io.FixedLenFeature([], tf.string)})["image"]


def _half_size(picture: tf.Tensor, paired: bool) -> tf.Tensor:
    """Height and width of the scene, int32 `[2]`."""
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    return tf.stack([height, width // 2 if paired else width])


def _oriented(size: tf.Tensor, data: config_lib.Data) -> tf.Tensor:
    """Height and width of the window, turned the way a scene of that size is turned."""
    width, height = data.window
    shape = tf.constant([height, width])
    return tf.where(tf.not_equal(size[0] > size[1], height > width), shape[::-1], shape)


def _box(size: tf.Tensor, shape: tf.Tensor, data: config_lib.Data, seed: tf.Tensor | None) -> tf.Tensor:
    """The box to cut, int32 [top, left, height, width], pixels, of the proportions of the window but for `stretch`."""
    size_f, shape_f = tf.cast(size, tf.float32), tf.cast(shape, tf.float32)
    if data.stretch > 1.0 and seed is not None:
        taller = data.stretch ** (_uniform(seed, 4) - 0.5)
        shape_f *= tf.stack([taller, 1.0 / taller])
    largest = tf.reduce_min(size_f / shape_f)  # scale of the largest box that fits
    if data.zoom is None:
        scale = tf.minimum(1.0, largest)  # a smaller picture is enlarged to the window
    else:
        share = data.zoom[1] if seed is None else data.zoom[0] + (data.zoom[1] - data.zoom[0]) * _uniform(seed, 0)
        scale = largest * share
    box = tf.clip_by_value(tf.cast(tf.round(shape_f * scale), tf.int32), 1, size)
    slack = tf.cast(size - box, tf.float32)
    where = tf.constant([0.5, 0.5]) if seed is None else tf.random.stateless_uniform([2], _fold(seed, 1))
    corner = tf.minimum(tf.cast(where * (slack + 1.0), tf.int32), size - box)
    return tf.concat([corner, box], axis=0)


def _cut(picture: tf.Tensor, box: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Cuts a box of a uint8 picture and brings it to the window's size, float32 in [0, 1]."""
    part = tf.slice(picture, [box[0], box[1], 0], [box[2], box[3], 3])
    part = tf.image.convert_image_dtype(part, tf.float32)
    same = tf.reduce_all(tf.equal(box[2:], shape))
    # Only the window is resized, never the whole picture; area averaging keeps reduced pictures free of moiré.
    return tf.cond(
        same,
        lambda: part,
        lambda: tf.cond(
            box[2] > shape[0],
            lambda: tf.image.resize(part, shape, "area"),
            lambda: tf.image.resize(part, shape, "bilinear"),
        ),
    )


def _fold(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """A seed of its own for each kind of choice."""
    return tf.random.experimental.stateless_fold_in(seed, number)


def _uniform(seed: tf.Tensor, number: int) -> tf.Tensor:
    return tf.random.stateless_uniform([], _fold(seed, number))
