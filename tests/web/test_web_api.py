"""A visitor's way: a file goes in, its coloured result comes out, and wishes change it."""

import io
import json
import zipfile

import numpy as np
import pytest
import web_fakes
from PIL import Image
from web_fakes import Visitor

from colorgan_tf import color
from colorgan_tf.inference.colorizer import Colorizer
from pipelines.stills import picture as stills
from serving.jobs import tracks


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def colourfulness(data):
    return float(np.ptp(decoded(data).astype(float), axis=-1).mean())


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
def test_a_picture_comes_back_in_colour_as_the_same_kind(visitor, file_format):
    file = visitor.coloured(web_fakes.picture(file_format), "album/photo.any")
    assert (file["state"], file["kind"], file["size"]) == ("done", "picture", [80, 64])
    result = visitor.result(file)
    assert Image.open(io.BytesIO(result)).format == file_format
    assert colourfulness(result) > 10


def test_the_result_is_that_of_the_colorizer(visitor, backend, tmp_path):
    file = visitor.coloured(web_fakes.picture("PNG"), "photo.png")
    (tmp_path / "photo.png").write_bytes(web_fakes.picture("PNG"))
    expected = stills.colorize(stills.read(tmp_path / "photo.png"), Colorizer(backend))
    # The site keeps the network's chroma in half precision.
    assert np.abs(decoded(visitor.result(file)).astype(int) - expected).max() <= 1


def test_luma_stays(visitor):
    file = visitor.coloured(web_fakes.picture("PNG"), "photo.png")
    luma = color.luma(decoded(visitor.result(file)) / np.float32(255))[..., 0] * 255
    assert np.abs(luma - web_fakes.grey()).max() < 1


def test_strength_changes_without_the_network_and_without_an_upload(visitor, backend):
    file = visitor.coloured(web_fakes.picture())
    before, calls = colourfulness(visitor.result(file)), backend.calls
    assert visitor.patch(file["links"]["self"], {"strength": 0}).status_code == 202
    grey = visitor.finished(file)
    assert grey["version"] == file["version"] + 1
    assert colourfulness(visitor.result(grey)) < 1 < before
    assert backend.calls == calls


def test_best_quality_asks_the_network_only_for_what_is_new(visitor, backend):
    file = visitor.coloured(web_fakes.picture())
    assert backend.calls == 1
    visitor.patch(file["links"]["self"], {"quality": "best"})
    assert visitor.finished(file)["wishes"]["quality"] == "best"
    assert backend.calls == 4  # the mirror image, and both of another size


