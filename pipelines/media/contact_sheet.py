"""Contact sheets: pictures side by side in labelled columns, one PNG or several, for looking at results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipelines.media import names, writing

GAP = 6
TEXT_HEIGHT = 16
BACKGROUND = (24, 24, 24)
TEXT = (220, 220, 220)


def contact_sheet(
    rows: Sequence[Sequence[NDArray[Any]]],
    path: str | Path,
    labels: Sequence[str],
    captions: Sequence[str] | None = None,
    height: int = 192,
    rows_a_page: int = 12,
    across: int = 2,
) -> list[Path]:
    """Draws rows of pictures under column labels and writes them as PNG pages.

    Args:
        rows: each a sequence of pictures, `[height, width, 3]` or `[height, width]`, uint8, or float in [0, 1]. Every
            picture is brought to the same height and keeps its aspect.
        path: the first page; the others are called `NAME-2.png`, `NAME-3.png` and so on beside it.
        labels: the columns' names, one for each picture of a row.
        captions: a line of text above each row. Defaults to none.
        height: of a picture on the sheet, in pixels.
        rows_a_page: most rows on a page.
        across: rows that stand beside each other, so that a page is not a long ribbon.

    Returns:
        The pages written.

    Raises:
        ValueError: if there are no rows, or a row has not one picture for each label.
    """
    path = Path(path)
    if not rows:
        raise ValueError("`rows` must hold at least one row of pictures. Received: none.")
    for row in rows:
        if len(row) != len(labels):
            raise ValueError(f"a row must have one picture for each label, {len(labels)}. Received: {len(row)}.")
    if captions is not None and len(captions) != len(rows):
        raise ValueError(f"`captions` must be one for each row, {len(rows)}. Received: {len(captions)}.")
    pages = []
    for start, target in zip(range(0, len(rows), rows_a_page), names.numbered(path), strict=False):
        part = slice(start, start + rows_a_page)
        cells = [[_cell(picture, height) for picture in row] for row in rows[part]]
        page = _page(cells, labels, captions[part] if captions else None, height, across)
        with writing.beside(target) as partial:
            page.save(partial, "PNG")
        pages.append(target)
    return pages


def _cell(picture: NDArray[Any], height: int) -> Image.Image:
    """A picture at the sheet's height, its aspect kept."""
    picture = np.asarray(picture)
    if picture.dtype != np.uint8:
        picture = np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    if picture.ndim == 3 and picture.shape[-1] == 1:
        picture = picture[..., 0]
    image = Image.fromarray(picture).convert("RGB")
    width = max(1, round(image.width * height / image.height))
    return image if image.height == height else image.resize((width, height), Image.Resampling.LANCZOS)


def _page(
    cells: list[list[Image.Image]],
    labels: Sequence[str],
    captions: Sequence[str] | None,
    height: int,
    across: int,
) -> Image.Image:
    """One page: `across` blocks of columns, filled line by line."""
    across = min(across, len(cells))
    widths = [max(row[column].width for row in cells) for column in range(len(labels))]
    block = sum(widths) + GAP * (len(labels) + 1)  # the gap that ends a block is twice as wide
    line = height + GAP + (TEXT_HEIGHT if captions else 0)
    lines = -(-len(cells) // across)
    page = Image.new("RGB", (across * block, TEXT_HEIGHT + 2 * GAP + lines * line), BACKGROUND)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(size=12)
    lefts = [GAP + sum(widths[:column]) + GAP * column for column in range(len(labels))]
    for number in range(across):
        for left, label in zip(lefts, labels, strict=True):
            draw.text((number * block + left, GAP), label, TEXT, font)
    for index, row in enumerate(cells):
        x, y = index % across * block, TEXT_HEIGHT + 2 * GAP + index // across * line
        if captions:
            draw.text((x + lefts[0], y), _fit(captions[index], block - 2 * GAP, font), TEXT, font)
            y += TEXT_HEIGHT
        for left, cell in zip(lefts, row, strict=True):
            page.paste(cell, (x + left, y))
    return page


def _fit(text: str, width: int, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """The text, its end cut off where it is wider than `width` pixels."""
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
