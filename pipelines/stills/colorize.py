"""Colours still pictures, and gives the result what the original's file had: depth, alpha, metadata, format."""

import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media.orientation import as_stored, upright
from pipelines.stills import encoding, metadata
from pipelines.stills.pixels import Channels
from pipelines.stills.still import Still


def colorize_still(still: Still, colorizer: Colorizer) -> Channels:
    """Colours a picture, which the network sees upright.

    Returns:
        `[H, W, 3]` RGB of the original's depth, pixels as stored.
    """
    luma = upright(still.luma, still.metadata.orientation)
    return as_stored(colorizer.picture(np.ascontiguousarray(luma), still.levels), still.metadata.orientation)


def encode_result(still: Still, rgb: Channels, file_format: str | None = None, side_by_side: bool = False) -> bytes:
    """Encodes a coloured picture with the original's alpha, depth and metadata, and the provenance tag.

    Args:
        still: the original.
        rgb: `[H, W, 3]`, from `colorize_still`.
        file_format: one of `formats.STILL`; None for the original's.
        side_by_side: put the original left and the result right, both upright.

    Raises:
        ValueError: if the format cannot hold a picture of this size.
    """
    file_format = file_format or still.file_format
    alpha, luma = still.alpha, None
    carried = metadata.of_result(still.metadata, "GRAY" if still.values.shape[-1] == 1 else "RGB", side_by_side)
    if side_by_side:
        rgb = _pair(np.broadcast_to(still.values, rgb.shape), rgb, still.metadata.orientation)
        alpha = None if alpha is None else _pair(alpha, alpha, still.metadata.orientation)
    elif file_format == "JPEG":
        luma = still.luma
    return encoding.encode(rgb, alpha, carried, file_format, luma)


def encode_unchanged(still: Still, file_format: str) -> bytes:
    """Encodes a picture that has colours already in another format."""
    return encoding.encode(still.values, still.alpha, still.metadata, file_format)


def _pair(left: Channels, right: Channels, orientation: int) -> Channels:
    return np.concatenate([upright(left, orientation), upright(right, orientation)], axis=1)
