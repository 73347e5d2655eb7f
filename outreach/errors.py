"""The errors the product raises on purpose. `web/errors.py` and `cli/` map each to an answer."""

from collections.abc import Mapping


class OutreachError(Exception):
    """Something a person can act on.

    `message` is an English msgid; `values` fill it after translation.
    """

    status = 500

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values: Mapping[str, object] = values


class NotFound(OutreachError):
    """There is no such thing, or not for this person (404)."""

    status = 404


class Forbidden(OutreachError):
    """The thing is in this person's scope, but the action is not theirs (403)."""

    status = 403


class Conflict(OutreachError):
    """Somebody else was first, or the thing has moved on (409)."""

    status = 409


class RuleBroken(OutreachError):
    """The input breaks a rule. `field` names the input it belongs to, when there is one (422)."""

    status = 422

    def __init__(self, message: str, /, *, field: str | None = None, **values: object) -> None:
        super().__init__(message, **values)
        self.field = field


class TooMany(OutreachError):
    """Asked too often (429)."""

    status = 429


class Unusable(OutreachError):
    """A file, setting or database the program cannot work with (exit 2 on the command line)."""
