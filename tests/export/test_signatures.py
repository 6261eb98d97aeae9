"""Exported models: every signature, their guards, and that TensorFlow Serving can run the files."""

import functools
import io
import struct

import exported_models
import numpy as np
import pytest
import tensorflow as tf
from made_pictures import photograph
from PIL import Image
from tensorflow.python.framework import op_def_registry

from colorgan_tf import color
from colorgan_tf.export import signatures
from colorgan_tf.inference import backends
from colorgan_tf.inference.colorizer import Colorizer
from colorgan_tf.networks.bins import BinHead

BOTH = pytest.mark.parametrize("generator", ["efficient_unet", "unet"])
# What a server without Python cannot run.
PYTHON_OPS = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


@functools.cache
def loaded(generator):
    return tf.saved_model.load(str(exported_models.folder(generator) / "1"))


@functools.cache
def colorizer(generator):
    return Colorizer(backends.load(exported_models.folder(generator)), "good")


@pytest.fixture
def exported():
    """A loaded model whose head classifies."""
    return loaded("efficient_unet")


def encoded(pixels, form="PNG", **options):
    file = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(file, form, **options)
    return file.getvalue()


def colored(model, *files, signature="serving_default"):
    answer = model.signatures[signature](image_bytes=tf.constant(list(files), tf.string))
    return [Image.open(io.BytesIO(data)) for data in answer["colorized_bytes"].numpy()]


def expected(generator, luma):
    return colorizer(generator).picture(luma)


def unit(pixels):
    return pixels.astype(np.float32) / np.float32(255)


def apart(one, other):
    return np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max()


RGB = photograph(1, 150, 110)
GREY = np.asarray(Image.fromarray(RGB).convert("L"))


# === Pictures ===


@BOTH
@pytest.mark.parametrize("size", [(300, 270), (96, 96), (31, 200), (700, 480), (2, 1)])
def test_a_picture_comes_back_as_the_colorizer_colours_it(generator, size):
    pixels = np.asarray(Image.fromarray(photograph(2)).convert("L").resize(size))
    (result,) = colored(loaded(generator), encoded(pixels))
    assert result.format == "PNG"
    assert apart(result, expected(generator, unit(pixels)[..., None])) <= 1


@pytest.mark.parametrize(
    ("data", "luma"),
    [
        (encoded(GREY), unit(GREY)[..., None]),
        (encoded(RGB), color.luma(unit(RGB))),
        (encoded(RGB, "BMP"), color.luma(unit(RGB))),
        (encoded(GREY, "BMP"), unit(GREY)[..., None]),
        (encoded(Image.fromarray(RGB).quantize(64), "BMP"), None),
        (encoded(Image.fromarray(RGB).quantize(64), "PNG"), None),
        (encoded(Image.fromarray(RGB).quantize(64), "GIF"), None),
        (encoded(Image.fromarray(GREY), "GIF", save_all=True, append_images=[Image.fromarray(255 - GREY)]), None),
        (encoded(RGB, "JPEG", quality=90), None),
        (encoded(GREY, "JPEG", quality=90, progressive=True), None),
        (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=90), None),
    ],
    ids=["grey PNG", "PNG", "BMP", "grey BMP", "palette BMP", "palette PNG", "GIF", "two frames", "JPEG", "grey JPEG",
         "CMYK"],
)  # fmt: skip
def test_every_kind_of_file_is_read_as_other_readers_do(exported, data, luma):
    if luma is None:
        luma = color.luma(unit(np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))))
    (result,) = colored(exported, data)
    # Pillow's CMYK knows a little less than TensorFlow's.
    assert apart(result, expected("efficient_unet", luma)) <= 2


def test_alpha_is_kept_in_png_and_dropped_in_jpeg(exported):
    alpha = np.tile(np.arange(150, dtype=np.uint8), (110, 1))
    with_alpha = [
        encoded(np.dstack([RGB, alpha])),
        encoded(Image.fromarray(np.dstack([GREY, alpha]), "LA")),
    ]
    for result in colored(exported, *with_alpha):
        assert result.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(result)[..., 3], alpha)
    assert [result.mode for result in colored(exported, *with_alpha, signature="colorize_jpeg")] == ["RGB", "RGB"]


