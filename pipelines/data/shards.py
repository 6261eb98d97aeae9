"""TFRecord shards of pictures, with a manifest: read, checked and written.

A shard `NAME-00000-of-00016.tfrecord` holds tf.train.Examples with two features: `image`, the bytes of a JPEG or PNG
file, upright, and `name`, its path below the folder it came from. `manifest.json` lists the shards and their checksums.
"""

import dataclasses
import functools
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorgan_tf.errors import InputError
from pipelines.media import orientation, writing
from pipelines.media.writing import new_folder

if TYPE_CHECKING:
    from pipelines.data.pictures import Checked

MANIFEST = "manifest.json"
SCHEMA = 1
KINDS = ("pairs", "photos")
CHUNK = 64  # pictures held in memory at a time
PART = 1000  # pictures that another machine checks at a time


@dataclasses.dataclass(frozen=True)
class Shard:
    """One TFRecord file: its name, number of pictures, size in bytes and SHA-256."""

    file: str
    count: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A picture that was left out, and why."""

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a folder of shards holds; `kind` is "pairs" or "photos"."""

    folder: Path
    kind: str
    count: int
    shards: tuple[Shard, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def paths(self) -> list[str]:
        """The shard files, in order."""
        return [str(self.folder / shard.file) for shard in self.shards]


# === Reading ===


def read_manifest(folder: str | Path) -> Manifest:
    """Reads the manifest of a folder of shards, and sees that the shards are there in full.

    Raises:
        InputError: if the manifest is missing, damaged or of another schema, or a shard is missing or of another size.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        fields = json.loads(path.read_text())
        if (schema := fields.pop("schema")) != SCHEMA:
            raise InputError(f"{path} must be of schema {SCHEMA}. Received: schema {schema}; make the shards again.")
        shards = tuple(Shard(**shard) for shard in fields.pop("shards"))
        skipped = tuple(Skipped(**picture) for picture in fields.pop("skipped"))
        manifest = Manifest(folder, shards=shards, skipped=skipped, **fields)
    except OSError:
        raise InputError(f"A folder of shards with a {MANIFEST} is expected. Received: {folder} without one.") from None
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} must be a manifest of shards. Received: a damaged file ({error}).") from None
    verify(manifest, checksums=False)
    return manifest


def verify(manifest: Manifest, checksums: bool = True) -> None:
    """Sees that every shard is the one that was written.

    Args:
        manifest: what the folder should hold.
        checksums: read every shard and compare its SHA-256, not just its size.

    Raises:
        InputError: naming the first shard that is missing or differs.
    """
    for shard in manifest.shards:
        path = manifest.folder / shard.file
        size = path.stat().st_size if path.is_file() else None
        if size != shard.bytes:
            came = "none" if size is None else f"{size} bytes"
            raise InputError(f"{path} must be a file of {shard.bytes} bytes, as {MANIFEST} says. Received: {came}.")
        if checksums and _sha256(path) != shard.sha256:
            raise InputError(f"{path} must have the SHA-256 that {MANIFEST} says. Received: other contents.")
    total = sum(shard.count for shard in manifest.shards)
    if manifest.kind not in KINDS or manifest.count != total:
        raise InputError(
            f"{manifest.folder / MANIFEST} must be of a kind in {KINDS} and count {total} pictures. "
            f"Received: kind={manifest.kind}, count={manifest.count}."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# === Writing ===


def stored_bytes(path: Path, size: int | None = None) -> bytes:
    """Returns what goes into a shard for one picture: the file as it is, where that will do.

    It is encoded anew, as JPEG of quality 95, 4:4:4, if it is neither JPEG nor PNG, lies on its side, or is too large.

    Args:
        path: a picture file that decodes.
        size: the longest that the shorter side may be, in pixels.
    """
    from PIL import Image

    data = path.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        excess = min(image.size) / size if size else 0
        upright = orientation.of(image.getexif()) == 1
    if upright and excess <= 1 and data.startswith((b"\xff\xd8", b"\x89PNG")):
        return data

    import cv2
    import tensorflow as tf

    from pipelines.data import pictures

    rgb = pictures.decode(data).numpy()
    if excess > 1:
        height, width = (max(1, round(side / excess)) for side in rgb.shape[:2])
        rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return tf.io.encode_jpeg(rgb, quality=95, chroma_downsampling=False).numpy()


def write(
    folder: Path,
    output: Path,
    name: str | None = None,
    shards: int = 16,
    size: int | None = None,
    seed: int = 0,
    kind: str = "auto",
    overwrite: bool = False,
    progress: Callable[..., Iterable[Any]] = lambda items, **_: items,
    pool: Executor | None = None,
) -> Manifest:
    """Packs a folder of pictures into shards, in an order shuffled by `seed`, dealt out one by one.

    Args:
        folder: pair files or photographs.
        output: the new folder.
        name: how the shards' names begin; the folder's name by default.
        shards: the number of shards; fewer where there are fewer pictures.
        size: the longest that the shorter side of a photograph may be; larger ones are reduced.
        seed: of the order.
        kind: "pairs", "photos", or "auto" to look at the pictures.
        overwrite: replace a finished output.
        progress: wraps both passes over the pictures, for example `tqdm`.
        pool: other machines, which see both folders under the same paths; they make the same bytes.

    Raises:
        InputError: if the folder is missing or holds no usable picture, or the output is in use.
    """
    from pipelines.data import pictures

    folder = Path(folder).absolute() if pool else Path(folder)
    with new_folder(output, MANIFEST, overwrite) as partial:
        files = pictures.find(folder)
        checked = _check(files, pool, progress)
        faults = dict(checked.bad)
        kind = checked.kind() if kind == "auto" else kind
        if kind == "pairs":
            faults |= {path: "a pair file must be exactly twice as wide as high" for path in checked.unpaired}
        order = [path for path in checked.good if path not in faults]
        if not order:
            path, fault = next(iter(faults.items()))
            raise InputError(f"{folder} must hold usable pictures. Received: {len(files)}, the first {path}: {fault}.")
        random.Random(seed).shuffle(order)

        shards = min(shards, len(order))
        names = [f"{name or folder.resolve().name}-{i:05d}-of-{shards:05d}.tfrecord" for i in range(shards)]
        write_one = functools.partial(_write_shard, folder, size if kind == "photos" else None)
        written = (pool.map if pool else map)(
            write_one, [partial / name for name in names], [order[i::shards] for i in range(shards)]
        )
        manifest = Manifest(
            Path(output),
            kind,
            len(order),
            tuple(progress(written, total=shards, desc="write", unit="shard")),
            tuple(Skipped(path.relative_to(folder).as_posix(), faults[path]) for path in sorted(faults)),
        )
        fields = {"schema": SCHEMA, **dataclasses.asdict(manifest)}
        del fields["folder"]
        (partial / MANIFEST).write_text(json.dumps(fields, indent=1))
    return manifest


def _check(files: list[Path], pool: Executor | None, progress: Callable[..., Iterable[Any]]) -> "Checked":
    from pipelines.data import pictures

    if pool is None:
        return pictures.check(files, lambda items: progress(items, total=len(files), desc="check"))
    parts = [files[number : number + PART] for number in range(0, len(files), PART)]
    return pictures.joined(progress(pool.map(pictures.check, parts), total=len(parts), desc="check", unit="part"))


def _write_shard(folder: Path, size: int | None, path: Path, files: list[Path]) -> Shard:
    """Writes one shard, whole or not at all: a machine that was given up may still be writing it."""
    import tensorflow as tf

    with writing.beside(path) as partial, ThreadPool() as threads:
        with tf.io.TFRecordWriter(str(partial)) as writer:
            for number in range(0, len(files), CHUNK):
                chunk = files[number : number + CHUNK]
                for file, image in zip(chunk, threads.map(lambda file: stored_bytes(file, size), chunk), strict=True):
                    writer.write(_example(image, file.relative_to(folder).as_posix()))
        return Shard(path.name, len(files), partial.stat().st_size, _sha256(partial))


def _example(image: bytes, name: str) -> bytes:
    import tensorflow as tf

    values = {"image": image, "name": name.encode()}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for key, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
