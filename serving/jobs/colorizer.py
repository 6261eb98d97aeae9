"""The project's `Colorizer` with what jobs need around it: a cache of the network's chroma, hints, and reports."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from colorgan_tf import color
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, Backend
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.inference.told import Hint
from pipelines.media import writing
from serving.jobs import hints
from serving.jobs.hints import Spot
from serving.jobs.records import Hint as UserHint
from serving.jobs.records import JobSettings

# Chroma at input resolution, half precision: a picture takes 0.4 MB, so this holds a picture or a short film whole.
CACHE_BYTES = 192 * 2**20
Watch = Callable[[npt.NDArray[np.float32], npt.NDArray[np.float32]], None]


class CachedBackend:
    """A back end that runs the network once for each question: strength, quality and hints then change without it.

    Args:
        backend: runs the network.
        folder: of what it answered; made where it is missing. Another model's answers are not taken.
    """

    def __init__(self, backend: Backend, folder: Path):
        self._backend = backend
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._room = CACHE_BYTES - sum(path.stat().st_size for path in folder.iterdir())
        self.input_resolution, self.multiple = backend.input_resolution, backend.multiple
        self.identity = backend.identity

    def luma_to_chroma(self, luma: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """See `Backend`; answers are rounded to half precision, whether they are new or from the cache."""
        paths = [self._folder / f"{self._key(each)}.npy" for each in luma]
        answers = [_read(path, (*each.shape[:2], 2)) for path, each in zip(paths, luma, strict=True)]
        missing = [number for number, answer in enumerate(answers) if answer is None]
        if missing:
            new = self._backend.luma_to_chroma(np.ascontiguousarray(luma[missing]))
            for number, chroma in zip(missing, np.asarray(new).astype(np.float16), strict=True):
                answers[number] = chroma
                self._keep(paths[number], chroma)
        return np.stack([np.asarray(answer, np.float32) for answer in answers])

    @property
    def signatures(self) -> frozenset[str]:
        """See `Backend`."""
        return self._backend.signatures

    def predict(self, signature: str, inputs: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """See `Backend`; answers are rounded as those of `luma_to_chroma`."""
        planes = [inputs[name] for name in sorted(inputs)]
        path = self._folder / f"{self._key(*planes, signature=signature)}.npy"
        answer = _read(path)
        if answer is None:
            answer = self._backend.predict(signature, inputs).astype(np.float16)
            self._keep(path, answer)
        return answer.astype(np.float32)

    def _key(self, *planes: npt.NDArray[np.float32], signature: str = "") -> str:
        shapes = [plane.shape for plane in planes]
        content = hashlib.blake2b(f"{self.identity}{signature}{shapes}".encode(), digest_size=16)
        for plane in planes:
            content.update(np.ascontiguousarray(plane).tobytes())
        return content.hexdigest()

    def _keep(self, path: Path, chroma: npt.NDArray[np.float16]) -> None:
        if self._room < chroma.nbytes:
            return
        self._room -= chroma.nbytes
        with writing.beside(path) as partial:
            np.save(partial, chroma)


def _read(path: Path, shape: tuple[int, ...] | None = None) -> npt.NDArray[np.float16] | None:
    try:
        answer: npt.NDArray[np.float16] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return answer if shape in (None, answer.shape) else None


class HintedColorizer(Colorizer):
    """A Colorizer that lets hints edit the coarse chroma.

    Args:
        backend: runs the network.
        settings: strength and quality.
        watch: called with luma and chroma of every batch; what it raises ends the work.

    Attributes:
        spots: of each picture or frame, in the order in which they come; further ones have none.
    """

    def __init__(self, backend: Backend, settings: JobSettings, watch: Watch):
        super().__init__(backend, settings.quality, settings.strength)
        self.spots: Iterator[tuple[Spot, ...]] = iter(())
        self._watch = watch

    def coarse(self, luma: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """See `Colorizer.coarse`. Hints are applied after the strength: a chosen colour is meant as it is."""
        small, chroma = super().coarse(luma)
        edited = []
        for full, reduced, own in zip(luma, small, chroma, strict=True):
            spots = next(self.spots, ())
            edited.append(hints.apply(reduced, own, spots, self._told(full, own, spots)))
        chroma = np.stack(edited)
        self._watch(small, chroma)
        return small, chroma

    def picture(self, luma: npt.NDArray[np.float32], levels: int = 255) -> npt.NDArray[Any]:
        """See `Colorizer.picture`. What is too light for its colour is darkened first, where a hint asks for it."""
        spots = next(self.spots, ())
        if any(spot.darken for spot in spots):
            small, own = (batch[0] for batch in super().coarse(luma[None]))
            luma = hints.darkened(luma, small, own, spots)
        self.spots = itertools.chain([spots], self.spots)
        return super().picture(luma, levels)

    def _told(
        self, luma: npt.NDArray[np.float32], own: npt.NDArray[np.float32], spots: tuple[Spot, ...]
    ) -> npt.NDArray[np.float32] | None:
        """Returns what the network makes of the hints; None if it takes none, or has a reference already."""
        if not spots or self.told or HINTS_TO_CHROMA not in self.backend.signatures:
            return None
        told = []
        for spot in spots:
            u, v = hints.wanted(spot, own).tolist()
            told.append(Hint(spot.x, spot.y, (u, v), trust=spot.trust))
        _, chroma = Colorizer.coarse(self.telling(tuple(told)), luma[None])
        return np.asarray(chroma[0], np.float32)


def spot_of(hint: UserHint) -> Spot:
    """Returns a user's hint as the chroma that it asks for."""
    if hint.rgb is None:
        return Spot(hint.x, hint.y, None, hint.reach, darken=hint.darken)
    _, u, v = color.rgb_to_yuv(np.array(hint.rgb, np.float32) / 255).tolist()
    return Spot(hint.x, hint.y, (u, v), hint.reach, darken=hint.darken)
