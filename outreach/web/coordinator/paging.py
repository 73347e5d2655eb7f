"""Which page of a list the address asks for."""

from flask import request

LAST_PAGE = 100_000
DIGITS = 6


def number() -> int:
    """Return the page's number, from 1; anything that is none is 1."""
    given = request.args.get("page", "1")
    if not (given.isascii() and given.isdecimal() and len(given) <= DIGITS):
        return 1
    return min(max(int(given), 1), LAST_PAGE)