def test_a_hint_changes_the_thing_at_its_spot_and_undo_brings_it_back(visitor):
    file = visitor.coloured(web_fakes.picture("PNG"), "photo.png")
    original = decoded(visitor.result(file)).astype(int)
    visitor.patch(file["links"]["self"], {"hints": [{"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}]})
    hinted = decoded(visitor.result(visitor.finished(file))).astype(int)
    assert hinted[32, 40, 2] > hinted[32, 40, 0] + 30 and original[32, 40, 2] < original[32, 40, 0]
    assert np.abs(hinted[5, 5] - original[5, 5]).max() < 6
    visitor.patch(file["links"]["self"], {"hints": []})
    assert np.array_equal(decoded(visitor.result(visitor.finished(file))), original)


def test_an_animation_keeps_its_frames_and_takes_hints(visitor):
    file = visitor.coloured(web_fakes.animation(6), "moving.gif")
    assert (file["kind"], file["state"], file["frames"]) == ("animation", "done", 6)
    assert Image.open(io.BytesIO(visitor.result(file))).n_frames == 6
    hint = {"x": 0.5, "y": 0.5, "rgb": [60, 60, 220], "frame": 0}
    visitor.patch(file["links"]["self"], {"hints": [hint]})
    hinted = visitor.finished(file)
    assert hinted["state"] == "done", hinted
    for number in (0, 5):  # the disc moves 2 pixels a frame
        frame = decoded(visitor.get(f"{file['links']['self']}/frame?number={number}").get_data()).astype(int)
        red, _, blue = frame[32, 48 + 2 * number]
        assert blue > red + 20, number


def test_a_film_comes_back_as_mp4_with_progress_and_a_preview(visitor, tmp_path):
    told = []
    site = visitor.site
    announce = site.jobs.board.announce
    site.jobs.board.announce = lambda name: (told.append(list(site.jobs._live.values())), announce(name))
    file = visitor.coloured(web_fakes.film(tmp_path / "film.mp4"), "film.mkv")
    assert (file["kind"], file["state"], file["frames"]) == ("film", "done", 30), file
    assert visitor.result(file)[4:8] == b"ftyp"
    assert {live.done for now in told for live in now} >= {4, 28}
    assert max(live.previews for now in told for live in now) >= 1
    assert decoded(visitor.get(f"{file['links']['self']}/preview").get_data()).any()


def test_a_film_of_another_container_comes_back_as_mp4_and_says_so(visitor, tmp_path):
    file = visitor.coloured(web_fakes.film(tmp_path / "film.mkv", frames=5), "film.mkv")
    assert visitor.result(file)[4:8] == b"ftyp" and "MP4" in file["note"]
    same = visitor.coloured(web_fakes.film(tmp_path / "film.mp4", frames=5), "film.mp4")
    assert same["note"] == ""


def test_only_an_animation_with_hints_is_followed_along_its_motion(visitor, monkeypatch):
    followed, steps = [], tracks.animation_steps
    monkeypatch.setattr(tracks, "animation_steps", lambda *values: (followed.append(values), steps(*values))[1])
    file = visitor.coloured(web_fakes.animation(3), "moving.gif")
    plain = visitor.result(file)
    assert not followed
    hint = {"x": 0.5, "y": 0.5, "rgb": [60, 60, 220]}
    visitor.patch(file["links"]["self"], {"hints": [hint]})
    assert visitor.result(visitor.finished(file)) != plain and len(followed) == 1
    visitor.patch(file["links"]["self"], {"hints": []})
    assert visitor.result(visitor.finished(file)) == plain and len(followed) == 1


def test_a_hint_is_carried_through_a_film(visitor, tmp_path):
    file = visitor.coloured(web_fakes.film(tmp_path / "film.mp4", frames=12), "film.mp4")
    hint = {"x": 0.5 + 6 / 96, "y": 0.5, "rgb": [60, 60, 220], "frame": 6}
    visitor.patch(file["links"]["self"], {"hints": [hint]})
    hinted = visitor.finished(file)
    assert hinted["state"] == "done", hinted
    for number in (0, 6, 11):
        frame = decoded(visitor.get(f"{file['links']['self']}/frame?number={number}").get_data()).astype(int)
        red, _, blue = frame[32, 48 + number]
        assert blue > red + 20, number


def test_a_film_that_is_stopped_keeps_what_was_done_and_goes_on_later(visitor, backend, tmp_path):
    data = web_fakes.film(tmp_path / "film.mp4", frames=90)
    seen, original = [], backend.luma_to_chroma
    stopped = visitor.site.jobs.stop

    def colour(luma):
        seen.append(len(luma))
        if sum(seen) == 60:
            stopped(visitor.site.store.all_of(name)[0])
        return original(luma)

    backend.luma_to_chroma = colour
    with visitor.client.session_transaction() as session:
        name = session["visitor"]
    file = visitor.coloured(data, "film.mp4")
    assert file["state"] == "stopped"
    assert 0 < file["frames"] < 90
    assert visitor.result(file)[4:8] == b"ftyp"
    assert visitor.post(f"{file['links']['self']}/again").status_code == 202
    whole = visitor.finished(file)
    assert (whole["state"], whole["frames"]) == ("done", 90)


def test_what_has_colours_is_left_as_it_is_unless_it_is_to_be_coloured(visitor):
    data = web_fakes.colour_picture()
    file = visitor.coloured(data, "colour.png")
    assert file["in_colour"] and "colours already" in file["note"]
    assert visitor.result(file) == data
    visitor.patch(file["links"]["self"], {"force": True})
    forced = visitor.finished(file)
    assert not forced["in_colour"] and visitor.result(forced) != data


def test_a_form_with_a_file_is_taken_too(visitor):
    form = {"file": (io.BytesIO(web_fakes.picture()), "photo.jpg")}
    answer = visitor.post("/api/files", data=form, content_type="multipart/form-data")
    assert answer.status_code == 201
    assert visitor.finished(answer.json)["state"] == "done"


def test_samples_are_coloured_as_if_they_were_uploaded(visitor):
    answer = visitor.post("/api/samples/patio")
    assert answer.status_code == 201
    assert visitor.finished(answer.json)["state"] == "done"
    assert visitor.post("/api/samples/nothing").status_code == 404


def test_views_and_downloads(visitor):
    file = visitor.coloured(web_fakes.picture())
    for name in ("before", "after", "thumbnail"):
        assert Image.open(io.BytesIO(visitor.get(f"{file['links']['self']}/{name}").get_data())).format == "JPEG"
    saved = visitor.get(f"{file['links']['result']}&download")
    assert saved.headers["Content-Disposition"] == "attachment; filename=photo-coloured.jpg"
    assert visitor.get(f"{file['links']['self']}/original").get_data() == web_fakes.picture()


def test_parts_of_a_result_can_be_asked_for(visitor):
    file = visitor.coloured(web_fakes.picture())
    part = visitor.client.get(file["links"]["result"], headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and part.get_data() == visitor.result(file)[:10]


def test_all_results_as_a_zip_with_names_that_differ(visitor):
    files = [visitor.coloured(web_fakes.picture(seed=seed), "photo.jpg") for seed in (0, 1)]
    archive = zipfile.ZipFile(io.BytesIO(visitor.get("/api/results.zip").get_data()))
    assert archive.namelist() == ["photo-coloured.jpg", "photo-coloured-2.jpg"]
    assert archive.testzip() is None
    assert archive.read("photo-coloured-2.jpg") == visitor.result(files[1])


def test_deleting_removes_everything(visitor, tmp_path):
    file = visitor.coloured(web_fakes.picture())
    assert visitor.delete(file["links"]["self"]).status_code == 204
    assert visitor.get(file["links"]["self"]).status_code == 404
    assert not list((tmp_path / "data" / "files").iterdir())
    visitor.coloured(web_fakes.picture())
    visitor.delete("/api/files")
    assert visitor.get("/api/files").json == {"files": []}
    assert visitor.get("/api/results.zip").status_code == 404


def test_likely_colours_differ_and_fit_the_spot(visitor):
    file = visitor.coloured(web_fakes.picture())
    answer = visitor.get(f"{file['links']['self']}/colours?x=0.5&y=0.5").json
    assert len(answer["likely"]) >= 6 and len({tuple(rgb) for rgb in answer["likely"]}) == len(answer["likely"])
    now = color.luma(np.array(answer["now"]) / 255)
    for rgb in answer["likely"]:
        assert abs(float(color.luma(np.array(rgb) / 255)[0] - now[0])) < 0.02


def test_changes_are_told_as_server_sent_events(visitor):
    file = visitor.coloured(web_fakes.picture())
    answer = visitor.client.get("/api/events")
    chunks = answer.iter_encoded()
    assert next(chunks) == b"retry: 1000\n\n"
    event = next(chunks).decode()
    answer.close()
    assert event.startswith('event: files\ndata: {"files": [{') and file["id"] in event


def test_later_events_tell_only_what_changed(visitor):
    kept, deleted = (visitor.coloured(web_fakes.picture(seed=seed)) for seed in (0, 1))
    answer = visitor.client.get("/api/events")
    chunks = answer.iter_encoded()
    assert next(chunks) and kept["id"] in next(chunks).decode()
    visitor.site.remove(visitor.site.store.get(deleted["id"]))
    news = json.loads(next(chunks).decode().partition("data: ")[2])
    answer.close()
    assert news == {"files": [], "gone": [deleted["id"]]}


def test_no_more_streams_than_allowed(make_site):
    visitor = Visitor(make_site(streams=1))
    first = visitor.client.get("/api/events")
    assert visitor.client.get("/api/events").status_code == 503
    first.close()
    again = visitor.client.get("/api/events")
    assert again.status_code == 200
    again.close()


def test_a_program_works_with_a_token(app):
    client = app.test_client()
    token = client.post("/api/visitors").json["token"]
    program = {"Authorization": f"Bearer {token}"}
    answer = client.post("/api/files?name=photo.jpg", data=web_fakes.picture(), headers=program)
    assert answer.status_code == 201
    assert [file["id"] for file in client.get("/api/files", headers=program).json["files"]] == [answer.json["id"]]
    assert client.get("/api/files", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    ("wishes", "word"),
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
def test_wishes_that_make_no_sense_are_refused_with_the_reason(visitor, wishes, word):
    file = visitor.coloured(web_fakes.picture())
    answer = visitor.patch(file["links"]["self"], wishes)
    assert answer.status_code == 400 and word in answer.json["error"]
    assert visitor.get(file["links"]["self"]).json["wishes"] == file["wishes"]


def test_a_result_that_is_not_there_yet_is_told_so(make_site, backend):
    backend.gate.clear()
    visitor = Visitor(make_site())
    file = visitor.upload(web_fakes.picture()).json
    assert visitor.get(f"/api/files/{file['id']}/result").status_code == 409
    assert visitor.get(f"/api/files/{file['id']}/after").status_code == 404
