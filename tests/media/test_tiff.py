"""TIFF of every depth, layout and byte order: read right, or refused truly. tifffile and libtiff write, and compare."""

import io
import itertools
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.media import formats
from pipelines.stills import still as stills


def noise(dtype=np.uint16, channels=3, height=50, width=70, top=None):
    top = np.iinfo(dtype).max if top is None else top
    shape = (height, width, channels) if channels > 1 else (height, width)
    smooth = cv2.GaussianBlur(np.random.default_rng(0).random((height, width, 4)).astype(np.float32), (0, 0), 3)
    smooth = (smooth - smooth.min()) / np.ptp(smooth) * top
    return smooth[..., :channels].reshape(shape).astype(dtype)


def written(values, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def made(width, height, data, **entries):
    """A TIFF of one strip by hand: `entries` are tags by their number, as _258=12."""
    given = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: len(data)}
    given |= {int(tag[1:]): value for tag, value in entries.items()}
    given[273] = 8 + 2 + 12 * len(given) + 4
    directory = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in sorted(given.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(given)) + directory + bytes(4) + data


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_layout_of_rgb_is_read_as_tifffile_reads_it(planar, tile, order, bigtiff, dtype):
    values = noise(dtype)
    for compression, rows in itertools.product((None, "zlib"), (None, 16)):
        stored = values if planar == "contig" else np.moveaxis(values, -1, 0)
        options = {"tile": tile} if tile else {"rowsperstrip": rows}
        data = written(
            stored, photometric="rgb", planarconfig=planar, byteorder=order, bigtiff=bigtiff, compression=compression,
            predictor=compression is not None, **options,
        )  # fmt: skip
        still = stills.read(data)
        np.testing.assert_array_equal(still.values, values, str((compression, rows)))
        assert (still.values.dtype, still.alpha, still.file_format) == (dtype, None, "TIFF")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_premultiplied_alpha_is_undone_and_straight_alpha_is_left(dtype, channels):
    top = np.iinfo(dtype).max
    values, alpha = noise(dtype, channels).reshape(50, 70, channels), noise(dtype, 1).reshape(50, 70, 1)
    kind = "minisblack" if channels == 1 else "rgb"
    joined = np.concatenate([values, alpha], -1)
    straight = stills.read(written(joined, photometric=kind, planarconfig="contig", extrasamples=["unassalpha"]))
    np.testing.assert_array_equal(straight.values, values)
    np.testing.assert_array_equal(straight.alpha, alpha)
    multiplied = np.rint(values * (alpha / top)).astype(dtype)
    joined = np.concatenate([multiplied, alpha], -1)
    undone = stills.read(written(joined, photometric=kind, planarconfig="contig", extrasamples=["assocalpha"]))
    np.testing.assert_array_equal(undone.alpha, alpha)
    clear = alpha[..., 0] > top * 0.6
    assert np.abs(undone.values[clear].astype(int) - values[clear]).max() <= 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("white", [1, 255])
def test_floating_point_is_stored_with_16_bits_and_said(order, dtype, white):
    share = noise(np.uint16, 1) / 65535
    still = stills.read(written((share * white).astype(dtype), byteorder=order, compression="zlib"))
    assert still.values.dtype == np.uint16
    assert np.abs(still.values[..., 0] / 65535 - share).max() < (0.001 if dtype == "f2" else 1e-4)
    assert "floating point" in " ".join(still.notes)


def test_the_predictor_of_floating_point_is_undone():
    values = (noise(np.uint16, 3) / np.float32(65535)).astype("<f4")
    rows = values.reshape(50, 210).astype(">f4").view(np.uint8).reshape(50, 210, 4).swapaxes(1, 2).reshape(50, 280, 3)
    import zlib

    data = zlib.compress(np.diff(rows, axis=1, prepend=np.zeros((50, 1, 3), np.uint8)).astype(np.uint8).tobytes())
    still = stills.read(made(70, 50, data, _258=32, _259=8, _262=2, _277=3, _317=3, _339=3))
    assert np.abs(still.values / 65535 - values).max() < 1e-4


@pytest.mark.parametrize("low_high", [(-1.0, 1.0), (0.0, 5.0), (0.0, np.nan), (0.0, 1e9)])
def test_floating_point_of_unknown_meaning_is_refused_truly(low_high):
    values = np.full((8, 8), low_high[0], np.float32)
    values[4:] = low_high[1]
    with pytest.raises(InputError, match="which is not supported: floating-point samples"):
        stills.read(written(values))


