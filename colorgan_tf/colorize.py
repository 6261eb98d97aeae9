"""Command: colours pictures, animations and films, and folders of them.

python -m colorgan_tf.colorize FILE_OR_FOLDER... --output=out/
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from absl import flags

from colorgan_tf import command
from colorgan_tf.errors import InputError, PartialFailure
from colorgan_tf.inference.quality import Quality
from pipelines.motion.steady import DEFAULT_STEADY, Steady

if TYPE_CHECKING:
    from colorgan_tf.inference.colorizer import Colorizer
    from colorgan_tf.inference.told import Moment, Told
    from pipelines.batch import Found, Job, Manifest, Outcome
    from pipelines.colorize_file import ColorizeOptions

FORMATS = ["jpeg", "png", "webp", "tiff", "bmp"]
CODECS = ["auto", "h264", "h265", "av1", "vp9", "ffv1", "prores", "mpeg2", "mpeg4"]  # those of films.encoding
WORKERS = 2
_SHORT = 20  # frames of an animation, or steps through the network
T = TypeVar("T")


def define_flags() -> None:
    """Defines this command's flags."""
    define_coloring_flags()
    flags.DEFINE_string("hints", None, "Of one picture or film: JSON file of colours at places; README shows one.")
    flags.DEFINE_string(
        "reference",
        None,
        "Picture in colour whose colours are taken for what is like its things; of a film, a frame in colour or a "
        "folder of them, each of which colours its shot.",
    )
    flags.DEFINE_integer(
        "variants",
        1,
        "Pictures: write so many versions, which differ in doubtful places.",
        lower_bound=1,
        upper_bound=6,
    )
    flags.DEFINE_string("shard", "0/1", "i/N: do part i (from 0) of N, for several machines on one archive.")


def define_coloring_flags() -> None:
    """Defines the flags that say what colours, and how."""
    flags.DEFINE_string(
        "model",
        None,
        "What colours: a SavedModel folder, a .tflite or .onnx file or a training run. Default: the shipped model.",
    )
    flags.DEFINE_string("server", None, "host:port of a TensorFlow Serving to colour with, in place of --model.")
    flags.DEFINE_string("output", None, "Folder of the results; a folder's tree is kept below it. Required.")
    flags.DEFINE_enum(
        "quality",
        Quality.GOOD,
        list(Quality),
        "fast: plain enlarging. good: colour edges follow the picture. best: slower, averaged.",
    )
    flags.DEFINE_float("saturation", 1.0, "Strength of the colours; 0 is grey.", lower_bound=0.0, upper_bound=10.0)
    flags.DEFINE_bool("overwrite", False, "Colour again what is finished; else a result that is there is left alone.")
    flags.DEFINE_bool("side_by_side", False, "Pictures: write the original left and the result right, in one.")
    flags.DEFINE_bool("force", False, "Colour what is in colour already; else it is copied.")
    flags.DEFINE_bool("keep_colors", False, "Leave what is toned (sepia ...) as it is too; else it is neutralised.")
    flags.DEFINE_enum("format", None, FORMATS, "Pictures: format of the results. Default: each one's own.")
    flags.DEFINE_enum("steady", DEFAULT_STEADY, list(Steady), "Films and animations: stabilizing over time.")
    flags.DEFINE_enum("codec", "auto", CODECS, "Films: codec of the results. Default: the best that the file holds.")
    flags.DEFINE_bool("deinterlace", False, "Films: make interlaced ones progressive; else they stay interlaced.")
    flags.DEFINE_bool("report", False, "Films: write a report and a contact sheet beside each result.")


def colorizer(
    model: str | None, server: str | None, quality: str, saturation: float, telling: bool = False
) -> "Colorizer":
    """Returns the Colorizer that the flags of the same names ask for; `telling`: one that can be told colours."""
    from colorgan_tf.inference import backends, model_files
    from colorgan_tf.inference.colorizer import Colorizer

    if server:
        from serving.client import Client

        return Colorizer(Client(server), quality, saturation)
    backend = backends.load(model or model_files.default_path(Quality.GOOD if telling else quality))
    return Colorizer(backend, quality, saturation)


def _told(film: bool) -> "tuple[Told, tuple[Moment, ...]]":
    """Reads what the flags tell the network: of pictures, and of moments of films.

    Args:
        film: whether hints are those of a film.
    """
    from colorgan_tf.inference.told import read_film_hints, read_hints
    from pipelines.stills.reference import read_film_references

    values = flags.FLAGS
    if values.hints and values.reference:
        raise InputError("`--hints` and `--reference` must not be given together. Received: both.")
    if values.variants > 1 and (values.hints or values.reference):
        raise InputError("`--variants` must come without `--hints` and `--reference`. Received: both.")
    if values.reference:
        moments = read_film_references(values.reference)
        return moments[0].told if len(moments) == 1 else (), moments
    if film and values.hints:
        return (), read_film_hints(values.hints)
    return read_hints(values.hints) if values.hints else (), ()


