"""Colorizer: what colours, luma in and chroma out, for every front end. Needs numpy and OpenCV only."""

import copy
import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np

from colorgan_tf.color import Floats, WholeNumbers
from colorgan_tf.inference import backends, correspondence, model_files
from colorgan_tf.inference import finish as finishing
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, REFERENCE_TO_CHROMA, Backend, require
from colorgan_tf.inference.finish import Finish
from colorgan_tf.inference.quality import Quality
from colorgan_tf.inference.told import Reference, Told, draw

_DIFFERENCE, _PART = 0.01, 0.02  # change of chroma that can be seen, and part of the picture that must have it
BAND = 64  # rows that are merged at a time: they fit the cache, and a full-size float picture is never held whole


class Colorizer:
    """Colours pictures of any size with a back end.

    Example:
        >>> import numpy as np
        >>> import colorgan_tf
        >>> colorizer = colorgan_tf.Colorizer.load(quality="fast")
        >>> luma = np.linspace(0.0, 1.0, 48 * 64, dtype=np.float32).reshape(48, 64, 1)
        >>> colorizer.picture(luma).shape  # RGB, uint8
        (48, 64, 3)
        >>> colorizer.chroma(luma[None]).shape  # U and V of a batch, float32
        (1, 48, 64, 2)

        With a model on a server: `Colorizer(serving.client.Client("localhost:8500"))`.

    Args:
        backend: runs the network.
        quality: `fast` (one pass, bilinear enlarging), `good` (one pass, enlarging guided by luma) or `best` (mirror
            image and two input resolutions as well, averaged).
        saturation: gain of the chroma. 1 is the network's own.
        finish: overrides what `quality` and `saturation` stand for, to measure single steps.
    """

    def __init__(
        self,
        backend: Backend,
        quality: Quality | str = Quality.GOOD,
        saturation: float = 1.0,
        finish: Finish | None = None,
    ):
        self.backend = backend
        self.finish = finish or finishing.of_quality(quality, saturation)
        self.told: Told = ()

    @classmethod
    def load(
        cls, model: str | Path | None = None, *, quality: Quality | str = Quality.GOOD, saturation: float = 1.0
    ) -> Self:
        """Opens a model.

        Args:
            model: a SavedModel folder, a .tflite or .onnx file or a training run; None for the shipped model.
            quality: how much work goes into each picture.
            saturation: gain of the chroma.

        Raises:
            InputError: there is no such model, or `quality` or `saturation` is out of its range.
        """
        return cls(backends.load(model or model_files.default_path(quality)), quality, saturation)

    def telling(self, told: Told) -> Self:
        """Returns a Colorizer like this one whose network is told some colours.

        Args:
            told: hints for each picture, or a reference for all of them.

        Raises:
            InputError: the model takes no hints, or no reference.
        """
        if told:
            require(self.backend, REFERENCE_TO_CHROMA if isinstance(told, Reference) else HINTS_TO_CHROMA)
        other = copy.copy(self)
        other.told = told
        return other

    def as_reference(self, luma: Floats) -> Reference:
        """Colours a picture, for others to take its colours.

        Args:
            luma: `[H, W, 1]` float32 in [0, 1].

        Returns:
            The picture at input resolution, not strengthened: what takes its colours strengthens them.

        Raises:
            InputError: it has no colours.
        """
        small, chroma = self._unstrengthened().coarse(luma[None])
        return Reference(small[0], chroma[0])

    def makes_difference(self, luma: Floats) -> bool:
        """Returns whether what is told changes a picture's colours; a reference of something else does not.

        Args:
            luma: `[H, W, 1]` float32 in [0, 1].
        """
        plain = self._unstrengthened()
        own, told = (each.coarse(luma[None])[1] for each in (plain.telling(()), plain))
        return float(np.quantile(np.linalg.norm(told - own, axis=-1), 1 - _PART)) > _DIFFERENCE

    def _unstrengthened(self) -> Self:
        plain = copy.copy(self)
        plain.finish = dataclasses.replace(self.finish, saturation=1.0)
        return plain

    @property
    def identity(self) -> str:
        """Everything that the colours depend on: the model, how its chroma is finished, and what it is told."""
        return " ".join([self.backend.identity, str(self.finish), *([str(self.told)] if self.told else [])])

    def input_resolution(self, height: int, width: int) -> tuple[int, int]:
        """Returns the (height, width) of what `coarse` returns for a picture of this size.

        It is the size at which the picture goes through the network; the largest one, where there are several.
        """
        return self._input_shape(height, width, max(self.finish.scales))

    def chroma(self, luma: Floats) -> Floats:
        """Colours a batch.

        Args:
            luma: `[N, H, W, 1]` float32 in [0, 1]; any size from 1 x 1.

        Returns:
            `[N, H, W, 2]` float32: U and V. They may lie outside the RGB cube for the given luma: `color.merge` shrinks
            them.
        """
        small_luma, small_chroma = self.coarse(luma)
        return np.stack([self.enlarge(*each) for each in zip(small_chroma, small_luma, luma, strict=True)])

    def coarse(self, luma: Floats) -> tuple[Floats, Floats]:
        """Does the first half of `chroma`: reduction, network, averaging, saturation. Film is stabilized between
        the halves.

        Args:
            luma: `[N, H, W, 1]` float32 in [0, 1].

        Returns:
            luma `[N, h, w, 1]` and chroma `[N, h, w, 2]` at the input resolution (the largest one, where
            there are several).
        """
        _check(luma)
        lumas = [self._reduced(luma, scale) for scale in sorted(self.finish.scales)]
        network = self._told_network() if self.told else self._network
        passes = [finishing.predict(self._with_hints(small), network, self.finish.flip) for small in lumas]
        small = lumas[-1]
        chroma = (
            passes[0]
            if len(passes) == 1
            else np.stack([finishing.average(of_one) for of_one in zip(*passes, strict=True)])
        )
        if isinstance(self.told, Reference):
            chroma = np.stack([_of_same_places(*each, self.told) for each in zip(chroma, small, strict=True)])
        return small, finishing.saturate(chroma, small, self.finish.saturation)

    def enlarge(self, chroma: Floats, small_luma: Floats, luma: Floats) -> Floats:
        """Does the second half of `chroma`, for one picture.

        Args:
            chroma: `[h, w, 2]` at the input resolution.
            small_luma: `[h, w, 1]` at the same size.
            luma: `[H, W, 1]` at the size wanted (for 4:2:0 film, that of the chroma planes).

        Returns:
            `[H, W, 2]` float32.
        """
        return finishing.enlarge(chroma, self._guidance(chroma, small_luma), luma)

    def picture(self, luma: Floats, levels: int = 255) -> WholeNumbers:
        """Colours one picture; its own luma is kept at full resolution, to half a level.

        Args:
            luma: `[H, W, 1]` float32 in [0, 1].
            levels: 255 for 8 bit, 65535 for 16 bit.

        Returns:
            `[H, W, 3]` RGB, uint8 or uint16.
        """
        small_luma, chroma = (batch[0] for batch in self.coarse(luma[None]))
        guidance = self._guidance(chroma, small_luma)
        rgb: WholeNumbers = np.empty((*luma.shape[:2], 3), np.uint8 if levels == 255 else np.uint16)

        def color_band(top: int) -> None:
            band = luma[top : top + BAND]
            full = finishing.enlarge(chroma, guidance, band, top, luma.shape[0])
            rgb[top : top + BAND] = finishing.quantize(band, full, levels)

        with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy and OpenCV let go of the interpreter's lock
            list(pool.map(color_band, range(0, luma.shape[0], BAND)))
        return rgb

    def _reduced(self, luma: Floats, scale: float) -> Floats:
        _, height, width, _ = luma.shape
        shape = self._input_shape(height, width, scale)
        return np.stack([finishing.resize(each, *shape) for each in luma])

    def _input_shape(self, height: int, width: int, scale: float) -> tuple[int, int]:
        resolution = round(self.backend.input_resolution * scale)
        return finishing.input_shape(height, width, resolution, self.backend.multiple)

    def _with_hints(self, luma: Floats) -> Floats:
        """Adds the hints as channels, so that they are mirrored with the picture."""
        if not self.told or isinstance(self.told, Reference):
            return luma
        count, height, width, _ = luma.shape
        drawn = draw(self.told, height, width, self.finish.saturation)
        return np.concatenate([luma, np.broadcast_to(drawn, (count, height, width, 3))], axis=-1)

    def _told_network(self) -> finishing.Passes:
        """Returns the network with what is told: luma, and hints where there are some, in; chroma out."""
        told = self.told
        if not isinstance(told, Reference):
            return lambda planes: self.backend.predict(
                HINTS_TO_CHROMA, {"luma": planes[..., :1], "hints": planes[..., 1:]}
            )
        yuv = np.concatenate([told.luma, told.chroma], axis=-1)
        height, width, _ = yuv.shape
        small = finishing.resize(yuv, *self._input_shape(height, width, 1.0))
        return lambda luma: self.backend.predict(
            REFERENCE_TO_CHROMA, {"luma": luma, "reference": np.repeat(small[None], len(luma), axis=0)}
        )

    def _network(self, luma: Floats) -> Floats:
        chroma = np.asarray(self.backend.luma_to_chroma(luma), np.float32)
        if chroma.shape != (*luma.shape[:3], 2):
            raise ValueError(
                f"The back end must return {(*luma.shape[:3], 2)} for {luma.shape}. Received: {chroma.shape}."
            )
        return chroma

    def _guidance(self, chroma: Floats, luma: Floats) -> Floats | None:
        steps = self.finish
        return (
            finishing.guide(chroma, luma, steps.guide_downscale, steps.blur, steps.radius, steps.epsilon)
            if steps.guided
            else None
        )


def _of_same_places(chroma: Floats, luma: Floats, reference: Reference) -> Floats:
    """Returns the network's chroma `[h, w, 2]` with that of the reference where it shows the same."""
    known, sure = correspondence.same_places(luma, reference)
    return np.asarray(chroma + sure * (known - chroma), np.float32)


def _check(luma: Floats) -> None:
    if luma.ndim != 4 or luma.shape[-1] != 1 or 0 in luma.shape or luma.dtype != np.float32:
        raise ValueError(
            f"`luma` must be float32 [N, H, W, 1] and not empty. Received: {luma.dtype} {list(luma.shape)}."
        )
