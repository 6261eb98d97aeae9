"""Palettes for coloured GIFs: 255 colours for a whole animation or for each frame, with a still dither."""

import dataclasses
from collections.abc import Iterator

import numpy as np

COLOURS = 255  # the 256th entry is transparency

# A grid is of use from four cells a colour on; more than sixteen hardly change the palette.
_FEWEST_CELLS, _ENOUGH_CELLS = 4 * COLOURS, 4096
_CUT_PIXELS = 1 << 13
_ROUNDS = 12
_BLOCK = 256  # a matrix product of this size is not worth a second thread
# Of the table that gives each pixel its entry. 6 bits are 4 steps: a dither that is weaker does not hide them.
_COARSE_BITS, _FINE_BITS = 6, 7
_HIDDEN_STEPS = 4.0

# Bayer's 8 x 8 matrix (B. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973), in
# [-0.5, 0.5). It stands still from frame to frame, where error diffusion would crawl and swell the file.
_TWO = np.array([[0, 2], [3, 1]])
_FOUR = np.block([[4 * _TWO, 4 * _TWO + 2], [4 * _TWO + 3, 4 * _TWO + 1]])
_BAYER = ((np.block([[4 * _FOUR, 4 * _FOUR + 2], [4 * _FOUR + 3, 4 * _FOUR + 1]]) + 0.5) / 64 - 0.5).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class _Cells:
    """Colours of pixels, gathered: `[n, 3]` float32 means of the cells of a grid, and `[n]` pixels in each."""

    means: np.ndarray
    pixels: np.ndarray


def choose(samples: np.ndarray) -> np.ndarray:
    """Chooses a palette.

    Median cut follows where the pixels are, so that large even areas (skin, sky) get close shades; k-means then moves
    each shade to the middle of its pixels. Both look at cells of like colours with their numbers of pixels rather than
    at single pixels: of these there are fifty times as many. k-means goes from coarse cells to fine ones, since most of
    the way can be gone with few of them.

    Args:
        samples: `[n, 3]` uint8 RGB, at least one.

    Returns:
        `[256, 3]` uint8; the last entry is left black for transparency.
    """
    chosen: np.ndarray | None = None
    for cells in _gathered(samples):
        chosen = _centred(_cut(cells) if chosen is None else chosen, cells)
    assert chosen is not None  # the finest cells are always of use
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(chosen)] = np.rint(chosen)
    palette[len(chosen) : COLOURS] = palette[0]
    return palette


def _gathered(samples: np.ndarray) -> Iterator[_Cells]:
    """Yields the cells of finer and finer grids, 5 bits a channel to 8, until there are enough of them.

    Grids that are too coarse for a palette are left out; the finest one holds the colours as they are.
    """
    channels = samples.T.astype(np.int32)
    bit = 3
    red, green, blue = channels >> bit
    cells = red << 10 | green << 5 | blue
    while True:
        counts = np.bincount(cells)
        held = np.flatnonzero(counts)
        if len(held) >= _FEWEST_CELLS or bit == 0:
            sums = [np.bincount(cells, weights=channel)[held] for channel in channels]
            yield _Cells((np.stack(sums, axis=-1) / counts[held, None]).astype(np.float32), counts[held])
        if len(held) >= _ENOUGH_CELLS or bit == 0:
            return
        # Cells that hold nothing lose their numbers, so that the counts stay short.
        numbers = np.cumsum(counts > 0) - 1
        bit -= 1
        red, green, blue = channels >> bit & 1
        cells = numbers[cells] << 3 | red << 2 | green << 1 | blue


def _cut(cells: _Cells) -> np.ndarray:
    """Returns up to 255 colours by median cut, `[n, 3]` float32; each cell counts, even one of a single pixel."""
    from PIL import Image

    if len(cells.means) <= COLOURS:
        return cells.means
    shares = np.maximum(1, np.rint(cells.pixels * (_CUT_PIXELS / cells.pixels.sum()))).astype(int)
    picture = Image.fromarray(np.repeat(np.rint(cells.means).astype(np.uint8), shares, axis=0)[None])
    chosen = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT).getpalette() or []
    return np.array(chosen, np.float32).reshape(-1, 3)[:COLOURS]


def _centred(centres: np.ndarray, cells: _Cells) -> np.ndarray:
    """Moves colours to the middle of the pixels that are nearest to them (S. Lloyd, "Least squares quantization in
    PCM", 1982); one that is the nearest of none stays.
    """
    means = _extended(cells.means)
    weights = [cells.pixels, *(cells.pixels * channel for channel in cells.means.T)]
    for _ in range(_ROUNDS):
        nearest = _nearest(means, centres)
        pixels, *sums = (np.bincount(nearest, weights=weight, minlength=len(centres)) for weight in weights)
        moved = np.stack(sums, axis=-1) / np.maximum(pixels, 1)[:, None]
        centres = np.where(pixels[:, None] > 0, moved, centres).astype(np.float32)
    return centres


