"""The contact sheet of the old-film degradations: each one alone at its harsh end, then random compositions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from pipelines.degrade import EFFECTS, Degradation, alone, degrade_picture
from pipelines.media import writing

TILE = 256
_COLUMNS = 8
_LABEL = 18


def draw(pictures: Sequence[Image.Image], seed: int, degradation: Degradation, compositions: int = 6) -> Image.Image:
    """Draws one block of tiles for each picture: clean grey, every effect alone, then whole compositions.

    Args:
        pictures: pictures of any mode and size; the middle square is shown, at 256 pixels.
        seed: any integer; the same one gives the same sheet.
        degradation: settings; the effects alone are shown at their strong ends.
        compositions: how many random compositions to show, each of them degraded.

    Returns:
        A greyscale picture, 8 tiles wide.
    """
    blocks = [
        _tiles(picture, seed + 1000 * number, degradation, compositions) for number, picture in enumerate(pictures)
    ]
    block_rows = -(-(1 + len(EFFECTS) + compositions) // _COLUMNS)
    height = TILE + _LABEL
    sheet = Image.new("L", (_COLUMNS * TILE, len(blocks) * block_rows * height), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, tiles in enumerate(blocks):
        for i, (label, luma) in enumerate(tiles):
            left, top = i % _COLUMNS * TILE, (number * block_rows + i // _COLUMNS) * height
            draw.text((left + 4, top + 2), label, fill=0, font=font)
            sheet.paste(Image.fromarray(np.uint8(np.round(luma[..., 0] * 255.0))), (left, top + _LABEL))
    return sheet


def _tiles(
    picture: Image.Image, seed: int, degradation: Degradation, compositions: int
) -> list[tuple[str, NDArray[np.float32]]]:
    square = ImageOps.fit(ImageOps.exif_transpose(picture).convert("RGB"), (TILE, TILE), Image.Resampling.LANCZOS)
    rgb = np.asarray(square)
    tiles = [("clean", degrade_picture(rgb, seed, Degradation(clean=1.0)))]
    for name in EFFECTS:
        strong = getattr(degradation, name).strong
        tiles.append((f"{name} {strong:g}", degrade_picture(rgb, seed, alone(name, degradation))))
    for i in range(compositions):
        tiles.append((f"composition, seed {seed + i}", degrade_picture(rgb, seed + i, degradation)))
    return tiles


def save(sheet: Image.Image, path: str) -> None:
    """Writes the sheet as a PNG."""
    with writing.beside(path) as partial:
        sheet.save(partial, format="PNG", optimize=True)
