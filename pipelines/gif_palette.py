"""Palettes for coloured GIFs: 255 colours for a whole animation or for each frame, with a still dither."""

import numpy as np

COLOURS = 255  # the 256th entry is transparency

# Bayer's 8 x 8 matrix (B. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973), in
# [-0.5, 0.5). It stands still from frame to frame, where error diffusion would crawl and swell the file.
_TWO = np.array([[0, 2], [3, 1]])
_FOUR = np.block([[4 * _TWO, 4 * _TWO + 2], [4 * _TWO + 3, 4 * _TWO + 1]])
_BAYER = (np.block([[4 * _FOUR, 4 * _FOUR + 2], [4 * _FOUR + 3, 4 * _FOUR + 1]]) + 0.5) / 64 - 0.5


def choose(samples: np.ndarray) -> np.ndarray:
    """Chooses a palette.

    Median cut follows where the pixels are, so that large even areas (skin, sky) get close shades; k-means then moves
    each shade to the middle of its pixels.

    Args:
        samples: `[n, 3]` uint8 RGB.

    Returns:
        `[256, 3]` uint8; the last entry is left black for transparency.
    """
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(samples.reshape(1, -1, 3)))
    chosen = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=3).getpalette() or []
    palette = np.zeros((256, 3), np.uint8)
    entries = np.array(chosen, np.uint8).reshape(-1, 3)[:COLOURS]
    palette[: len(entries)] = entries
    palette[len(entries) : COLOURS] = entries[0] if len(entries) else 0
    return palette


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
    from PIL import Image

    height, width = rgb.shape[:2]
    pattern = np.tile(_BAYER, (-(-height // 8), -(-width // 8)))[:height, :width]
    # Each channel has the pattern turned another way, so that the dither also mixes hues.
    turned = np.stack([pattern, pattern[::-1, :], pattern[:, ::-1]], axis=-1)
    dithered = np.clip(rgb + dither * turned + 0.5, 0, 255).astype(np.uint8)
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette[:COLOURS].tobytes() + palette[:1].tobytes())
    indices = np.asarray(Image.fromarray(dithered).quantize(palette=holder, dither=Image.Dither.NONE)).copy()
    indices[indices == 255] = 0
    return indices


def error(rgb: np.ndarray, palette: np.ndarray, indices: np.ndarray) -> float:
    """Returns the root mean square difference, in 8-bit steps, that is left at reading distance (3 x 3 means)."""
    import cv2

    difference = cv2.blur(palette[indices].astype(np.float32) - rgb, (3, 3))
    return float(np.sqrt(np.square(difference).mean()))
