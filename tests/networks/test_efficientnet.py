"""The backbone is EfficientNet-Lite0: against a plain numpy network, real pictures, and the shipped file's hash."""

import csv
import hashlib
import io
import pickle
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from colorgan_tf import backbone_weights, color
from colorgan_tf.errors import InputError
from colorgan_tf.networks import efficientnet

IMAGENET_CHECK = Path(__file__).resolve().parents[3] / "shared" / "data" / "imagenet_check"


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    return efficientnet.load_imagenet_weights(efficientnet.efficientnet_lite0(include_top=True))


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return efficientnet.load_imagenet_weights(efficientnet.efficientnet_lite0())


def test_levels_have_their_strides_and_channels(encoder):
    levels = encoder(np.zeros((1, 64, 96, 3), np.float32))
    shapes = [tuple(level.shape) for level in levels]
    assert shapes == [(1, 32, 48, 16), (1, 16, 24, 24), (1, 8, 12, 40), (1, 4, 6, 112), (1, 2, 3, 320)]
    assert tuple(level.shape[-1] for level in levels) == efficientnet.LEVEL_CHANNELS


def test_parameter_counts(encoder, classifier):
    # Conv and depthwise weights plus four numbers for each normalized channel, summed by hand over the stages' table;
    # the published "4.7 M" with its classifier.
    def block(channels, kernel, expansion, filters):
        wide = channels * expansion
        expand = 0 if expansion == 1 else channels * wide + 4 * wide
        return expand + kernel**2 * wide + 4 * wide + wide * filters + 4 * filters

    channels, total = 32, 27 * 32 + 4 * 32
    for repeats, kernel, _, expansion, filters in efficientnet.STAGES:
        for _ in range(repeats):
            total += block(channels, kernel, expansion, filters)
            channels = filters
    assert encoder.count_params() == total
    assert classifier.count_params() == total + 320 * 1280 + 4 * 1280 + 1280 * 1000 + 1000


def test_network_matches_a_plain_numpy_network(encoder):
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (37, 50, 3))  # odd sizes: "same" padding is lopsided in its own way
    with np.load(efficientnet.WEIGHTS) as archive:
        weights = {name: archive[name].astype(np.float64) for name in archive.files}
    expected = _numpy_levels(image, weights)
    levels = encoder(image[None].astype(np.float32))
    for level, reference in zip(levels, expected, strict=True):
        np.testing.assert_allclose(np.asarray(level)[0], reference, atol=2e-4 * np.abs(reference).max())


