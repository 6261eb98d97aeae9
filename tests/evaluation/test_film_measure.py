"""The measuring of a colour clip and the contact sheet, from end to end on a made clip."""

import numpy as np
import pytest
from PIL import Image

from colorgan_tf.evaluation import film_measure
from pipelines.films import contact_sheet
from pipelines.films.colorize import FilmOptions, colorize_film
from tests.made_films import WarmColorizer, make_film, pattern


class Flicker(WarmColorizer):
    """The warm colour with another broad cast for each batch of one frame."""

    def network(self, luma):
        cast = np.random.default_rng(len(self.calls)).normal(0, 0.04, (len(luma), 1, 1, 2))
        return (super().network(luma) + cast).astype(np.float32)


def warm(number, index, height, width):
    return 118 if index == 1 else 150


def test_steadying_is_measured_against_frame_by_frame(tmp_path):
    clip = make_film(tmp_path / "clip.mkv", 20, colour=warm)
    rows = {row.name: row for row in film_measure.measure(clip, Flicker(), FilmOptions(batch=1), limit=16)}
    assert list(rows) == ["grey", "true", "off", "low", "high"]
    assert rows["grey"].colourfulness == pytest.approx(0, abs=0.1) and rows["true"].colourfulness > 10
    assert rows["high"].warp_error < 0.2 * rows["off"].warp_error
    assert rows["low"].warp_error < 0.4 * rows["off"].warp_error
    assert rows["high"].cdc < rows["off"].cdc
    assert all(row.luma_difference == 0 for row in rows.values())
    table = film_measure.to_table(list(rows.values()))
    assert "frame by frame" in table and "steady high" in table and "%" in table


def test_contact_sheet_has_a_row_for_each_shot(tmp_path):
    film = make_film(tmp_path / "film.mkv", 24, luma=lambda n, size, bits: pattern(n // 8, size, n // 8, bits))
    report = colorize_film(film, str(tmp_path / "out.mkv"), WarmColorizer(), FilmOptions("ffv1"))
    assert len(report.shots) == 3
    (page,) = contact_sheet.write_contact_sheet(report, str(tmp_path / "sheet.png"))
    picture = np.asarray(Image.open(page).convert("RGB")).astype(int)
    assert (picture[..., 0] - picture[..., 2] > 30).mean() > 0.1  # the coloured halves are warm
