"""What a still picture says beside its pixels is kept: EXIF, orientation, resolution, texts, IPTC."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media import provenance
from pipelines.media.orientation import as_stored, upright
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still
from tests.made_stills import GREY, MODES, WarmBackend, coloured, exif_of, opened, ramp, saved


@pytest.mark.parametrize(
    ("file_format", "mode"),
    [("JPEG", "L"), ("PNG", "L"), ("WEBP", "RGB"), ("TIFF", "L"), ("PNG", "I;16"), ("TIFF", "I;16")],
)
def test_exif_is_kept_and_says_that_a_model_made_the_colours(file_format, mode):
    data = saved(MODES[mode], file_format, exif=exif_of().tobytes())
    exif = Image.open(io.BytesIO(coloured(data))).getexif()
    assert exif[0x010F] == "Camera works"
    assert exif.get_ifd(0x8769)[0x9003] == "1931:05:06 07:08:09"
    assert float(exif.get_ifd(0x8769)[0x829A]) == pytest.approx(1 / 50)
    assert exif.get_ifd(0x8825)[1] == "N"
    assert [float(each) for each in exif.get_ifd(0x8825)[2]] == [48.0, 12.0, 30.0]
    assert provenance.TEXT in exif[0x0131]
    assert exif[0x010E] == provenance.TEXT


def test_a_description_and_software_that_were_there_stay():
    exif = opened(coloured(saved(GREY, "JPEG", exif=exif_of(_270="Market, 1931", _305="Scanner 2")))).getexif()
    assert exif[0x010E] == "Market, 1931"
    assert exif[0x0131] == f"Scanner 2; {provenance.TEXT}"


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_stays_a_tag_and_the_pixels_stay_as_stored(file_format):
    options = {"lossless": True} if file_format == "WEBP" else {}
    result = coloured(saved(GREY, file_format, exif=exif_of(_274=6), **options))
    assert Image.open(io.BytesIO(result)).getexif()[0x0112] == 6
    still = stills.read(result)
    assert np.abs(still.luma[..., 0] * 255 - ramp()).max() <= (4 if file_format == "JPEG" else 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_the_exif_standard_says_and_can_be_undone(orientation):
    from PIL import ImageOps

    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    image = Image.fromarray(picture[..., 0])
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(picture, orientation)[..., 0], expected)
    np.testing.assert_array_equal(as_stored(upright(picture, orientation), orientation), picture)


def test_the_network_sees_the_picture_upright():
    seen = []

    class Watching(WarmBackend):
        def luma_to_chroma(self, luma):
            seen.append(luma[0, ..., 0])
            return super().luma_to_chroma(luma)

    sky = np.zeros((64, 64), np.uint8)
    sky[:, :32] = 255  # bright on the left as stored: orientation 6 turns the left side to the top
    still = stills.read(saved(Image.fromarray(sky), exif=exif_of(_274=6)))
    colorize_still(still, Colorizer(Watching()))
    assert seen[0][:12].mean() > 0.9 and seen[0][-12:].mean() < 0.1


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_resolution_is_kept(file_format):
    result = opened(coloured(saved(GREY, file_format, dpi=(300, 300))))
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_deep_png_keeps_resolution_and_text():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Anonymous")
    result = opened(coloured(saved(MODES["I;16"], "PNG", dpi=(300, 300), pnginfo=text)))
    assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert result.text == {"Author": "Anonymous", "Software": provenance.TEXT}


def test_xmp_and_comment_are_kept():
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
    for file_format in ("JPEG", "PNG", "TIFF", "WEBP"):
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        options = {"pnginfo": text} if file_format == "PNG" else {"xmp": packet}
        if file_format == "TIFF":
            options = {"tiffinfo": {700: packet}}
        again = stills.read(coloured(saved(GREY, file_format, **options)))
        assert again.metadata.xmp == packet, file_format
    assert opened(coloured(saved(GREY, "JPEG", comment=b"attic"))).info["comment"] == b"attic"


IPTC = b"\x1c\x02\x78\x00\x06Market\x1c\x02\x05\x00\x041931"


def test_iptc_of_a_jpeg_is_kept():
    resource = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">L", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)
    segment = struct.pack(">HH", 0xFFED, len(resource) + 2) + resource
    assert opened(coloured(saved(GREY, "JPEG", extra=segment))).info["photoshop"][0x0404] == IPTC


@pytest.mark.parametrize("kind", ["H", "L", "B"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_of_a_tiff_is_kept_whatever_type_it_says_it_is(kind, order):
    buffer = io.BytesIO()
    padded = IPTC + bytes(-len(IPTC) % 4)
    dtype = {"H": 3, "L": 4, "B": 7}[kind]
    count = len(padded) // struct.calcsize(f"={kind}")
    value = struct.unpack(f"{order}{count}{kind}", padded) if kind != "B" else padded
    tifffile.imwrite(buffer, ramp(), byteorder=order, extratags=[(33723, dtype, count, value, True)])
    data = buffer.getvalue()
    assert stills.read(data).metadata.iptc == padded
    result = stills.read(coloured(data))
    assert result.metadata.iptc == padded
