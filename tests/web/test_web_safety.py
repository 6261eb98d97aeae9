"""What a user must not be able to do, each with its expected answer."""

import gzip
import io
import re
import struct
import zlib

import made_uploads
import pytest
from PIL import Image
from site_user import User

from serving.jobs import texts as job_texts
from serving.web.security import RateLimit


def png_that_claims(width, height):
    """A PNG of a few bytes whose header says that it is huge."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


# === Whose files ===


def test_users_cannot_see_each_others_files(app):
    owner, other = User(app), User(app)
    file = owner.coloured(made_uploads.picture())
    base = file["links"]["self"]
    views = [f"{base}/{name}" for name in ("result", "original", "before", "after", "thumbnail", "frame", "preview")]
    for address in [base, f"/files/{file['id']}", f"{base}/colours?x=0&y=0", *views]:
        assert other.get(address).status_code == 404, address
    assert other.patch(base, {"strength": 0}).status_code == 404
    assert other.post(f"{base}/stop").status_code == 404
    assert other.post(f"{base}/again").status_code == 404
    assert other.delete(base).status_code == 404
    assert other.get("/api/files").json == {"files": []}
    other.delete("/api/files")
    assert owner.get(base).json["state"] == "done"
    assert file["name"] not in other.get("/gallery").get_data(as_text=True)


def test_a_session_that_is_not_signed_by_the_site_is_nobody(app, user):
    file = user.coloured(made_uploads.picture())
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = user.client.get_cookie(name).value
    thief = app.test_client()
    thief.set_cookie(name, cookie[:-4] + ("AAAA" if cookie[-4:] != "AAAA" else "BBBB"))
    assert thief.get(file["links"]["self"]).status_code == 404


def test_names_of_files_and_users_cannot_be_guessed(user):
    ids = {user.upload(made_uploads.picture()).json["id"] for _ in range(5)}
    assert len(ids) == 5 and min(map(len, ids)) >= 24


# === Requests from other sites ===


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/api/files?name=x.jpg"),
        ("POST", "/api/samples/patio"),
        ("DELETE", "/api/files"),
        ("PATCH", "/api/files/x"),
        ("POST", "/api/files/x/stop"),
    ],
)
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_nothing_is_changed_without_the_token_of_the_page(user, method, address, token):
    headers = {} if token is None else {"X-CSRF-Token": token}
    answer = user.client.open(address, method=method, headers=headers, data=made_uploads.picture())
    assert answer.status_code == 403 and "error" in answer.json


def test_another_origin_is_refused_even_with_the_token(user):
    headers = user.headers | {"Origin": "https://elsewhere.example"}
    assert user.client.post("/api/files", headers=headers, data=made_uploads.picture()).status_code == 403


def test_a_token_of_another_user_is_refused(app):
    one, two = User(app), User(app)
    assert one.client.delete("/api/files", headers=two.headers).status_code == 403


# === What is uploaded ===


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("film.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
        ("film.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("photo.jpg", b"\xff\xd8\xff\xe0 not a picture"),
        ("photo.png", gzip.compress(b"\0" * 100_000)),
        ("drawing.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n"),
        ("program.gif", b"\x7fELF" + b"\0" * 500),
    ],
)
def test_the_type_is_decided_by_the_content(user, name, data):
    answer = user.upload(data, name)
    assert answer.status_code == 415
    assert re.search("cannot be read|not a picture", answer.json["error"])
    assert user.get("/api/files").json == {"files": []}


def test_a_picture_with_a_wrong_ending_is_what_it_is(user):
    file = user.coloured(made_uploads.picture("PNG"), "film.mp4")
    assert (file["kind"], file["state"]) == ("picture", "done")
    assert Image.open(io.BytesIO(user.result(file))).format == "PNG"


def test_an_empty_file_is_refused(user):
    assert user.upload(b"").status_code == 400


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_small_file_that_claims_a_huge_picture_is_refused_by_its_header(user, side):
    answer = user.upload(png_that_claims(side, side), "bomb.png")
    assert answer.status_code == 413 and "large" in answer.json["error"]


def test_an_animation_of_too_many_frames_is_refused(make_site):
    user = User(make_site(animation_frames=5))
    answer = user.upload(made_uploads.animation(6), "long.gif")
    assert answer.status_code == 413 and "6 frames" in answer.json["error"]


def test_a_film_that_is_too_long_is_not_coloured(make_site, tmp_path):
    user = User(make_site(film_seconds=1.0))
    file = user.coloured(made_uploads.film(tmp_path / "film.mp4"), "film.mp4")
    assert file["state"] == "failed" and "too long" in file["note"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused(make_site, announced):
    user = User(make_site(upload_bytes=1000))
    data = made_uploads.picture(width=400, height=400)
    source = data if announced else iter([data[:500], data[500:]])
    options = (
        {} if announced else {"environ_overrides": {"wsgi.input_terminated": True}, "input_stream": io.BytesIO(data)}
    )
    answer = user.post("/api/files", **({"data": source} if announced else options))
    assert answer.status_code == 413 and "too large" in answer.json["error"]


def test_a_damaged_film_fails_alone_and_tells_no_path(user, tmp_path):
    data = made_uploads.film(tmp_path / "film.mp4")
    file = user.coloured(data[:200], "holiday.mp4")
    assert (file["state"], file["note"]) == ("failed", job_texts.DAMAGED)
    assert user.coloured(made_uploads.picture())["state"] == "done"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/absolute/photo.jpg", "photo.jpg"),
        ("..", "file.jpg"),
        ("", "file.jpg"),
        ("a\0b\nc.jpg", "abc.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "img src=x onerror=alert(1).jpg"),
        ("Großmutter 1931.jpg", "Großmutter 1931.jpg"),
        ("a" * 250 + "b" * 250 + ".jpg", "a" * 59 + "…" + "b" * 56 + ".jpg"),
    ],
)
def test_names_are_shown_but_never_used_as_paths(user, tmp_path, name, shown):
    file = user.coloured(made_uploads.picture(), name)
    assert file["name"] == shown and file["state"] == "done"
    stored = {path.relative_to(tmp_path / "data").parts[0] for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert stored <= {"files", "secret", "site.sqlite", "site.sqlite-wal", "site.sqlite-shm"}
    assert user.get(f"/files/{file['id']}").status_code == 200


def test_names_are_escaped_in_pages(user):
    file = user.coloured(made_uploads.picture(), "</script>&'tis.jpg")
    for page in (f"/files/{file['id']}", "/gallery"):
        text = user.get(page).get_data(as_text=True)
        assert "&'tis" not in re.sub(r"(?s)<script type=.application/json.*?</script>", "", text)
        assert text.count("</script>") == text.count("<script")


@pytest.mark.parametrize(
    "address",
    [
        "/api/files/..%2f..%2fsite.sqlite",
        "/api/files/../../secret/result",
        "/files/..%2fsecret",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/samples/..%2f..%2fphotos%2fx.jpg",
        "/api/samples/../secret",
        "/nothing",
    ],
)
def test_no_path_leads_out(user, address):
    for method in ("GET", "POST"):
        assert user.client.open(address, method=method, headers=user.headers).status_code in (404, 405)


# === How much ===


def test_fifty_uploads_at_once_all_finish_or_are_refused_politely(make_site, backend):
    backend.gate.clear()
    user = User(make_site(waiting_each=30))
    answers = [user.upload(made_uploads.picture(seed=seed)) for seed in range(50)]
    backend.gate.set()
    taken = [answer.json for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(taken) + len(refused) == 50 and 30 <= len(taken) <= 31
    assert all("waiting" in answer.json["error"] for answer in refused)
    assert all(user.finished(file)["state"] == "done" for file in taken)


def test_the_queue_of_all_users_is_bounded(make_site, backend):
    backend.gate.clear()
    app = make_site(waiting=3)
    statuses = [User(app).upload(made_uploads.picture()).status_code for _ in range(6)]
    assert statuses.count(503) >= 2 and set(statuses) == {201, 503}


def test_a_user_may_keep_only_so_much(make_site):
    user = User(make_site(files_each=1))
    user.coloured(made_uploads.picture())
    answer = user.upload(made_uploads.picture())
    assert answer.status_code == 507 and "gallery is full" in answer.json["error"]


def test_requests_are_limited_by_address(make_site):
    user = User(make_site(uploads_a_minute=2))
    assert [user.upload(b"x").status_code for _ in range(3)] == [415, 415, 429]


def test_the_rate_limit_fills_up_again_with_time():
    limit = RateLimit(60)
    assert all(limit.allows("a", now=0.0) for _ in range(60))
    assert not limit.allows("a", now=0.0) and limit.allows("b", now=0.0)
    assert limit.allows("a", now=1.5) and not limit.allows("a", now=1.5)


# === Answers ===


@pytest.mark.parametrize("address", ["/", "/gallery", "/api", "/api/files", "/nothing", "/static/site.css", "/healthz"])
def test_every_answer_carries_the_protecting_headers(user, address):
    headers = user.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_users_files_are_sent_into_a_sandbox(user):
    file = user.coloured(made_uploads.picture())
    for address in (file["links"]["result"], f"{file['links']['self']}/original"):
        assert "sandbox" in user.get(address).headers["Content-Security-Policy"]
    assert user.get(f"{file['links']['self']}/original").mimetype == "application/octet-stream"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app):
    cookie = app.test_client().get("/").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_behind_https_the_cookie_is_never_sent_in_the_open(tmp_path):
    from serving.web.app import create_app
    from serving.web.settings import Settings

    app = create_app(Settings(data=tmp_path / "data", https=True, isolate=False))
    answer = app.test_client().get("/", base_url="https://colour.example")
    assert "Secure" in answer.headers["Set-Cookie"] and "Strict-Transport-Security" in answer.headers
    app.extensions["colorgan"].store.close()


def test_an_unexpected_error_tells_nothing(user, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(user.site.store, "all_of", broken)
    for address in ("/gallery", "/api/files"):
        answer = user.get(address)
        assert answer.status_code == 500 and b"secret detail" not in answer.get_data()


def test_figures_are_for_this_machine_only(user):
    user.coloured(made_uploads.picture())
    assert b'colorgan_web_files_total{kind="picture",state="done"} 1.0' in user.get("/metrics").get_data()
    outside = {"REMOTE_ADDR": "203.0.113.7"}
    assert user.client.get("/metrics", environ_overrides=outside).status_code == 404
    assert user.client.get("/healthz", environ_overrides=outside).json["status"] == "ok"


def test_the_data_can_be_read_by_its_owner_only(user, tmp_path):
    user.coloured(made_uploads.picture())
    data = tmp_path / "data"
    for path in (data, data / "files", data / "secret", *(data / "files").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("deep", ["[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000])
def test_settings_that_are_nested_deep_are_refused(user, deep):
    file = user.coloured(made_uploads.picture())
    headers = user.headers | {"Content-Type": "application/json"}
    answer = user.client.patch(file["links"]["self"], headers=headers, data=deep)
    assert answer.status_code == 400 and "JSON object" in answer.json["error"]


def test_a_huge_list_of_settings_is_refused(user):
    file = user.coloured(made_uploads.picture())
    answer = user.client.patch(file["links"]["self"], headers=user.headers, json={"hints": [{"x": 0, "y": 0}] * 10_000})
    assert answer.status_code == 413
