"""Pictures that tests make for themselves."""

import numpy as np


def photograph(seed: int, width: int = 300, height: int = 270) -> np.ndarray:
    """A made landscape whose colours follow what is seen: blue sky, a sun, green ground, red houses; uint8 RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    horizon = rng.uniform(0.4, 0.6) + 0.05 * np.sin(x * rng.uniform(4, 9))
    sky = np.stack([0.45 + 0.4 * y, 0.6 + 0.3 * y, 0.95 - 0.1 * y], axis=-1)
    ground = np.stack([0.25 + 0.2 * x, 0.55 - 0.3 * (y - 0.5), 0.15 + 0.1 * x], axis=-1)
    rgb = np.where((y < horizon)[..., None], sky, ground)
    left, top = rng.uniform(0.1, 0.7), horizon.mean() - 0.1
    house = (x > left) & (x < left + 0.2) & (y > top) & (y < top + 0.25)
    rgb[house] = (0.7, 0.25, 0.2)
    rgb[(x - rng.uniform(0.2, 0.8)) ** 2 + (y - 0.15) ** 2 < 0.005] = (1.0, 0.9, 0.4)
    rgb += rng.normal(0, 0.01, (height, width, 1))
    return np.round(255 * rgb.clip(0, 1)).astype(np.uint8)
