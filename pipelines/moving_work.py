"""Colours one moving picture into another: what `batch` does with a film or an animation."""

import dataclasses
from pathlib import Path

from PIL import Image

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.animations.colorize import AnimationOptions, colorize_animation
from pipelines.batch import Job, Outcome
from pipelines.films import contact_sheet
from pipelines.films.colorize import FilmOptions, colorize_film
from pipelines.media import formats
from pipelines.media.tone import Tone


def is_animation(path: Path) -> bool:
    """Tells, by the file's content, whether a picture file holds more than one frame; a GIF always counts."""
    try:
        with formats.open_header(path) as picture:
            return formats.kind(picture) == formats.Kind.ANIMATION
    except (OSError, ValueError, Image.DecompressionBombError):
        return path.suffix.lower() == ".gif"  # whoever reads it says what is wrong


@dataclasses.dataclass(frozen=True)
class FilmWork:
    """Colours films.

    Attributes:
        colorizer: what colours.
        options: how.
        report: write `NAME.report.json` and `NAME.report.png` beside each film.
    """

    colorizer: Colorizer
    options: FilmOptions
    report: bool = False

    def __call__(self, job: Job) -> Outcome:
        """Does one job."""
        job.target.parent.mkdir(parents=True, exist_ok=True)
        report = colorize_film(str(job.source), str(job.target), self.colorizer, self.options)
        if self.report:
            job.target.with_suffix(".report.json").write_text(report.to_json() + "\n")
            contact_sheet.write_contact_sheet(report, str(job.target.with_suffix(".report.png")))
        return Outcome(job, "coloured", report.to_text())


@dataclasses.dataclass(frozen=True)
class AnimationWork:
    """Colours animated GIF, WebP and PNG files.

    Attributes:
        colorizer: what colours.
        options: how.
    """

    colorizer: Colorizer
    options: AnimationOptions

    def __call__(self, job: Job) -> Outcome:
        """Does one job."""
        report = colorize_animation(str(job.source), str(job.target), self.colorizer, self.options)
        copied = report.tone == Tone.COLOUR and not self.options.force
        return Outcome(job, "copied" if copied else "coloured", report.to_text())
