"""For machines that watch over the service: whether it is well, and its figures."""

import hmac
from functools import cache

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from outreach import clock, migrations
from outreach.reads import health as reads
from outreach.web import context, exposition

bp = Blueprint("health", __name__)

SCHEME = "Bearer "


@bp.get("/health")
def show() -> Response:
    """Say "ok", or 503 and which part is not: the database, its tables, or the worker."""
    wrong = _wrong()
    answer = Response(f"{wrong}\n" if wrong else "ok\n", mimetype="text/plain")
    answer.status_code = 503 if wrong else 200
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/metrics")
def metrics() -> Response:
    """Give the figures to whoever has the token; without one in the settings there are none."""
    token = context.config().metrics_token.get_secret_value()
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"{SCHEME}{token}".encode()):
        answer = Response("", status=401)
        answer.headers["WWW-Authenticate"] = SCHEME.strip()
        return answer
    with context.reading() as session:
        body = exposition.render(session, now=clock.now())
    answer = Response(body, content_type="text/plain; version=0.0.4; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wrong() -> str:
    """Return the part that is not well, "" where all are."""
    try:
        with context.reading() as session:
            if reads.schema_revision(session) != _newest():
                return "migrations"
            seen_at = reads.last_beat(session)
    except (DBAPIError, PoolTimeoutError):
        return "database"
    return "worker" if reads.is_silent(seen_at, now=clock.now()) else ""


@cache
def _newest() -> str:
    """Return the revision this program knows; it reads files, and does not change meanwhile."""
    return migrations.head()
