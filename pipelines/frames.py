"""Command: films in, training frames out; 1 frame in 50, without near duplicates, black and grey frames.

    python -m pipelines.frames FILM_OR_FOLDER... --output=frames/ [--every=50] [--workers=N] [--address=auto]

Each film gets a folder of its own below the output, `frames/film/film_frame000150_t00006.006s.jpg`, which appears
when the film is finished. The same command again goes on with the films that are missing.
"""

import dataclasses
from collections import Counter
from pathlib import Path

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import PartialFailure
from pipelines import cluster
from pipelines.data.frame_extraction import Counts, extract, find


def define_flags() -> None:
    """Defines the command's flags."""
    flags.DEFINE_string(
        "output", None, "Folder for the frames; each film gets a folder of its own in it.", required=True
    )
    flags.DEFINE_integer("every", 50, "Every n-th frame is looked at.", lower_bound=1)
    flags.DEFINE_integer(
        "workers", None, "Films read at the same time; as many as the machine has cores by default.", 1
    )
    flags.DEFINE_string("address", None, "Ray cluster that reads the films: auto or host:port. Default: this machine.")
    flags.DEFINE_bool("overwrite", False, "Take the frames again from films that are finished.")


def main(argv: list[str]) -> None:
    """Takes frames from the films and folders named, and reports on each."""
    from tqdm import tqdm

    args = flags.FLAGS
    films = find(argv[1:])
    progress = lambda jobs, total: tqdm(jobs, total=total, unit="film")  # noqa: E731
    with cluster.tasks(args.address) as pool:
        reports, failed = extract(films, Path(args.output), args.every, args.workers, args.overwrite, progress, pool)
    for film, report in reports.items():
        print(f"{film.name}: {report.counts}" + (f"; warning: {report.warning}" if report.warning else ""))
    total = sum((Counter(dataclasses.asdict(report.counts)) for report in reports.values()), Counter())
    print(f"{len(reports)} films, 1 frame in {args.every}: {Counts(**total)}")
    if failed:
        lines = [f"{film}: {reason}" for film, reason in failed.items()]
        raise PartialFailure("\n  ".join([f"{len(failed)} of {len(films)} films could not be read:", *lines]))


if __name__ == "__main__":
    define_flags()
    command.run(main)
