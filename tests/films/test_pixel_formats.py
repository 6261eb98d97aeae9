"""Code values <-> luma and chroma: numbers by hand from BT.601 and BT.709, and FFmpeg's own conversion."""

from fractions import Fraction

import av
import numpy as np
import pytest

from pipelines.films import pixel_formats
from pipelines.films.pixel_formats import FULL, LIMITED, PixelFormat, describe
from tests.made_films import pattern, put


def layout(name="yuv420p", matrix=6, range_=LIMITED, size=(480, 640)):
    return describe(name, matrix, range_, *size)


def test_tags_are_read_and_guessed():
    assert layout("yuv422p10le", 1) == PixelFormat("yuv422p10le", 10, (1, 0), False, 1)
    assert layout("yuvj420p", 2, 0).full_range and not layout("yuv420p", 2, 0).full_range
    assert layout("gray", 2, 0).full_range and not layout("gray", 2, LIMITED).full_range
    assert layout(matrix=2, size=(576, 720)).matrix == 6 and layout(matrix=2, size=(720, 1280)).matrix == 1
    assert layout("yuv420p", size=(5, 7)).chroma_size(5, 7) == (3, 4)
    with pytest.raises(ValueError, match="must be a planar YCbCr or grey format. Received: rgb24"):
        layout("rgb24")


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("yuv420p10le", "yuv420p10le"),
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("rgb24", "yuv444p"),
        ("gbrp10le", "yuv444p10le"),
        ("pal8", "yuv444p"),
        ("yuva420p", "yuv420p"),
        ("gray16be", "gray16le"),
    ],
)
def test_other_formats_are_read_as_the_nearest_planar_one(name, readable):
    assert pixel_formats.readable_name(name) == readable
    assert pixel_formats.split_name(readable) is not None


@pytest.mark.parametrize(
    ("name", "range_", "black", "white"),
    [
        ("yuv420p", LIMITED, 16, 235),
        ("yuv420p", FULL, 0, 255),
        ("yuv420p10le", LIMITED, 64, 940),
        ("yuv420p10le", FULL, 0, 1023),
        ("gray", 0, 0, 255),
        ("gray16le", FULL, 0, 65535),
    ],
)
def test_black_and_white_by_depth_and_range(name, range_, black, white):
    target = layout(name, range_=range_)
    codes = np.array([[black, white]], target.dtype).repeat(2, 0)
    assert pixel_formats.to_luma(codes, target, (2, 2)).tolist() == [[0.0, 1.0]] * 2


@pytest.mark.parametrize(("matrix", "weights"), [(6, (0.299, 0.114)), (1, (0.2126, 0.0722)), (9, (0.2627, 0.0593))])
def test_chroma_matrix_by_hand(matrix, weights):
    # A colour's offsets from its BT.601 luma give U and V; Cb and Cr follow from the offsets by the standard's formula.
    rgb = np.array([0.7, 0.4, 0.2])
    luma = rgb @ [0.299, 0.587, 0.114]
    chroma = np.array([0.492 * (rgb[2] - luma), 0.877 * (rgb[0] - luma)])
    red, blue = weights
    own = rgb @ [red, 1 - red - blue, blue]
    expected = [(rgb[2] - own) / (2 * (1 - blue)), (rgb[0] - own) / (2 * (1 - red))]
    assert pixel_formats.chroma_matrix(matrix) @ chroma == pytest.approx(expected, abs=1e-3)


def test_bt601_matrix_is_the_analog_scaling():
    # Cb = U / 0.872, Cr = V / 1.230.
    assert pixel_formats.chroma_matrix(6) == pytest.approx(np.diag([1 / 0.872, 1 / 1.230]), abs=2e-3)


@pytest.mark.parametrize(("matrix", "range_"), [(1, LIMITED), (1, FULL), (6, LIMITED), (6, FULL)])
def test_ffmpeg_shows_the_colour_that_was_meant(matrix, range_):
    rgb = np.array([0.62, 0.45, 0.38])
    luma601 = rgb @ [0.299, 0.587, 0.114]
    chroma = np.array([0.492 * (rgb[2] - luma601), 0.877 * (rgb[0] - luma601)], np.float32)
    target = describe("yuv444p", matrix, range_, 16, 16)
    weights = {1: [0.2126, 0.7152, 0.0722], 6: [0.299, 0.587, 0.114]}[matrix]
    code = round(target.black + rgb @ weights * target.luma_span)
    frame = av.VideoFrame(16, 16, "yuv444p")
    planes = pixel_formats.chroma_planes(np.tile(chroma, (16, 16, 1)), target, 16, 16)
    pixel_formats.fill_frame(frame, (np.full((16, 16), code, np.uint8), *planes), target)
    shown = frame.reformat(
        format="rgb24", src_colorspace=matrix, src_color_range=range_, dst_colorspace=matrix, dst_color_range=FULL
    ).to_ndarray()
    assert shown[8, 8] / 255 == pytest.approx(rgb, abs=0.012)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv411p"])
