"""Folders of small pictures that tests make for themselves, and what colours them."""

import numpy as np
from PIL import Image

from colorgan_tf.inference.colorizer import Colorizer
from pipelines import batch
from pipelines.colorize_file import ColorizeOptions, colorize_file
from pipelines.media import formats
from tests.made_stills import WarmBackend

SUFFIXES = list(formats.PICTURE_SUFFIXES)


def work_with(backend, **options):
    return lambda job: colorize_file(job.source, job.target, Colorizer(backend), ColorizeOptions(**options))


WORK = work_with(WarmBackend())


def grey(path, value=120, size=(30, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(path)
    return path


def colourful(path):
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:30, :, 0], pixels[30:, :, 2], pixels[:, 30:, 1] = 220, 200, 160
    Image.fromarray(pixels).save(path)
    return path


def toned(path):
    shades = np.tile(np.arange(256, dtype=np.float32), (100, 1))[..., None] * np.float32([1.0, 0.85, 0.6])
    Image.fromarray(shades.astype(np.uint8)).save(path)
    return path


def targets(found, output):
    return sorted(str(job.target.relative_to(output)) for job in found.jobs)


def run(jobs, work=WORK, overwrite=False):
    return {outcome.job.source.name: outcome for outcome in batch.run(jobs, work, 2, overwrite)}
