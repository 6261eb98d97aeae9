"""Measures a colouring function on the people in true pictures: faces and skin; whole pictures of any sizes."""

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from colorgan_tf import color
from colorgan_tf.metrics import people
from colorgan_tf.metrics.people import FaceLabel


@dataclasses.dataclass(frozen=True)
class PeopleMeasures:
    """How natural people are in a set of coloured pictures. Shares are NaN where there is no face, or no skin.

    Attributes:
        faces: how many there are in the true pictures.
        natural: share of faces of natural chroma and hue.
        orange: share of faces of more than 1.4 times the true chroma.
        grey: share of faces of less than 0.6 times the true chroma.
        other_hue: share of faces of another hue.
        skin_left_grey: share of the skin-like pixels that have less than 0.35 of the true chroma.
    """

    faces: int
    natural: float
    orange: float
    grey: float
    other_hue: float
    skin_left_grey: float

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """Returns plain values for JSON under the name `people`; what is undefined (NaN) becomes `None`."""
        values = dataclasses.asdict(self)
        return {"people": {name: value if math.isfinite(value) else None for name, value in values.items()}}

    def table(self) -> str:
        """Returns two lines to read."""
        if not self.faces:
            return f"faces                      none found\nskin left grey             {self.skin_left_grey:.1%}"
        labels = f"natural {self.natural:.0%}, orange {self.orange:.0%}, grey {self.grey:.0%}"
        return (
            f"faces                      {labels}, other hue {self.other_hue:.0%} of {self.faces}\n"
            f"skin left grey             {self.skin_left_grey:.1%}"
        )


def measure_people(
    pictures: Sequence[np.ndarray],
    chroma_fn: Callable[[np.ndarray], np.ndarray],
    input_fn: Callable[[np.ndarray, int], np.ndarray] | None = None,
    progress: Callable[[Iterable], Iterable] = iter,
) -> PeopleMeasures:
    """Colours true pictures and judges the people in them.

    Args:
        pictures: uint8 RGB `[height, width, 3]`, each of its own size.
        chroma_fn: luma `[1, height, width, 1]` in [0, 1] to chroma `[1, height, width, 2]`.
        input_fn: gives the luma that `chroma_fn` sees, as in `evaluator.Evaluator.report`.
        progress: wraps the iteration over the pictures.

    Returns:
        The measures. Pictures without faces and skin cost no colouring.
    """
    labels: Counter[FaceLabel] = Counter()
    grey = skin = 0
    for number, picture in enumerate(progress(pictures)):
        truth = picture.astype(np.float32) / 255.0
        faces = people.find_faces(truth)
        if not faces and not people.skin_like(truth).any():
            continue
        luma = color.luma(truth)
        chroma = chroma_fn((luma if input_fn is None else input_fn(picture, number))[None])[0]
        shown = color.merge(luma, chroma)
        labels.update(people.face_label(shown, truth, face) for face in faces)
        left, all_of_it = people.grey_skin(shown, truth)
        grey, skin = grey + left, skin + all_of_it
    count = labels.total()

    def share(label: FaceLabel) -> float:
        return labels[label] / count if count else math.nan

    return PeopleMeasures(
        count,
        share(FaceLabel.NATURAL),
        share(FaceLabel.ORANGE),
        share(FaceLabel.GREY),
        share(FaceLabel.OTHER_HUE),
        grey / skin if skin else math.nan,
    )
