"""Animated pictures that tests make for themselves, and what Pillow reads of them."""

import numpy as np
from PIL import Image

from tests.made_films import pattern

SIZE = (48, 80)


def make_gif(path, count=6, durations=None, loop=0, transparent=False, kind="GIF", codes=None, **options):
    frames = []
    for number in range(count):
        grey = pattern(number, (48, 80)) if codes is None else codes(number)
        picture = Image.fromarray(grey)
        if transparent:
            mask = np.full(grey.shape, 255, np.uint8)
            mask[:10, : 20 + 5 * number] = 0
            picture = Image.merge("LA", [picture, Image.fromarray(mask)]).convert("RGBA")
        frames.append(picture)
    extra = {} if loop is None else {"loop": loop}
    durations = durations or [40] * count
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], duration=durations, **extra, **options)
    return str(path)


def read(path):
    """All frames as RGBA, and their times, with Pillow."""
    frames, times = [], []
    with Image.open(path) as picture:
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("RGBA")))
            times.append(picture.info["duration"])
        return frames, times, picture.info
