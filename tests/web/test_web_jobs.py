"""The queue, the worker's process, and what is kept across restarts."""

import dataclasses
import functools
import time

import made_uploads
from site_user import User

from serving.jobs import texts as job_texts
from serving.jobs.queue import LONG, QUICK
from serving.jobs.workers import InlineWorker, Model, ProcessWorker
from serving.web.settings import SiteLimits


def test_users_take_turns(make_site, backend):
    order = []
    backend.gate.clear()
    app = make_site()
    one, two = User(app), User(app)
    update = app.extensions["colorgan"].store.update

    def recorded(identity, change):
        record = update(identity, change)
        if record is not None and record.state == "done":
            order.append(record.name)
        return record

    app.extensions["colorgan"].store.update = recorded
    files = [one.upload(made_uploads.picture(seed=n), f"one-{n}.jpg").json for n in range(4)]
    assert backend.begun.wait(30)
    files.append(two.upload(made_uploads.picture(), "two.jpg").json)
    backend.gate.set()
    for file in files:
        one.finished(file)
    assert order.index("two.jpg") <= 2


def test_a_picture_does_not_wait_for_a_film(make_site, tmp_path):
    slow, quick = made_uploads.FakeBackend(), made_uploads.FakeBackend()
    slow.gate.clear()
    runners = {QUICK: InlineWorker(lambda: quick), LONG: InlineWorker(lambda: slow)}
    user = User(make_site(runners))
    film = user.upload(made_uploads.film(tmp_path / "film.mp4"), "film.mp4").json
    assert slow.begun.wait(30)
    assert user.coloured(made_uploads.picture())["state"] == "done"
    assert user.get(film["links"]["self"]).json["state"] == "working"
    slow.gate.set()
    assert user.finished(film)["state"] == "done"


def test_a_file_that_waits_can_be_stopped_and_started_again(make_site, backend):
    backend.gate.clear()
    user = User(make_site())
    first = user.upload(made_uploads.picture()).json
    assert backend.begun.wait(30)
    second = user.upload(made_uploads.picture(seed=1)).json
    user.post(f"{second['links']['self']}/stop")
    assert user.get(second["links"]["self"]).json["state"] == "stopped"
    user.post(f"{second['links']['self']}/again")
    backend.gate.set()
    assert user.finished(second)["state"] == user.finished(first)["state"] == "done"


def test_new_settings_replace_those_being_worked_on(make_site, backend):
    backend.gate.clear()
    user = User(make_site())
    file = user.upload(made_uploads.picture()).json
    assert backend.begun.wait(30)
    user.patch(file["links"]["self"], {"strength": 0.5})
    user.patch(file["links"]["self"], {"strength": 0.0})
    backend.gate.set()
    site = user.site
    seen = 0
    while site.store.get(file["id"]).settings.strength != 0 or user.finished(file)["version"] < 1:
        seen = site.jobs.events.wait(site.store.get(file["id"]).user, seen, 60)
    done = user.finished(file)
    assert (done["state"], done["settings"]["strength"]) == ("done", 0)


def test_a_file_deleted_while_it_is_worked_on_leaves_nothing(make_site, backend, tmp_path):
    backend.gate.clear()
    user = User(make_site())
    file = user.upload(made_uploads.picture()).json
    assert backend.begun.wait(30)
    assert user.delete(file["links"]["self"]).status_code == 204
    backend.gate.set()
    assert user.coloured(made_uploads.picture(seed=1))["state"] == "done"
    assert len(list((tmp_path / "data" / "files").iterdir())) == 1


def test_files_and_sessions_are_kept_across_a_restart(make_site):
    first = make_site()
    user = User(first)
    file = user.coloured(made_uploads.picture())
    cookie = user.client.get_cookie("colorgan").value
    first.extensions["colorgan"].close()
    second = make_site()
    client = second.test_client()
    client.set_cookie("colorgan", cookie)
    assert client.get(file["links"]["self"]).json["state"] == "done"
    assert client.get(file["links"]["result"]).status_code == 200
    first.extensions["colorgan"].store.__init__(
        first.extensions["colorgan"].settings.data
    )  # closed again by the fixture


def test_work_that_a_stop_of_the_site_interrupted_goes_on_at_the_next_start(make_site, backend):
    app = make_site(start=False)
    user = User(app)
    file = user.upload(made_uploads.picture()).json
    store = app.extensions["colorgan"].store
    store.update(file["id"], lambda record: dataclasses.replace(record, state="working"))
    app.extensions["colorgan"].start()
    assert user.finished(file)["state"] == "done"


def test_old_files_are_removed(make_site, tmp_path):
    user = User(make_site(age_days=1.0))
    file = user.coloured(made_uploads.picture())
    assert user.site.remove_old() == 0
    user.site.store._database.execute("UPDATE files SET touched = ?", (time.time() - 90_000,))
    assert user.site.remove_old() == 1
    assert user.get(file["links"]["self"]).status_code == 404
    assert not list((tmp_path / "data" / "files").iterdir())


def test_a_file_that_takes_the_worker_down_fails_alone(make_site):
    runner = ProcessWorker(Model(None), 60, load=made_uploads.load_crashing)
    user = User(make_site({QUICK: runner, LONG: InlineWorker(made_uploads.load_crashing)}))
    assert user.coloured(made_uploads.picture())["state"] == "done"
    crashed = user.coloured(made_uploads.picture(level=3), "dark.jpg")
    assert crashed["state"] == "failed" and "damaged, or too large" in crashed["note"]
    assert user.coloured(made_uploads.picture(seed=1))["state"] == "done"


def test_a_file_that_takes_too_long_is_given_up(make_site):
    runner = ProcessWorker(Model(None), 0.0, load=made_uploads.load_crashing)
    user = User(make_site({QUICK: runner, LONG: runner}))
    given_up = user.coloured(made_uploads.picture())
    assert given_up["state"] == "failed" and "too long" in given_up["note"]


def test_a_model_that_cannot_be_loaded_is_told_with_each_file(make_site, tmp_path):
    runner = ProcessWorker(Model(tmp_path / "nothing"), 60)
    user = User(make_site({QUICK: runner, LONG: runner}))
    assert user.coloured(made_uploads.picture())["note"] == job_texts.NO_MODEL


def test_a_model_that_comes_up_late_is_taken_then(make_site, tmp_path):
    runner = ProcessWorker(Model(None), 60, load=functools.partial(made_uploads.load_when, tmp_path / "up"))
    user = User(make_site({QUICK: runner, LONG: runner}))
    assert user.coloured(made_uploads.picture())["note"] == job_texts.NO_MODEL
    (tmp_path / "up").touch()
    assert user.coloured(made_uploads.picture(seed=1))["state"] == "done"


def test_limits_have_sensible_defaults():
    limits = SiteLimits()
    assert limits.waiting_each < limits.waiting and limits.bytes_each < limits.bytes_all
