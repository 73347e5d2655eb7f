"""Logs: one JSON line per event on standard error; ids and kinds, never names or tokens."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_PATHS = re.compile(r"/(a|c|d|f|i|demo/sign-in)/[A-Za-z0-9_-]+")
_NUMBERS = re.compile(r"\+?\(?\d[\d\-. ()]{8,}\d")
_DATES = re.compile(r"\d{4}-\d\d-\d\d( \d\d)?")
_ADDRESSES = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")

_ROWS = re.compile(r"^DETAIL:.*$", re.MULTILINE)
"""PostgreSQL's line that quotes the values of a refused row."""


def configure(*, level: str, stream: Any = None) -> None:  # noqa: ANN401 - any text stream
    """Send our events and the libraries' through one scrubbing chain."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            scrub,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not isinstance(h, _Forward)] + [_Forward()]
    root.setLevel(threshold)
    # The client logs the address of each request, phone numbers in queries included.
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
    # It tells at each start which engine it talks to.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def scrub(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take tokens, telephone numbers and mail addresses out of every value of an event."""
    for key, value in event.items():
        if key not in {"timestamp", "level"}:
            event[key] = _scrubbed_value(value)
    return event


def scrubbed(text: str) -> str:
    """Return `text` without secret paths, rows, numbers and addresses. Dates stay."""
    without = _ROWS.sub("DETAIL: …", _SECRET_PATHS.sub(r"/\1/…", text))
    return _NUMBERS.sub(_unless_a_date, _ADDRESSES.sub("[address]", without))


def get(name: str) -> Any:  # noqa: ANN401 - structlog's loggers are untyped
    """Return a logger whose events carry `component=name`."""
    return structlog.get_logger(component=name)


class _Forward(logging.Handler):
    """Hands what a library logs to our own chain."""

    def emit(self, record: logging.LogRecord) -> None:
        get(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def _scrubbed_value(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return scrubbed(value)
        case dict():
            return {key: _scrubbed_value(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_scrubbed_value(inner) for inner in value]
        case _:
            return scrubbed(str(value))


def _unless_a_date(found: re.Match[str]) -> str:
    return found[0] if _DATES.fullmatch(found[0]) else "[number]"
