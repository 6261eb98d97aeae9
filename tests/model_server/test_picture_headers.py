import io

import pytest
from PIL import Image

from colorgan_tf.errors import ServingError
from serving.model_server.inference import picture_headers


def encoded(form: str, size=(40, 30), mode="RGB", **more) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, form, **more)
    return file.getvalue()


def gif(frames: int, size=(10, 10)) -> bytes:
    pictures = [Image.new("RGB", size, (i, 2 * i, 255 - i)) for i in range(frames)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def check(data: bytes, most: int = 10_000) -> int:
    return picture_headers.check("image_bytes", 3, data, most)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "GIF"])
def test_size_is_read_from_the_header(form):
    assert check(encoded(form)) == 1200


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16"])
def test_every_kind_of_png(mode):
    assert check(encoded("PNG", mode=mode)) == 1200


def test_only_the_header_is_read():
    assert check(encoded("JPEG", (90, 90))[:-40]) == 8100


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", r"`image_bytes`\[3\] must be a picture file. Received: 0 bytes."),
        (b"GIF89a", "must be a JPEG, PNG, BMP or GIF file. Received: 6 bytes that are not."),
        (b"\xff\xd8\xff", "that are not"),
        (encoded("TIFF"), "that are not"),
        (encoded("WEBP"), "that are not"),
        (encoded("PNG", (101, 100)), "must have at most 10000 pixels. Received: 101 x 100."),
        (encoded("JPEG", (101, 100)), "must have at most 10000 pixels. Received: 101 x 100."),
    ],
)
def test_refusals(data, text):
    with pytest.raises(ServingError, match=text):
        check(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_small_file_of_an_enormous_picture():
    data = encoded("PNG", (12_000, 12_000), "1")
    assert len(data) < 100_000
    with pytest.raises(ServingError, match="must have at most 10000 pixels"):
        check(data)


def test_all_frames_of_a_gif_count():
    assert picture_headers._gif_pixels(gif(7)) == 700
    assert check(gif(7), 175) == 100
    with pytest.raises(ServingError, match="at most 696 pixels in all frames. Received: 700."):
        check(gif(7), 174)


def test_a_gif_frame_larger_than_its_screen_counts():
    data = bytearray(gif(2))
    second = data.index(b"\x2c", data.rindex(b"\x21\xf9"))
    data[second + 5 : second + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ServingError, match="in all frames"):
        check(bytes(data))


def test_a_gif_without_its_end_counts_what_is_there():
    assert picture_headers._gif_pixels(gif(7)[:-1]) == 700
    assert picture_headers._gif_pixels(gif(7)[:20]) == 0
