"""Picture files inside a graph, in core TensorFlow operations: guards on the header, decoding, luma, alpha.

TensorFlow cannot read the EXIF orientation: pixels are taken and given back as they are stored.
"""

import tensorflow as tf

from colorgan_tf import color

_HEADER = 64  # bytes: enough for the sizes in PNG, GIF and BMP headers
_UNKNOWN, _JPEG, _PNG, _GIF, _BMP = range(5)
_BEGINNINGS = {
    _JPEG: b"\xff\xd8\xff",
    _PNG: b"\x89PNG\r\n\x1a\n",
    _GIF: b"GIF8",
    _BMP: b"BM",
}
# Weights that give luma, by number of channels: grey, grey and alpha, RGB, RGB and alpha.
_Y = [float(weight) for weight in color.RGB_TO_YUV[0]]
_LUMA = [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [*_Y, 0.0], [*_Y, 0.0]]


def decode(data: tf.Tensor, number: tf.Tensor, max_pixels: int) -> tf.Tensor:
    """Decodes a JPEG, PNG, BMP or GIF file (its first frame), if its header is a good one.

    Args:
        data: string scalar, the file.
        number: int32 scalar, the picture's place in the request, for the error text.
        max_pixels: the largest width times height. A file of 140 KB can hold 12,000 x 12,000 pixels, so the header is
            read before anything is decoded. A GIF's other frames are decoded too, and not counted here.

    Returns:
        `[height, width, channels]` uint8: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. 16 bits are cut to 8.
    """
    header = tf.cast(tf.io.decode_raw(data, tf.uint8, fixed_length=_HEADER), tf.int64)
    kind = _kind(header)
    checks = [
        tf.debugging.Assert(kind > _UNKNOWN, ["image_bytes must be a JPEG, PNG, BMP or GIF file, not empty:", number])
    ]
    with tf.control_dependencies(checks):
        data, kind = tf.identity(data), tf.identity(kind)
    size = tf.switch_case(
        kind,
        [
            lambda: tf.zeros([2], tf.int64),
            lambda: tf.cast(tf.io.extract_jpeg_shape(data)[:2], tf.int64),
            lambda: tf.stack([_number(header[20:24][::-1]), _number(header[16:20][::-1])]),
            lambda: tf.stack([_number(header[8:10]), _number(header[6:8])]),
            lambda: tf.stack([_signed(header[22:26]), _signed(header[18:22])]),
        ],
    )
    size = tf.ensure_shape(size, [2])
    # Each side by itself first: the product of two 32-bit numbers may wrap around.
    fits = tf.reduce_all(size <= max_pixels) & (tf.reduce_prod(size) <= max_pixels)
    checks = [
        tf.debugging.Assert(tf.reduce_all(size > 0), ["image_bytes must have pixels:", number, size]),
        tf.debugging.Assert(fits, [f"image_bytes must have at most {max_pixels} pixels:", number, size]),
    ]
    with tf.control_dependencies(checks):
        data, kind = tf.identity(data), tf.identity(kind)
    picture = tf.switch_case(
        kind,
        [
            lambda: tf.zeros([1, 1, 1], tf.uint8),
            lambda: tf.io.decode_jpeg(data, dct_method="INTEGER_ACCURATE"),  # as other readers do
            lambda: tf.io.decode_png(data),
            # `decode_gif` would give all frames.
            lambda: tf.io.decode_image(data, expand_animations=False),
            lambda: _bmp(data, header),
        ],
    )
    return tf.ensure_shape(picture, [None, None, None])


def luma(picture: tf.Tensor) -> tf.Tensor:
    """Returns the luma `[height, width, 1]`, float32 in [0, 1], of uint8 `[height, width, 1 to 4]`."""
    shape = tf.shape(picture)
    weights = tf.gather(tf.constant(_LUMA), shape[2] - 1)[: shape[2], None]
    pixels = tf.reshape(tf.cast(picture, tf.float32) / 255.0, [-1, shape[2]])
    return tf.reshape(tf.clip_by_value(tf.matmul(pixels, weights), 0.0, 1.0), [shape[0], shape[1], 1])


def alpha(picture: tf.Tensor) -> tf.Tensor:
    """Returns the alpha of uint8 `[height, width, 1 to 4]`: one channel, or none where the picture has none."""
    channels = tf.shape(picture)[2]
    return picture[:, :, channels - 1 + channels % 2 :]


def _kind(header: tf.Tensor) -> tf.Tensor:
    kind = tf.constant(_UNKNOWN)
    for number, beginning in _BEGINNINGS.items():
        same = tf.reduce_all(header[: len(beginning)] == tf.constant(list(beginning), tf.int64))
        kind = tf.where(same, number, kind)
    return kind


def _number(digits: tf.Tensor) -> tf.Tensor:
    """Reads bytes `[n]` int64, the lowest first."""
    return tf.reduce_sum(digits * 256 ** tf.range(tf.size(digits, tf.int64), dtype=tf.int64))


def _signed(digits: tf.Tensor) -> tf.Tensor:
    """Returns the absolute value of a signed 32-bit number: a BMP's height is negative where its top row is first."""
    value = _number(digits)
    return tf.minimum(value, 2**32 - value)


def _bmp(data: tf.Tensor, header: tf.Tensor) -> tf.Tensor:
    """Decodes a BMP. TensorFlow gives the colour numbers of one with a palette, and takes padding bytes for alpha."""
    picture = tf.io.decode_bmp(data)

    def of_palette() -> tf.Tensor:
        # The palette stands between the headers (14 bytes, then as many as they say) and the pixels: B, G, R, 0.
        start = 14 + _number(header[14:18])
        length = tf.minimum(_number(header[10:14]) - start, 1024)
        colours = tf.strings.substr(data, start, length)
        palette = tf.reshape(tf.io.decode_raw(colours, tf.uint8, fixed_length=1024), [256, 4])
        return tf.gather(palette[:, 2::-1], tf.cast(picture[:, :, 0], tf.int32))

    return tf.cond(tf.equal(tf.shape(picture)[2], 1), of_palette, lambda: picture[:, :, :3])