def test_sixteen_bits_become_eight(exported):
    (result,) = colored(exported, encoded(Image.fromarray(GREY.astype(np.uint16) * 257)))
    assert apart(result, expected("efficient_unet", unit(GREY)[..., None])) <= 1


def test_jpeg_has_full_chroma_resolution_and_little_loss(exported):
    png, jpeg = colored(exported, encoded(GREY))[0], colored(exported, encoded(GREY), signature="colorize_jpeg")[0]
    assert (jpeg.format, jpeg.mode, jpeg.size) == ("JPEG", "RGB", (150, 110))
    assert {(across, down) for _, across, down, _ in jpeg.layer} == {(1, 1)}
    assert np.abs(np.asarray(png).astype(int) - np.asarray(jpeg)).mean() < 4


def test_pictures_of_one_shape_do_not_change_each_other(exported):
    files = [encoded(np.asarray(Image.fromarray(photograph(n, 150, 110)).convert("L"))) for n in range(3)]
    for together, alone in zip(colored(exported, *files), [colored(exported, file)[0] for file in files], strict=True):
        assert apart(together, alone) <= 1


def test_pictures_of_any_shapes_share_a_request(exported):
    sizes = [(150, 110), (110, 150), (40, 300), (1, 1)]
    pictures = [np.asarray(Image.fromarray(GREY).resize(size)) for size in sizes]
    results = colored(exported, *map(encoded, pictures))
    assert [result.size for result in results] == sizes
    for result, picture in zip(results, pictures, strict=True):
        assert np.abs(color.luma(unit(np.asarray(result)))[..., 0] - unit(picture)).max() * 255 <= 0.501


class Counting:
    """In place of a Generator: counts the network's runs."""

    multiple = 32
    head = None

    def __init__(self, config):
        self.config = config
        self.runs = tf.Variable(0)

    def chroma(self, luma):
        with tf.control_dependencies([self.runs.assign_add(1)]):
            return tf.concat([luma * 0.2, luma * -0.1], axis=-1)


def test_a_request_is_one_pass_through_the_network(tiny_config):
    generator = Counting(tiny_config)
    module = signatures.ExportModule(generator)
    answer = module.colorize_png(tf.constant([encoded(GREY), encoded(GREY.T.copy()), encoded(RGB)]))
    assert answer["colorized_bytes"].shape == (3,)
    assert generator.runs.numpy() == 1


# === Guards ===


def png_header(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(40)


def jpeg_of(width, height):
    data = encoded(GREY, "JPEG")
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", height, width) + data[place + 4 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "must be a JPEG, PNG, BMP or GIF file, not empty"),
        (b"\x89PN", "must be a JPEG, PNG, BMP or GIF file"),
        (b"no picture", "must be a JPEG, PNG, BMP or GIF file"),
        (encoded(RGB, "WEBP"), "must be a JPEG, PNG, BMP or GIF file"),
        (png_header(12_000, 12_000), "must have at most 64000000 pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "must have at most 64000000 pixels"),
        (png_header(0, 5), "must have pixels"),
        (jpeg_of(65_000, 65_000), "must have at most 64000000 pixels"),
        (b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20), "must have at most 64000000 pixels"),
        (b"BM" + bytes(16) + struct.pack("<ii", 40_000, -40_000) + bytes(40), "must have at most 64000000 pixels"),
        (png_header(10, 10), None),
        (encoded(GREY)[:2000], None),
        (encoded(GREY, "JPEG")[:300], None),
        (encoded(GREY, "GIF")[:100], None),
        (encoded(RGB, "BMP")[:1000], None),
        (b"BM" + bytes(60), None),
        (b"\xff\xd8\xff", None),
    ],
)
@pytest.mark.parametrize("signature", ["serving_default", "colorize_jpeg"])
def test_bad_files_are_refused(exported, data, reason, signature):
    with pytest.raises(tf.errors.InvalidArgumentError, match=reason):
        colored(exported, encoded(GREY), data, signature=signature)


