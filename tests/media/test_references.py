"""Pictures as references: names that are times, folders of frames."""

import pytest
from PIL import Image

from colorgan_tf.errors import InputError
from pipelines.stills.reference import read_film_references, seconds


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("83.5", 83.5),
        ("1-23.5", 83.5),
        ("0h01m23s", 83),
        ("01-00-00", 3600),
        ("frame", None),
        ("frame 3", None),
        ("1-2-3-4", None),
    ],
)
def test_names_that_are_times(name, time):
    assert seconds(name) == time


def test_folder_of_frames(tmp_path):
    for name in ("83.5.png", "cousin.jpg"):
        Image.new("RGB", (8, 8), "red").save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    assert [moment.seconds for moment in read_film_references(tmp_path)] == [83.5, None]
    assert [moment.seconds for moment in read_film_references(tmp_path / "83.5.png")] == [83.5]


def test_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be a picture or a folder of them"):
        read_film_references(tmp_path)
