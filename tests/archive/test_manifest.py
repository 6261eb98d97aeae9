"""The manifest: one for all writers, readable while it is written, and quick to open when it is long."""

import json
import multiprocessing
import sqlite3
import time

import pytest

from colorgan_tf.errors import InputError
from pipelines.archive import manifest, report
from pipelines.archive.manifest import Manifest
from pipelines.archive.plan import Item
from pipelines.films import resuming
from pipelines.media import storage


def items(count, ending="jpg"):
    return [Item(f"/in/{number}.{ending}", f"/out/{number}.{ending}", 10) for number in range(count)]


def states(book):
    return {(count.state, count.film): count.files for count in book.counts()}


def test_files_go_from_waiting_to_what_became_of_them(tmp_path):
    book = Manifest(str(tmp_path))
    some = items(3) + items(1, "mp4")
    book.begin(some[1:], some[:1])
    assert states(book) == {("waiting", False): 2, ("waiting", True): 1, ("skipped", False): 1}
    book.record([(some[1].source, "coloured", "", "m", 2.0), (some[2].source, "failed", "bad", "m", 1.0)])
    book.film(some[3].source, 60.0, 15.0, "n", 5.0)
    assert states(book) == {("coloured", False): 1, ("failed", False): 1, ("skipped", False): 1, ("waiting", True): 1}
    assert book.machines() == [("m", 2, 3.0), ("n", 0, 5.0)]
    assert list(book.failed()) == [("/in/2.jpg", "bad")]
    assert book.sources()["/out/1.jpg"] == "/in/1.jpg"
    text = report.status(book)
    assert "stills: 3 of 3 (1 coloured, 1 failed, 1 skipped)" in text
    assert "films: 0 of 1, 0.2 of 1.0 minutes of the films opened so far" in text
    assert "failed: bad" in text and "left" in text
    book.end(2, 1)
    assert (tmp_path / "failed.jsonl").read_text() == json.dumps({"file": "/in/2.jpg", "error": "bad"}) + "\n"
    assert json.loads(report.to_json(book))["runs"][0]["actors"] == 2


def test_what_an_earlier_run_noted_stays_and_failures_are_tried_again(tmp_path):
    book = Manifest(str(tmp_path))
    some = items(3)
    book.begin(some, [])
    book.record([(some[0].source, "coloured", "a note", "m", 2.0), (some[1].source, "failed", "bad", "m", 1.0)])
    book.end(1, 1)
    book.close()
    book = Manifest(str(tmp_path))
    book.begin(some[1:], some[:1])
    assert states(book) == {("coloured", False): 1, ("waiting", False): 2}
    book.record([(each.source, "coloured", "", "m", 1.0) for each in some[1:]])
    book.end(1, 1)
    assert (tmp_path / "failed.jsonl").read_text() == ""


def _write(folder, numbers):
    book = Manifest(folder)
    for number in numbers:
        book.record([(f"/in/{number}.jpg", "coloured", "", "m", 1.0)])
    book.close()


def test_no_line_is_lost_when_several_programs_write(tmp_path):
    book = Manifest(str(tmp_path))
    book.begin(items(90), [])
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path), range(first, 90, 3))) for first in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        book.counts()  # can be read meanwhile
    for writer in writers:
        writer.join()
    assert states(book) == {("coloured", False): 90}
    assert book.machines() == [("m", 90, 90.0)]


def test_manifest_of_a_store_is_published_and_found_again(s3):
    output = f"{s3.url}/out"
    with pytest.raises(InputError, match="an archive that was begun. Received: s3://"):
        manifest.open_begun(output)
    book = Manifest(output)
    book.begin(items(2), [])
    book.record([("/in/0.jpg", "failed", "bad", "m", 1.0)])
    book.publish()
    book.close()
    assert [each.place for each in storage.files(output)] == ["archive.sqlite", "failed.jsonl"]
    again = manifest.open_begun(output)
    assert states(again) == {("failed", False): 1, ("waiting", False): 1}
    again.close()


def test_run_that_was_killed_is_not_called_running(tmp_path):
    book = Manifest(str(tmp_path))
    with resuming.alone(book.path):
        book.begin(items(1), [])
        assert "running for 0.00 hours" in report.status(book)
    assert "broken off after 0.00 hours, time left not known yet; the same command goes on" in report.status(book)
    with resuming.alone(book.path):  # only asked, not ended, by the lines above
        assert book.running()
    book.begin(items(1), [])
    book.end(1, 1)
    assert "2 runs, 0.00 hours in all" in report.status(book)


def test_run_into_a_store_that_was_not_seen_of_late_is_not_called_running(s3, monkeypatch):
    book = Manifest(f"{s3.url}/out")
    book.begin(items(1), [])
    reader = manifest.open_begun(f"{s3.url}/out")
    assert "running for 0.00 hours" in report.status(reader)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert "broken off after 0.00 hours" in report.status(reader)
    book.seen()  # too early for it to be noted
    monkeypatch.setattr(manifest, "_SEEN_EVERY", 0.0)
    monkeypatch.setattr(manifest, "_PUBLISHED_EVERY", 0.0)
    book.seen()
    reader.close()
    reader = manifest.open_begun(f"{s3.url}/out")
    monkeypatch.setattr(manifest, "_PUBLISHED_EVERY", 30.0)
    assert "running for 1.00 hours" in report.status(reader)
    reader.close()
    book.close()


def test_damaged_manifest_is_named(tmp_path):
    (tmp_path / manifest.NAME).write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="archive.sqlite"):
        Manifest(str(tmp_path))


def test_counts_of_a_long_manifest_come_from_its_index(tmp_path):
    book = Manifest(str(tmp_path))
    rows = sqlite3.connect(book.path).execute(
        "EXPLAIN QUERY PLAN SELECT state, film, count(*), sum(size), sum(work), sum(length), sum(finished) "
        "FROM files GROUP BY 1, 2"
    )
    assert "COVERING INDEX by_state" in " ".join(str(row) for row in rows)
