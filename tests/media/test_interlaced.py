"""Interlaced PNG files that are truncated: what has come is shown as a browser shows it, and coloured."""

import struct
import zlib

import cv2
import numpy as np
import pytest

from pipelines.media import png
from pipelines.stills import still as stills

# Adam7 as the PNG specification draws it: the pass in which each pixel of a block of 8 x 8 is stored.
ADAM7 = [
    "16462646",
    "77777777",
    "56565656",
    "77777777",
    "36463646",
    "77777777",
    "56565656",
    "77777777",
]


def smooth(height, width, channels, dtype):
    rng = np.random.default_rng(0)
    field = cv2.GaussianBlur(rng.standard_normal((height, width, channels)), (0, 0), 6).reshape(height, width, channels)
    levels = np.iinfo(dtype).max
    return np.clip(levels * (0.5 + 0.15 * field / field.std()), 1, levels).astype(dtype)


def interlaced(pixels, kind):
    height, width, _ = pixels.shape
    order = np.array([[int(each) for each in row] for row in ADAM7])
    order = np.tile(order, (height // 8 + 1, width // 8 + 1))[:height, :width]
    stream = b""
    for number in range(1, 8):
        rows, columns = np.nonzero((order == number).any(1))[0], np.nonzero((order == number).any(0))[0]
        for row in rows if len(columns) else ():
            line = pixels[row, columns]
            stream += b"\0" + line.astype(line.dtype.newbyteorder(">")).tobytes()
    header = struct.pack(">2I5B", width, height, 8 * pixels.itemsize, kind, 0, 0, 1)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(stream, 0)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(png.chunk(*each) for each in chunks)


@pytest.mark.parametrize(
    "kind, channels, dtype", [(0, 1, np.uint8), (2, 3, np.uint8), (0, 1, np.uint16), (6, 4, np.uint8)]
)
def test_a_truncated_interlaced_png_is_coarse_but_whole(kind, channels, dtype):
    pixels = smooth(101, 67, channels, dtype)
    data = interlaced(pixels, kind)
    colours = pixels[..., :3]
    np.testing.assert_array_equal(stills.read(data).values, colours)
    differences = []
    for share in (0.9, 0.5, 0.2):
        still = stills.read(data[: int(share * len(data))])
        assert still.notes == ("the file is truncated: a part of it is missing or coarse",)
        assert still.values.shape == colours.shape
        assert still.alpha is None or (still.alpha > 0).all()
        differences.append(np.abs(still.values.astype(float) - colours).mean() / np.iinfo(dtype).max)
    assert differences == sorted(differences) and differences[-1] < 0.06
    assert (stills.read(data[: len(data) // 2]).values[::4, ::4] == colours[::4, ::4]).mean() > 0.9


def test_of_the_first_pass_alone_the_lowest_rows_are_missing():
    pixels = smooth(160, 160, 1, np.uint8)
    still = stills.read(interlaced(pixels, 0)[:290])
    assert "the lowest" in still.notes[0] and 0 < still.missing_rows < 160
    np.testing.assert_array_equal(still.values[0:8, 0:8, 0], pixels[0, 0, 0])