def test_12_bits_are_unpacked():
    values = noise(np.uint16, 1, top=4095)
    bits = (values[..., None] >> np.arange(11, -1, -1) & 1).astype(np.uint8).reshape(50, -1)
    still = stills.read(made(70, 50, np.packbits(bits, axis=1).tobytes(), _258=12))
    np.testing.assert_array_equal(still.values[..., 0], np.rint(values * (65535 / 4095)).astype(np.uint16))


def test_32_bit_integers_become_16_bits():
    values = noise(np.uint32, 1)
    still = stills.read(written(values))
    np.testing.assert_allclose(still.values[..., 0], values / (2**32 - 1) * 65535, atol=1)
    small = noise(np.uint16, 1)
    np.testing.assert_array_equal(stills.read(written(small.astype(np.int32))).values[..., 0], small)
    with pytest.raises(InputError, match="not supported: samples from -5"):
        stills.read(written(np.full((8, 8), -5, np.int16)))


def test_cmyk_of_16_bits():
    rgb = noise(np.uint16, 3)
    ink = np.concatenate([65535 - rgb, np.zeros_like(rgb[..., :1])], -1)
    still = stills.read(written(ink, photometric="separated", planarconfig="contig"))
    np.testing.assert_array_equal(still.values, rgb)
    eight = stills.read(written((ink >> 8).astype(np.uint8), photometric="separated", planarconfig="contig"))
    assert np.abs(eight.values.astype(int) - (rgb >> 8)).max() <= 1


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_compressions_of_16_bit_grey(compression):
    buffer = io.BytesIO()
    values = noise(np.uint16, 1)
    Image.fromarray(values).save(buffer, "TIFF", compression=compression)
    np.testing.assert_array_equal(stills.read(buffer.getvalue()).values[..., 0], values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("tile", [None, (32, 32)])
def test_planes_of_grey_and_alpha(dtype, tile):
    planes = np.moveaxis(noise(dtype, 2), -1, 0)
    data = written(planes, photometric="minisblack", planarconfig="separate", extrasamples=["unassalpha"], tile=tile)
    still = stills.read(data)
    np.testing.assert_array_equal(still.values[..., 0], planes[0])
    np.testing.assert_array_equal(still.alpha[..., 0], planes[1])


def test_more_channels_than_are_kept_are_told():
    still = stills.read(written(np.dstack([noise(), noise()]), photometric="rgb", planarconfig="contig"))
    np.testing.assert_array_equal(still.values, noise())
    assert "more channels" in still.notes[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_inside_a_page_are_told(dtype):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(noise(dtype), photometric="rgb", subifds=1)
        file.write(noise(dtype)[::2, ::2], photometric="rgb", subfiletype=1)
    assert stills.read(buffer.getvalue()).notes == ("the pictures inside the page (SubIFDs) are not kept",)


def test_metadata_of_a_file_that_pillow_does_not_know():
    data = written(
        noise(np.uint8, 1), bigtiff=True, byteorder=">", metadata=None, description="Market", resolution=(300, 300),
        resolutionunit="INCH", software="Scanner",
    )  # fmt: skip
    with formats.open_header(data) as image:
        assert (image.format, image.size, formats.kind(image)) == ("TIFF", (70, 50), "picture")
        assert image.getexif()[270] == "Market"
        assert image.info["dpi"] == pytest.approx((300, 300))


def test_a_truncated_one_is_damaged_and_an_unknown_kind_is_not(tmp_path):
    whole = written(noise(), photometric="rgb")
    with pytest.raises(InputError, match="damaged: the pixels end too early"):
        stills.read(whole[:-1000])
    with pytest.raises(InputError, match="not supported: CIELAB pixels"):
        stills.read(written(noise(), photometric="cielab", planarconfig="contig"))


@pytest.mark.parametrize("channels", [3, 4])
def test_a_strip_that_is_webp_is_read_right(channels):
    values, strip = noise(np.uint8, channels), io.BytesIO()
    Image.fromarray(values).save(strip, "WEBP", lossless=True, exact=True)
    extra = {"_338": 2} if channels == 4 else {}
    still = stills.read(made(70, 50, strip.getvalue(), _259=50001, _262=2, _277=channels, **extra))
    np.testing.assert_array_equal(still.values, values[..., :3])
    assert (still.alpha is None) == (channels == 3)
