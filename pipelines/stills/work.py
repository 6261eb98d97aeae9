"""Colours one picture file into another: what a worker of `batch.run` does for pictures."""

import contextlib
import dataclasses
import threading

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.batch import Job, Outcome
from pipelines.media import formats, writing
from pipelines.stills import encoding as still_encode
from pipelines.stills import picture as stills

# Pictures above this many pixels are done one at a time, so that memory stays bounded however many workers there are.
LARGE = 24_000_000


@dataclasses.dataclass(frozen=True)
class StillWork:
    """Colours picture files.

    Attributes:
        colorizer: what colours.
        side_by_side: write the original left and the result right in one picture.
        force: colour pictures that are in colour already; they are copied otherwise.
    """

    colorizer: Colorizer
    side_by_side: bool = False
    force: bool = False
    _alone: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def __call__(self, job: Job) -> Outcome:
        """Does one job. The target's ending says which format is written.

        Raises:
            InputError: if the source cannot be read.
            ValueError: if the target's format cannot hold the result.
        """
        height, width = stills.size(job.source)
        with self._alone if height * width > LARGE else contextlib.nullcontext():
            return self._colour(job)

    def _colour(self, job: Job) -> Outcome:
        still = stills.read(job.source)
        file_format = formats.PICTURE_SUFFIXES[job.target.suffix.lower()]
        if still.in_colour and not self.force:
            writing.write_bytes(job.target, _copy(job, still, file_format))
            return Outcome(job, "copied", "already in colour")
        rgb = stills.colorize(still, self.colorizer)
        writing.write_bytes(job.target, stills.encode(still, rgb, file_format, self.side_by_side))
        return Outcome(job, "coloured", f"only the first of {still.pages} pages" if still.pages > 1 else "")


def _copy(job: Job, still: stills.Still, file_format: str) -> bytes:
    """A picture that is left alone is copied byte by byte, unless another format is wanted."""
    if file_format == still.file_format:
        return job.source.read_bytes()
    if file_format in still_encode.DEEP:
        return still_encode.encode(still.values, still.alpha, still.metadata, file_format)
    alpha = None if still.alpha is None else still_encode.to_8_bit(still.alpha)
    return still_encode.encode(still_encode.to_8_bit(still.values), alpha, still.metadata, file_format)
