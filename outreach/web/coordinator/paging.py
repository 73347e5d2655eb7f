"""Which page of a list the address asks for, and the way back to a list as it was."""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import request, url_for

from outreach.web.coordinator.blueprint import bp

LAST_PAGE = 100_000
DIGITS = 6


def number() -> int:
    """Return the page's number, from 1; anything that is none is 1."""
    given = request.args.get("page", "1")
    if not (given.isascii() and given.isdecimal() and len(given) <= DIGITS):
        return 1
    return min(max(int(given), 1), LAST_PAGE)


def back_to(endpoint: str) -> str:
    """Return the address of a list: with its filters, where the reader has just come from it."""
    whole = url_for(endpoint)
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:  # a browser sends no such thing, but somebody may
        return whole
    if (came_from.netloc, came_from.path) != (request.host, whole) or not came_from.query:
        return whole
    return f"{whole}?{came_from.query}"


@bp.context_processor
def _given() -> dict[str, Callable[[str], str]]:
    return {"back_to": back_to}
