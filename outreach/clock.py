"""The one place that asks what time it is.

The demo's tour moves it; everything else is passed `now`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_offset = timedelta(0)


def now() -> datetime:
    """Return the current instant, aware and in UTC."""
    return datetime.now(UTC) + _offset


def move_to(instant: datetime) -> None:
    """Make `instant` the present for this process (the tour's clock). Tests use time-machine."""
    global _offset  # noqa: PLW0603 - a clock is the one thing a process has a single one of
    _offset = instant - datetime.now(UTC)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Make `instant` the present inside the block (what the demo tells of the past)."""
    global _offset  # noqa: PLW0603 - as above
    before = _offset
    move_to(instant)
    try:
        yield
    finally:
        _offset = before


def is_moved() -> bool:
    """Say whether the clock was moved."""
    return _offset != timedelta(0)