def test_a_request_without_pictures_is_refused(exported):
    with pytest.raises(tf.errors.InvalidArgumentError, match="image_bytes must not be empty"):
        colored(exported)


def test_many_large_pictures_are_refused_together(tiny_config):
    module = signatures.ExportModule(Counting(tiny_config), max_pixels=GREY.size)
    colorize = tf.function(module.colorize_png, autograph=False)
    assert colorize(tf.constant([encoded(GREY)] * 4))["colorized_bytes"].shape == (4,)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"at most {4 * GREY.size} pixels together"):
        colorize(tf.constant([encoded(GREY)] * 5))


def test_shapes_that_fill_a_large_batch_are_refused(exported):
    strips = [encoded(np.zeros((8, 1), np.uint8)), encoded(np.zeros((1, 8), np.uint8))]
    assert len(colored(exported, *strips)) == 2
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be fewer pictures, or of more equal shapes"):
        colored(exported, *strips * 14)


@pytest.mark.parametrize("signature", ["luma_to_chroma", "confidence"])
@pytest.mark.parametrize("shape", [(0, 32, 32, 1), (1, 0, 32, 1), (1, 32, 32, 2), (32, 32, 1)])
def test_bad_luma_is_refused(exported, signature, shape):
    with pytest.raises((tf.errors.InvalidArgumentError, TypeError)):
        exported.signatures[signature](luma=tf.zeros(shape))


# === Other signatures ===


@pytest.mark.parametrize("shape", [(2, 64, 96, 1), (1, 33, 7, 1), (1, 1, 1, 1)])
def test_confidence_is_a_share_for_each_pixel(exported, shape):
    luma = np.random.default_rng(0).random(shape, np.float32)
    confidence = exported.signatures["confidence"](luma=tf.constant(luma))["confidence"].numpy()
    assert confidence.shape == shape
    assert 0 <= confidence.min() <= confidence.max() <= 1
    assert np.isfinite(confidence).all()


def told(exported, signature, **inputs):
    given = {name: tf.constant(values, tf.float32) for name, values in inputs.items()}
    return exported.signatures[signature](**given)["chroma"].numpy()


def test_hints_change_the_chroma_where_they_are(exported):
    luma, hints = np.full((1, 64, 96, 1), 0.5, np.float32), np.zeros((1, 64, 96, 3), np.float32)
    own = told(exported, "luma_and_hints_to_chroma", luma=luma, hints=hints)
    np.testing.assert_allclose(own, exported.signatures["luma_to_chroma"](luma=tf.constant(luma))["chroma"], atol=1e-6)
    hints[:, 20:40, 20:40] = 0.3, -0.3, 1.0
    changed = told(exported, "luma_and_hints_to_chroma", luma=luma, hints=hints)
    before, after = (np.linalg.norm(each[0, 30, 30] - [0.3, -0.3]) for each in (own, changed))
    assert after < before


@pytest.mark.parametrize(
    ("values", "shape", "message"),
    [
        ((0.0, 0.0, 2.0), (1, 32, 32), "trust in \\[0, 1\\]"),
        ((0.0, 0.0, np.nan), (1, 32, 32), "trust in \\[0, 1\\]"),
        ((0.5, 0.0, 1.0), (1, 32, 32), "hints must have .U. of at most 0.436"),
        ((0.0, -0.7, 1.0), (1, 32, 32), "hints must have .U. of at most 0.436"),
        ((0.0, 0.0, 1.0), (1, 32, 33), "hints must have the shape"),
        ((0.0, 0.0, 1.0), (2, 32, 32), "hints must have the shape"),
    ],
)
def test_bad_hints_are_refused(exported, values, shape, message):
    hints = np.broadcast_to(np.float32(values), (*shape, 3))
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        told(exported, "luma_and_hints_to_chroma", luma=np.zeros((1, 32, 32, 1)), hints=hints)


