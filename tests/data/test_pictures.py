"""Picture files: the same pixels as Pillow reads, inside a graph, and bad files named before they do harm."""

import io
import warnings

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from colorgan_tf.errors import InputError
from pipelines.data import pictures


@pytest.fixture(scope="module")
def picture():
    small = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((42, 30), Image.Resampling.BICUBIC)


def encoded(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module", params=["tensorflow-io", "Pillow"], autouse=True)
def reader(request):
    """What reads WebP, TIFF and EXIF."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "Pillow":
            patch.setattr(pictures, "tfio", None)
        elif pictures.tfio is None:
            pytest.skip("tensorflow-io is not built for this TensorFlow")
        yield


@pytest.fixture(scope="module")
def graph(reader):
    """`decode` as the pipeline calls it: traced once for files of every kind."""
    return tf.function(pictures.decode, input_signature=[tf.TensorSpec([], tf.string)])


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "WEBP", {"lossless": True}),
        ("RGBA", "WEBP", {"lossless": True}),
        ("RGB", "WEBP", {"quality": 80}),
        ("RGB", "TIFF", {}),
        ("RGB", "TIFF", {"compression": "tiff_lzw"}),
        ("L", "TIFF", {"compression": "tiff_deflate"}),
        ("CMYK", "TIFF", {}),
        ("RGB", "PNG", {}),
        ("LA", "PNG", {}),
        ("P", "PNG", {}),
        ("1", "PNG", {}),
        ("RGB", "BMP", {}),
        ("L", "JPEG", {"quality": 95}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("RGB", "JPEG", {"quality": 80}),
        ("P", "GIF", {}),
    ],
)
def test_files_are_read_as_pillow_reads_them(graph, picture, mode, kind, options):
    data = encoded(picture.convert(mode), kind, **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(graph(data), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_as_pillow_applies_it(graph, picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture, "JPEG", quality=95, subsampling=0, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    np.testing.assert_array_equal(graph(data), expected)


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_other_turned_files_are_read_upright_or_refused(tmp_path, picture, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{kind.lower()}"
    picture.save(path, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    if fault := pictures.read_header(path).fault:
        assert fault == f"it lies on its side or is mirrored, by an orientation tag that is not read from {kind}"
        assert orientation > 1
    else:
        expected = np.asarray(ImageOps.exif_transpose(Image.open(path)))
        np.testing.assert_array_equal(pictures.decode(path.read_bytes()), expected)


def test_sixteen_bits_are_scaled_to_eight():
    grey = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    decoded = pictures.decode(encoded(Image.fromarray(grey), "PNG")).numpy()
    assert np.abs(decoded[..., 0] - grey / 257).max() <= 1


@pytest.fixture
def mixed(tmp_path, picture):
    """A folder of good files and of bad ones of every kind."""
    (tmp_path / "deep/er").mkdir(parents=True)
    picture.save(tmp_path / "b.jpg", quality=95)
    picture.save(tmp_path / "deep/er/a.PNG")
    picture.convert("RGB").save(tmp_path / "c.webp")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture at all")
    whole = (tmp_path / "b.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("1", (12000, 12000)).save(tmp_path / "bomb.png")
    Image.new("1", (20000, 20000)).save(tmp_path / "great_bomb.png")
    picture.resize((1, 1)).save(tmp_path / "pixel.png")
    picture.convert("P").save(tmp_path / "palette.bmp")
    (tmp_path / "notes.txt").write_text("no picture file")
    return tmp_path


def test_bad_files_are_named_with_the_reason_and_good_ones_kept(mixed):
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        checked = pictures.check(pictures.find(mixed))
    assert [path.name for path in checked.good] == ["b.jpg", "c.webp", "a.PNG"]
    assert {path.name: reason for path, reason in checked.bad} == {
        "bomb.png": "more than 100 megapixels (12000 x 12000)",
        "great_bomb.png": "more than 100 megapixels",
        "cut.jpg": "damaged: it cannot be decoded",
        "empty.jpg": "the file is empty",
        "palette.bmp": "a BMP with a palette",
        "pixel.png": "too small (1 x 1); 2 pixels a side are needed",
        "text.jpg": "not a picture",
    }


def test_a_bomb_is_refused_without_being_decoded(mixed, monkeypatch):
    def never(data):
        raise AssertionError("decoded")

    monkeypatch.setattr(pictures, "decode", never)
    assert not pictures.check([mixed / "bomb.png", mixed / "great_bomb.png"]).good


def test_hidden_names_are_left_out_below_the_folder_only(tmp_path, picture):
    folder = tmp_path / ".cache/photos"
    for name in ("a.png", ".b.png", ".trash/c.png", "d/e.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture.save(folder / name)
    assert [path.relative_to(folder).as_posix() for path in pictures.find(folder)] == ["a.png", "d/e.png"]


def test_missing_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere, which is not a folder"):
        pictures.find(tmp_path / "nowhere")
    with pytest.raises(InputError, match="must hold pictures .* with none"):
        pictures.find(tmp_path)