def spacing(palette: np.ndarray) -> float:
    """Returns how far a palette's colours lie from their nearest neighbours, in 8-bit steps: the dither's strength."""
    entries = np.unique(palette[:COLOURS].astype(np.float32), axis=0)
    if len(entries) < 2:
        return 0.0
    gaps = np.linalg.norm(entries[:, None] - entries[None], axis=-1)
    np.fill_diagonal(gaps, np.inf)
    return float(np.median(gaps.min(axis=1)))


def apply(rgb: np.ndarray, palette: np.ndarray, dither: float) -> np.ndarray:
    """Gives each pixel its palette entry.

    Args:
        rgb: `[height, width, 3]` float32 in [0, 255].
        palette: `[256, 3]` uint8.
        dither: strength in 8-bit steps.

    Returns:
        `[height, width]` uint8 below 255.
    """
    height, width = rgb.shape[:2]
    pattern = np.tile(_BAYER, (-(-height // 8), -(-width // 8)))[:height, :width]
    # Each channel has the pattern turned another way, so that the dither also mixes hues.
    turned = np.stack([pattern, pattern[::-1, :], pattern[:, ::-1]], axis=-1)
    dithered = np.clip(rgb + np.float32(dither) * turned + np.float32(0.5), 0, 255).astype(np.uint8)
    bits = _COARSE_BITS if dither >= _HIDDEN_STEPS else _FINE_BITS
    red, green, blue = np.moveaxis(dithered >> (8 - bits), -1, 0).astype(np.int32)
    cells = red << 2 * bits | green << bits | blue
    # Only what a pixel asks for is filled in.
    asked = np.zeros(1 << 3 * bits, bool)
    asked[cells] = True
    held = np.flatnonzero(asked)
    step = 1 << (8 - bits)
    channels = [(held >> shift & ((1 << bits) - 1)) * step for shift in (2 * bits, bits, 0)]
    table = np.zeros(len(asked), np.uint8)
    table[held] = _nearest(_extended(np.stack(channels, axis=-1) + (step - 1) / 2), palette[:COLOURS])
    return table[cells]


def exact(rgb: np.ndarray, opaque: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the palette of a picture that has few colours, and its pixels' entries.

    Args:
        rgb: `[height, width, 3]` uint8.
        opaque: `[height, width]`, the pixels that count.

    Returns:
        `[256, 3]` uint8, and `[height, width]` uint8 below 255. Of more than 255 colours the rarest get the nearest.
    """
    red, green, blue = np.moveaxis(rgb, -1, 0).astype(np.int32)
    codes = red << 16 | green << 8 | blue
    held, counts = np.unique(codes[opaque], return_counts=True)
    if len(held) == 0:
        held, counts = np.zeros(1, np.int32), np.ones(1, int)
    colours = np.stack([held >> 16, held >> 8 & 255, held & 255], axis=-1)
    chosen = np.sort(np.argsort(-counts, kind="stable")[:COLOURS])
    entries = _nearest(_extended(colours), colours[chosen])
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(chosen)] = colours[chosen]
    places = np.minimum(np.searchsorted(held, codes), len(held) - 1)
    return palette, entries[places].astype(np.uint8)


def _extended(colours: np.ndarray) -> np.ndarray:
    """Returns `[n, 3]` colours as `_nearest` wants them: `[n, 4]` float32, with ones."""
    return np.column_stack([colours, np.ones(len(colours))]).astype(np.float32)


def _nearest(extended: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """Returns which of the entries, `[m, 3]`, is nearest to each colour, `[n]` whole numbers; of equals the first."""
    # |x - c|^2 is least where |c|^2 - 2 x c is: one matrix product, in blocks that stay in the cache.
    entries = entries.astype(np.float32)
    products = np.vstack([-2 * entries.T, np.square(entries).sum(axis=1)])
    blocks = [extended[start : start + _BLOCK] @ products for start in range(0, len(extended), _BLOCK)]
    return np.concatenate([block.argmin(axis=1) for block in blocks])


def error(rgb: np.ndarray, palette: np.ndarray, indices: np.ndarray) -> float:
    """Returns the root mean square difference, in 8-bit steps, that is left at reading distance (3 x 3 means)."""
    import cv2

    difference = cv2.blur(palette[indices].astype(np.float32) - rgb, (3, 3))
    return float(np.sqrt(np.square(difference).mean()))
