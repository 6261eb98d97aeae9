"""What killed actors leave is deleted; results, and pieces of films that are not whole, stay."""

import pytest

from pipelines.archive import leftovers
from pipelines.media import storage

LONG = "x" * 80 + ".mp4"


@pytest.fixture(params=["paths", "urls"])
def output(request, tmp_path):
    return str(tmp_path / "out") if request.param == "paths" else f"{request.getfixturevalue('s3').url}/out"


def test_half_written_files_and_pieces_of_whole_films_go(output, tmp_path):
    def pieces(place):
        folder = leftovers.pieces_folder(storage.join(output, place), "0123456789ab")
        return storage.join(folder, "000000000").removeprefix(storage.join(output, ""))

    kept = ["a.mp4", f"deep/{LONG}", "archive.sqlite", pieces("b.mp4"), pieces("a/a.mp4")]
    gone = [pieces("a.mp4"), pieces(f"deep/{LONG}"), "deep/.partial-0a-a.png", ".partial-0b/c", ".archive-0c/here"]
    for place in kept + gone:
        storage.publish_bytes(b"x", storage.join(output, place))
    if not storage.is_url(output):
        (tmp_path / "out/deep/.partial-0d").mkdir()
    leftovers.remove(output)
    assert sorted(entry.place for entry in storage.files(output)) == sorted(kept)
    assert not list(tmp_path.rglob(".partial-*"))
