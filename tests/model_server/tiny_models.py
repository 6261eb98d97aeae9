"""Tiny models for the protocol tests, after TensorFlow Serving's own half_plus_two and half_plus_three.

To aim the tests at a real TensorFlow Serving, write them once and let it serve them:

    python tests/model_server/tiny_models.py /srv/tiny
    tensorflow_model_server --port=8500 --rest_api_port=8501 --model_config_file=/srv/tiny/models.config
    COLORGAN_SERVER=localhost:8500 COLORGAN_REST=localhost:8501 python -m pytest tests/model_server
"""

import os
import sys

import tensorflow as tf

VERSION = 123
NAMES = ("half_plus_two", "half_plus_three", "pictures")


class HalfPlus(tf.Module):
    """y = x / 2 + b, for tensors of any rank, for tf.Examples as a classifier and as a regressor."""

    def __init__(self, offset: float):
        super().__init__()
        self.half = tf.Variable(0.5)
        self.offset = tf.Variable(offset)

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def predict(self, x):
        return {"y": x * self.half + self.offset}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="a"),
            tf.TensorSpec([None], tf.float32, name="b"),
        ]
    )
    def two(self, a, b):
        return {"sum": a + b, "difference": a - b}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def pairs(self, x):
        return {"y": x * self.half + self.offset}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x):  # not one output row for each input row
        return {"y": tf.reduce_sum(x)}

    def _parsed(self, inputs):
        x = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([1], tf.float32)})["x"]
        return x * self.half + self.offset

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        return {"scores": self._parsed(inputs)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        return {"outputs": self._parsed(inputs)}


class Pictures(tf.Module):
    """The shape of ColorGAN's signatures without its network: negatives for colours, ramps for chroma."""

    def _negatives(self, image_bytes, encode):
        def one(data):
            picture = tf.io.decode_image(data, channels=3, expand_animations=False)
            return encode(255 - picture)

        return tf.map_fn(one, image_bytes, fn_output_signature=tf.string)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def colorize(self, image_bytes):
        return {"colorized_bytes": self._negatives(image_bytes, tf.io.encode_png)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def colorize_jpeg(self, image_bytes):
        return {"colorized_bytes": self._negatives(image_bytes, lambda p: tf.io.encode_jpeg(p, quality=95))}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 1], tf.float32, name="luma")])
    def luma_to_chroma(self, luma):
        luma = tf.ensure_shape(luma, [None, None, None, 1])
        return {"chroma": tf.concat([luma * 0.25, -luma * 0.5], -1)}


def write_half_plus(folder: str, offset: float, version: int = VERSION) -> str:
    """Writes a version under a name no server takes for one, then renames it."""
    model = HalfPlus(offset)
    signatures = {
        "serving_default": model.predict,
        "two": model.two,
        "pairs": model.pairs,
        "total": model.total,
        "classify_x_to_y": model.classify,
        "regress_x_to_y": model.regress,
    }
    return _publish(model, signatures, folder, version)


def write_pictures(folder: str, version: int = VERSION) -> str:
    model = Pictures()
    signatures = {
        "serving_default": model.colorize,
        "colorize_jpeg": model.colorize_jpeg,
        "luma_to_chroma": model.luma_to_chroma,
    }
    return _publish(model, signatures, folder, version)


def _publish(model, signatures, folder: str, version: int) -> str:
    temporary, final = os.path.join(folder, f"{version}.writing"), os.path.join(folder, str(version))
    tf.saved_model.save(model, temporary, signatures=signatures)
    os.replace(temporary, final)
    return final


def write_all(folder: str) -> str:
    """Writes the three models and a models.config; returns the path of the latter."""
    write_half_plus(os.path.join(folder, "half_plus_two"), 2.0)
    write_half_plus(os.path.join(folder, "half_plus_three"), 3.0)
    write_pictures(os.path.join(folder, "pictures"))
    entry = 'config {{ name: "{0}" base_path: "{1}/{0}" model_platform: "tensorflow" }}'
    config = os.path.join(folder, "models.config")
    with open(config, "w", encoding="utf-8") as file:
        lines = [entry.format(name, os.path.abspath(folder)) for name in NAMES]
        file.write("model_config_list {\n" + "\n".join(lines) + "\n}\n")
    return config


if __name__ == "__main__":
    print(write_all(sys.argv[1]))
