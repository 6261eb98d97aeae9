"""Transparency of BMP, of 16-bit PNG, and of pictures under wrong names."""

import struct
import zlib

import numpy as np
import pytest

from pipelines.colorize_file import colorize_file
from pipelines.stills import encoding
from pipelines.stills import still as stills
from pipelines.stills.metadata import Metadata
from tests.made_stills import COLORIZER, RGBA, coloured, opened, ramp, saved


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_bmp_keeps_its_alpha(mode):
    still = stills.read(saved(RGBA, "PNG"))
    values = still.values if mode == "RGBA" else still.values[..., :1]
    data = encoding.encode(values, still.alpha, Metadata(dpi=(300.0, 300.0)), "BMP")
    again = stills.read(data)
    np.testing.assert_array_equal(again.values, still.values)
    np.testing.assert_array_equal(again.alpha, still.alpha)
    assert opened(data).info["dpi"] == pytest.approx((300, 300), abs=0.1)
    result = stills.read(coloured(data))
    np.testing.assert_array_equal(result.alpha, still.alpha)
    assert result.file_format == "BMP"


def deep_png(values, colour_type, transparent):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in values))
    trns = chunk(b"tRNS", np.array(transparent, ">u2").tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + trns + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_transparent_colour_of_16_bits_becomes_alpha(channels):
    values = np.dstack([ramp(levels=65535)] * channels)
    values[3, 4] = values[2, 2]
    data = deep_png(values, 0 if channels == 1 else 2, values[2, 2])
    still = stills.read(data)
    np.testing.assert_array_equal(still.values, values)
    assert still.alpha.dtype == np.uint16
    assert set(zip(*np.nonzero(still.alpha[..., 0] == 0), strict=True)) == {(2, 2), (3, 4)}
    np.testing.assert_array_equal(stills.read(coloured(data)).alpha, still.alpha)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp"])
def test_a_transparent_picture_stays_what_it_is_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(saved(RGBA))
    outcome = colorize_file(tmp_path / name, tmp_path / "out" / name, COLORIZER)
    result = stills.read(tmp_path / "out" / name)
    assert result.file_format == "PNG"
    np.testing.assert_array_equal(result.alpha, stills.read(saved(RGBA)).alpha)
    assert outcome.note == ("" if name == "a.png" else "PNG by its content, and so is the result")