def _numpy_levels(image, weights):
    def conv(x, kernel, stride, depthwise=False):
        size = kernel.shape[0]
        out = [-(-side // stride) for side in x.shape[:2]]
        pads = [max((o - 1) * stride + size - side, 0) for o, side in zip(out, x.shape[:2], strict=True)]
        x = np.pad(x, [(pad // 2, pad - pad // 2) for pad in pads] + [(0, 0)])
        total = 0.0
        for i in range(size):
            for j in range(size):
                part = x[i : i + (out[0] - 1) * stride + 1 : stride, j : j + (out[1] - 1) * stride + 1 : stride]
                total = total + (part * kernel[i, j, :, 0] if depthwise else part @ kernel[i, j])
        return total

    def layer(x, name, stride=1, relu=True):
        x = conv(x, weights[f"{name}_conv/kernel"], stride, depthwise=name.endswith("depthwise"))
        norm = {key: weights[f"{name}_norm/{key}"] for key in ("gamma", "beta", "moving_mean", "moving_variance")}
        x = (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3) * norm["gamma"] + norm["beta"]
        return np.clip(x, 0, 6) if relu else x

    x, block, outputs = layer(image, "stem", 2), 0, []
    for repeats, _, stride, expansion, _ in efficientnet.STAGES:
        for repeat in range(repeats):
            y = x if expansion == 1 else layer(x, f"block{block}_expand")
            y = layer(y, f"block{block}_depthwise", stride if repeat == 0 else 1)
            y = layer(y, f"block{block}_project", relu=False)
            x = x + y if repeat else y
            outputs.append(x)
            block += 1
    return [outputs[number] for number in efficientnet.LEVEL_BLOCKS]


def test_weights_recognise_a_cat(classifier):
    from skimage import data

    photo = Image.fromarray(data.chelsea()).crop((75, 0, 375, 300)).resize((224, 224), Image.Resampling.BICUBIC)
    logits = classifier(efficientnet.preprocess(np.asarray(photo, np.float32)[None] / 255.0))
    assert int(np.argmax(logits)) in (281, 282, 285)  # ImageNet's tabby, tiger cat, Egyptian cat


@pytest.mark.slow
@pytest.mark.skipif(not IMAGENET_CHECK.is_dir(), reason="needs the shared ImageNet pictures")
def test_top1_on_imagenet_pictures(classifier):
    with (IMAGENET_CHECK / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    classes = np.array([int(row["class_index"]) for row in rows])
    pictures = [np.asarray(Image.open(IMAGENET_CHECK / row["file"]).convert("RGB"), np.float32) / 255 for row in rows]
    colour = np.stack(pictures)
    grey = np.repeat(color.luma(colour), 3, axis=-1)
    top1 = [
        float(np.mean(classifier.predict(efficientnet.preprocess(x), verbose=0).argmax(1) == classes))
        for x in (colour, grey)
    ]
    assert top1[0] >= 0.85
    assert top1[1] >= 0.75


def test_preprocess_gives_the_units_of_the_weights():
    np.testing.assert_allclose(efficientnet.preprocess(np.array([0.0, 127 / 255, 1.0])), [-127 / 128, 0.0, 1.0])


def test_no_name_begins_with_an_underscore(encoder):
    # tf.saved_model.save refuses such names ("not a valid root scope name").
    names = [layer.name for layer in encoder.layers] + [variable.path for variable in encoder.weights]
    assert not [name for name in names if any(part.startswith("_") for part in name.split("/"))]


def test_frozen_encoder_keeps_its_statistics(encoder):
    encoder.trainable = False
    before = [np.array(value) for value in encoder.non_trainable_variables]
    encoder(np.ones((1, 32, 32, 3), np.float32), training=True)
    for old, new in zip(before, encoder.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new)
    encoder.trainable = True


def test_archive_without_a_variable_is_refused(tmp_path, encoder):
    path = tmp_path / "few.npz"
    np.savez(path, other=np.zeros(3))
    with pytest.raises(ValueError, match="without stem_conv/kernel"):
        efficientnet.load_imagenet_weights(encoder, path)


def test_shipped_weights_are_those_of_the_readme():
    folder = efficientnet.WEIGHTS.parent
    digest = hashlib.sha256(efficientnet.WEIGHTS.read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text()
    assert efficientnet.WEIGHTS.stat().st_size < 10_000_000
    assert (folder / "LICENSE").is_file()


# === Conversion ===


def _legacy_torch_file(arrays: dict[str, np.ndarray]) -> bytes:
    """What PyTorch before 1.6 wrote for a state dictionary, made by hand: protocol 2 pickles, then raw storages."""

    class Global:
        """Pickles as a call of, or a reference to, a name in a module that is not installed."""

        def __init__(self, module: str, name: str):
            self.module, self.name = module, name

    class Pickler(pickle._Pickler):  # the Python one: its opcodes can be written by hand
        def save(self, obj, save_persistent_id=True):
            if isinstance(obj, Global):
                self.write(f"c{obj.module}\n{obj.name}\n".encode())
            elif isinstance(obj, np.ndarray):
                key = str(id(obj))
                self.save(Global("torch._utils", "_rebuild_tensor_v2"))
                self.write(pickle.MARK)
                kind = "FloatStorage" if obj.dtype == np.float32 else "LongStorage"
                self.save(("storage", Global("torch", kind), key, "cpu", obj.size, None))
                self.write(pickle.BINPERSID)
                self.save(0)
                self.save(tuple(obj.shape))
                self.save(tuple(step // obj.itemsize for step in obj.strides))
                self.write(pickle.TUPLE + pickle.REDUCE)
            else:
                super().save(obj, save_persistent_id)

    file = io.BytesIO()
    for value in (backbone_weights.TORCH_MAGIC, 1001, {"little_endian": True}):
        pickle.dump(value, file, protocol=2)
    Pickler(file, protocol=2).dump(arrays)
    keys = [str(id(array)) for array in arrays.values()]
    pickle.dump(keys, file, protocol=2)
    for array in arrays.values():
        file.write(array.size.to_bytes(8, "little") + array.tobytes())
    return file.getvalue()


def test_state_is_read_without_pytorch():
    arrays = {
        "_fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
        "_bn0.num_batches_tracked": np.array(7, np.int64),
    }
    state = backbone_weights.read_state(io.BytesIO(_legacy_torch_file(arrays)))
    assert list(state) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(state[name], array)


def test_pickle_that_would_run_something_is_refused():
    class Harm:
        def __reduce__(self):
            return (print, ("harm",))

    file = io.BytesIO()
    for value in (backbone_weights.TORCH_MAGIC, 1001, {}, Harm()):
        pickle.dump(value, file, protocol=2)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=re.escape("Received: __builtin__.print")):
        backbone_weights.read_state(file)


def test_names_and_layouts_become_those_of_keras():
    assert backbone_weights.keras_name("_conv_stem.weight") == "stem_conv/kernel"
    assert backbone_weights.keras_name("_blocks.3._bn1.running_var") == "block3_depthwise_norm/moving_variance"
    assert backbone_weights.keras_name("_fc.bias") == "classifier/bias"
    depthwise = backbone_weights.keras_layout("block0_depthwise_conv/kernel", np.zeros((32, 1, 3, 5)))
    assert depthwise.shape == (3, 5, 32, 1)
    assert backbone_weights.keras_layout("stem_conv/kernel", np.zeros((32, 3, 5, 7))).shape == (5, 7, 3, 32)
    assert backbone_weights.keras_layout("classifier/kernel", np.zeros((1000, 1280))).shape == (1280, 1000)


def test_a_foreign_file_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(InputError, match="must have SHA-256"):
        backbone_weights.make_weights(b"something else", tmp_path / "weights.npz")
    assert not list(tmp_path.iterdir())
