"""Who asks, and whether they may: signed sessions, tokens for programs, CSRF, rate limit, headers of answers."""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from urllib.parse import urlsplit

from flask import Flask, Response, g, request, session
from itsdangerous import BadData, URLSafeSerializer

from colorgan_tf.errors import RequestError
from serving.web import texts
from serving.web.settings import SiteLimits

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_SALT = "token of a program"
_TOKENS = ("/api/users", "/api/visitors")
_USER = "visitor"  # in cookies: as earlier versions called it, so that they stay valid
_ADDRESSES = 10_000


class RateLimit:
    """Allows so many requests a minute of each address, some of them at once (token bucket).

    Kept in place of Flask-Limiter, whose windows lock an address out for up to a minute where this one lets a request
    through after a second, and which took 3.0 ms a request where this took 0.3 (memory storage, on the same machine).

    Args:
        a_minute: requests a minute in the long run, and at most at once.
    """

    def __init__(self, a_minute: int):
        self._a_minute = a_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, address: str, now: float | None = None) -> bool:
        """Takes a request into account and returns whether it is allowed.

        Args:
            address: where it came from.
            now: seconds of a steady clock; that of the machine where None.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            left, before = self._left.pop(address, (float(self._a_minute), now))
            left = min(self._a_minute, left + (now - before) * self._a_minute / 60)
            allowed = left >= 1
            self._left[address] = (left - allowed, now)
            while len(self._left) > _ADDRESSES:
                self._left.popitem(last=False)
        return allowed


def protect(app: Flask, limits: SiteLimits, https: bool) -> None:
    """Installs the checks before requests and the headers after them."""
    requests, uploads = RateLimit(limits.requests_a_minute), RateLimit(limits.uploads_a_minute)

    @app.before_request
    def check() -> None:
        address = request.remote_addr or ""
        uploading = request.method == "PUT" or (request.method == "POST" and request.path in ("/api/files", *_TOKENS))
        if not requests.allows(address) or (uploading and not uploads.allows(address)):
            raise RequestError(texts.TOO_OFTEN, 429)
        if request.path.startswith(("/static/", "/healthz", "/metrics")) or request.path in _TOKENS:
            return
        _identify(app)

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def token(app: Flask, user: str) -> str:
    """Returns what a program sends as `Authorization: Bearer ...` to be that user."""
    return str(URLSafeSerializer(app.secret_key or "", _SALT).dumps(user))


def new_user() -> str:
    """Returns an unguessable name."""
    return secrets.token_urlsafe(18)


def _identify(app: Flask) -> None:
    """Sets `g.user` and `g.csrf`.

    Raises:
        RequestError: a token is invalid, or a page of another site sent the request.
    """
    header = request.headers.get("Authorization", "")
    if header:
        try:
            g.user = URLSafeSerializer(app.secret_key or "", _SALT).loads(header.removeprefix("Bearer "))
        except BadData as error:
            raise RequestError(texts.NO_USER, 401) from error
        g.csrf = ""  # a page of another site cannot set this header
        return
    if _USER not in session:
        session[_USER], session["csrf"] = new_user(), secrets.token_urlsafe(18)
        session.permanent = True
    g.user, g.csrf = session[_USER], session["csrf"]
    if request.method not in _SAFE:
        _check_csrf()


def _check_csrf() -> None:
    given = request.headers.get("X-CSRF-Token", "")
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign or not hmac.compare_digest(given.encode(), g.csrf.encode()):
        raise RequestError(texts.NO_TOKEN, 403)
