"""The pages."""

import functools
import io
import json
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, render_template, request, send_file
from PIL import Image

from colorgan_tf.errors import RequestError
from colorgan_tf.inference.quality import Quality
from pipelines.media import optional
from serving import language
from serving.jobs.limits import MEGA, optional_kinds, picture_kinds
from serving.web import texts
from serving.web.api import sample_paths
from serving.web.site import as_json, own_file, site

views = Blueprint("views", __name__)
_LOOPBACK = ("127.0.0.1", "::1")
_SAMPLE_SIDE = 240


@views.app_context_processor
def shared() -> dict[str, object]:
    """Gives every page its texts and what its scripts need to know."""
    limits = site().settings.limits
    local = _is_local()
    script = {
        "texts": texts.translated(texts.SCRIPT),
        "csrf": g.get("csrf", ""),
        "largest": limits.upload_bytes,
        "local": local,
    }
    return {
        "t": texts.translated(texts.PAGE),
        "language": language.current(),
        "script": json.dumps(script).replace("<", "\\u003c"),
        "days": f"{limits.age_days:g}",
        "local": local,
    }


def _is_local() -> bool:
    """Whether the website, what colours, and the browser are on one machine, as far as can be told."""
    forwarded = {"Forwarded", "X-Forwarded-For", "Via"} & set(request.headers.keys())
    named = (urlsplit(request.host_url).hostname or "") in (*_LOOPBACK, "localhost")
    return named and not forwarded and request.remote_addr in _LOOPBACK and site().settings.server is None


@views.get("/")
def start() -> str:
    """The start page."""
    limits = site().settings.limits
    sizes = {
        "megabytes": round(limits.upload_bytes / MEGA),
        "megapixels": round(limits.picture_pixels / MEGA),
        "minutes": f"{limits.film_seconds / 60:g}",
    }
    # A phone that finds no HEIC here sends its photographs as JPEG.
    endings = "".join(f",{suffix}" for kind in optional_kinds().values() for suffix in optional.SUFFIXES[kind])
    pictures = ", ".join(picture_kinds())
    return render_template(
        "start.html", samples=list(sample_paths(site())), sizes=sizes, pictures=pictures, endings=endings
    )


@views.get("/samples/<name>.jpg")
def sample(name: str) -> Response:
    """A sample picture, black and white, as small as it is shown."""
    path = sample_paths(site()).get(name)
    if path is None:
        raise RequestError(texts.NO_SAMPLE, 404)
    return send_file(io.BytesIO(_small(path)), "image/jpeg", max_age=86400)


@functools.cache
def _small(path: Path) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        image.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE))
        image.convert("L").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


@views.get("/gallery")
def gallery() -> str:
    """All results of the user."""
    return render_template("gallery.html", files=[as_json(record) for record in site().store.all_of(g.user)])


@views.get("/files/<identity>")
def result(identity: str) -> str:
    """One file: before and after, strength, quality, hints."""
    record = own_file(identity)
    file = as_json(record)
    return render_template(
        "result.html",
        file=file,
        title=_title(record.stem),
        file_json=json.dumps(file).replace("<", "\\u003c"),
        qualities=list(Quality),
    )


def _title(stem: str) -> str:
    """Returns a file's name as a person would write it."""
    words = " ".join(stem.replace("_", " ").split())
    return words[:1].upper() + words[1:] or stem


@views.get("/api")
def for_programs() -> str:
    """How programs use the website."""
    return render_template("api.html", host=request.host_url.rstrip("/"), limits=site().settings.limits)


@views.get("/healthz")
def health() -> dict[str, object]:
    """Whether the website is well."""
    return {"status": "ok", "waiting": site().jobs.waiting()}


@views.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus; on this machine only."""
    if request.remote_addr not in _LOOPBACK:
        raise RequestError(texts.NOT_FOUND, 404)
    figures = site().metrics.text(site().jobs.waiting(), site().store.usage().bytes)
    return Response(figures, mimetype="text/plain; version=0.0.4")
