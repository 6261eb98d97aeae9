"""What an exported model exposes to TensorFlow Serving: its signatures, built of core operations alone.

| signature | inputs | outputs |
|---|---|---|
| `serving_default` | `image_bytes` string [N]: JPEG, PNG, BMP or GIF files | `colorized_bytes` string [N]: PNG files |
| `colorize_jpeg` | the same | `colorized_bytes` string [N]: JPEG files, quality 95, 4:4:4 |
| `luma_to_chroma` | `luma` float32 [N, H, W, 1] | `chroma` float32 [N, H, W, 2] |
| `luma_and_hints_to_chroma` (models with hints) | `luma`; `hints` float32 [N, H, W, 3]: U, V, trust | `chroma` |
| `luma_and_reference_to_chroma` (models with hints) | `luma`; `reference` float32 [N, h, w, 3]: Y, U, V | `chroma` |
| `likely_colors` (models that classify colours) | `luma` | `colors_and_shares` float32 [N, h, w, 6, 3]: U, V, share |
| `confidence` (models that classify colours) | `luma` float32 [N, H, W, 1] | `confidence` float32 [N, H, W, 1] |
| `settings` | `names` string [N]: `input_resolution`, `multiple` | `values` int32 [N], -1 for an unknown name |

Likely colours come on the grid of the network's output, a quarter of the size, rounded up, the likeliest first.
The input resolution is answered under its older name as well, `working_size`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from colorgan_tf.color import CHROMA_MAX
from colorgan_tf.export import graph_finish, graph_pictures
from colorgan_tf.inference.backend import HINTS_TO_CHROMA, LIKELY_COLORS, LUMA_TO_CHROMA, REFERENCE_TO_CHROMA
from colorgan_tf.networks import padding
from colorgan_tf.networks.bins import BinHead
from colorgan_tf.networks.generator import Generator

SERVING_DEFAULT = "serving_default"
COLORIZE_JPEG = "colorize_jpeg"
CONFIDENCE = "confidence"
SETTINGS = "settings"
MAX_PIXELS = 64_000_000  # as the embedded server's --max_pixels
# A request's pictures together may have so many times a picture's limit: each is decoded before the network runs.
REQUEST_PICTURES = 4
# Largest number times common input shape of a request's pictures. A landscape and a portrait strip of 8:1 share a shape
# 8 times as large as their own.
MAX_NETWORK_PIXELS = 16_000_000
JPEG_QUALITY = 95
PNG_COMPRESSION = 2  # the usual 6 takes longer than the network, for files a tenth smaller

_LUMA = tf.TensorSpec([None, None, None, 1], tf.float32, "luma")
_HINTS = tf.TensorSpec([None, None, None, 3], tf.float32, "hints")
_REFERENCE = tf.TensorSpec([None, None, None, 3], tf.float32, "reference")
_FILES = tf.TensorSpec([None], tf.string, "image_bytes")
_ROUNDING = 1e-3  # of chroma that was computed from RGB
_LIKELY = 6  # colours for each place
_PARALLEL_PICTURES = 2  # decoded, merged or encoded at a time


class ExportModule:
    """All signatures of a model.

    Args:
        generator: with the weights to export.
        max_pixels: largest width times height of a picture file.
    """

    def __init__(self, generator: Generator, max_pixels: int = MAX_PIXELS):
        self._generator = generator
        self._max_pixels = max_pixels
        self._input_resolution = generator.config.input_resolution
        # A function of its own, so that the network is in the file once and not in every signature.
        self._network = tf.function(generator.chroma, input_signature=[_LUMA], autograph=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The signatures that this model has."""
        return tuple(self._endpoints())

    def luma_to_chroma(self, luma: tf.Tensor) -> dict[str, tf.Tensor]:
        """Luma `[N, H, W, 1]` float32 in [0, 1], any H and W from 1 up, to chroma `[N, H, W, 2]`, U and V."""
        return {"chroma": self._network(_checked(luma))}

    def luma_and_hints_to_chroma(self, luma: tf.Tensor, hints: tf.Tensor) -> dict[str, tf.Tensor]:
        """Luma `[N, H, W, 1]` and hints `[N, H, W, 3]` (U, V, trust in [0, 1]) to chroma `[N, H, W, 2]`."""
        luma, hints = _checked(luma), tf.ensure_shape(hints, [None, None, None, 3])
        same = tf.reduce_all(tf.equal(tf.shape(hints)[:3], tf.shape(luma)[:3]))
        text = "hints must have the shape [N, H, W, 3] of a luma of [N, H, W, 1]; received hints and luma of"
        checks = [
            tf.debugging.Assert(same, [text, tf.shape(hints), tf.shape(luma)]),
            *_chroma_checks("hints", hints[..., :2]),
            _range_check("hints must have a trust in [0, 1]; smallest and largest:", hints[..., 2]),
        ]
        with tf.control_dependencies(checks):
            hints = tf.identity(hints)
        return {"chroma": self._generator.chroma_by_hints(luma, hints)}

    def luma_and_reference_to_chroma(self, luma: tf.Tensor, reference: tf.Tensor) -> dict[str, tf.Tensor]:
        """Luma `[N, H, W, 1]` and reference `[N, h, w, 3]` (Y, U, V), one for each, to chroma `[N, H, W, 2]`."""
        luma, reference = _checked(luma), tf.ensure_shape(reference, [None, None, None, 3])
        text = "reference must hold one picture for each of luma; received shapes of reference and luma:"
        one_each = tf.equal(tf.shape(reference)[0], tf.shape(luma)[0])
        checks = [
            tf.debugging.assert_positive(tf.size(reference), "reference must not be empty"),
            tf.debugging.Assert(one_each, [text, tf.shape(reference), tf.shape(luma)]),
            _range_check("reference must have a luma in [0, 1]; smallest and largest:", reference[..., 0]),
            *_chroma_checks("reference", reference[..., 1:]),
        ]
        with tf.control_dependencies(checks):
            reference = tf.identity(reference)
        return {"chroma": self._generator.chroma_by_reference(luma, reference)}

    def likely_colors(self, luma: tf.Tensor) -> dict[str, tf.Tensor]:
        """Colours that each place could have, `[N, h, w, 6, 3]`: U, V and the share of each; heads with bins only."""
        return {"colors_and_shares": self._generator.likely(_checked(luma), _LIKELY)}

    def confidence(self, luma: tf.Tensor) -> dict[str, tf.Tensor]:
        """How sure the model is of each pixel's colour, `[N, H, W, 1]` in [0, 1]; heads with bins only."""

        head = self._generator.head
        assert isinstance(head, BinHead)

        def sureness(padded: tf.Tensor) -> tf.Tensor:
            return head.confidence(self._generator.network(padded, training=False))

        return {"confidence": padding.at_any_size(sureness, _checked(luma), self._generator.multiple)}

    def colorize_png(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Picture files `[N]` to PNG files `[N]`: alpha is kept, 8 bits a channel."""

        def encode(rgb: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
            return tf.io.encode_png(tf.concat([rgb, alpha], axis=-1), PNG_COMPRESSION)

        return {"colorized_bytes": self._colorize(image_bytes, encode)}

    def colorize_jpeg(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Picture files `[N]` to JPEG files `[N]`, which have no alpha."""

        def encode(rgb: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
            return tf.io.encode_jpeg(rgb, "rgb", JPEG_QUALITY, chroma_downsampling=False)

        return {"colorized_bytes": self._colorize(image_bytes, encode)}

    def settings(self, names: tf.Tensor) -> dict[str, tf.Tensor]:
        """What a client must know to feed `luma_to_chroma` as the model was trained: int32 `[N]` for names `[N]`."""
        values = tf.fill(tf.shape(names), -1)
        resolution, multiple = self._input_resolution, self._generator.multiple
        for name, value in (("input_resolution", resolution), ("working_size", resolution), ("multiple", multiple)):
            values = tf.where(names == name, value, values)
        return {"values": values}

    def save(self, folder: Path) -> None:
        """Writes the SavedModel into `folder`: weights in the order of their names, so that a model makes one file."""
        module = tf.Module()
        module.weights = [weight.value for weight in sorted(self._generator.model.weights, key=lambda each: each.path)]
        endpoints = self._endpoints().items()
        signatures = {name: tf.function(function, input_signature=inputs) for name, (function, *inputs) in endpoints}
        tf.saved_model.save(module, str(folder), signatures=signatures)

    def _endpoints(self) -> dict[str, tuple[Any, ...]]:
        """Functions by the names of their signatures, with what each takes."""
        endpoints: dict[str, tuple[Any, ...]] = {
            SERVING_DEFAULT: (self.colorize_png, _FILES),
            COLORIZE_JPEG: (self.colorize_jpeg, _FILES),
            LUMA_TO_CHROMA: (self.luma_to_chroma, _LUMA),
            SETTINGS: (self.settings, tf.TensorSpec([None], tf.string, "names")),
        }
        if isinstance(self._generator.head, BinHead):
            endpoints[CONFIDENCE] = (self.confidence, _LUMA)
            endpoints[LIKELY_COLORS] = (self.likely_colors, _LUMA)
        if self._generator.hints:
            endpoints[HINTS_TO_CHROMA] = (self.luma_and_hints_to_chroma, _LUMA, _HINTS)
            endpoints[REFERENCE_TO_CHROMA] = (self.luma_and_reference_to_chroma, _LUMA, _REFERENCE)
        return endpoints

    def _colorize(self, image_bytes: tf.Tensor, encode: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """Decodes all pictures, runs the network over all of them at once, and finishes each of them."""
        image_bytes = tf.ensure_shape(image_bytes, [None])
        checks = [tf.debugging.assert_positive(tf.size(image_bytes), "image_bytes must not be empty")]
        with tf.control_dependencies(checks):
            count = tf.identity(tf.size(image_bytes))

        most = REQUEST_PICTURES * self._max_pixels

        def read(number: tf.Tensor, pixels: tf.Tensor, *arrays: tf.TensorArray) -> tuple[Any, ...]:
            pictures, lumas, shapes = arrays
            picture = graph_pictures.decode(image_bytes[number], number, self._max_pixels)
            size = tf.shape(picture)
            pixels += tf.reduce_prod(tf.cast(size[:2], tf.int64))
            text = f"image_bytes must have at most {most} pixels together:"
            with tf.control_dependencies([tf.debugging.Assert(pixels <= most, [text, pixels])]):
                picture = tf.identity(picture)
            shape = graph_finish.input_shape(size[0], size[1], self._input_resolution, self._generator.multiple)
            small = graph_finish.resize(graph_pictures.luma(picture), shape)
            written = pictures.write(number, picture), lumas.write(number, small), shapes.write(number, shape)
            return number + 1, pixels, *written

        arrays = _array(tf.uint8, count), _array(tf.float32, count), tf.TensorArray(tf.int32, count)
        _, _, pictures, lumas, shapes = tf.while_loop(
            lambda number, *_: number < count,
            read,
            [0, tf.constant(0, tf.int64), *arrays],
            parallel_iterations=_PARALLEL_PICTURES,
        )
        shapes = tf.ensure_shape(shapes.stack(), [None, 2])
        common = tf.reduce_max(shapes, axis=0)
        text = "image_bytes must be fewer pictures, or of more equal shapes; number and common shape:"
        fits = tf.cast(count, tf.int64) * tf.reduce_prod(tf.cast(common, tf.int64)) <= MAX_NETWORK_PIXELS
        with tf.control_dependencies([tf.debugging.Assert(fits, [text, count, common])]):
            common = tf.identity(common)
        numbers = tf.range(count)
        # Pictures of one shape go through as they are; others are continued by their edges.
        batch = tf.map_fn(
            lambda number: _padded(lumas.read(number), common),
            numbers,
            fn_output_signature=tf.TensorSpec([None, None, 1], tf.float32),
        )
        chroma = self._network(batch)

        def finished(number: tf.Tensor) -> tf.Tensor:
            picture = tf.ensure_shape(pictures.read(number), [None, None, None])
            own = chroma[number, : shapes[number, 0], : shapes[number, 1]]
            rgb = graph_finish.rgb(picture, own, tf.ensure_shape(lumas.read(number), [None, None, 1]))
            return encode(rgb, graph_pictures.alpha(picture))

        return tf.map_fn(finished, numbers, parallel_iterations=_PARALLEL_PICTURES, fn_output_signature=tf.string)


def _checked(luma: tf.Tensor) -> tf.Tensor:
    """Refuses what would spoil the network's run, and clips luma to [0, 1]."""
    # A wrong rank that reaches a convolution aborts the process; zero sizes give wrong shapes.
    luma = tf.ensure_shape(luma, [None, None, None, 1])
    with tf.control_dependencies([tf.debugging.assert_positive(tf.size(luma), "luma must not be empty")]):
        return tf.clip_by_value(tf.identity(luma), 0.0, 1.0)


def _range_check(text: str, values: tf.Tensor) -> tf.Operation:
    least, most = tf.reduce_min(values), tf.reduce_max(values)
    return tf.debugging.Assert((least >= 0) & (most <= 1), [text, least, most])  # NaN is neither


def _chroma_checks(name: str, chroma: tf.Tensor) -> list[tf.Operation]:
    largest = [tf.reduce_max(tf.abs(chroma[..., axis])) for axis in (0, 1)]
    text = f"{name} must have |U| of at most {CHROMA_MAX[0]:.3f} and |V| of at most {CHROMA_MAX[1]:.3f}; largest:"
    return [
        tf.debugging.Assert(most <= limit + _ROUNDING, [text, *largest])
        for most, limit in zip(largest, CHROMA_MAX, strict=True)
    ]


def _array(dtype: tf.DType, count: tf.Tensor) -> tf.TensorArray:
    """Holds pictures of different sizes."""
    return tf.TensorArray(dtype, count, clear_after_read=False, infer_shape=False, element_shape=[None] * 3)


def _padded(luma: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Repeats the last row and column of `[h, w, 1]` up to `shape`."""
    for axis in (0, 1):
        luma = tf.gather(luma, tf.minimum(tf.range(shape[axis]), tf.shape(luma)[axis] - 1), axis=axis)
    return tf.ensure_shape(luma, [None, None, 1])
