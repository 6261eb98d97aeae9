"""The queue, the worker's process, and what is kept across restarts."""

import dataclasses
import functools
import time

import web_fakes
from web_fakes import Visitor

from serving.jobs.queue import LONG, QUICK
from serving.jobs.worker import Inline, Isolated, Model
from serving.web.settings import Limits


def test_visitors_take_turns(make_site, backend):
    order = []
    backend.gate.clear()
    app = make_site()
    one, two = Visitor(app), Visitor(app)
    update = app.extensions["colorgan"].store.update

    def recorded(identity, change):
        record = update(identity, change)
        if record is not None and record.state == "done":
            order.append(record.name)
        return record

    app.extensions["colorgan"].store.update = recorded
    files = [one.upload(web_fakes.picture(seed=n), f"one-{n}.jpg").json for n in range(4)]
    assert backend.begun.wait(30)
    files.append(two.upload(web_fakes.picture(), "two.jpg").json)
    backend.gate.set()
    for file in files:
        one.finished(file)
    assert order.index("two.jpg") <= 2


def test_a_picture_does_not_wait_for_a_film(make_site, tmp_path):
    slow, quick = web_fakes.FakeBackend(), web_fakes.FakeBackend()
    slow.gate.clear()
    runners = {QUICK: Inline(lambda: (quick, "fake")), LONG: Inline(lambda: (slow, "fake"))}
    visitor = Visitor(make_site(runners))
    film = visitor.upload(web_fakes.film(tmp_path / "film.mp4"), "film.mp4").json
    assert slow.begun.wait(30)
    assert visitor.coloured(web_fakes.picture())["state"] == "done"
    assert visitor.get(film["links"]["self"]).json["state"] == "working"
    slow.gate.set()
    assert visitor.finished(film)["state"] == "done"


def test_a_file_that_waits_can_be_stopped_and_started_again(make_site, backend):
    backend.gate.clear()
    visitor = Visitor(make_site())
    first = visitor.upload(web_fakes.picture()).json
    assert backend.begun.wait(30)
    second = visitor.upload(web_fakes.picture(seed=1)).json
    visitor.post(f"{second['links']['self']}/stop")
    assert visitor.get(second["links"]["self"]).json["state"] == "stopped"
    visitor.post(f"{second['links']['self']}/again")
    backend.gate.set()
    assert visitor.finished(second)["state"] == visitor.finished(first)["state"] == "done"


def test_new_wishes_replace_those_being_worked_on(make_site, backend):
    backend.gate.clear()
    visitor = Visitor(make_site())
    file = visitor.upload(web_fakes.picture()).json
    assert backend.begun.wait(30)
    visitor.patch(file["links"]["self"], {"strength": 0.5})
    visitor.patch(file["links"]["self"], {"strength": 0.0})
    backend.gate.set()
    site = visitor.site
    seen = 0
    while site.store.get(file["id"]).wishes.strength != 0 or visitor.finished(file)["version"] < 1:
        seen = site.jobs.board.wait(site.store.get(file["id"]).visitor, seen, 60)
    done = visitor.finished(file)
    assert (done["state"], done["wishes"]["strength"]) == ("done", 0)


def test_a_file_deleted_while_it_is_worked_on_leaves_nothing(make_site, backend, tmp_path):
    backend.gate.clear()
    visitor = Visitor(make_site())
    file = visitor.upload(web_fakes.picture()).json
    assert backend.begun.wait(30)
    assert visitor.delete(file["links"]["self"]).status_code == 204
    backend.gate.set()
    assert visitor.coloured(web_fakes.picture(seed=1))["state"] == "done"
    assert len(list((tmp_path / "data" / "files").iterdir())) == 1


def test_files_and_sessions_are_kept_across_a_restart(make_site):
    first = make_site()
    visitor = Visitor(first)
    file = visitor.coloured(web_fakes.picture())
    cookie = visitor.client.get_cookie("colorgan").value
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
    visitor = Visitor(app)
    file = visitor.upload(web_fakes.picture()).json
    store = app.extensions["colorgan"].store
    store.update(file["id"], lambda record: dataclasses.replace(record, state="working"))
    app.extensions["colorgan"].start()
    assert visitor.finished(file)["state"] == "done"


def test_old_files_are_removed(make_site, tmp_path):
    visitor = Visitor(make_site(age_days=1.0))
    file = visitor.coloured(web_fakes.picture())
    assert visitor.site.remove_old() == 0
    visitor.site.store._database.execute("UPDATE files SET touched = ?", (time.time() - 90_000,))
    assert visitor.site.remove_old() == 1
    assert visitor.get(file["links"]["self"]).status_code == 404
    assert not list((tmp_path / "data" / "files").iterdir())


def test_a_file_that_takes_the_worker_down_fails_alone(make_site):
    runner = Isolated(Model(None), 60, load=web_fakes.load_crashing)
    visitor = Visitor(make_site({QUICK: runner, LONG: Inline(web_fakes.load_crashing)}))
    assert visitor.coloured(web_fakes.picture())["state"] == "done"
    crashed = visitor.coloured(web_fakes.picture(level=3), "dark.jpg")
    assert crashed["state"] == "failed" and "damaged, or too large" in crashed["note"]
    assert visitor.coloured(web_fakes.picture(seed=1))["state"] == "done"


def test_a_file_that_takes_too_long_is_given_up(make_site):
    runner = Isolated(Model(None), 0.0, load=web_fakes.load_crashing)
    visitor = Visitor(make_site({QUICK: runner, LONG: runner}))
    given_up = visitor.coloured(web_fakes.picture())
    assert given_up["state"] == "failed" and "too long" in given_up["note"]


def test_a_model_that_cannot_be_loaded_is_told_with_each_file(make_site, tmp_path):
    runner = Isolated(Model(tmp_path / "nothing"), 60)
    visitor = Visitor(make_site({QUICK: runner, LONG: runner}))
    assert "does not exist" in visitor.coloured(web_fakes.picture())["note"]


def test_a_model_that_comes_up_late_is_taken_then(make_site, tmp_path):
    runner = Isolated(Model(None), 60, load=functools.partial(web_fakes.load_when, tmp_path / "up"))
    visitor = Visitor(make_site({QUICK: runner, LONG: runner}))
    assert "must exist" in visitor.coloured(web_fakes.picture())["note"]
    (tmp_path / "up").touch()
    assert visitor.coloured(web_fakes.picture(seed=1))["state"] == "done"


def test_limits_have_sensible_defaults():
    limits = Limits()
    assert limits.waiting_each < limits.waiting and limits.bytes_each < limits.bytes_all
