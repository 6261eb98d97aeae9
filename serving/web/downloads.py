"""Sending files: results, views, single frames, likely colours, and everything as a ZIP."""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from flask import Blueprint, Response, g, jsonify, request, send_file
from PIL import Image
from zipstream import ZipStream

from colorgan_tf.errors import RequestError
from pipelines.media import formats, names
from pipelines.media.formats import Kind
from serving.jobs import likely_colors, preview, versions
from serving.jobs.records import FileRecord
from serving.web import texts
from serving.web.site import own_file, site

downloads = Blueprint("downloads", __name__, url_prefix="/api")
_DECODING = threading.BoundedSemaphore(4)  # frames of films and large animations take memory
# A page of its own would be made of nothing but this file: it may not run or load anything.
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"


@downloads.get("/files/<identity>/result")
def result(identity: str) -> Response:
    """Sends the result; with `?download` to be saved rather than shown."""
    record = _finished(own_file(identity))
    return _send(site().store.folder(record) / record.result, record.download_name)


@downloads.get("/files/<identity>/original")
def original(identity: str) -> Response:
    """Sends the file as it was uploaded, to be saved."""
    record = own_file(identity)
    response = send_file(
        site().store.original(record), "application/octet-stream", as_attachment=True, download_name=record.name
    )
    response.headers["Content-Security-Policy"] = _SANDBOX
    return response


@downloads.get("/files/<identity>/<any(before,after,thumbnail,preview,whole,reference):view>")
def view(identity: str, view: str) -> Response:
    """Sends a JPEG for the screen: a picture before or after, the gallery's thumbnail, the newest frame of a film.

    `whole` is a picture as it came, also where another crop of it was coloured; `reference` gives a file its colours.
    """
    path = site().store.folder(own_file(identity)) / f"{view}.jpg"
    if view == "whole" and not path.exists():
        path = path.with_name("before.jpg")
    return _send(path, f"{view}.jpg")


@downloads.get("/files/<identity>/versions/<int:number>")
def version(identity: str, number: int) -> Response:
    """Sends the thumbnail of one of a picture's versions."""
    record = own_file(identity)
    if number >= len(record.versions):
        raise RequestError(texts.NOT_FOUND, 404)
    return _send(site().store.folder(record) / versions.name(number), versions.name(number))


@downloads.get("/files/<identity>/side-by-side")
def side_by_side(identity: str) -> Response:
    """Sends a picture before and after, beside each other, as a JPEG to be saved."""
    record = _finished(own_file(identity))
    folder = site().store.folder(record)
    if record.kind != Kind.PICTURE:
        raise RequestError(texts.NOT_READY, 404)
    data = io.BytesIO(preview.side_by_side(folder / "before.jpg", folder / "after.jpg"))
    return send_file(data, "image/jpeg", as_attachment=True, download_name=f"{record.stem}-before-after.jpg")


@downloads.get("/files/<identity>/frame")
def frame(identity: str) -> Response:
    """Sends frame `?number=` of a coloured animation or film as a JPEG, for hints."""
    rgb = preview.fitted(_frame(own_file(identity), _whole("number")), 1280)
    return Response(preview.jpeg(np.ascontiguousarray(rgb)), mimetype="image/jpeg")


@downloads.get("/files/<identity>/colours")
def likely(identity: str) -> Response:
    """Returns likely colours for the spot `?x=&y=` (0 to 1) of frame `?frame=`, and its colour now."""
    record, number = own_file(identity), _whole("frame")
    rgb = _frame(record, number)
    folder = site().store.folder(record)
    if record.kind == Kind.PICTURE:
        number = 0
    elif not likely_colors.are_kept(folder, number):
        site().jobs.draft(record, record.settings, number)  # which keeps them too; not where there is other work
    row, column = (min(int(_part(name) * side), side - 1) for name, side in zip("yx", rgb.shape, strict=False))
    spot = rgb[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].reshape(-1, 3).mean(axis=0)
    return jsonify(
        now=[round(part) for part in spot.tolist()],
        likely=likely_colors.at(folder, _part("x"), _part("y"), spot, number),
        too_light=likely_colors.is_too_light(spot),
    )


@downloads.get("/results.zip")
def everything() -> Response:
    """Sends the user's results, all or those of `?files=ID,ID`, as one ZIP file, made while it is sent."""
    wanted = request.args.get("files", "").split(",")
    results = [
        record
        for record in reversed(site().store.all_of(g.user))
        if record.result and (wanted == [""] or record.id in wanted)
    ]
    if not results:
        raise RequestError(texts.NOT_READY, 404)
    headers = {"Content-Disposition": "attachment; filename=coloured.zip"}
    return Response(_zipped(results, site().store.folder), mimetype="application/zip", headers=headers)


def _finished(record: FileRecord) -> FileRecord:
    if not record.result:
        raise RequestError(texts.NOT_READY, 409)
    return record


def _send(path: Path, name: str) -> Response:
    try:
        saving = "download" in request.args
        response = send_file(path, formats.media_type(path), as_attachment=saving, download_name=name, conditional=True)
    except FileNotFoundError as error:
        raise RequestError(texts.NOT_READY, 404) from error
    response.headers["Content-Security-Policy"] = _SANDBOX
    # Addresses carry the result's version: what was fetched once need not be fetched again.
    response.headers["Cache-Control"] = "private, max-age=86400" if "v" in request.args else "private, no-cache"
    return response


def _frame(record: FileRecord, number: int) -> npt.NDArray[np.uint8]:
    folder = site().store.folder(_finished(record))
    try:
        if record.kind == Kind.PICTURE:
            with Image.open(folder / "after.jpg") as image:
                return np.asarray(image.convert("RGB"))
        with _DECODING:
            decoded = preview.animation_frame if record.kind == Kind.ANIMATION else preview.film_frame
            return decoded(folder / record.result, number)
    except FileNotFoundError as error:
        raise RequestError(texts.NOT_READY, 404) from error


def _whole(name: str) -> int:
    text = request.args.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise RequestError(f"`{name}` must be a whole number from 0. Received: {text[:20]}.")
    return int(text)


def _part(name: str) -> float:
    try:
        value = float(request.args.get(name, ""))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise RequestError(f"`{name}` must be a number from 0 to 1. Received: {request.args.get(name, '')[:20]}.")
    return value


def _zipped(results: list[FileRecord], folder: Callable[[FileRecord], Path]) -> Iterator[bytes]:
    """Yields a ZIP file piece by piece; pictures and films are packed already and are only stored."""
    archive, distinct = ZipStream(), names.Distinct()
    for record in results:
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            archive.add_path(folder(record) / record.result, str(distinct.take(Path(record.download_name))))
            yield from archive.all_files()
    yield from archive.finalize()
