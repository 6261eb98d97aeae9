"""What an actor does: batches of stills, looks at films, pieces of films, joins. It knows nothing of Ray."""

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import platform
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from colorgan_tf.colorize import WORKERS, colorizer
from colorgan_tf.errors import InputError
from colorgan_tf.inference.litert_backend import LiteRTBackend
from colorgan_tf.inference.onnx_backend import OnnxBackend
from colorgan_tf.version import __version__
from pipelines import batch
from pipelines.archive import leftovers
from pipelines.archive.plan import Item
from pipelines.batch import Job, Outcome
from pipelines.colorize_file import ColorizeOptions, colorize_file, film_state
from pipelines.films import colorize, encoding, pieces, trial_join
from pipelines.films.contact_sheet import write_contact_sheet
from pipelines.films.decoding import FilmSource
from pipelines.films.encoding import EncoderPlan
from pipelines.films.other_streams import Kept
from pipelines.films.pieces import Piece, Place
from pipelines.films.report import FilmReport, ShotReport
from pipelines.media import names, storage

# A look ends with the first shot after so many seconds, so that others begin to colour while it goes on: the first are
# short, each later one is as long as what was seen before it.
FIRST_LOOK_SECONDS, LOOK_SECONDS = 10.0, 600.0


@dataclasses.dataclass(frozen=True)
class Settings:
    """How an archive is coloured; see the flags of `colorgan_tf.colorize`.

    Attributes:
        model: folder or file, the same on all machines; None for the shipped one.
        server: host:port to colour with in its place.
        quality: of the colours and of the films' encoder.
        saturation: strength of the colours.
        options: how a file is coloured.
        token: a file beside the results that every machine must see; "" for none.
        threads: cores of an actor.
        gpus: graphics cards of an actor.
        version: of this program.
    """

    model: str | None
    server: str | None
    quality: str
    saturation: float
    options: ColorizeOptions
    token: str = ""
    threads: int = 2
    gpus: float = 0.0
    version: str = __version__


@dataclasses.dataclass(frozen=True)
class Film:
    """A film that is being coloured in pieces.

    Attributes:
        item: the file.
        source: its picture stream.
        plan: how its coloured picture is encoded.
        kept: its other streams.
        folder: where its pieces are kept until it is whole; beside the result.
    """

    item: Item
    source: FilmSource
    plan: EncoderPlan
    kept: Kept
    folder: str

    def place(self, piece: Piece) -> str:
        """Returns the path or URL of a piece's packets; `.npz` and `.json` are appended for what goes with them."""
        return storage.join(self.folder, f"{piece.begin.frames:09d}")


@dataclasses.dataclass(frozen=True)
class Done:
    """What an actor says of a task.

    Attributes:
        machine: which did it.
        seconds: that it took.
        outcomes: of stills, and of a film that was joined: (source, state, note, seconds).
        film: of a look.
        pieces: of a look.
        look_on: of a look, from where to look on.
    """

    machine: str
    seconds: float
    outcomes: tuple[tuple[str, str, str, float], ...] = ()
    film: Film | None = None
    pieces: tuple[Piece, ...] = ()
    look_on: Place | None = None


