"""Logs: one JSON line per event on standard error; ids and kinds, never names or tokens."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_PATHS = re.compile(r"/(a|f|demo/sign-in)/[A-Za-z0-9_-]+")
_NUMBERS = re.compile(r"\+?\d[\d\-. ()]{8,}\d")
_ADDRESSES = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")


def configure(*, level: str, stream: Any = None) -> None:  # noqa: ANN401 - any text stream
    """Send our events and the libraries' through one scrubbing chain."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            scrub,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    # The client logs the address of each request, phone numbers in queries included.
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


def scrub(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take tokens, telephone numbers and mail addresses out of every text of an event."""
    for key, value in event.items():
        if isinstance(value, str) and key not in {"timestamp", "level"}:
            event[key] = scrubbed(value)
    return event


def scrubbed(text: str) -> str:
    """Return `text` without secret paths, numbers and addresses."""
    without = _SECRET_PATHS.sub(r"/\1/…", text)
    return _NUMBERS.sub("[number]", _ADDRESSES.sub("[address]", without))


def get(name: str) -> Any:  # noqa: ANN401 - structlog's loggers are untyped
    """Return a logger whose events carry `logger=name`."""
    return structlog.get_logger(logger=name)