@pytest.mark.parametrize(
    ("values", "shape", "message"),
    [
        ((1.5, 0.0, 0.0), (1, 32, 32), "luma in \\[0, 1\\]"),
        ((0.5, 0.0, 1.0), (1, 32, 32), "reference must have .U. of at most"),
        ((0.5, 0.0, 0.0), (2, 32, 32), "one picture for each"),
        ((0.5, 0.0, 0.0), (1, 0, 32), "must not be empty"),
    ],
)
def test_bad_references_are_refused(exported, values, shape, message):
    reference = np.broadcast_to(np.float32(values), (*shape, 3))
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        told(exported, "luma_and_reference_to_chroma", luma=np.zeros((1, 32, 32, 1)), reference=reference)


def test_likely_colours_come_with_their_shares(exported):
    luma = np.random.default_rng(0).random((2, 33, 50, 1), np.float32)
    likely = exported.signatures["likely_colors"](luma=tf.constant(luma))["colors_and_shares"].numpy()
    assert likely.shape == (2, 9, 13, 6, 3)
    assert 0 <= likely[..., 2].min() <= likely[..., 2].sum(axis=-1).max() <= 1 + 1e-5


def test_settings_tell_what_the_model_was_trained_for(exported):
    names = tf.constant(["input_resolution", "working_size", "multiple", "unknown"])
    np.testing.assert_array_equal(exported.signatures["settings"](names=names)["values"], [128, 128, 32, -1])


def test_a_model_that_regresses_has_no_confidence():
    assert set(loaded("unet").signatures) == {"serving_default", "colorize_jpeg", "luma_to_chroma", "settings"}


# === Files ===


def test_weights_are_stored_once():
    variables = exported_models.folder("efficient_unet") / "1" / "variables" / "variables.data-00000-of-00001"
    parameters = exported_models.tiny_generator("efficient_unet").model.count_params()
    assert variables.stat().st_size < 4 * parameters * 1.02 + 10_000


@BOTH
def test_the_files_run_in_a_session_by_tensor_names_alone(generator):
    """As TensorFlow Serving runs them: the C++ loader, no Python of ours, core operations only."""
    folder = str(exported_models.folder(generator) / "1")
    luma = np.random.default_rng(0).random((1, 50, 70, 1), np.float32)
    told = np.zeros((1, 50, 70, 3), np.float32)
    inputs = {"image_bytes": [encoded(GREY)], "luma": luma, "names": ["multiple"], "hints": told, "reference": told}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        answers = {}
        for name, signature in graph.signature_def.items():
            if not signature.inputs:
                continue  # the initializer
            feeds = {info.name: inputs[alias] for alias, info in signature.inputs.items()}
            answers[name] = session.run({alias: info.name for alias, info in signature.outputs.items()}, feeds)
    picture = Image.open(io.BytesIO(answers["serving_default"]["colorized_bytes"][0]))
    assert apart(picture, expected(generator, unit(GREY)[..., None])) <= 1
    np.testing.assert_allclose(
        answers["luma_to_chroma"]["chroma"],
        colorizer(generator).backend.luma_to_chroma(luma),
        atol=1e-5,
    )
    if "luma_and_hints_to_chroma" in answers:  # none are told
        np.testing.assert_allclose(
            answers["luma_and_hints_to_chroma"]["chroma"], answers["luma_to_chroma"]["chroma"], atol=1e-5
        )
    assert ("confidence" in answers) == isinstance(exported_models.tiny_generator(generator).head, BinHead)

    nodes = [
        *graph.graph_def.node,
        *(node for function in graph.graph_def.library.function for node in function.node_def),
    ]
    functions = {function.signature.name for function in graph.graph_def.library.function}
    ops = {node.op for node in nodes} - functions
    assert not ops & PYTHON_OPS
    assert not [op for op in ops if ">" in op or op_def_registry.get(op) is None]  # "IO>..." are tensorflow-io's
