"""Likely colours for a spot: those that the network holds for likely there.

A back end that does not say offers what photographs often have at the spot's brightness, from the network's bins.
"""

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

import colorgan_tf
from colorgan_tf import color
from colorgan_tf.inference import finish
from colorgan_tf.inference.backend import LIKELY_COLORS
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media import writing

_FILE = "likely-{frame}.npy"  # in the folder of a file: `[h, w, colours, 3]` float16, U, V and share
_GREYISH, _PALE = 0.05, 0.03
_APART = 0.11
_ALIKE = 0.07  # colours of the network nearer than this are offered as one
_LEAST = 0.002  # of the distribution: what is less likely is not offered
_TOO_LIGHT, _DARKENED = 0.92, 0.78  # luma above which hardly any colour exists, and what it may become
Rgb = tuple[int, int, int]
Plane = npt.NDArray[np.float32]


def keep(colorizer: Colorizer, luma: Plane, folder: Path, frame: int = 0) -> None:
    """Writes the colours that the network holds for likely into a file's folder; nothing where it does not say.

    Args:
        colorizer: has the network.
        luma: `[H, W, 1]` of the upright picture, or frame.
        folder: of the file. What was kept of another frame goes.
        frame: of an animation or film.
    """
    for old in folder.glob(_FILE.format(frame="*")):
        old.unlink(missing_ok=True)
    if LIKELY_COLORS not in colorizer.backend.signatures:
        return
    path = folder / _FILE.format(frame=frame)
    small = finish.resize(luma, *colorizer.input_resolution(*luma.shape[:2]))
    with writing.beside(path) as partial, partial.open("wb") as file:
        np.save(file, colorizer.backend.predict(LIKELY_COLORS, {"luma": small[None]})[0].astype(np.float16))


def are_kept(folder: Path, frame: int) -> bool:
    """Tells whether the colours that the network holds for likely in a frame are there."""
    return (folder / _FILE.format(frame=frame)).is_file()


def at(folder: Path, x: float, y: float, rgb: npt.NDArray[np.float32], frame: int = 0) -> list[Rgb]:
    """Returns colours that a spot could well have, the likeliest first, all clearly different; last a neutral grey.

    Args:
        folder: of the picture or film.
        x: of the spot, as a part of the width, in [0, 1].
        y: of the spot, as a part of the height, in [0, 1].
        rgb: `[3]` in [0, 255]: the spot as it is now.
        frame: of an animation or film.
    """
    luma = float(np.clip(_luma(rgb), 0.08, _TOO_LIGHT)) if not is_too_light(rgb) else _DARKENED
    path = folder / _FILE.format(frame=frame)
    chosen = _of_network(np.load(path), x, y) if path.is_file() else _of_photographs(luma)
    return as_rgb(np.stack([*chosen, np.zeros(2, np.float32)]), luma)


def is_too_light(rgb: npt.NDArray[np.float32]) -> bool:
    """Tells whether a spot is so light that no colour can be seen there."""
    return _luma(rgb) > _TOO_LIGHT


def as_rgb(chroma: Plane, luma: float) -> list[Rgb]:
    """Returns chroma `[count, 2]` as it looks at a luma in [0, 1]."""
    found = color.merge(np.full((len(chroma), 1), luma, np.float32), chroma)
    return [(int(red), int(green), int(blue)) for red, green, blue in np.rint(found * 255)]


def _luma(rgb: npt.NDArray[np.float32]) -> float:
    return float(color.rgb_to_yuv(rgb.astype(np.float32) / 255)[0])


def _of_network(likely: npt.NDArray[np.float16], x: float, y: float) -> list[Plane]:
    """Returns the chroma that the network holds for likely at a spot and around it."""
    height, width = likely.shape[:2]
    row, column = min(int(y * height), height - 1), min(int(x * width), width - 1)
    around = likely[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].astype(np.float32)
    chroma, shares = around[..., :2].reshape(-1, 2), around[..., 2].ravel() / around[..., 2].sum()
    groups: list[tuple[float, Plane]] = []
    while shares.any():
        near = np.linalg.norm(chroma - chroma[shares.argmax()], axis=-1) < _ALIKE
        part = shares * near
        groups.append((float(part.sum()), part @ chroma / part.sum()))
        shares = shares - part
    ordered = sorted(groups, key=lambda group: -group[0])
    return [middle for share, middle in ordered if share > _LEAST and np.linalg.norm(middle) > _PALE][:7]


@functools.cache
def _bins() -> tuple[Plane, Plane]:
    """Centres `[bins, 2]` in U and V, and how often each occurs."""
    with np.load(Path(colorgan_tf.__file__).parent / "networks" / "color_bins.npz") as archive:
        return archive["centres"].astype(np.float32), archive["frequency"].astype(np.float32)


def _of_photographs(luma: float) -> list[Plane]:
    """Returns the chroma that photographs often have at a luma."""
    centres, frequency = _bins()
    reachable = color.rgb_to_yuv(color.merge(np.full((len(centres), 1), luma, np.float32), centres))[:, 1:]
    inside = np.abs(reachable - centres).max(axis=1) < 0.02  # else the colour does not exist at this brightness
    # Vivid colours are rare in photographs, yet what people want to point out: rarity counts by its square root.
    score = np.sqrt(frequency) * inside * (np.linalg.norm(centres, axis=1) > _GREYISH)
    chosen: list[Plane] = []
    for number in np.argsort(-score):
        far = all(np.linalg.norm(centres[number] - other) > _APART for other in chosen)
        if score[number] > 0 and far:
            chosen.append(centres[number])
        if len(chosen) == 7:
            break
    return chosen
