"""A user's way: a file goes in, its coloured result comes out, and settings change it."""

import io
import json
import zipfile

import made_uploads
import numpy as np
import pytest
from PIL import Image
from site_user import User

from colorgan_tf import color
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.stills import still as stills
from pipelines.stills.colorize import colorize_still
from serving.jobs import hint_tracking
from serving.web import api


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def colourfulness(data):
    return float(np.ptp(decoded(data).astype(float), axis=-1).mean())


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_picture_comes_back_in_colour_as_the_same_kind(user, file_format):
    file = user.coloured(made_uploads.picture(file_format), "album/photo.any")
    assert (file["state"], file["kind"], file["size"]) == ("done", "picture", [80, 64])
    result = user.result(file)
    assert Image.open(io.BytesIO(result)).format == file_format
    assert colourfulness(result) > 10


def test_the_result_is_that_of_the_colorizer(user, backend, tmp_path):
    file = user.coloured(made_uploads.picture("PNG"), "photo.png")
    (tmp_path / "photo.png").write_bytes(made_uploads.picture("PNG"))
    expected = colorize_still(stills.read(tmp_path / "photo.png"), Colorizer(backend))
    # The site keeps the network's chroma in half precision.
    assert np.abs(decoded(user.result(file)).astype(int) - expected).max() <= 1


def test_luma_stays(user):
    file = user.coloured(made_uploads.picture("PNG"), "photo.png")
    luma = color.luma(decoded(user.result(file)) / np.float32(255))[..., 0] * 255
    assert np.abs(luma - made_uploads.grey()).max() < 1


def test_strength_changes_without_the_network_and_without_an_upload(user, backend):
    file = user.coloured(made_uploads.picture())
    before, calls = colourfulness(user.result(file)), backend.calls
    assert user.patch(file["links"]["self"], {"strength": 0}).status_code == 202
    grey = user.finished(file)
    assert grey["version"] == file["version"] + 1
    assert colourfulness(user.result(grey)) < 1 < before
    assert backend.calls == calls


def test_best_quality_asks_the_network_only_for_what_is_new(user, backend):
    file = user.coloured(made_uploads.picture())
    assert backend.calls == 1
    user.patch(file["links"]["self"], {"quality": "best"})
    assert user.finished(file)["settings"]["quality"] == "best"
    assert backend.calls == 4  # the mirror image, and both of another size


