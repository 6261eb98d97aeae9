"""The JSON API: what the site's own pages use, and programs may."""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from colorgan_tf.errors import RequestError
from serving.jobs import records, references, splitting
from serving.jobs import texts as job_texts
from serving.jobs.records import FileRecord
from serving.language import gettext
from serving.web import security, texts, uploads
from serving.web.site import Site, as_json, own_file, site

api = Blueprint("api", __name__, url_prefix="/api")
_STREAM_SECONDS, _BEAT_SECONDS, _PAUSE_SECONDS = 55.0, 10.0, 0.1
_LARGEST_JSON = 64 * 1024


@api.post("/users")
@api.post("/visitors")  # the name that programs of before know
def new_user() -> tuple[Response, int]:
    """Gives a program a token of its own."""
    return jsonify(token=security.token(current_app, security.new_user())), 201


@api.get("/files")
def files() -> Response:
    """Lists the user's files, the newest first."""
    return jsonify(files=[as_json(record) for record in site().store.all_of(g.user)])


@api.post("/files")
def upload() -> tuple[Response, int]:
    """Takes a file in: the body is the file, `?name=` its name; or a form with the field `file`."""
    if request.mimetype == "multipart/form-data":
        sent = request.files.get("file")
        if sent is None:
            raise RequestError("The form must have a file in its field `file`.")
        record = uploads.take(site(), g.user, sent.filename or "", sent.stream, request.content_length)
    else:
        name = request.args.get("name", "")
        record = uploads.take(site(), g.user, name, request.stream, request.content_length)
    return jsonify(as_json(record)), 201


@api.post("/samples/<name>")
def sample(name: str) -> tuple[Response, int]:
    """Takes in one of the sample pictures, as if it were uploaded."""
    path = sample_paths(site()).get(name)
    if path is None:
        raise RequestError(texts.NO_SAMPLE, 404)
    with path.open("rb") as file:
        record = uploads.take(site(), g.user, path.name, file, path.stat().st_size)
    return jsonify(as_json(record)), 201


def sample_paths(running: Site) -> dict[str, Any]:
    """Returns the sample pictures by their names."""
    folder = running.settings.samples
    every = sorted(folder.iterdir()) if folder and folder.is_dir() else []
    return {path.stem: path for path in every if path.suffix == ".jpg"}


@api.get("/files/<identity>")
def status(identity: str) -> Response:
    """Returns how a file is."""
    return jsonify(as_json(own_file(identity)))


@api.patch("/files/<identity>")
def change(identity: str) -> tuple[Response, int]:
    """Changes strength, quality, hints or force, and colours the file again; no new upload."""
    record = own_file(identity)
    settings = records.changed_settings(record.settings, _sent_json())
    if settings == record.settings and record.state == records.DONE:
        return jsonify(as_json(record)), 200
    return _again(record, settings=settings)


def _sent_json() -> Any:
    """Returns the JSON of the request; None where there is none, or where it is no JSON or nested without end.

    Raises:
        RequestError: it is too long.
    """
    if (request.content_length or 0) > _LARGEST_JSON:
        raise RequestError("The settings must be at most 64 kB of JSON.", 413)
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


@api.post("/files/<identity>/again")
def again(identity: str) -> tuple[Response, int]:
    """Goes on with a file that was stopped, or tries again one that failed."""
    return _again(own_file(identity))


def _again(record: FileRecord, **values: Any) -> tuple[Response, int]:
    waiting = record.state in (records.WAITING, records.WORKING)
    if not waiting:
        site().jobs.check_room(g.user)
    new = site().store.update(record.id, lambda old: dataclasses.replace(old, **values))
    if new is None:
        raise RequestError(texts.NOT_FOUND, 404)
    site().jobs.repeat(new)
    return jsonify(as_json(own_file(record.id))), 202


@api.post("/files/<identity>/stop")
def stop(identity: str) -> tuple[Response, int]:
    """Stops the work on a file; of a film, what is done is kept."""
    record = own_file(identity)
    site().jobs.stop(record)
    return jsonify(as_json(own_file(identity))), 202


