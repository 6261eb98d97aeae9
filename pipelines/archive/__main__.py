"""Command: colours a whole archive on the machines of a Ray cluster; without --address, on this one.

python -m pipelines.archive FILE_OR_FOLDER_OR_URL... --output=FOLDER_OR_URL [--address=auto]
python -m pipelines.archive --status --output=FOLDER_OR_URL
"""

import contextlib
import secrets
import sys
from typing import TYPE_CHECKING

from absl import flags

from colorgan_tf import command
from colorgan_tf.colorize import define_coloring_flags, options
from colorgan_tf.errors import InputError, PartialFailure

if TYPE_CHECKING:
    from pipelines.archive.manifest import Manifest
    from pipelines.archive.plan import Plan

REPORT = "archive.json"


def define_flags() -> None:
    """Defines this command's flags: those of colouring, and those of the cluster."""
    define_coloring_flags()
    flags.adopt_module_key_flags(sys.modules["colorgan_tf.colorize"])  # --help lists them
    flags.DEFINE_string("address", None, "Ray cluster: auto (the one this machine is in) or host:port. Default: none.")
    flags.DEFINE_float("cpus_per_actor", 2.0, "Cores of an actor: a process with a model of its own.", lower_bound=0.1)
    flags.DEFINE_float("gpus_per_actor", None, "Graphics cards of an actor. Default: one where a machine has any.")
    flags.DEFINE_float("memory_per_actor", 1.5, "Memory of an actor, in GB.", lower_bound=0.0)
    flags.DEFINE_integer("actors", None, "At most so many actors in all. Default: all that fit.", lower_bound=1)
    flags.DEFINE_bool("status", False, "Only tell how far the archive in --output is.")


def main(argv: list[str]) -> None:
    """Colours the archive that the command line names, or tells how far it is."""
    values = flags.FLAGS
    if not values.output:
        raise InputError("`--output` must name the folder of the results. Received: none.")
    if not values.status and not argv[1:]:
        raise InputError("Files or folders to colour are expected. Received: none. See --help.")
    from pipelines import batch
    from pipelines.archive import leftovers, manifest, plan, report
    from pipelines.films import resuming
    from pipelines.media import formats, storage

    output = storage.absolute(values.output)
    if values.status:
        with contextlib.closing(manifest.open_begun(output)) as book:
            print(report.status(book))
        return
    plan.check_output(argv[1:], output)
    remote = storage.is_url(output)
    if not remote:
        batch.prepare_output(output)
    with (
        contextlib.nullcontext() if remote else resuming.alone(storage.join(output, manifest.NAME)),
        contextlib.closing(manifest.Manifest(output)) as book,
    ):
        suffix = formats.usual_suffix(values.format.upper()) if values.format else None
        made = plan.make(argv[1:], output, suffix, book.sources())
        try:
            failed, notes = _run(made, book, output)
        finally:
            leftovers.remove(output)
        storage.publish_bytes(report.to_json(book).encode(), storage.join(output, REPORT))
        print(report.status(book))
    for note in notes:
        print(f"note: {note}")
    if made.left_out:
        print(f"{made.left_out} left out, of other kinds")
    faults = [*made.faults, *([f"{failed} files, see {storage.join(output, manifest.FAILED)}"] if failed else [])]
    if faults:
        raise PartialFailure("failed: " + "; ".join(faults))


def _run(made: "Plan", book: "Manifest", output: str) -> tuple[int, list[str]]:
    """Does what is not done, and returns how many files failed, and what to know of the machines."""
    from pipelines import cluster
    from pipelines.archive.fleet import Fleet, Needs
    from pipelines.archive.progress import ProgressBar
    from pipelines.archive.run import Run
    from pipelines.archive.worker import Settings
    from pipelines.media import storage

    values = flags.FLAGS
    there = set() if values.overwrite else {entry.path for entry in storage.files(output)}
    items = [item for item in made.items if item.target not in there]
    done = [item for item in made.items if item.target in there]
    if not items:
        book.begin(items, done)
        book.end(0, 0)
        return 0, []
    mark = storage.join(output, f".archive-{secrets.token_hex(4)}")
    settings = Settings(
        storage.absolute(values.model) if values.model else None,
        values.server,
        values.quality,
        values.saturation,
        options(),
        token=storage.join(mark, "here"),
    )
    needs = Needs(values.cpus_per_actor, values.gpus_per_actor, int(values.memory_per_actor * 1e9), values.actors)
    with cluster.connected(values.address):
        book.begin(items, done)
        storage.publish_bytes(b"", settings.token)
        try:
            fleet = Fleet(settings, needs)
            bar = ProgressBar(sum(item.size for item in items), len(items))
            run = Run(items, book, fleet, bar)
            with contextlib.closing(bar):
                run.run()
        finally:
            storage.remove(mark)
    book.end(fleet.most, fleet.most_machines)
    return run.counts["failed"], fleet.notes


if __name__ == "__main__":
    define_flags()
    command.run(main)
