"""A result as GIF: one palette for all frames, or one for each."""

import functools
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import numpy as np

from pipelines.animations import encoding, palettes
from pipelines.animations.decoding import Animation
from pipelines.animations.made import Colored, Made

# A palette for the whole animation flickers less and packs better; above this loss each frame gets its own.
_SHARED_LOSS = 1.35
_SAMPLES = 1 << 18
_SAMPLED_FRAMES = 24  # at most, over which the pixels for a shared palette are spread
_FRAME_SAMPLES = 1 << 15


def write(
    file: BinaryIO,
    animation: Animation,
    made: Made,
    wanted: str,
    described: encoding.Description,
    progress: Callable[[Iterable[Any], int], Iterable[Any]],
) -> str:
    """Writes a GIF.

    Args:
        file: open for writing.
        animation: the source.
        made: its coloured frames.
        wanted: palette, "shared", "frame", or "auto": shared unless that costs too much.
        described: what the file is to say.
        progress: goes through the frames.

    Returns:
        "shared" or "frame".
    """
    transparent = any((frame.rgba[..., 3] < 128).any() for frame in made.frames)  # GIF knows no half transparency
    shared = _shared_palette(made, wanted)
    writer = encoding.GifWriter(file, (animation.height, animation.width), animation.loop, described)
    dither = 0.0 if shared is None else palettes.spacing(shared)
    indexed = made.results(functools.partial(_indexed, shared=shared, dither=dither))
    for indices, palette, milliseconds in progress(indexed, len(made.kept)):
        writer.write(indices, palette, milliseconds, clear=transparent)
    writer.close()
    return "frame" if shared is None else "shared"


def _indexed(each: Colored, shared: np.ndarray | None, dither: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns a frame's entries in its palette, the palette, and its time in milliseconds."""
    opaque = each.frame.rgba[..., 3] >= 128
    if each.copied:
        palette, indices = palettes.exact(each.frame.rgba[..., :3], opaque)
    else:
        palette = shared if shared is not None else palettes.choose(_sampled(each.rgb[opaque], _FRAME_SAMPLES))
        indices = palettes.apply(each.rgb, palette, palettes.spacing(palette) if shared is None else dither)
    indices[~opaque] = 255
    return indices, palette, each.frame.milliseconds


def _shared_palette(made: Made, wanted: str) -> np.ndarray | None:
    """Returns the one palette of all frames that are coloured, or None where each frame gets its own."""
    coloured = [number for number, keep in enumerate(made.kept) if not keep]
    if wanted == "frame" or not coloured:
        return None
    spread = np.linspace(0, len(coloured) - 1, min(len(coloured), _SAMPLED_FRAMES)).round().astype(int)
    chosen = {coloured[place] for place in spread}
    tries: list[np.ndarray] = []
    samples: list[np.ndarray] = []
    for each in made.results(lambda each: each, chosen):
        if len(samples) in {0, len(chosen) // 2, len(chosen) - 1}:
            tries.append(each.rgb)
        samples.append(_sampled(each.rgb[each.frame.rgba[..., 3] >= 128], _SAMPLES // len(chosen)))
    shared = palettes.choose(np.concatenate(samples))
    if wanted == "auto":
        losses = np.array([[_loss(rgb, shared), _loss(rgb, None)] for rgb in tries])
        if losses[:, 0].mean() > _SHARED_LOSS * losses[:, 1].mean() + 0.5:
            return None
    return shared


def _loss(rgb: np.ndarray, palette: np.ndarray | None) -> float:
    if palette is None:
        palette = palettes.choose(_sampled(rgb.reshape(-1, 3), _FRAME_SAMPLES))
    return palettes.error(rgb, palette, palettes.apply(rgb, palette, palettes.spacing(palette)))


def _sampled(pixels: np.ndarray, count: int) -> np.ndarray:
    """Takes every n-th pixel; a fully transparent frame lends one black one."""
    if len(pixels) == 0:
        return np.zeros((1, 3), np.uint8)
    # An odd stride that shares no factor with the width runs through all columns.
    stride = max(1, len(pixels) // count) | 1
    return np.rint(pixels[::stride]).astype(np.uint8)
