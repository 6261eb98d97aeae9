"""The mechanisms that all kinds of media share: writing safely, and names that do not collide."""

from itertools import islice
from pathlib import Path

import pytest

from pipelines.media import names, provenance, writing


@pytest.mark.parametrize("name", ["a.png", "ä" * 120 + ".weights.h5", "x" * 251 + ".png"])
def test_names_of_any_length_can_be_written(tmp_path, name):
    with writing.beside(tmp_path / "new" / name) as partial:
        assert partial.parent == tmp_path / "new" and partial.name.endswith(name[-8:])
        partial.write_text("whole")
        assert not (tmp_path / "new" / name).exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]
    writing.hidden(tmp_path / name, "parts").mkdir()
    assert writing.hidden(tmp_path / name, "parts") == writing.hidden(tmp_path / name, "parts")


def test_a_folder_appears_whole_and_nothing_is_left_after_an_error(tmp_path):
    with writing.beside(tmp_path / "made") as partial:
        partial.mkdir()
        (partial / "a").write_text("a")
    with pytest.raises(RuntimeError), writing.beside(tmp_path / "other") as partial:
        partial.mkdir()
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a").read_text() == "a"


def test_names_count_up():
    assert [str(name) for name in islice(names.numbered(Path("x/a.b.png")), 3)] == [
        "x/a.b.png", "x/a.b-2.png", "x/a.b-3.png"
    ]  # fmt: skip


def test_no_name_is_given_out_twice_whatever_its_case():
    distinct = names.Distinct()
    wanted = [("a.png",), ("A.png",), ("a.png", "a_jpg.png"), ("a.png", "A_JPG.png")]
    assert [str(distinct.take(*map(Path, each))) for each in wanted] == ["a.png", "A-2.png", "a_jpg.png", "a-3.png"]


def test_a_name_that_several_want_goes_to_none():
    assert names.unshared(["a", "b", "A"], ["a-1", "b-2", "A-3"]) == ["a-1", "b", "A-3"]


def test_the_provenance_tag_is_added_once():
    once = provenance.tagged("Scanner 2\0")
    assert once == f"Scanner 2; {provenance.TEXT}" and provenance.tagged(once) == once
    assert provenance.tagged("") == provenance.TEXT
