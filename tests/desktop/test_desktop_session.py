"""The session without Qt: its files, its queue, saving, and progress."""

import os
import threading

import made_uploads
import pytest

from colorgan_tf.errors import InputError, RequestError
from pipelines.media import names
from serving.desktop import model_choice, texts
from serving.desktop.session import input_files, progress, saving
from serving.desktop.session.item import Item
from serving.jobs import texts as shared
from serving.jobs.limits import check_upload
from serving.jobs.queue import Live
from serving.jobs.records import FileRecord


def item(state="done", kind="picture", done=0, total=0, left=None, name="a.jpg"):
    record = FileRecord("id", "me", name, kind, ".jpg", 0.0, state)
    return Item(record, Live(done, total, left))


def finished(session, identity):
    seen = 0
    while session.get(identity).record.state in ("waiting", "working"):
        newest = session.wait(seen, 60)
        assert newest != seen
        seen = newest
    return session.get(identity).record


# === Session ===


def test_a_session_colours_what_it_is_asked_for_and_removes_it_all_at_the_end(session, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    first, second = session.open(path), session.open(path)
    session.color([first.id])
    assert finished(session, first.id).state == "done"
    assert [each.record.state for each in session.items()] == ["done", "ready"]
    assert session.original(second) == path
    assert session.with_result() == [session.get(first.id).record]
    session.remove([first.id, second.id])
    assert session.items() == [] and path.exists()
    session.close()
    assert not session.folder.exists()


def test_originals_are_linked_and_not_copied(session, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    record = session.open(path)
    assert os.path.samefile(session.made(record, "original.png"), path)


def test_a_film_keeps_its_container(session, tmp_path):
    path = tmp_path / "film.mkv"
    made_uploads.film(path, frames=5)
    record = session.open(path)
    session.color([record.id])
    done = finished(session, record.id)
    assert (done.state, done.note, done.download_name) == ("done", "", "film-coloured.mkv")
    assert check_upload(session.result(done), input_files.LIMITS).suffix == ".mkv"


def test_stopping_ends_what_waits_as_well(session, tmp_path, backend):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    items = [session.open(path) for _ in range(3)]
    backend.gate.clear()
    session.color([record.id for record in items])
    backend.begun.wait(60)
    session.stop()
    backend.gate.set()
    assert {finished(session, record.id).state for record in items} == {"stopped"}


def test_a_process_that_dies_of_a_file_goes_on_with_the_next(tmp_path):
    from serving.desktop.session.session import Session
    from serving.jobs.queue import LONG, QUICK
    from serving.jobs.workers import Model, ProcessWorker

    workers = {queue: ProcessWorker(Model(None), 60, made_uploads.load_crashing) for queue in (QUICK, LONG)}
    session = Session(tmp_path / "session", workers)
    session.start()
    try:
        records = []
        for name, level in (("dark.png", 5), ("light.png", 150)):
            path = tmp_path / name
            path.write_bytes(made_uploads.picture("PNG", level=level))
            records.append(session.open(path))
        session.color([record.id for record in records])
        assert [finished(session, record.id).state for record in records] == ["failed", "done"]
        assert session.get(records[0].id).record.note == shared.CRASHED
    finally:
        session.close()


def test_many_may_wait_for_a_change_at_once(session, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(made_uploads.picture("PNG"))
    heard = []
    threads = [threading.Thread(target=lambda: heard.append(session.wait(0, 60))) for _ in range(3)]
    for thread in threads:
        thread.start()
    session.open(path)
    for thread in threads:
        thread.join()
    assert all(heard)


# === Opening and saving ===


def test_folders_are_searched_and_empty_ones_are_named(tmp_path):
    (tmp_path / "album" / "deep").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name in ("b.JPG", "deep/a.mp4", "deep/notes.txt", ".hidden.png"):
        (tmp_path / "album" / name).touch()
    files, empty = input_files.find([tmp_path / "album", tmp_path / "empty", tmp_path / "x.txt"])
    album = tmp_path / "album"
    assert sorted(files) == [album / "b.JPG", album / "deep" / "a.mp4", tmp_path / "x.txt"]
    assert empty == [tmp_path / "empty"]


def test_what_cannot_be_opened_is_refused_with_the_reason(tmp_path):
    with pytest.raises(RequestError, match=texts.IS_A_FOLDER):
        input_files.identify(tmp_path)
    with pytest.raises(RequestError, match=texts.GONE):
        input_files.identify(tmp_path / "gone.jpg")


def test_a_file_is_linked_where_it_can_be_and_copied_where_not(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("text")
    input_files.link(path, tmp_path / "linked")
    assert (tmp_path / "linked").is_symlink()

    def refuses(*_):
        raise OSError

    monkeypatch.setattr(os, "symlink", refuses)
    monkeypatch.setattr(os, "link", refuses)
    input_files.link(path, tmp_path / "copied")
    assert (tmp_path / "copied").read_text() == "text" and not (tmp_path / "copied").is_symlink()


def test_free_names_count_up(tmp_path):
    path = tmp_path / "a.b.png"
    assert names.free(path) == path
    path.touch()
    (tmp_path / "a.b-2.png").touch()
    assert names.free(path).name == "a.b-3.png"


def test_saving_keeps_the_ending_that_says_what_is_in_the_file(tmp_path):
    result = tmp_path / "result.png"
    result.write_bytes(b"png")
    assert saving.save(result, tmp_path / "holiday").name == "holiday.png"
    assert saving.save(result, tmp_path / "holiday.jpg").name == "holiday.jpg.png"
    assert saving.save(result, tmp_path / "holiday.PNG").name == "holiday.PNG"
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


# === Models ===


def test_a_missing_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="The model must be .* does not exist"):
        model_choice.chosen(tmp_path / "none")


def test_without_tensorflow_only_tflite_files_colour(tmp_path, monkeypatch):
    monkeypatch.setattr(model_choice, "has_tensorflow", lambda: False)
    with pytest.raises(InputError, match="must be a .tflite file"):
        model_choice.chosen(tmp_path)
    (tmp_path / "m.tflite").touch()
    assert model_choice.chosen(tmp_path / "m.tflite") == tmp_path / "m.tflite"


def test_where_there_is_no_saved_model_a_tflite_file_of_its_name_stands_in(tmp_path, monkeypatch):
    for name, file in (("SHIPPED", "colorgan"), ("FLOAT16", "colorgan_float16.tflite"), ("INT8", "colorgan.tflite")):
        monkeypatch.setattr(model_choice.model_files, name, tmp_path / file)
    with pytest.raises(InputError, match="There is no model with this copy yet"):
        model_choice.chosen(None)
    (tmp_path / "colorgan.tflite").touch()
    assert model_choice.chosen(None) == tmp_path / "colorgan.tflite"


# === Progress ===


def test_progress_of_pictures_is_estimated_by_those_that_are_done():
    items = [item(), item("working", name="b.jpg"), item("waiting"), item("waiting")]
    summary = progress.overall(items, seconds=3.0)
    assert (summary.done, summary.total, summary.fraction) == (1, 4, 0.25)
    assert summary.seconds_left == pytest.approx(9.0)
    assert summary.current == "b.jpg" and summary.busy


def test_what_takes_longest_counts():
    items = [item(), item("waiting"), item("working", "film", done=30, total=120, left=50.0)]
    summary = progress.overall(items, seconds=2.0)
    assert summary.seconds_left == 50.0
    assert summary.fraction == pytest.approx((1 + 0 + 0.25) / 3)


def test_nothing_asked_for_is_no_progress():
    assert not progress.overall([], 0.0).busy
    assert not progress.overall([item(), item("failed"), item("stopped")], 9.0).busy
