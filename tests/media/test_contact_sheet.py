"""Contact sheets: labelled columns, aspect kept, pages."""

import numpy as np
import pytest
from PIL import Image

from pipelines.media.contact_sheet import GAP, TEXT_HEIGHT, contact_sheet

TOP = TEXT_HEIGHT + 2 * GAP
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def _plain(height: int, width: int, rgb) -> np.ndarray:
    return np.full((height, width, 3), rgb, np.uint8)


def test_pictures_stand_in_their_columns_with_their_aspect(tmp_path):
    rows = [[_plain(20, 40, RED), _plain(40, 40, GREEN)], [_plain(40, 20, BLUE), _plain(80, 160, RED)]]
    pages = contact_sheet(rows, tmp_path / "sheet.png", ("a", "b"), height=40, across=1)
    assert pages == [tmp_path / "sheet.png"]
    sheet = np.asarray(Image.open(pages[0]))
    # Columns are as wide as their widest picture: 80 and 80.
    assert sheet.shape == (TOP + 2 * (40 + GAP), 160 + 3 * GAP, 3)
    first, second = sheet[TOP + 20], sheet[TOP + 40 + GAP + 20]
    assert (first == RED).all(axis=-1).sum() == 80
    assert (first == GREEN).all(axis=-1).sum() == 40
    assert (second == BLUE).all(axis=-1).sum() == 20
    assert (second == RED).all(axis=-1).sum() == 80


def test_float_and_grey_pictures_are_taken(tmp_path):
    row = [np.full((8, 8, 1), 0.5), np.full((8, 8), 128, np.uint8), np.full((8, 8, 3), 2.0, np.float32)]
    sheet = np.asarray(Image.open(contact_sheet([row], tmp_path / "s.png", "abc", height=8)[0]))
    middle = sheet[TOP + 4]
    assert [tuple(middle[GAP + i * (8 + GAP) + 4]) for i in range(3)] == [(128,) * 3, (128,) * 3, (255,) * 3]


def test_rows_that_do_not_fit_go_to_further_pages(tmp_path):
    rows = [[_plain(8, 8, RED)]] * 5
    pages = contact_sheet(rows, tmp_path / "s.png", ["a"], captions=list("vwxyz"), height=8, rows_a_page=2)
    assert [page.name for page in pages] == ["s.png", "s-2.png", "s-3.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s-2.png", "s-3.png", "s.png"]


def test_labels_and_captions_are_drawn(tmp_path):
    rows = [[_plain(8, 64, RED)]]
    bare = Image.open(contact_sheet(rows, tmp_path / "a.png", [""], height=8)[0])
    named = Image.open(contact_sheet(rows, tmp_path / "b.png", ["grey"], ["a name far too long for it"], height=8)[0])
    assert len(set(np.asarray(bare)[: TOP - 1].reshape(-1))) == 1
    assert len(set(np.asarray(named)[: TOP - 1].reshape(-1))) > 1
    assert named.size == (bare.width, bare.height + TEXT_HEIGHT)


def test_a_row_that_does_not_match_the_labels_is_refused(tmp_path):
    with pytest.raises(ValueError, match="one picture for each label, 2. Received: 1"):
        contact_sheet([[_plain(8, 8, RED)]], tmp_path / "s.png", ("a", "b"))
    with pytest.raises(ValueError, match="at least one row"):
        contact_sheet([], tmp_path / "s.png", ("a",))
    assert not list(tmp_path.iterdir())
