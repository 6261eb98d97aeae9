"""Colours still pictures, and gives the result what the original's file had: depth, alpha, metadata, format."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from colorgan_tf.inference.colorizer import Colorizer
from pipelines.media import tone
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
    rgb = as_stored(colorizer.picture(np.ascontiguousarray(luma), still.levels), still.metadata.orientation)
    if still.missing_rows:  # what is not in the file stays without colours
        rows = slice(len(rgb) - still.missing_rows, None)
        rgb = np.concatenate([rgb[: rows.start], np.broadcast_to(still.values[rows], rgb[rows].shape)])
    return rgb


def encode_result(still: Still, rgb: Channels, file_format: str | None = None, side_by_side: bool = False) -> bytes:
    """Encodes a coloured picture with the original's alpha, depth and metadata, and the provenance tag.

    Args:
        still: the original.
        rgb: `[H, W, 3]`, from `colorize_still`.
        file_format: one of `formats.STILL`; None for the original's, or PNG where that is only read.
        side_by_side: put the original left and the result right, both upright.

    Raises:
        ValueError: if the format cannot hold a picture of this size.
    """
    file_format = file_format or still.result_format
    return encoding.encode(*_result(still, rgb, side_by_side), file_format)


def colorize_pages(
    pages: Iterable[Still],
    colorizer: Colorizer,
    force: bool = False,
    side_by_side: bool = False,
    keep_colors: bool = False,
) -> tuple[bytes, Counter[bool]]:
    """Colours the pages of a TIFF and encodes them again; pages that have colours already stay as they are.

    Args:
        pages: read one after the other, so that memory holds one at a time.
        colorizer: what colours.
        force: colour those as well that have colours.
        side_by_side: see `encode_result`.
        keep_colors: leave those as well that are toned or have small parts in colour.

    Returns:
        The file, and how many pages were coloured (True) and were not.

    Raises:
        ValueError: if the file gets too large.
    """
    counts: Counter[bool] = Counter()

    def results() -> Iterator[encoding.Page]:
        for still in pages:
            coloured = not (tone.stays(still.tone, force, keep_colors) or (keep_colors and still.borderline))
            counts[coloured] += 1
            if coloured:
                yield _result(still, colorize_still(still, colorizer), side_by_side)
            else:
                yield encoding.Page(still.values, still.alpha, still.metadata)

    return encoding.encode_pages(results()), counts


def encode_unchanged(still: Still, file_format: str | None = None) -> bytes:
    """Encodes a picture that has colours already in another format."""
    return encoding.encode(still.values, still.alpha, still.metadata, file_format or still.result_format)


def _result(still: Still, rgb: Channels, side_by_side: bool) -> encoding.Page:
    alpha = still.alpha
    carried = metadata.of_result(still.metadata, "GRAY" if still.values.shape[-1] == 1 else "RGB", side_by_side)
    if side_by_side:
        rgb = _pair(np.broadcast_to(still.values, rgb.shape), rgb, still.metadata.orientation)
        alpha = None if alpha is None else _pair(alpha, alpha, still.metadata.orientation)
    return encoding.Page(rgb, alpha, carried)


def _pair(left: Channels, right: Channels, orientation: int) -> Channels:
    return np.concatenate([upright(left, orientation), upright(right, orientation)], axis=1)