class Worker:
    """One actor, with its model loaded once."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self.machine = platform.node()
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            os.environ[name] = str(settings.threads)
        # Else TensorFlow takes all memory of a card that several actors share, and of all cards where Ray gives none.
        os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        if not settings.gpus:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        warnings.filterwarnings("ignore", module="PIL")
        logging.getLogger("PIL").setLevel(logging.ERROR)

    def load(self) -> str:
        """Loads the model; comes before all else.

        Returns:
            What a person should know of this machine, or "".

        Raises:
            InputError: there is none on this machine, or another version of this program, or it does not see the folder
                of the results.
        """
        settings, here = self._settings, f"on {self.machine}"
        if settings.version != __version__:
            raise InputError(f"All machines must have version {settings.version}. Received: {__version__} {here}.")
        if settings.token and not storage.exists(settings.token):
            raise InputError(f"All machines must see one `--output`. Received: {settings.token}, not there {here}.")
        self._colorizer = colorizer(settings.model, settings.server, settings.quality, settings.saturation)
        return self._idle_gpu() if settings.gpus and not settings.server else ""

    def _idle_gpu(self) -> str:
        """Tells that the graphics card that Ray reserves does nothing, where that is so."""
        backend = self._colorizer.backend
        if isinstance(backend, (LiteRTBackend, OnnxBackend)):
            reason = "the model is one for processors; --gpus_per_actor=0 leaves the cards to others"
        else:
            import tensorflow as tf  # late: models for processors do without

            reason = "" if tf.config.list_physical_devices("GPU") else "TensorFlow sees none"
        return reason and f"Ray reserves a graphics card for each actor, which is not used: {reason}"

    def stills(self, items: Sequence[Item]) -> Done:
        """Colours stills, two at a time: while one is read or written, the other is coloured."""
        began = time.perf_counter()
        by_source = {Path(item.source): item for item in items}
        jobs = [Job(Path(item.source), Path(item.target)) for item in items]
        seconds: dict[Path, float] = {}

        def work(job: Job) -> Outcome:
            start = time.perf_counter()
            try:
                return dataclasses.replace(self._still(by_source[job.source]), job=job)
            finally:
                seconds[job.source] = time.perf_counter() - start

        outcomes = [
            (by_source[each.job.source].source, str(each.state), each.note, seconds[each.job.source])
            for each in batch.run(jobs, work, WORKERS, overwrite=True)
        ]
        return Done(self.machine, time.perf_counter() - began, tuple(outcomes))

    def look(self, item: Item, film: Film | None, begin: Place) -> Done:
        """Looks at a film for the pieces to colour apart."""
        began = time.perf_counter()
        options = self._settings.options.film
        if film is None:
            source, plan = colorize.open_film(item.source, item.target, options)
            size = self._colorizer.input_resolution(*source.display_size)
            if (shots := colorize.in_colour(source, item.target, size, options)) is not None:
                return self._copy(item, shots.shots, began)
            with self._scratch(os.path.dirname(item.target)) as scratch, colorize.naming_faults(plan, item.target):
                kept = trial_join.select(source, plan, os.path.join(scratch, os.path.basename(item.target)))
            film = Film(item, source, plan, kept, self._folder(item, source, plan))
        size = self._colorizer.input_resolution(*film.source.display_size)
        seconds = min(LOOK_SECONDS, max(FIRST_LOOK_SECONDS, float(begin.frames / film.source.rate)))
        found, look_on = pieces.look(film.source, size, options, begin, seconds)
        return Done(self.machine, time.perf_counter() - began, (), film, tuple(found), look_on)

    def _copy(self, item: Item, shots: list[ShotReport], began: float) -> Done:
        report = FilmReport(item.source, item.target)
        report.copy_of(shots)
        with self._scratch(os.path.dirname(item.target)) as scratch, storage.local(item.source, scratch) as source:
            copy = os.path.join(scratch, "copy")
            shutil.copyfile(source, copy)
            self._write_report(report, copy)
            storage.publish(copy, item.target)
        return self._whole(report, began)

    def piece(self, film: Film, piece: Piece, before: Piece | None) -> Done:
        """Colours a piece of a film, where that is not done yet.

        Args:
            film: the film.
            piece: what to do.
            before: the piece before it, where it follows that.
        """
        began = time.perf_counter()
        place = film.place(piece)
        if not storage.exists(f"{place}.json"):
            with self._scratch(film.folder) as scratch, contextlib.ExitStack() as copies:
                state = copies.enter_context(storage.local(f"{film.place(before)}.npz", scratch)) if before else None
                path = os.path.join(scratch, "packets")
                options = self._settings.options.film
                done = pieces.color(film.source, film.plan, piece, self._colorizer, options, path, state)
                if os.path.exists(f"{path}.npz"):
                    storage.publish(f"{path}.npz", f"{place}.npz")
                storage.publish(path, place)
            told = dataclasses.asdict(done) | {"seconds": time.perf_counter() - began}
            storage.publish_bytes(json.dumps(told).encode(), f"{place}.json")
        return Done(self.machine, time.perf_counter() - began)

    def join(self, film: Film, found: Sequence[Piece]) -> Done:
        """Joins a film of its pieces, under its final name when it is whole. The pieces are left."""
        began = time.perf_counter()
        target = film.item.target
        report = FilmReport(film.item.source, target, frames=sum(piece.frames for piece in found))
        report.notes += encoding.losses(film.source, film.plan)
        with self._scratch(film.folder) as scratch, contextlib.ExitStack() as copies:
            for number, piece in enumerate(found):
                with storage.local(f"{film.place(piece)}.json", scratch) as path:
                    told = json.loads(Path(path).read_text())
                if number + 1 == len(found) or not found[number + 1].follows:  # else the next tells of these shots too
                    report.shots += [ShotReport(**row) for row in told["shots"]]
                report.colored += told["colored"]
                report.seconds += told["seconds"]
                report.notes += [note for note in told["notes"] if note not in report.notes]
            files = [copies.enter_context(storage.local(film.place(piece), scratch)) for piece in found]
            joined = os.path.join(scratch, os.path.basename(target))
            pieces.join(film.source, film.plan, film.kept, files, report.frames, joined)
            report.notes += film.kept.notes
            report.bytes_written = os.path.getsize(joined)
            self._write_report(report, joined)
            storage.publish(joined, target)
        return self._whole(report, began)

    def _write_report(self, report: FilmReport, path: str) -> None:
        """Writes the report of a film that lies in a local folder, and not yet in its place."""
        if not self._settings.options.report:
            return
        target, report.output = report.output, path
        write_contact_sheet(report, f"{path}.png")
        report.output = target
        for ending, file in ((".report.json", None), (".report.png", f"{path}.png")):
            place = storage.join(os.path.dirname(target), names.extended(Path(os.path.basename(target)), ending).name)
            if file is None:
                storage.publish_bytes((report.to_json() + "\n").encode(), place)
            elif os.path.exists(file):
                storage.publish(file, place)

    def _whole(self, report: FilmReport, began: float) -> Done:
        seconds = time.perf_counter() - began
        state = film_state(report, self._settings.options)
        return Done(self.machine, seconds, ((report.path, state, report.to_text(), seconds),))

    def _still(self, item: Item) -> Outcome:
        local = not storage.is_url(item.source) and not storage.is_url(item.target)
        if local:
            return colorize_file(item.source, item.target, self._colorizer, self._settings.options)
        with tempfile.TemporaryDirectory() as scratch, storage.local(item.source, scratch) as source:
            target = os.path.join(scratch, "result", os.path.basename(item.target))
            try:
                outcome = colorize_file(source, target, self._colorizer, self._settings.options)
            except InputError as error:
                raise InputError(str(error).replace(source, item.source).replace(target, item.target)) from error
            for path in sorted(Path(target).parent.iterdir(), key=lambda path: path.name == os.path.basename(target)):
                storage.publish(str(path), storage.join(os.path.dirname(item.target), path.name))
        note = outcome.note.replace(target, item.target).replace(source, item.source)
        return dataclasses.replace(outcome, note=note)

    def _folder(self, item: Item, source: FilmSource, plan: EncoderPlan) -> str:
        """Pieces of other settings, or of another file, are in another folder."""
        settings = colorize.settings(source, plan, self._colorizer, self._settings.options.film)
        text = json.dumps([settings, __version__], sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return leftovers.pieces_folder(item.target, digest)

    @contextlib.contextmanager
    def _scratch(self, folder: str) -> Iterator[str]:
        """Yields a folder of its own: beside the result, where that is a folder, so that a rename is enough."""
        if not storage.is_url(folder):
            os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=None if storage.is_url(folder) else folder) as scratch:
            yield scratch