def options(variants: int = 1, moments: "tuple[Moment, ...]" = ()) -> "ColorizeOptions":
    """Returns how the flags ask to colour."""
    from pipelines.colorize_file import ColorizeOptions

    values = flags.FLAGS
    return ColorizeOptions(
        values.force,
        values.steady,
        values.side_by_side,
        values.codec,
        values.quality,
        values.report,
        values.deinterlace,
        values.keep_colors,
        variants,
        moments,
    )


def main(argv: list[str]) -> None:
    """Colours what the command line names."""
    values = flags.FLAGS
    if not argv[1:]:
        raise InputError("Files or folders to colour are expected. Received: none. See --help.")
    if not values.output:
        raise InputError("`--output` must name the folder of the results. Received: none.")
    number, count = _shard(values.shard)
    import contextlib
    import logging
    import warnings

    from pipelines import batch
    from pipelines.media import formats

    # What Pillow notes of damaged metadata is of no use to a person; damaged pixels are an error.
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    suffix = formats.usual_suffix(values.format.upper()) if values.format else None
    found = batch.find(argv[1:], values.output, formats.SUFFIXES, suffix, batch.recorded(values.output))
    output = batch.prepare_output(values.output)
    if values.hints and [job.source.suffix.lower() in formats.SUFFIXES for job in found.jobs] != [True]:
        raise InputError(f"`--hints` must come with one file, whose places they name. Received: {len(found.jobs)}.")
    jobs = batch.shard(found.jobs, number, count)
    manifest = batch.Manifest(output / f"colorize{f'-{number}-of-{count}' if count > 1 else ''}.jsonl")
    with contextlib.closing(_work(jobs, manifest)) as work:  # closed at once on Ctrl-C: nothing more is begun
        outcomes = list(_with_progress(work, len(jobs)))
    if manifest.fault:
        print(f"note: the list of results is incomplete: {manifest.fault}")
    _report(outcomes, found)


def _work(jobs: "Sequence[Job]", manifest: "Manifest") -> "Generator[Outcome]":
    """Pictures and animations side by side, then films one after the other, each of which keeps all cores busy."""
    import functools

    from pipelines import batch
    from pipelines.colorize_file import colorize_file
    from pipelines.media import formats

    values = flags.FLAGS
    films = [job for job in jobs if job.source.suffix.lower() in formats.FILM_SUFFIXES]
    others = [job for job in jobs if job not in films]
    told, moments = _told(film=bool(films))
    if len(moments) > 1 and others:
        raise InputError(f"`--reference` must be one picture, unless all files are films. Received: {len(moments)}.")
    telling = bool(told or moments) or values.variants > 1
    used = colorizer(values.model, values.server, values.quality, values.saturation, telling).telling(told)
    how = options(values.variants, moments)

    def work(job: batch.Job) -> batch.Outcome:
        return colorize_file(job.source, job.target, used, how, functools.partial(_frames_bar, job.source.name))

    yield from batch.run(others, work, WORKERS, values.overwrite, manifest.add)
    yield from batch.run_in_turn(films, work, values.overwrite, manifest.add)


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and int(number) < int(count)):
        raise InputError(f"`--shard` must be i/N with i from 0 to N - 1. Received: {text}.")
    return int(number), int(count)


def _with_progress(outcomes: "Iterator[Outcome]", total: int) -> "Iterator[Outcome]":
    from tqdm import tqdm

    return tqdm(outcomes, total=total, unit="file", disable=None)  # no bar where the output is not a terminal


def _frames_bar(name: str, items: Iterable[T], count: int) -> Iterable[T]:
    """Shows how far an animation has come; short ones need none."""
    from tqdm import tqdm

    return tqdm(items, desc=name, total=count, leave=False, disable=None if count > _SHORT else True)


def _report(outcomes: "list[Outcome]", found: "Found") -> None:
    from pipelines.media import formats

    words = {
        "coloured": "coloured",
        "copied": "copied",
        "converted": "in colour already, converted",
        "skipped": "skipped (finished before; --overwrite does them again)",
    }
    for outcome in outcomes:
        if outcome.note and outcome.state != "failed":
            print(f"{outcome.job.source}: {outcome.note}{', copied' if outcome.state == 'copied' else ''}")
    if found.left_out:
        print(f"{len(found.left_out)} left out, of other kinds: {', '.join(map(str, found.left_out))}")
        for suffix in sorted({path.suffix.lower() for path in found.left_out} & set(formats.ADVICE)):
            print(f"  {suffix}: {formats.ADVICE[suffix]}")
    counts = {state: sum(outcome.state == state for outcome in outcomes) for state in words}
    faults = list(found.faults) + [outcome.note for outcome in outcomes if outcome.state == "failed"]
    summary = ", ".join(f"{count} {words[state]}" for state, count in counts.items() if count)
    print(f"{summary or 'nothing coloured'}{f', {len(faults)} failed' if faults else ''}: {flags.FLAGS.output}")
    if faults:
        raise PartialFailure(f"{len(faults)} failed:\n" + "\n".join(f"  {fault}" for fault in faults))


if __name__ == "__main__":
    define_flags()
    command.run(main)