@api.post("/files/<identity>/draft")
def draft(identity: str) -> Response:
    """Sends a picture as it would be with other settings, as a JPEG for the screen; nothing is changed.

    Of an animation or film, that is the frame of the last hint.
    """
    record = own_file(identity)
    if not record.result:
        raise RequestError(texts.NOT_READY, 409)
    settings = records.changed_settings(record.settings, _sent_json())
    jpeg = site().jobs.draft(record, settings, settings.hints[-1].frame if settings.hints else 0)
    if jpeg is None:
        raise RequestError(job_texts.BUSY, 503)
    return Response(jpeg, mimetype="image/jpeg")


@api.post("/files/<identity>/split")
def split(identity: str) -> tuple[Response, int]:
    """Makes a file of each page, or of each photograph on a scan; the file itself stays."""
    scan = own_file(identity)
    if not splitting.count(scan):
        raise RequestError(texts.NOTHING_TO_SPLIT, 409)
    uploads.check_space(site(), g.user, splitting.count(scan))
    made = splitting.split(site().store, site().jobs, scan)
    return jsonify(files=[as_json(record) for record in made]), 201


@api.put("/files/<identity>/reference")
def give_reference(identity: str) -> tuple[Response, int]:
    """Takes a picture in colour, the body, whose colours the file then takes for what is alike."""
    record = own_file(identity)
    if "reference" not in record.offers:
        raise RequestError(job_texts.NO_REFERENCES if record.result else texts.NOT_READY, 409)
    uploads.check_space(site(), g.user, 0)
    with site().store.incoming() as path:
        uploads.copy(request.stream, path, site().settings.limits)
        name = references.take(path, site().store.folder(record), site().settings.limits)
    return _again(record, settings=dataclasses.replace(record.settings, reference=name))


@api.delete("/files/<identity>/reference")
def take_reference_away(identity: str) -> tuple[Response, int]:
    """Colours a file again without its reference."""
    record = own_file(identity)
    if not record.settings.reference:
        raise RequestError(texts.NOT_FOUND, 404)
    answer = _again(record, settings=dataclasses.replace(record.settings, reference=""))
    references.remove(site().store.folder(record))
    return answer


@api.delete("/files/<identity>")
def delete(identity: str) -> tuple[str, int]:
    """Deletes a file and its results."""
    site().remove(own_file(identity))
    return "", 204


@api.delete("/files")
def delete_all() -> tuple[str, int]:
    """Deletes all the user's files."""
    for record in site().store.all_of(g.user):
        site().remove(record)
    return "", 204


@api.get("/events")
def events() -> Response:
    """Reports the user's files as server-sent events: all of them first, then those that changed or are gone.

    A stream ends after a minute with the event `end`, to be asked for again.
    """
    running, user = site(), g.user
    slot = running.streams.take()
    if slot is None:
        raise RequestError(job_texts.BUSY, 503)
    application = current_app._get_current_object()  # type: ignore[attr-defined]

    def stream() -> Iterator[str]:
        try:
            with application.app_context():
                yield from _changes(running, user)
        finally:
            slot()

    response = Response(stream(), mimetype="text/event-stream")
    response.call_on_close(slot)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _changes(running: Site, user: str) -> Iterator[str]:
    seen, beats = 0, 0
    reported: dict[str, dict[str, Any]] | None = None
    yield "retry: 1000\n\n"
    while beats < _STREAM_SECONDS / _BEAT_SECONDS and not running.jobs.events.closed:
        now = {record.id: as_json(record) for record in running.store.all_of(user)}
        changed = [file for identity, file in now.items() if reported is None or reported.get(identity) != file]
        gone = [identity for identity in reported or () if identity not in now]
        if changed or gone or reported is None:
            yield f"event: files\ndata: {json.dumps({'files': changed, 'gone': gone})}\n\n"
        reported = now
        running.closed.wait(_PAUSE_SECONDS)  # several changes are reported at once
        newer = running.jobs.events.wait(user, seen, _BEAT_SECONDS)
        if newer == seen:
            beats += 1
            yield ": still here\n\n"
        seen = newer
    yield "event: end\ndata: {}\n\n"


def refuse(error: RequestError) -> tuple[Response, int]:
    """Answers a refused request."""
    return jsonify(error=gettext(error.text)), error.status


def http_error(error: HTTPException) -> tuple[Response, int]:
    """Answers what Flask itself refuses, as JSON."""
    return jsonify(error=error.description), error.code or 500
