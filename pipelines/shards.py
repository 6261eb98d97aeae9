"""Command: pair files or photographs in, TFRecord shards with a manifest out (see `pipelines.data.shards`).

python -m pipelines.shards pairs/ --output=shards/ [--name=..] [--shards=16] [--size=..] [--seed=..] [--address=auto]
python -m pipelines.shards shards/ --verify
"""

from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError
from pipelines import cluster
from pipelines.data.shards import KINDS, read_manifest, verify, write


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string("output", None, "The new folder of shards.")
    flags.DEFINE_string("name", None, "How the shards' names begin; by default the name of the folder of pictures.")
    flags.DEFINE_integer("shards", 16, "Number of shards.", 1, 99999)
    flags.DEFINE_integer("size", None, "Photographs whose shorter side is longer than this are reduced to it.", 2)
    flags.DEFINE_integer("seed", 0, "Seed of the order of the pictures.")
    flags.DEFINE_enum("kind", "auto", ["auto", *KINDS], "What the pictures are; auto: pairs if every one is 2:1.")
    flags.DEFINE_bool("overwrite", False, "Replace a finished output folder.")
    flags.DEFINE_string("address", None, "Ray cluster that does the work: auto or host:port. Default: this machine.")
    flags.DEFINE_bool("verify", False, "Check a folder of shards against its checksums instead of making one.")


def main(argv: list[str]) -> None:
    """Packs the folder named into shards, or verifies it, and reports."""
    from tqdm import tqdm

    args = flags.FLAGS
    if len(argv) != 2:
        raise InputError(f"One folder is expected. Received: {' '.join(argv[1:]) or 'none'}.")
    if args.verify:
        manifest = read_manifest(argv[1])
        verify(manifest)
        print(f"{argv[1]} is whole: {manifest.count} {manifest.kind} in {len(manifest.shards)} shards")
        return
    if not args.output:
        raise InputError("--output must name the new folder. Received: none.")
    with cluster.tasks(args.address) as pool:
        manifest = write(
            Path(argv[1]),
            Path(args.output),
            args.name,
            args.shards,
            args.size,
            args.seed,
            args.kind,
            args.overwrite,
            tqdm,
            pool,
        )
    size = sum(shard.bytes for shard in manifest.shards) / 1e6
    print(f"{manifest.count} {manifest.kind} in {len(manifest.shards)} shards, {size:.1f} MB, in {args.output}")
    if manifest.skipped:
        print(f"{len(manifest.skipped)} pictures were skipped:")
        print("\n".join(f"  {picture.name}: {picture.reason}" for picture in manifest.skipped))


if __name__ == "__main__":
    define_flags()
    command.run(main)
