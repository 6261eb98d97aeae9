"""Colour mathematics as pure numpy functions: RGB, YUV, luma and chroma.

Units: R, G, B and Y in [0, 1]; U in [-0.436, 0.436]; V in [-0.615, 0.615] (BT.601 analog YUV).
The factors are those of `tf.image.rgb_to_yuv`, which the training pipeline uses.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
WholeNumbers = npt.NDArray[np.unsignedinteger[Any]]  # uint8 or uint16

# Rows give Y, U, V. ITU-R BT.601: Y = 0.299 R + 0.587 G + 0.114 B; U = 0.492 (B - Y); V = 0.877 (R - Y).
RGB_TO_YUV = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.14714119, -0.28886916, 0.43601035],
        [0.61497538, -0.51496512, -0.10001026],
    ],
    np.float32,
)
YUV_TO_RGB = np.linalg.inv(RGB_TO_YUV.astype(np.float64)).astype(np.float32)
# The largest |U| and |V| inside the RGB cube: dividing by them gives the network's units, [-1, 1].
CHROMA_MAX = np.array([0.436, 0.615], np.float32)


def rgb_to_yuv(rgb: Floats) -> Floats:
    """Converts `[..., 3]` RGB in [0, 1] to `[..., 3]` YUV, float32."""
    return np.asarray(rgb, np.float32) @ RGB_TO_YUV.T


def yuv_to_rgb(yuv: Floats) -> Floats:
    """Converts `[..., 3]` YUV to `[..., 3]` RGB, float32, not clipped."""
    return np.asarray(yuv, np.float32) @ YUV_TO_RGB.T


def luma(rgb: Floats) -> Floats:
    """Returns the luma `[..., 1]` in [0, 1] of `[..., 3]` RGB in [0, 1]."""
    return np.asarray(rgb, np.float32) @ RGB_TO_YUV[:1].T


def merge(luma: Floats, chroma: Floats) -> Floats:
    """Joins a picture's own luma with a chroma that is shrunk, where needed, to fit the RGB cube.

    A colour outside the cube is moved straight towards grey of the same luma: hue and luma stay, saturation gives way.

    Args:
        luma: `[..., 1]` in [0, 1].
        chroma: `[..., 2]`, U and V.

    Returns:
        `[..., 3]` RGB float32 in [0, 1] whose luma is `luma`.
    """
    luma, chroma = np.asarray(luma, np.float32)[..., 0], np.asarray(chroma, np.float32)
    # Channel by channel, without temporaries of the picture's full depth: four times faster.
    offsets = [row[1] * chroma[..., 0] + row[2] * chroma[..., 1] for row in YUV_TO_RGB]  # RGB minus luma
    # How many times too large the offsets are for the room between luma and the cube's face that each moves towards.
    excess = np.ones(np.broadcast_shapes(luma.shape, chroma.shape[:-1]), np.float32)
    for offset in offsets:
        room = np.maximum(np.where(offset > 0, 1.0 - luma, luma), np.float32(1e-12))
        np.maximum(excess, np.abs(offset) / room, out=excess)
    rgb = np.empty((*excess.shape, 3), np.float32)
    for channel, offset in enumerate(offsets):
        np.clip(luma + offset / excess, 0.0, 1.0, out=rgb[..., channel])
    return rgb