def test_chroma_returns_from_the_planes(name):
    target = layout(name)
    chroma = np.zeros((24, 32, 2), np.float32)
    chroma[..., 0], chroma[..., 1] = np.linspace(-0.2, 0.2, 32), np.linspace(-0.3, 0.3, 24)[:, None]
    frame = av.VideoFrame(64, 48, name)
    planes = pixel_formats.chroma_planes(chroma, target, 48, 64)
    assert planes[0].shape == target.chroma_size(48, 64) and planes[0].dtype == target.dtype
    pixel_formats.fill_frame(frame, (pattern(0, (48, 64)).astype(target.dtype), *planes), target)
    assert pixel_formats.to_chroma(frame, target, (24, 32))[2:-2, 2:-2] == pytest.approx(chroma[2:-2, 2:-2], abs=0.015)


def test_codes_stay_legal():
    wild = np.full((4, 4, 2), 5.0, np.float32)
    assert pixel_formats.chroma_planes(wild, layout(), 8, 8)[0].max() == 240
    assert pixel_formats.chroma_planes(-wild, layout("yuv420p10le"), 8, 8)[1].min() == 64
    assert pixel_formats.chroma_planes(wild, layout(range_=FULL), 8, 8)[0].max() == 255


def test_reduction_is_the_mean_of_what_it_covers():
    codes = np.random.default_rng(0).integers(16, 236, (120, 200)).astype(np.uint8)
    expected = (codes.reshape(30, 4, 50, 4).mean((1, 3)) - 16) / 219
    assert pixel_formats.to_luma(codes, layout(), (30, 50)) == pytest.approx(expected, abs=0.51 / 219)


def test_planes_are_views_of_the_frame():
    frame = av.VideoFrame(50, 40, "yuv420p")  # rows are padded: the view leaves the padding out
    put(frame, 0, pattern(3, (40, 56))[:, :50])
    view = pixel_formats.plane(frame, 0, np.uint8)
    assert view.shape == (40, 50) and np.array_equal(view, pattern(3, (40, 56))[:, :50])


def test_border_is_counted_and_blanked():
    codes = np.full((48, 64), 100, np.uint8)
    codes[:8], codes[-6:], codes[:, :4] = 16, 17, 18
    border = pixel_formats.black_border(codes, layout())
    assert border == (8, 6, 4, 0)
    planes = (np.full((24, 32), 90, np.uint8), np.full((24, 32), 170, np.uint8))
    pixel_formats.blank_border(planes, border, layout())
    assert (planes[0][:4] == 128).all() and (planes[1][-3:] == 128).all() and (planes[0][:, :2] == 128).all()
    assert (planes[0][4:-3, 2:] == 90).all()


def test_black_frame_is_all_border():
    codes = np.full((48, 64), 16, np.uint8)
    planes = (np.full((24, 32), 90, np.uint8),)
    pixel_formats.blank_border(planes, pixel_formats.black_border(codes, layout()), layout())
    assert (planes[0] == 128).all()


@pytest.mark.parametrize(
    ("source", "target", "codes", "expected"),
    [
        ("yuv420p", "yuv422p10le", [16, 235], [64, 940]),
        ("yuv422p10le", "yuv420p", [64, 66, 940], [16, 17, 235]),
        ("yuv420p", "yuv420p", [1, 2], [1, 2]),
    ],
)
def test_luma_changes_depth_exactly(source, target, codes, expected):
    start = layout(source)
    made = pixel_formats.convert_luma(np.array([codes], start.dtype), start, layout(target))
    assert made.tolist() == [expected]


def test_black_and_white_take_no_colour():
    luma = np.array([[0.0, 0.5, 1.0]], np.float32)
    fitted = pixel_formats.fit_to_luma(np.full((1, 3, 2), 0.2, np.float32), luma)
    assert fitted[0, :, 0].tolist() == pytest.approx([0.0, 0.2, 0.0])


@pytest.mark.parametrize(
    ("aspect", "rotation", "expected"), [(None, 0, (48, 64)), (None, 90, (64, 48)), (Fraction(2), 270, (128, 48))]
)
def test_display_size(aspect, rotation, expected):
    assert pixel_formats.display_size(48, 64, aspect, rotation) == expected