def test_a_hint_changes_the_thing_at_its_spot_and_undo_brings_it_back(user):
    file = user.coloured(made_uploads.picture("PNG"), "photo.png")
    original = decoded(user.result(file)).astype(int)
    user.patch(file["links"]["self"], {"hints": [{"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}]})
    hinted = decoded(user.result(user.finished(file))).astype(int)
    assert hinted[32, 40, 2] > hinted[32, 40, 0] + 30 and original[32, 40, 2] < original[32, 40, 0]
    assert np.abs(hinted[5, 5] - original[5, 5]).max() < 6
    user.patch(file["links"]["self"], {"hints": []})
    assert np.array_equal(decoded(user.result(user.finished(file))), original)


def test_an_animation_keeps_its_frames_and_takes_hints(user):
    file = user.coloured(made_uploads.animation(6), "moving.gif")
    assert (file["kind"], file["state"], file["frames"]) == ("animation", "done", 6)
    assert Image.open(io.BytesIO(user.result(file))).n_frames == 6
    hint = {"x": 0.5, "y": 0.5, "rgb": [60, 60, 220], "frame": 0}
    user.patch(file["links"]["self"], {"hints": [hint]})
    hinted = user.finished(file)
    assert hinted["state"] == "done", hinted
    for number in (0, 5):  # the disc moves 2 pixels a frame
        frame = decoded(user.get(f"{file['links']['self']}/frame?number={number}").get_data()).astype(int)
        red, _, blue = frame[32, 48 + 2 * number]
        assert blue > red + 20, number


def test_a_film_comes_back_as_mp4_with_progress_and_a_preview(user, tmp_path):
    reported = []
    site = user.site
    publish = site.jobs.events.publish
    site.jobs.events.publish = lambda name: (reported.append(list(site.jobs._live.values())), publish(name))
    file = user.coloured(made_uploads.film(tmp_path / "film.mp4"), "film.mkv")
    assert (file["kind"], file["state"], file["frames"]) == ("film", "done", 30), file
    assert user.result(file)[4:8] == b"ftyp"
    assert {live.done for now in reported for live in now} >= {4, 28}
    assert max(live.previews for now in reported for live in now) >= 1
    assert decoded(user.get(f"{file['links']['self']}/preview").get_data()).any()


def test_a_film_of_another_container_comes_back_as_mp4_and_says_so(user, tmp_path):
    file = user.coloured(made_uploads.film(tmp_path / "film.mkv", frames=5), "film.mkv")
    assert user.result(file)[4:8] == b"ftyp" and "MP4" in file["note"]
    same = user.coloured(made_uploads.film(tmp_path / "film.mp4", frames=5), "film.mp4")
    assert same["note"] == ""


def test_only_an_animation_with_hints_is_followed_along_its_motion(user, monkeypatch):
    followed, steps = [], hint_tracking.animation_steps
    monkeypatch.setattr(hint_tracking, "animation_steps", lambda *values: (followed.append(values), steps(*values))[1])
    file = user.coloured(made_uploads.animation(3), "moving.gif")
    plain = user.result(file)
    assert not followed
    hint = {"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}
    user.patch(file["links"]["self"], {"hints": [hint]})
    assert user.result(user.finished(file)) != plain and len(followed) == 1
    user.patch(file["links"]["self"], {"hints": []})
    assert user.result(user.finished(file)) == plain and len(followed) == 1


def test_a_hint_is_carried_through_a_film(user, tmp_path):
    file = user.coloured(made_uploads.film(tmp_path / "film.mp4", frames=12), "film.mp4")
    hint = {"x": 0.5 + 6 / 96, "y": 0.5, "rgb": [60, 60, 220], "frame": 6}
    user.patch(file["links"]["self"], {"hints": [hint]})
    hinted = user.finished(file)
    assert hinted["state"] == "done", hinted
    for number in (0, 6, 11):
        frame = decoded(user.get(f"{file['links']['self']}/frame?number={number}").get_data()).astype(int)
        red, _, blue = frame[32, 48 + number]
        assert blue > red + 20, number


def test_a_film_that_is_stopped_keeps_what_was_done_and_goes_on_later(user, backend, tmp_path):
    data = made_uploads.film(tmp_path / "film.mp4", frames=90)
    seen, original = [], backend.luma_to_chroma
    stopped = user.site.jobs.stop

    def colour(luma):
        seen.append(len(luma))
        if sum(seen) == 60:
            stopped(user.site.store.all_of(name)[0])
        return original(luma)

    backend.luma_to_chroma = colour
    with user.client.session_transaction() as session:
        name = session["visitor"]
    file = user.coloured(data, "film.mp4")
    assert file["state"] == "stopped"
    assert 0 < file["frames"] < 90
    assert user.result(file)[4:8] == b"ftyp"
    assert user.post(f"{file['links']['self']}/again").status_code == 202
    whole = user.finished(file)
    assert (whole["state"], whole["frames"]) == ("done", 90)


def test_what_has_colours_is_left_as_it_is_unless_it_is_to_be_coloured(user):
    data = made_uploads.colour_picture()
    file = user.coloured(data, "colour.png")
    assert file["in_colour"] and "colours already" in file["note"]
    assert user.result(file) == data
    user.patch(file["links"]["self"], {"force": True})
    forced = user.finished(file)
    assert not forced["in_colour"] and user.result(forced) != data


def test_a_form_with_a_file_is_taken_too(user):
    form = {"file": (io.BytesIO(made_uploads.picture()), "photo.jpg")}
    answer = user.post("/api/files", data=form, content_type="multipart/form-data")
    assert answer.status_code == 201
    assert user.finished(answer.json)["state"] == "done"


def test_samples_are_coloured_as_if_they_were_uploaded(user):
    answer = user.post("/api/samples/patio")
    assert answer.status_code == 201
    assert user.finished(answer.json)["state"] == "done"
    assert user.post("/api/samples/nothing").status_code == 404


def test_views_and_downloads(user):
    file = user.coloured(made_uploads.picture())
    for name in ("before", "after", "thumbnail"):
        assert Image.open(io.BytesIO(user.get(f"{file['links']['self']}/{name}").get_data())).format == "JPEG"
    saved = user.get(f"{file['links']['result']}&download")
    assert saved.headers["Content-Disposition"] == "attachment; filename=photo-coloured.jpg"
    assert user.get(f"{file['links']['self']}/original").get_data() == made_uploads.picture()


def test_parts_of_a_result_can_be_asked_for(user):
    file = user.coloured(made_uploads.picture())
    part = user.client.get(file["links"]["result"], headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and part.get_data() == user.result(file)[:10]


def test_all_results_as_a_zip_with_names_that_differ(user):
    files = [user.coloured(made_uploads.picture(seed=seed), "photo.jpg") for seed in (0, 1)]
    archive = zipfile.ZipFile(io.BytesIO(user.get("/api/results.zip").get_data()))
    assert archive.namelist() == ["photo-coloured.jpg", "photo-coloured-2.jpg"]
    assert archive.testzip() is None
    assert archive.read("photo-coloured-2.jpg") == user.result(files[1])


def test_deleting_removes_everything(user, tmp_path):
    file = user.coloured(made_uploads.picture())
    assert user.delete(file["links"]["self"]).status_code == 204
    assert user.get(file["links"]["self"]).status_code == 404
    assert not list((tmp_path / "data" / "files").iterdir())
    user.coloured(made_uploads.picture())
    user.delete("/api/files")
    assert user.get("/api/files").json == {"files": []}
    assert user.get("/api/results.zip").status_code == 404


def test_a_crop_is_coloured_alone_and_can_be_taken_back(user):
    file = user.coloured(made_uploads.picture("PNG"), "photo.png")
    user.patch(file["links"]["self"], {"hints": [{"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}]})
    user.finished(file)
    user.patch(file["links"]["self"], {"crop": {"turn": 1, "x": 0.5, "y": 0.25, "height": 0.5}})
    cropped = user.finished(file)
    assert (cropped["state"], cropped["size"]) == ("done", [64, 40]), cropped
    assert cropped["settings"]["hints"] == []  # their places were in another picture
    result = decoded(user.result(cropped))
    expected = np.rot90(made_uploads.grey(), -1)[:40]
    assert np.abs(color.luma(result / np.float32(255))[..., 0] * 255 - expected).max() < 1.5
    whole = Image.open(io.BytesIO(user.get(f"{file['links']['self']}/whole").get_data()))
    assert whole.size == (80, 64)
    user.patch(file["links"]["self"], {"crop": {}})
    assert user.finished(file)["size"] == [80, 64]


def test_tones_are_stretched_on_request_and_before_stays_before(user):
    faded = Image.fromarray((100 + made_uploads.grey() * 0.3).astype(np.uint8))
    buffer = io.BytesIO()
    faded.save(buffer, "PNG")
    file = user.coloured(buffer.getvalue(), "faded.png")
    user.patch(file["links"]["self"], {"stretch": True})
    user.finished(file)
    before, after = (decoded(user.get(f"{file['links']['self']}/{name}").get_data()) for name in ("before", "after"))
    assert np.ptp(before.astype(int)) < 90 and np.ptp(color.luma(after / np.float32(255))) > 0.9


def test_a_file_of_several_pages_is_split_into_them(user):
    pages = [Image.fromarray(made_uploads.grey(80 + 16 * number, 64)) for number in range(3)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    file = user.coloured(buffer.getvalue(), "album.tif")
    assert (file["pages"], file["size"]) == (3, [80, 64]) and "3 pages" in file["note"]
    made = [user.finished(each) for each in user.post(f"{file['links']['self']}/split").json["files"]]
    assert [each["size"] for each in made] == [[80, 64], [96, 64], [112, 64]]
    assert {(each["pages"], each["note"], each["state"]) for each in made} == {(1, "", "done")}
    user.patch(made[2]["links"]["self"], {"strength": 0.5})
    assert user.finished(made[2])["size"] == [112, 64]


def test_a_scan_is_split_into_files_and_stays(user):
    file = user.coloured(made_uploads.scan(), "album.png")
    assert len(file["parts"]) == 2
    answer = user.post(f"{file['links']['self']}/split")
    assert answer.status_code == 201
    parts = [user.finished(part) for part in answer.json["files"]]
    assert [part["name"] for part in parts] == ["album-1.png", "album-2.png"]
    for part in parts:
        assert part["state"] == "done" and part["parts"] == []
        assert part["size"] == pytest.approx([160, 140], abs=8)
    user.delete(file["links"]["self"])  # the parts do not need it
    user.patch(parts[0]["links"]["self"], {"crop": {}})
    assert user.finished(parts[0])["size"] == [400, 200]
    assert user.post(f"{user.coloured(made_uploads.picture())['links']['self']}/split").status_code == 409


@pytest.mark.parametrize(
    "values",
    [
        {"crop": 1},
        {"crop": {"turn": 4}},
        {"crop": {"width": 0}},
        {"crop": {"angle": 60}},
        {"crop": {"z": 1}},
        {"stretch": 1},
    ],
)
def test_wrong_crops_are_refused(user, values):
    file = user.coloured(made_uploads.picture())
    assert user.patch(file["links"]["self"], values).status_code == 400


def test_likely_colours_differ_and_fit_the_spot(user):
    file = user.coloured(made_uploads.picture())
    answer = user.get(f"{file['links']['self']}/colours?x=0.5&y=0.5").json
    assert len(answer["likely"]) >= 6 and len({tuple(rgb) for rgb in answer["likely"]}) == len(answer["likely"])
    now = color.luma(np.array(answer["now"]) / 255)
    for rgb in answer["likely"]:
        assert abs(float(color.luma(np.array(rgb) / 255)[0] - now[0])) < 0.02


def test_changes_are_told_as_server_sent_events(user):
    file = user.coloured(made_uploads.picture())
    answer = user.client.get("/api/events")
    chunks = answer.iter_encoded()
    assert next(chunks) == b"retry: 1000\n\n"
    event = next(chunks).decode()
    answer.close()
    assert event.startswith('event: files\ndata: {"files": [{') and file["id"] in event


def test_a_stream_that_ends_says_so(user, monkeypatch):
    monkeypatch.setattr(api, "_STREAM_SECONDS", 0.02)
    monkeypatch.setattr(api, "_BEAT_SECONDS", 0.01)
    chunks = list(user.client.get("/api/events").iter_encoded())
    assert chunks[1].startswith(b"event: files") and chunks[-1] == b"event: end\ndata: {}\n\n"


def test_later_events_tell_only_what_changed(user):
    kept, deleted = (user.coloured(made_uploads.picture(seed=seed)) for seed in (0, 1))
    answer = user.client.get("/api/events")
    chunks = answer.iter_encoded()
    assert next(chunks) and kept["id"] in next(chunks).decode()
    user.site.remove(user.site.store.get(deleted["id"]))
    changes = json.loads(next(chunks).decode().partition("data: ")[2])
    answer.close()
    assert changes == {"files": [], "gone": [deleted["id"]]}


def test_no_more_streams_than_allowed(make_site):
    user = User(make_site(streams=1))
    first = user.client.get("/api/events")
    assert user.client.get("/api/events").status_code == 503
    first.close()
    again = user.client.get("/api/events")
    assert again.status_code == 200
    again.close()


def test_a_program_works_with_a_token(app):
    client = app.test_client()
    token = client.post("/api/users").json["token"]
    program = {"Authorization": f"Bearer {token}"}
    answer = client.post("/api/files?name=photo.jpg", data=made_uploads.picture(), headers=program)
    assert answer.status_code == 201
    assert [file["id"] for file in client.get("/api/files", headers=program).json["files"]] == [answer.json["id"]]
    assert client.get("/api/files", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"strength": 3}, "strength"),
        ({"strength": "1"}, "strength"),
        ({"strength": True}, "strength"),
        ({"quality": "perfect"}, "quality"),
        ({"force": 1}, "force"),
        ({"colour": "red"}, "colour"),
        ({"hints": [{"x": 2, "y": 0, "rgb": [0, 0, 0]}]}, "`x`"),
        ({"hints": [{"x": 0, "y": 0, "rgb": [0, 0, 256]}]}, "rgb"),
        ({"hints": [{"x": 0, "y": 0, "rgb": None, "frame": -1}]}, "frame"),
        ({"hints": [{"x": 0, "y": 0, "rgb": None}] * 41}, "40"),
        ([], "object"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_the_reason(user, settings, word):
    file = user.coloured(made_uploads.picture())
    answer = user.patch(file["links"]["self"], settings)
    assert answer.status_code == 400 and word in answer.json["error"]
    assert user.get(file["links"]["self"]).json["settings"] == file["settings"]


def test_a_result_that_is_not_there_yet_is_told_so(make_site, backend):
    backend.gate.clear()
    user = User(make_site())
    file = user.upload(made_uploads.picture()).json
    assert user.get(f"/api/files/{file['id']}/result").status_code == 409
    assert user.get(f"/api/files/{file['id']}/after").status_code == 404


def test_a_transport_stream_with_times_is_coloured(user, tmp_path):
    data = made_uploads.stamped(made_uploads.film(tmp_path / "film.ts", frames=12))
    file = user.coloured(data, "film.m2ts")
    assert (file["kind"], file["state"], file["frames"]) == ("film", "done", 12), file


def test_programs_of_before_find_the_old_names(app, user):
    assert "token" in app.test_client().post("/api/visitors").json
    file = user.coloured(made_uploads.picture())
    assert file["wishes"] == file["settings"]
